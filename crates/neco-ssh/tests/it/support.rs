//! A fleet of one node, whose sshd belongs to the test.

use bytes::Bytes;
use neco_ssh::{Error, Fleet, Keys, MemoryStore, NodeAddress, Options, Output, Runner as _};
use std::sync::Arc;
use std::time::Duration;
use testkit::sshd::Sshd;
use testkit::wait::{PATIENCE, wait_for};

/// Long enough for a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct One {
    pub(crate) sshd: Sshd,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) node: NodeAddress,
    pub(crate) store: Arc<MemoryStore>,
}

impl One {
    pub(crate) async fn start() -> One {
        One::with(Sshd::start().await, patient())
    }

    pub(crate) fn with(sshd: Sshd, options: Options) -> One {
        let store = Arc::new(MemoryStore::default());
        let keys = Keys::parse([("", sshd.private_key().as_str())]);
        One {
            fleet: Arc::new(Fleet::new(options, keys, Arc::clone(&store) as _)),
            node: NodeAddress::new(sshd.address(), "root"),
            store,
            sshd,
        }
    }

    pub(crate) async fn run(&self, command: &str) -> Result<Output, Error> {
        self.fleet.run(&self.node, command, None, DEADLINE).await
    }

    /// Waits until the node does what it is told.
    pub(crate) async fn reach(&self) {
        wait_for("the node to do what it is told", PATIENCE, || async {
            self.run("true").await.map_err(|e| e.in_words())
        })
        .await;
    }

    pub(crate) async fn run_within(&self, command: &str, deadline: Duration) -> Result<Output, Error> {
        self.fleet.run(&self.node, command, None, deadline).await
    }

    pub(crate) async fn feed(&self, command: &str, stdin: impl Into<Bytes>) -> Result<Output, Error> {
        self.fleet.run(&self.node, command, Some(stdin.into()), DEADLINE).await
    }

    pub(crate) fn handshakes(&self) -> u64 {
        self.fleet.counts(&self.sshd.address()).handshakes
    }
}

/// Options for a node on a busy machine.
pub(crate) fn patient() -> Options {
    Options {
        connect_timeout: DEADLINE,
        session_timeout: DEADLINE,
        ..Options::default()
    }
}

/// The same, with which a node that comes back is seen soon.
pub(crate) fn quick() -> Options {
    let mut options = patient();
    options.back_off.first = Duration::from_millis(100);
    options.back_off.most = Duration::from_millis(100);
    options
}
