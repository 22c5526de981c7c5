//! The way to Vault, which can be made slow or cut, on a thread of its own: a test that waits for a command holds nothing up.

use std::sync::mpsc;

use serde_json::Value;
use testkit::proxy::Proxy;
use tokio::sync::oneshot;

use crate::site::Site;

/// A proxy before Vault. It ends with the value.
#[derive(Debug)]
pub struct Road {
    /// How to treat what comes.
    pub proxy: Proxy,
    _end: oneshot::Sender<()>,
}

impl Road {
    /// Leads `cke` to Vault this way from now on, as an operator does who moves Vault.
    ///
    /// # Panics
    /// When the proxy does not start, or `ckecli` refuses its address.
    #[must_use]
    pub fn to_vault(site: &Site) -> Road {
        let target = site.vault.address();
        let (started, proxy) = mpsc::channel();
        let (end, ended) = oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                started.send(Proxy::start(target).await).expect("the test waits for it");
                // The sender is dropped, never used.
                let _ = ended.await;
            });
        });
        let road = Road {
            proxy: proxy.recv().expect("a proxy"),
            _end: end,
        };
        let stored = site.etcd.ctl(&["get", "--print-value-only", "/cke/vault"]);
        let mut config: Value = serde_json::from_str(&stored).expect("how Vault is reached");
        config["endpoint"] = road.url().into();
        site.ckecli(&["vault", "config", &site.write("vault.json", &config.to_string())]);
        road
    }

    /// The URL of Vault this way.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.proxy.address())
    }
}
