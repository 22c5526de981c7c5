//! Files: kernel, initrd, boot loader, cryptsetup, images for peers, assets. On plain HTTP they are decided here for the
//! front's threads, which send them by `sendfile(2)`; elsewhere hyper sends the same replies.

use super::app::App;
use super::call::{Call, Origin, request_id};
use super::config::OS;
use super::error::ApiError;
use crate::boot::Seen;
use crate::policy::{self, Ask, canonical};
use crate::route::{self, Listener, Matched, RouteId};
use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use sabakan_files::FilesError;
use sabakan_files::content::{Content, Reply};
use sabakan_model::Stage;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

impl App {
    /// The reply for the front, where the request is one for a file that this server has and the caller may have. All else,
    /// refusals too, is the API's to answer.
    #[must_use]
    pub fn file_for(self: &Arc<Self>, head: &Parts, peer: SocketAddr) -> Option<Reply> {
        let matched = route::resolve(Listener::Http, false, &head.method, head.uri.path()).ok()?;
        if !is_file(matched.row.id) {
            return None;
        }
        let origin = Origin {
            peer,
            listener: Listener::Http,
            identity: None,
        };
        let caller = self.caller(&origin, head, None);
        let decision = policy::decide(&Ask::of(matched.row, Listener::Http, None), &caller, &self.rules);
        if !decision.allow || decision.reported {
            return None;
        }
        let reply = self.file(&matched, head).ok()?;
        self.note(&matched, head, canonical(peer.ip()), &request_id(&head.headers));
        let (app, row, status) = (Arc::clone(self), matched.row, reply.status.as_u16());
        Some(reply.on_sent(move |_sent| app.metrics.count(status, row.pattern, &row.method)))
    }

    /// The reply for a route of a file.
    fn file(&self, matched: &Matched, head: &Parts) -> Result<Reply, ApiError> {
        let decide = |content: &Content| Reply::decide(&head.method, &head.headers, content);
        let images = self.files.images();
        Ok(match matched.row.id {
            RouteId::BootKernel => decide(&images.boot_file(OS, "kernel")?),
            RouteId::BootInitrd => decide(&images.boot_file(OS, "initrd.gz")?),
            RouteId::ImageGet => decide(&images.archive(OS, matched.param(0))?),
            RouteId::AssetGet => self
                .files
                .assets()
                .find(matched.param(0))?
                .reply(&head.method, &head.headers),
            RouteId::BootIpxeEfi => decide(&local(&self.settings.ipxe_efi_path, "application/efi")?),
            _ => {
                let path = self.cryptsetup.as_deref();
                let path = path.ok_or_else(|| ApiError::not_found("this server has no sabakan-cryptsetup"))?;
                decide(&local(path, "application/octet-stream")?)
            }
        })
    }

    /// A line in the boot log for what a booting machine fetches.
    fn note(&self, matched: &Matched, head: &Parts, ip: std::net::IpAddr, request_id: &str) {
        let stage = match matched.row.id {
            RouteId::BootKernel => Stage::Kernel,
            RouteId::BootInitrd => Stage::Initrd,
            RouteId::BootIpxeEfi => Stage::Firmware,
            _ => return,
        };
        // A HEAD asks how large a thing is; the fetch is what counts.
        if head.method == http::Method::GET {
            let detail = format!("GET {}", stage.as_str());
            self.boot.step(
                stage,
                Seen {
                    now: self.now(),
                    serial: None,
                    ip,
                    request_id,
                    detail,
                },
            );
        }
    }
}

/// Sends a file by hyper.
pub(super) fn send(app: &App, call: &Call) -> Result<Response, ApiError> {
    let reply = app.file(&call.matched, &call.parts)?;
    app.note(&call.matched, &call.parts, call.ip, &call.id);
    Ok(reply.into_response().map(Body::new))
}

fn is_file(id: RouteId) -> bool {
    matches!(
        id,
        RouteId::BootKernel
            | RouteId::BootInitrd
            | RouteId::ImageGet
            | RouteId::AssetGet
            | RouteId::BootIpxeEfi
            | RouteId::Cryptsetup
    )
}

/// A file of this server's disk that is no image and no asset.
fn local(path: &Path, content_type: &str) -> Result<Content, ApiError> {
    let content = Content::open(path).map_err(|error| {
        tracing::error!(path = %path.display(), %error, "a boot file cannot be read");
        ApiError::not_found("this server does not have the file")
    })?;
    Ok(content.with_header("content-type", content_type))
}

impl From<FilesError> for ApiError {
    fn from(error: FilesError) -> Self {
        tracing::info!(
            error = &error as &dyn std::error::Error,
            "a request for images or assets failed"
        );
        match (error.status(), error) {
            (StatusCode::NOT_FOUND, error) => Self::not_found(error),
            (StatusCode::CONFLICT, error) => Self::conflict(error),
            (StatusCode::BAD_REQUEST, error) => Self::bad_request(error),
            (_, FilesError::Storage(error)) => error.into(),
            (_, FilesError::Etcd { source, .. }) => super::storage_error::from_etcd(&source),
            (StatusCode::SERVICE_UNAVAILABLE, error) => Self::unavailable(error, 5),
            (status, error) => Self::new(status, error.to_string()),
        }
    }
}
