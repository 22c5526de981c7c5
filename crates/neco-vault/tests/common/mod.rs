//! A server, and an administrator of it.

use neco_vault::Endpoint;
use testkit::vault::Vault as Server;

pub(crate) fn endpoint(server: &Server) -> Endpoint {
    Endpoint::new(&server.url())
}

pub(crate) async fn admin(server: &Server) -> neco_vault::Vault {
    neco_vault::Vault::with_token(&endpoint(server), server.root_token())
        .await
        .unwrap()
}
