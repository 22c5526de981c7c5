//! Whether a cluster works: pods start, are found by name, and answer.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::fleet::images::WORKLOAD;
use testkit::wait::wait_for;

use crate::site::Site;

/// How long pods may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// A Deployment `web` of two pods that answer with their names, and a Service before it.
#[must_use]
pub fn web() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "web"},
                "spec": {
                    "replicas": 2,
                    "selector": {"matchLabels": {"app": "web"}},
                    "template": {
                        "metadata": {"labels": {"app": "web"}},
                        "spec": {
                            "terminationGracePeriodSeconds": 1,
                            "automountServiceAccountToken": false,
                            "containers": [{"name": "web", "image": WORKLOAD, "imagePullPolicy": "Never"}],
                        },
                    },
                },
            },
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "web"},
                "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
            },
        ],
    })
}

impl Site {
    /// Makes or changes objects.
    ///
    /// # Panics
    /// When the API server refuses them.
    pub fn apply(&self, objects: &Value) {
        use std::io::Write as _;
        let mut child = self
            .kubectl_command(&["apply", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("run kubectl");
        let mut input = child.stdin.take().expect("a pipe");
        input
            .write_all(objects.to_string().as_bytes())
            .expect("write to kubectl");
        drop(input);
        assert!(
            child.wait().expect("wait for kubectl").success(),
            "kubectl apply failed"
        );
    }

    /// The names of the nodes that are Ready, and of those that are not.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub fn ready_nodes(&self) -> Result<(Vec<String>, Vec<String>), String> {
        let text = self.kubectl(&["get", "nodes", "-o", "json"])?;
        let nodes: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let (mut ready, mut others) = (Vec::new(), Vec::new());
        for node in nodes["items"].as_array().into_iter().flatten() {
            let conditions = node["status"]["conditions"].as_array().into_iter().flatten();
            let is = conditions
                .filter(|condition| condition["type"] == "Ready")
                .any(|condition| condition["status"] == "True");
            let name = node["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            if is { ready.push(name) } else { others.push(name) }
        }
        Ok((ready, others))
    }

    /// Waits until this many nodes are Ready and none is not.
    pub async fn wait_for_ready(&self, count: usize) {
        wait_for(&format!("{count} nodes to be Ready"), PATIENCE, async || {
            let (ready, others) = self.ready_nodes()?;
            if ready.len() == count && others.is_empty() {
                return Ok(());
            }
            Err(format!("ready are {ready:?}, not ready {others:?}"))
        })
        .await;
    }

    /// Waits until all pods of a Deployment are available.
    pub async fn wait_for_deployment(&self, namespace: &str, name: &str) {
        let path = format!("deployment/{name}");
        wait_for(&path, PATIENCE, async || {
            self.kubectl(&["rollout", "status", "-n", namespace, &path, "--timeout=1s"])
                .map_err(|said| format!("{said}{}", self.pods()))
        })
        .await;
    }

    /// All pods with where they run, and what happened last, for messages.
    #[must_use]
    pub fn pods(&self) -> String {
        let pods = self.kubectl(&["get", "pods", "-A", "-o", "wide"]);
        let events = self.kubectl(&["get", "events", "-A", "--field-selector=type=Warning"]);
        [pods, events].map(|text| text.unwrap_or_else(|said| said)).concat()
    }

    /// Brings `web` up and asks it by its Service's address and by its name, from a pod.
    pub async fn check_that_pods_work(&self) {
        self.apply(&web());
        self.wait_for_deployment("default", "web").await;
        let address = self.kubectl(&["get", "service", "web", "-o", "jsonpath={.spec.clusterIP}"]);
        let by_address = self.wait_for_answer(&address.expect("web has an address")).await;
        let by_name = self.wait_for_answer("web.default.svc.cluster.local").await;
        for answer in [by_address, by_name] {
            assert!(
                answer.starts_with("web-"),
                "a pod answers with its name, not {answer:?}"
            );
        }
    }

    /// What port 80 of `host` answers to a pod of `web`.
    pub async fn wait_for_answer(&self, host: &str) -> String {
        let script = format!("exec 3<>/dev/tcp/{host}/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; tail -n 1 <&3");
        wait_for(&format!("an answer of {host}"), PATIENCE, async || {
            let answer = self.kubectl(&["exec", "deployment/web", "--", "bash", "-c", &script])?;
            if answer.is_empty() {
                Err("nothing".to_owned())
            } else {
                Ok(answer)
            }
        })
        .await
    }
}
