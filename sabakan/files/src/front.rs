//! The fast path of plain HTTP: an accept loop that reads the head of each request itself, sends files by
//! `sendfile(2)`, and hands every other connection, with the bytes already read, to hyper.
//!
//! It runs on threads of its own. Reading a file that is not in the page cache blocks its thread, and must not hold
//! up DHCP or the API; what is handed over runs on the caller's runtime.
//!
//! It is no general web server: only GET and HEAD without a body are served, one at a time per connection. Whatever it does
//! not understand is hyper's to answer.

mod connection;
mod handover;
mod head;
mod metrics;
mod options;
mod send;
mod stall;

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, thread};

use http::{Request, Response, request::Parts};
use http_body::Body;
use hyper::{body::Incoming, service::Service};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::content::Reply;
pub use metrics::Metrics;
pub use options::Options;
pub use stall::Unstalled;

/// What is done with a request.
#[derive(Debug)]
pub enum Verdict {
    /// Send this by the fast path.
    Serve(Reply),
    /// Give the connection, from this request on, to hyper.
    Handoff,
}

/// Decides for one request; called on the front's threads, so it must not block.
pub type Decide = Arc<dyn Fn(&Parts, SocketAddr) -> Verdict + Send + Sync>;

/// An accept loop over one listener.
pub struct Front<M> {
    listener: std::net::TcpListener,
    options: Options,
    decide: Decide,
    make_service: M,
    metrics: Metrics,
    api: Handle,
}

/// What the tasks of one front share.
struct Shared<M> {
    options: Options,
    decide: Decide,
    make_service: M,
    metrics: Metrics,
    api: Handle,
    drain: CancellationToken,
    tracker: TaskTracker,
}

impl<M, S, B> Front<M>
where
    M: Fn(SocketAddr) -> S + Send + Sync + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// A front on `listener`. `make_service` gives the service for a peer's connection that is handed over.
    ///
    /// Must be called within the runtime that handed-over connections shall run on.
    #[must_use]
    pub fn new(
        listener: std::net::TcpListener,
        options: Options,
        metrics: Metrics,
        decide: Decide,
        make_service: M,
    ) -> Self {
        Self {
            listener,
            options,
            decide,
            make_service,
            metrics,
            api: Handle::current(),
        }
    }

    /// Serves until `stop` is cancelled, then lets what is under way finish, for `Options::drain` at most.
    ///
    /// # Errors
    /// When the listener cannot be used, or threads cannot be started.
    pub async fn run(self, stop: CancellationToken) -> io::Result<()> {
        self.listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(self.options.threads.max(1))
            .thread_name("files")
            .enable_all()
            .build()?;
        let (done, ended) = oneshot::channel();
        // A runtime may not be dropped within another: a thread of its own owns it.
        thread::Builder::new().name("files-front".to_owned()).spawn(move || {
            let result = runtime.block_on(self.accept(stop));
            runtime.shutdown_background();
            // Nobody waits any more: nothing to tell.
            let _ = done.send(result);
        })?;
        ended.await.map_err(io::Error::other)?
    }

    async fn accept(self, stop: CancellationToken) -> io::Result<()> {
        let listener = TcpListener::from_std(self.listener)?;
        let free = Arc::new(Semaphore::new(self.options.max_connections));
        let shared = Arc::new(Shared {
            options: self.options,
            decide: self.decide,
            make_service: self.make_service,
            metrics: self.metrics,
            api: self.api,
            drain: stop.clone(),
            tracker: TaskTracker::new(),
        });
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => shared.clone().admit(stream, peer, &free),
                Err(error) => connection::rest_after(&error).await,
            }
        }
        drop(listener);
        shared.tracker.close();
        if tokio::time::timeout(shared.options.drain, shared.tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                connections = shared.tracker.len(),
                "connections cut: they did not end within the drain time"
            );
        }
        Ok(())
    }
}

impl<M, S, B> Shared<M>
where
    M: Fn(SocketAddr) -> S + Send + Sync + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn admit(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, free: &Arc<Semaphore>) {
        let Ok(permit) = Arc::clone(free).try_acquire_owned() else {
            self.metrics.refused.inc();
            connection::refuse(&stream);
            return;
        };
        self.metrics.accepted.inc();
        let tracker = self.tracker.clone();
        tracker.spawn(self.serve(stream, peer, permit));
    }

    async fn serve(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        let open = self.metrics.opened();
        let left = connection::run(stream, peer, &self.options, &self.metrics, &self.decide, &self.drain).await;
        let Some((stream, read)) = left else { return };
        let service = (self.make_service)(peer);
        let work = handover::run(stream, read, service, self.options.clone(), self.drain.clone());
        let api = self.api.clone();
        // The connection moves to the runtime of the API; its place here is kept until it ends.
        self.tracker.spawn_on(
            async move {
                let _kept = (permit, open);
                if let Err(error) = work.await {
                    tracing::debug!(%peer, %error, "connection ended");
                }
            },
            &api,
        );
    }
}
