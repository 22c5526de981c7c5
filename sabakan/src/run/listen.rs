//! The sockets: bound before anything else, so that a port in use is told at once.

use super::serve;
use crate::config::{Listen, Settings};
use crate::front;
use crate::policy::Identity;
use crate::route::Listener;
use crate::web::{App, Origin};
use anyhow::Context as _;
use neco_daemon::lifecycle::{Lifecycle, Services};
use neco_daemon::tls::{ClientAuthority, KeyExchange, PeerIdentity, ServerTls};
use sabakan_files::front::{Front, Metrics, Options};
use std::net::{SocketAddr, SocketAddrV4, TcpListener as StdListener};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The bound sockets and what TLS needs.
#[derive(Debug)]
pub(super) struct Bound {
    http: StdListener,
    https: TcpListener,
    tls: ServerTls,
    metrics: TcpListener,
    /// The address of the DHCP server, which binds itself.
    pub(super) dhcp: SocketAddrV4,
}

impl Bound {
    /// Binds all of them.
    ///
    /// # Errors
    /// Names the key of the configuration whose address cannot be bound, or the file that cannot be read.
    pub(super) async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        let cas = &settings.client_cas;
        let authority = |name: &str, file: &Option<PathBuf>| {
            file.as_ref().map(|file| ClientAuthority {
                name: name.to_owned(),
                file: file.clone(),
            })
        };
        let authorities = [
            ("operator", &cas.operator),
            ("peer", &cas.peer),
            ("machine", &cas.machine),
        ];
        let authorities = authorities
            .into_iter()
            .filter_map(|(name, file)| authority(name, file))
            .collect();
        let exchange = if settings.https_boot {
            KeyExchange::FiniteField
        } else {
            KeyExchange::Curves
        };
        let tls = ServerTls::load_with(exchange, &settings.server_cert, &settings.server_key, authorities);
        Ok(Self {
            tls: tls.context("server-cert, server-key")?,
            http: bind("http", &settings.http).await?.into_std()?,
            https: bind("https", &settings.https).await?,
            metrics: bind("metrics", &settings.metrics).await?,
            dhcp: dhcp(&settings.dhcp_bind).await?,
        })
    }

    /// Starts to serve all of them.
    ///
    /// # Errors
    /// Where metrics of these names exist already.
    pub(super) fn spawn(self, app: &Arc<App>, services: &mut Services, lifecycle: &Lifecycle) -> anyhow::Result<()> {
        let make = {
            let app = Arc::clone(app);
            move |peer: SocketAddr| {
                serve::service(
                    &app,
                    Origin {
                        peer,
                        listener: Listener::Http,
                        identity: None,
                    },
                )
            }
        };
        let decide = front::decide(Arc::clone(app));
        let front = Front::new(
            self.http,
            Options::default(),
            Metrics::register(&app.registry)?,
            decide,
            make,
        );
        services.spawn("http", front.run(lifecycle.drain()));
        services.spawn(
            "https",
            serve::tls(self.https, self.tls.clone(), Arc::clone(app), lifecycle.drain()),
        );
        services.spawn(
            "metrics",
            serve::plain(self.metrics, Listener::Metrics, Arc::clone(app), lifecycle.drain()),
        );
        let files = self.tls.follow_files(lifecycle.clone());
        services.spawn("tls files", super::endless(files));
        Ok(())
    }
}

/// Who a certificate says the caller is. The CA decides the kind, the common name the person or the machine.
pub(super) fn identity(peer: PeerIdentity) -> Option<Identity> {
    match peer.authority.as_str() {
        "operator" => Some(Identity::Operator(peer.common_name)),
        "peer" => Some(Identity::Peer),
        "machine" => Some(Identity::Machine(peer.common_name)),
        _ => None,
    }
}

async fn bind(key: &'static str, listen: &Listen) -> anyhow::Result<TcpListener> {
    let addresses = listen
        .resolve()
        .await
        .with_context(|| format!("{key}: {listen} is no address"))?;
    let listener = TcpListener::bind(&addresses[..])
        .await
        .with_context(|| format!("{key}: cannot listen on {listen}"))?;
    tracing::info!(port = key, address = %listener.local_addr()?, "listening");
    Ok(listener)
}

/// DHCP is IPv4; an empty host is all addresses.
async fn dhcp(listen: &Listen) -> anyhow::Result<SocketAddrV4> {
    let addresses = listen
        .resolve()
        .await
        .with_context(|| format!("dhcp-bind: {listen} is no address"))?;
    let v4 = addresses.iter().find_map(|address| match address {
        SocketAddr::V4(v4) => Some(*v4),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => Some(SocketAddrV4::new([0, 0, 0, 0].into(), v6.port())),
        SocketAddr::V6(_) => None,
    });
    v4.with_context(|| format!("dhcp-bind: {listen} is no IPv4 address"))
}
