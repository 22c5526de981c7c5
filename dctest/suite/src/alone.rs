//! One server in a network of its own, where the test owns every address of 10.0.0.0/8; etcd stands behind a proxy.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;
use testkit::etcd::Etcd;
use testkit::proxy::Proxy;

use crate::furnish;
use crate::server::{Host, Server, configuration};

/// The server's address, and the first of the racks: rack 0 has machines from 10.69.0.4 on.
pub const SERVER: &str = "10.69.0.3";

/// etcd, the way to it, and the server.
#[derive(Debug)]
pub struct Alone {
    /// The server, with its address formulas set.
    pub server: Server,
    /// All that goes between the server and etcd goes through it.
    pub proxy: Proxy,
    /// One member.
    pub etcd: Etcd,
    /// Configuration, data, log.
    pub dir: TempDir,
}

impl Alone {
    /// A path in its folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// Runs a test with a server whose configuration was changed by `change`, on an etcd that was prepared by `prepare`.
///
/// # Panics
/// With the test's own panic.
pub fn run_prepared(
    prepare: impl FnOnce(&mut Etcd) + Send,
    change: impl FnOnce(&mut Value) + Send,
    test: impl AsyncFnOnce(Alone) + Send,
) {
    testkit::netns::isolated(|| {
        testkit::netns::own_network("10.0.0.0/8");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let mut etcd = Etcd::start().await;
            prepare(&mut etcd);
            let proxy = Proxy::start(etcd.members()[0].address()).await;
            let dir = TempDir::new().expect("a folder");
            crate::certificate::write(dir.path(), &[SERVER]);
            let mut values = configuration(SERVER, dir.path(), &[format!("http://{}", proxy.address())]);
            change(&mut values);
            let host = Host {
                ip: SERVER.to_owned(),
                netns: None,
            };
            let server = Server::start(host, dir.path(), &values).await;
            furnish::addresses(&server).await;
            test(Alone {
                server,
                proxy,
                etcd,
                dir,
            })
            .await;
        });
    });
}

/// The same with an etcd and a configuration as they are.
///
/// # Panics
/// With the test's own panic.
pub fn run(test: impl AsyncFnOnce(Alone) + Send) {
    run_prepared(|_| (), |_| (), test);
}
