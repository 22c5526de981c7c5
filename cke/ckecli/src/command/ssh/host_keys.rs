//! Which host key a session takes: the one that CKE pinned.

use crate::connect::Connection;
use anyhow::Context;
use std::io::Write;
use tempfile::NamedTempFile;

/// Options of ssh about host keys, and the file that they name.
pub(super) struct HostKeys {
    known: Option<NamedTempFile>,
}

impl HostKeys {
    /// By the key that is pinned for the node; any where none is, or where `any` is asked for.
    pub(super) async fn of(connection: &Connection, node: &str, any: bool) -> anyhow::Result<Self> {
        if any {
            return Ok(Self { known: None });
        }
        let Some(pinned) = connection.storage().await?.host_key(node).await? else {
            return Ok(Self { known: None });
        };
        let mut file = NamedTempFile::new().context("cannot make a file")?;
        writeln!(file, "{node} {}", pinned.key).context("cannot write the host key")?;
        Ok(Self { known: Some(file) })
    }

    pub(super) fn options(&self) -> Vec<String> {
        let (file, check) = match &self.known {
            Some(file) => (file.path().display().to_string(), "yes"),
            None => ("/dev/null".to_owned(), "no"),
        };
        let options = [
            format!("UserKnownHostsFile={file}"),
            format!("StrictHostKeyChecking={check}"),
        ];
        let mut options: Vec<_> = options
            .into_iter()
            .flat_map(|option| ["-o".to_owned(), option])
            .collect();
        if self.known.is_some() {
            options.extend(["-o".to_owned(), "GlobalKnownHostsFile=/dev/null".to_owned()]);
        }
        options
    }
}
