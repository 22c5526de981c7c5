//! A site whose Vault is prepared.

use super::{Site, run};
use testkit::vault::Vault as Server;

/// An etcd and a Vault, prepared by `ckecli vault init`.
pub(crate) struct Prepared {
    pub(crate) site: Site,
    pub(crate) vault: Server,
    /// What `ckecli vault init` said.
    pub(crate) said: String,
}

impl Prepared {
    pub(crate) async fn start() -> Self {
        let (site, vault) = tokio::join!(Site::start(), Server::start());
        let mut prepared = Self {
            site,
            vault,
            said: String::new(),
        };
        prepared.said = prepared.init();
        prepared
    }

    /// Prepares Vault (again), and gives what the command said.
    pub(crate) fn init(&self) -> String {
        let mut command = self.site.ckecli(&["vault", "init", "--endpoint", &self.vault.url()]);
        let (code, out, errors) = run(command.env("VAULT_TOKEN", self.vault.root_token()));
        assert_eq!(code, 0, "{errors}");
        out
    }
}
