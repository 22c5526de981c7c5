//! `ckecli sabakan`

use super::{cluster, queue};
use crate::cli::{Ignored, RequestLimit};
use crate::connect::Connection;
use crate::{input, output};
use anyhow::{Context, bail};
use cke_model::sabakan::QueryVariables;
use cke_storage::{Switch, Variables};
use clap::Subcommand;
use std::path::{Path, PathBuf};

const VARIABLES_HELP: &str = "Set the variables of the query for machines.

FILE holds a JSON object like this:

    {
        \"having\": {
            \"labels\": [{\"name\": \"foo\", \"value\": \"bar\"}],
            \"racks\": [0, 1, 2],
            \"roles\": [\"worker\"],
            \"states\": [\"HEALTHY\"],
            \"minDaysBeforeRetire\": 90
        },
        \"notHaving\": {
        }
    }";

/// Manage the integration with sabakan.
#[derive(Debug, Subcommand)]
pub(crate) enum Sabakan {
    /// Generate the cluster from sabakan's inventory
    Enable(Ignored),
    /// Leave the cluster as it is declared
    Disable(Ignored),
    /// Show whether the integration is enabled: true or false
    IsEnabled(Ignored),
    /// Set the URL of sabakan
    SetUrl {
        /// The URL; /graphql is added where it is missing
        url: String,
    },
    /// Show the URL of sabakan's GraphQL
    GetUrl(Ignored),
    /// Set the template that clusters are generated from
    ///
    /// It is a cluster as for `ckecli cluster set`, with one control plane and one other node, or several of them with roles
    /// of their own. The nodes have no addresses.
    SetTemplate {
        #[command(flatten)]
        limit: RequestLimit,
        /// The template; - for standard input
        file: PathBuf,
    },
    /// Show the template as YAML
    GetTemplate(Ignored),
    #[command(long_about = VARIABLES_HELP)]
    /// Set the variables of the query for machines
    SetVariables {
        /// The variables; - for standard input
        file: PathBuf,
    },
    /// Show the variables of the query for machines
    GetVariables(Ignored),
}

impl Sabakan {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        match self {
            Self::Enable(_) => queue::enable(connection, Switch::Sabakan, true).await,
            Self::Disable(_) => queue::enable(connection, Switch::Sabakan, false).await,
            Self::IsEnabled(_) => queue::is_enabled(connection, Switch::Sabakan).await,
            Self::SetUrl { url } => Ok(connection.storage().await?.put_sabakan_url(&graphql_url(&url)?).await?),
            Self::GetUrl(_) => {
                let url = connection.storage().await?.sabakan_url().await?;
                Ok(output::line(&url.context(
                    "the URL of sabakan is not set: run `ckecli sabakan set-url URL`",
                )?)?)
            }
            Self::SetTemplate { limit, file } => {
                let template = input::cluster(&file)?;
                template
                    .validate_template()
                    .with_context(|| file.display().to_string())?;
                let storage = connection.storage().await?;
                Ok(storage.put_sabakan_template(&template, limit.max_request_bytes).await?)
            }
            Self::GetTemplate(_) => {
                let template = connection.storage().await?.sabakan_template().await?;
                cluster::show(
                    &template
                        .context("no template is set: run `ckecli sabakan set-template FILE`")?
                        .value,
                )
            }
            Self::SetVariables { file } => set_variables(connection, Variables::Cluster, &file).await,
            Self::GetVariables(_) => get_variables(connection, Variables::Cluster).await,
        }
    }
}

pub(super) async fn set_variables(connection: &Connection, of: Variables, file: &Path) -> anyhow::Result<()> {
    let text = input::text(file)?;
    QueryVariables::parse(text.as_bytes()).with_context(|| file.display().to_string())?;
    Ok(connection.storage().await?.put_query_variables(of, &text).await?)
}

pub(super) async fn get_variables(connection: &Connection, of: Variables) -> anyhow::Result<()> {
    let variables = connection.storage().await?.query_variables(of).await?;
    Ok(output::emit(
        variables.context("no variables are set: the defaults hold")?.as_bytes(),
    )?)
}

/// The URL of GraphQL below a URL of sabakan.
fn graphql_url(url: &str) -> anyhow::Result<String> {
    let parsed: http::Uri = url.parse().with_context(|| format!("{url:?} is not a URL"))?;
    let is_http = matches!(parsed.scheme_str(), Some("http" | "https"));
    if !is_http || parsed.host().is_none_or(str::is_empty) {
        bail!("{url:?} is not a URL like http://10.0.0.1:10080");
    }
    let (base, query) = match url.split_once('?') {
        Some((base, query)) => (base, format!("?{query}")),
        None => (url, String::new()),
    };
    if base.ends_with("/graphql") {
        return Ok(url.to_owned());
    }
    Ok(format!("{}/graphql{query}", base.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::graphql_url;

    #[test]
    fn urls_of_graphql() {
        let cases = [
            ("http://localhost:10080", "http://localhost:10080/graphql"),
            ("http://localhost:10080/", "http://localhost:10080/graphql"),
            ("https://a/x/", "https://a/x/graphql"),
            ("https://a/graphql", "https://a/graphql"),
            ("https://a/x?y=z", "https://a/x/graphql?y=z"),
            ("http://[fd00::1]:80", "http://[fd00::1]:80/graphql"),
        ];
        for (url, want) in cases {
            assert_eq!(graphql_url(url).unwrap(), want);
        }
        for bad in ["", "localhost", "/a/b", "http://", "ftp://a", "http://a b"] {
            assert!(graphql_url(bad).is_err(), "{bad}");
        }
    }
}
