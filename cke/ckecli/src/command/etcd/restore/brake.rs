//! Keeps CKE from helping while etcd is away.

use crate::command::freeze::user;
use crate::exit::say;
use anyhow::bail;
use cke_model::Freeze;
use cke_storage::Storage;
use gojson::GoTime;
use jiff::Timestamp;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// By these words a restore knows the brake of one that did not end.
const WHY: &str = "etcd restore";
/// As long as the longest step of an operation may take.
const PATIENCE: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_millis(200);

/// The brake, pulled.
pub(super) struct Brake {
    storage: Storage,
    /// Not somebody else's, for another reason.
    ours: bool,
}

impl Brake {
    pub(super) async fn pull(storage: Storage, backup: &Path) -> anyhow::Result<Self> {
        let freeze = Freeze {
            by: user(),
            since: GoTime::utc(Timestamp::now()),
            why: format!("{WHY} from {}", backup.display()),
            ..Freeze::default()
        };
        if storage.put_freeze(&freeze).await? {
            say("froze CKE");
            return Ok(Self { storage, ours: true });
        }
        let Some(first) = storage.freeze().await? else {
            bail!("somebody has thawed CKE just now; nothing was changed: try again");
        };
        let ours = first.why.starts_with(WHY);
        say(&format!(
            "CKE is frozen already, by {} since {}: {}",
            first.by, first.since, first.why
        ));
        Ok(Self { storage, ours })
    }

    pub(super) fn storage(&self) -> &Storage {
        &self.storage
    }

    /// A step that has begun goes on to its end.
    pub(super) async fn wait_until_nothing_runs(&self) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        let mut told = false;
        while let Some(running) = self.storage.progress().await? {
            if Instant::now() > end {
                bail!(
                    "{} has not ended its step {} in {PATIENCE:?}: see `ckecli watch`",
                    running.operation,
                    running.name
                );
            }
            if !told {
                say(&format!(
                    "waiting for CKE to end {} of {}",
                    running.name, running.operation
                ));
            }
            told = true;
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Lets CKE go on, unless it was frozen before for another reason.
    pub(super) async fn release(&self) -> anyhow::Result<()> {
        if self.ours {
            self.storage.thaw().await?;
            say("thawed CKE");
        } else {
            say("CKE stays frozen as it was before; `ckecli thaw` lets it go on");
        }
        Ok(())
    }
}
