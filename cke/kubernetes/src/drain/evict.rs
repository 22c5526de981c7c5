//! One pod: an eviction or a deletion, and what the API server's answer means.

use crate::client::ApiServer;
use crate::error::Error;
use crate::pods::PodFacts;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::core::Status;
use serde_json::{Value, json};
use std::time::Duration;

#[cfg(test)]
mod tests;

/// The cause by which an API server marks a refusal as one of a disruption budget. Without it, 429 means that the API
/// server is busy: no reason to delete a pod against its budget.
const BUDGET_CAUSE: &str = "DisruptionBudget";
/// How often a busy API server is asked again.
const BUSY_RETRIES: u32 = 5;

/// What became of an eviction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Eviction {
    /// The pod goes (or would go).
    Done,
    /// It is not there any more, or another one has its name.
    Gone,
    /// Its budget allows no further disruption.
    Budget(String),
    /// It cannot be evicted at all, for example because two budgets claim it.
    Refused(String),
}

/// Evicts this very pod, or with `dry` only asks whether it could be.
pub(crate) async fn evict(server: &ApiServer, pod: &PodFacts, dry: bool) -> Result<Eviction, Error> {
    // kube's own `evict` writes `delete_options`, which API servers ignore; so the body is made here.
    let api = Api::<Pod>::namespaced(server.raw(), &pod.namespace);
    let (body, parameters) = (
        body(pod, dry),
        PostParams {
            dry_run: dry,
            field_manager: None,
        },
    );
    let mut retries = BUSY_RETRIES;
    loop {
        let request = format!("evict {pod}");
        let answer = api.create_subresource::<Value, Value>("eviction", &pod.name, &parameters, &body);
        let error = match server.ask(request, answer).await {
            Ok(_) => return Ok(Eviction::Done),
            Err(error) => error,
        };
        match error.status().map(judge) {
            Some(Judgement::Final(eviction)) => return Ok(eviction),
            Some(Judgement::Busy(pause)) if retries > 0 => tokio::time::sleep(pause).await,
            _ => return Err(error),
        }
        retries -= 1;
    }
}

fn body(pod: &PodFacts, dry: bool) -> Value {
    let mut options = json!({"preconditions": {"uid": pod.uid}});
    if dry && let Some(options) = options.as_object_mut() {
        options.insert("dryRun".to_owned(), json!(["All"]));
    }
    json!({
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"namespace": pod.namespace, "name": pod.name},
        "deleteOptions": options,
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    Final(Eviction),
    Busy(Duration),
    Fault,
}

/// What a refusal means.
fn judge(status: &Status) -> Judgement {
    let causes = status.details.iter().flat_map(|d| &d.causes);
    match status.code {
        404 | 409 => Judgement::Final(Eviction::Gone),
        429 if causes.clone().any(|c| c.reason == BUDGET_CAUSE) => {
            let details: Vec<&str> = causes.map(|c| c.message.as_str()).filter(|m| !m.is_empty()).collect();
            Judgement::Final(Eviction::Budget(words(&status.message, &details)))
        }
        429 => {
            let seconds = status.details.as_ref().map_or(1, |d| d.retry_after_seconds);
            Judgement::Busy(Duration::from_secs(u64::from(seconds.clamp(1, 5))))
        }
        // Budgets that change all the time: the API server gives up and says when to come again.
        503 | 504 => Judgement::Busy(Duration::from_secs(1)),
        400 | 403 | 422 | 500 => Judgement::Final(Eviction::Refused(status.message.clone())),
        _ => Judgement::Fault,
    }
}

fn words(message: &str, details: &[&str]) -> String {
    if details.is_empty() {
        message.to_owned()
    } else {
        format!("{message} ({})", details.join("; "))
    }
}

/// Deletes this very pod; one that is gone is no error.
pub(crate) async fn delete(server: &ApiServer, pod: &PodFacts) -> Result<(), Error> {
    let api = Api::<Pod>::namespaced(server.raw(), &pod.namespace);
    let same = Preconditions {
        uid: Some(pod.uid.clone()),
        resource_version: None,
    };
    let parameters = DeleteParams::default().preconditions(same);
    match server
        .ask(format!("delete {pod}"), api.delete(&pod.name, &parameters))
        .await
    {
        Err(error) if !error.is_not_found() && !error.is_conflict() => Err(error),
        _ => Ok(()),
    }
}
