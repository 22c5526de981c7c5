//! Which path the objects of a kind have: asked of the API server once for each group and version, and again when a kind
//! is not among the answers; else taken from the cluster's trusted mappings.

use crate::client::ApiServer;
use crate::definition::Kind;
use crate::error::Error;
use cke_model::cluster::TrustedRestMapping;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use kube::core::ApiResource;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// How long a missing kind is believed to be missing. Without it, each resource of a kind that nobody defined yet would
/// cost a request a loop, and with a long one its definition would be noticed late.
const BELIEF_IN_ABSENCE: Duration = Duration::from_secs(1);

/// Where the objects of a kind are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) resource: ApiResource,
    pub(crate) namespaced: bool,
}

/// What an API server said of its kinds, by `apiVersion`.
#[derive(Default)]
pub(crate) struct Mappings {
    known: Mutex<HashMap<String, Arc<Answer>>>,
}

struct Answer {
    kinds: HashMap<String, (String, bool)>,
    at: Instant,
}

impl Mappings {
    /// Asks anew about this version: an object of a known kind was refused as if its kind were gone.
    pub(crate) fn forget(&self, api_version: &str) {
        self.known.lock().remove(api_version);
    }
}

/// The mapping of a kind, or none where neither the API server nor the trusted mappings know it.
///
/// # Errors
/// Where the API server does not answer and no trusted mapping helps.
pub(crate) async fn find(
    server: &ApiServer,
    kind: &Kind,
    trusted: &[TrustedRestMapping],
) -> Result<Option<Mapping>, Error> {
    match discovered(server, kind).await {
        Ok(Some(mapping)) => Ok(Some(mapping)),
        Ok(None) => Ok(trusted_mapping(kind, trusted)),
        Err(error) => trusted_mapping(kind, trusted).map(Some).ok_or(error),
    }
}

async fn discovered(server: &ApiServer, kind: &Kind) -> Result<Option<Mapping>, Error> {
    let api_version = kind.api_version();
    let known = server.mappings().known.lock().get(&api_version).cloned();
    if let Some(answer) = known
        && (answer.kinds.contains_key(&kind.kind) || answer.at.elapsed() < BELIEF_IN_ABSENCE)
    {
        return Ok(answer.mapping(kind));
    }
    let answer = Arc::new(ask(server, kind, &api_version).await?);
    server.mappings().known.lock().insert(api_version, answer.clone());
    Ok(answer.mapping(kind))
}

async fn ask(server: &ApiServer, kind: &Kind, api_version: &str) -> Result<Answer, Error> {
    let client = server.raw();
    let request = format!("list the kinds of {api_version}");
    let listed = if kind.group.is_empty() {
        server.ask(request, client.list_core_api_resources(api_version)).await
    } else {
        server.ask(request, client.list_api_group_resources(api_version)).await
    };
    match listed {
        Ok(list) => Ok(Answer::of(list)),
        // A group that no definition has made yet.
        Err(error) if error.is_not_found() => Ok(Answer::of(APIResourceList::default())),
        Err(error) => Err(error),
    }
}

impl Answer {
    fn of(list: APIResourceList) -> Answer {
        let main = list.resources.into_iter().filter(|r| !r.name.contains('/'));
        Answer {
            kinds: main.map(|r| (r.kind, (r.name, r.namespaced))).collect(),
            at: Instant::now(),
        }
    }

    fn mapping(&self, kind: &Kind) -> Option<Mapping> {
        let (plural, namespaced) = self.kinds.get(&kind.kind)?;
        Some(Mapping::new(kind, plural, *namespaced))
    }
}

impl Mapping {
    fn new(kind: &Kind, plural: &str, namespaced: bool) -> Mapping {
        let resource = ApiResource {
            group: kind.group.clone(),
            version: kind.version.clone(),
            api_version: kind.api_version(),
            kind: kind.kind.clone(),
            plural: plural.to_owned(),
        };
        Mapping { resource, namespaced }
    }
}

fn trusted_mapping(kind: &Kind, trusted: &[TrustedRestMapping]) -> Option<Mapping> {
    let same = |m: &&TrustedRestMapping| m.group == kind.group && m.version == kind.version && m.kind == kind.kind;
    trusted
        .iter()
        .find(same)
        .map(|m| Mapping::new(kind, &m.resource, m.namespaced))
}
