//! `ckecli ssh` and `ckecli scp`: the programs of OpenSSH, with the key from Vault in an agent of their own.
//!
//! The key goes to the agent through a pipe, and is never in a file, an argument or the environment.

mod agent;
mod host_keys;

use crate::cli::go_bool;
use crate::connect::Connection;
use crate::exit::{Exit, Silent};
use agent::Agent;
use anyhow::{Context, bail};
use clap::Args;
use host_keys::HostKeys;
use std::ffi::OsString;
use std::process::Command;

/// Log in to a node, or run a command there.
///
/// The key is taken from Vault. The node's host key is the one that CKE pinned; without one, the first is taken.
#[derive(Debug, Args)]
pub(crate) struct Ssh {
    /// Take any host key
    #[arg(long)]
    any_host_key: bool,
    /// IP address or host name
    #[arg(value_name = "[user@]NODE")]
    node: String,
    /// What to run instead of a shell
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Copy files from or to a node.
///
/// The key is taken from Vault, for the first node that is named.
#[derive(Debug, Args)]
pub(crate) struct Scp {
    /// Take any host key
    #[arg(long)]
    any_host_key: bool,
    /// Copy whole folders
    #[arg(
        short, default_value = "false", default_missing_value = "true", num_args = 0..=1, require_equals = true,
        hide_default_value = true, hide_possible_values = true, value_parser = go_bool, value_name = "BOOL"
    )]
    recursive: bool,
    /// Where from, and last where to
    #[arg(value_name = "[[user@]NODE:]FILE", required = true, num_args = 2..)]
    files: Vec<String>,
}

impl Ssh {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let node = node_of(&self.node).to_owned();
        let mut arguments = vec![OsString::from(self.node)];
        arguments.extend(self.command);
        open(connection, "ssh", &node, self.any_host_key, arguments).await
    }
}

impl Scp {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let Some(node) = self.files.iter().find_map(|file| remote_of(file)) else {
            bail!("node name is not specified: one of the files must be like NODE:FILE");
        };
        let node = node.to_owned();
        let mut arguments: Vec<OsString> = self.recursive.then(|| "-r".into()).into_iter().collect();
        arguments.extend(self.files.into_iter().map(OsString::from));
        open(connection, "scp", &node, self.any_host_key, arguments).await
    }
}

/// The node in `user@node`.
fn node_of(target: &str) -> &str {
    target.split_once('@').map_or(target, |(_, node)| node)
}

/// The node in `user@node:file` or `user@[node]:file`; none where the file is here.
fn remote_of(file: &str) -> Option<&str> {
    let (target, _) = match file.find('[') {
        Some(open) => file.split_at(open + file[open..].find("]:")? + 1),
        None => file.split_once(':')?,
    };
    let node = node_of(target).trim_start_matches('[').trim_end_matches(']');
    (!node.is_empty() && !target.contains('/')).then_some(node)
}

/// Runs the program with an agent that has the node's key, and ends as the program ends.
async fn open(
    connection: &Connection,
    program: &str,
    node: &str,
    any_host_key: bool,
    arguments: Vec<OsString>,
) -> anyhow::Result<()> {
    let issuer = connection.issuer().await?;
    let keys = issuer.ssh_keys().await?;
    let agent = Agent::with_key(keys.of(node)?.expose())?;
    let host_keys = HostKeys::of(connection, node, any_host_key).await?;
    let mut command = Command::new(program);
    command.env("SSH_AUTH_SOCK", agent.socket()).env_remove("SSH_AGENT_PID");
    command
        .args(host_keys.options())
        .args(["-o", "ConnectTimeout=60"])
        .args(arguments);
    let status = command.status().with_context(|| format!("cannot run {program}"))?;
    drop(agent);
    match status.code().map(u8::try_from) {
        Some(Ok(0)) => Ok(()),
        Some(Ok(code)) => Err(Silent(Exit::Program(code)).into()),
        _ => Err(Silent(Exit::Failure).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{node_of, remote_of};

    #[test]
    fn nodes_are_found_in_targets() {
        assert_eq!(
            (node_of("root@10.0.0.1"), node_of("10.0.0.1")),
            ("10.0.0.1", "10.0.0.1")
        );
        let cases = [
            ("a@10.0.0.1:/tmp/x", Some("10.0.0.1")),
            ("node:x", Some("node")),
            ("a@[fd00::1]:x", Some("fd00::1")),
            ("/tmp/x", None),
            ("./a:b", None),
            (":x", None),
            ("[fd00::1", None),
        ];
        for (file, want) in cases {
            assert_eq!(remote_of(file), want, "{file}");
        }
    }
}
