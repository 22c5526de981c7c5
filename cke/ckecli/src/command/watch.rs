//! `ckecli watch`

use crate::connect::Connection;
use crate::output;
use cke_storage::Storage;
use clap::Args;
use neco_etcd::{Event, WatchItem};
use serde_json::{Value, json};

/// Show phases and operations as they come, until interrupted.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Keys that tell what the leader is at.
const SHOWN: [&str; 5] = ["status", "records/", "leader/", "neco/frozen", "neco/progress"];

impl Watch {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let storage = connection.storage().await?;
        let revision = self.show_now(&storage).await?;
        let mut watch = storage.etcd().watch("", revision);
        loop {
            let events = match watch.next().await? {
                WatchItem::Events { events, .. } => events,
                WatchItem::Resync(now) => now.kvs.into_iter().map(Event::Put).collect(),
            };
            events
                .iter()
                .filter(|event| is_shown(event.key()))
                .try_for_each(|event| self.show(event))?;
        }
    }

    /// What is now, but the history.
    async fn show_now(&self, storage: &Storage) -> anyhow::Result<i64> {
        let now = storage.world().await?;
        let leader = storage.leader().await?.unwrap_or_else(|| "nobody".to_owned());
        let phase = storage
            .status()
            .await?
            .map_or_else(|| "no status".to_owned(), |status| status.phase);
        let frozen = now
            .controls
            .frozen
            .map(|freeze| format!(", frozen by {}", freeze.by))
            .unwrap_or_default();
        if self.json {
            output::json_line(&json!({"leader": leader, "phase": phase, "frozen": !frozen.is_empty()}))?;
        } else {
            output::line(&format!("{leader} leads, phase {phase}{frozen}"))?;
        }
        Ok(now.revision)
    }

    fn show(&self, event: &Event) -> anyhow::Result<()> {
        let (key, value) = match event {
            Event::Put(kv) => (&kv.key, value_of(&kv.value)),
            Event::Delete { key, .. } => (key, Value::Null),
        };
        if self.json {
            return output::json_line(&json!({"key": key, "value": value}));
        }
        match line(key, &value) {
            Some(text) => Ok(output::line(&text)?),
            None => Ok(()),
        }
    }
}

fn is_shown(key: &str) -> bool {
    SHOWN.iter().any(|shown| key.starts_with(shown))
}

/// A value as JSON, or as the text that it is.
fn value_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(bytes).into_owned()))
}

/// A line for people; none for what they need not see.
fn line(key: &str, value: &Value) -> Option<String> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let number = |pointer: &str| value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    let gone = value.is_null();
    Some(match key {
        "status" if gone => "the leader is gone".to_owned(),
        "status" => format!("{} phase {}", text("/timestamp"), text("/phase")),
        "neco/frozen" if gone => "thawed".to_owned(),
        "neco/frozen" => format!("frozen by {}: {}", text("/by"), text("/why")),
        "neco/progress" if gone => return None,
        "neco/progress" => format!(
            "  {} step {} of {}: {}, {} of {} nodes",
            text("/operation"),
            number("/step"),
            number("/steps"),
            text("/name"),
            number("/done"),
            number("/nodes")
        ),
        _ if gone => return None,
        key if key.starts_with("leader/") => format!("candidate {}", value.as_str().unwrap_or_default()),
        _ => {
            let error = text("/error");
            let error = if error.is_empty() {
                String::new()
            } else {
                format!(": {error}")
            };
            let (id, name, status) = (text("/id"), text("/operation"), text("/status"));
            format!("operation {id} {name} {status} ({}){error}", text("/command/name"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::line;
    use serde_json::{Value, json};

    #[test]
    fn lines_for_people() {
        let record = json!({"id": "7", "operation": "etcd-bootstrap", "status": "cancelled", "command": {"name": "run-container"}, "error": "no"});
        let want = "operation 7 etcd-bootstrap cancelled (run-container): no";
        assert_eq!(line("records/0000000000000007", &record).as_deref(), Some(want));
        assert_eq!(line("status", &Value::Null).as_deref(), Some("the leader is gone"));
        assert_eq!(line("records/0000000000000007", &Value::Null), None);
    }
}
