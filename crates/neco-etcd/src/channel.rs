//! The failover channel: requests go to one active member until it fails, then to the next.
//!
//! The balanced channel of the client library keeps sending to dead members; with one killed, every third call failed.
//! Here the active member is a counter; whoever sees it fail moves it on by one, once.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use etcd_client::Channel;
use tokio::sync::watch;
use tonic::body::Body;
use tonic::transport::{Channel as Connection, Endpoint};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt};

/// Which member is active, by a count that only grows; the member is the count modulo their number.
pub(crate) type Turn = usize;

/// All members with their connections, and whose turn it is.
#[derive(Clone, Debug)]
pub(crate) struct Failover(Arc<Members>);

#[derive(Debug)]
struct Members {
    members: Vec<Member>,
    turn: watch::Sender<Turn>,
}

#[derive(Debug)]
struct Member {
    endpoint: Endpoint,
    connection: Mutex<Connection>,
}

impl Member {
    fn connection(&self) -> Connection {
        self.connection.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// Leaves the old connection to those who still use it: one that hangs is not waited for again.
    fn reconnect(&self) {
        *self.connection.lock().unwrap_or_else(|e| e.into_inner()) = self.endpoint.connect_lazy();
    }
}

impl Failover {
    /// Starts at a member chosen by `start`, so that many clients spread. `endpoints` must not be empty.
    pub(crate) fn new(endpoints: Vec<Endpoint>, start: usize) -> Failover {
        let members: Vec<Member> = endpoints
            .into_iter()
            .map(|endpoint| {
                let connection = Mutex::new(endpoint.connect_lazy());
                Member { endpoint, connection }
            })
            .collect();
        let turn = watch::Sender::new(start % members.len().max(1));
        Failover(Arc::new(Members { members, turn }))
    }

    /// How many members there are.
    pub(crate) fn len(&self) -> usize {
        self.0.members.len()
    }

    /// Whose turn it is now.
    pub(crate) fn turn(&self) -> Turn {
        *self.0.turn.borrow()
    }

    /// The URL of the member that has or had this turn.
    pub(crate) fn url(&self, turn: Turn) -> String {
        self.member(turn)
            .map(|m| m.endpoint.uri().to_string())
            .unwrap_or_default()
    }

    /// Follows the turn: streams are made again when it moves.
    pub(crate) fn turns(&self) -> watch::Receiver<Turn> {
        self.0.turn.subscribe()
    }

    /// Takes the turn from the member that had it at `seen`, unless somebody did already.
    pub(crate) fn pass_on(&self, seen: Turn) {
        let moved = self.0.turn.send_if_modified(|turn| {
            let mine = *turn == seen;
            if mine {
                *turn += 1;
            }
            mine
        });
        if moved && let Some(member) = self.member(seen) {
            member.reconnect();
        }
    }

    fn member(&self, turn: Turn) -> Option<&Member> {
        self.0.members.get(turn.checked_rem(self.len())?)
    }

    /// This as a channel for the client library.
    pub(crate) fn channel(&self) -> Channel {
        Channel::Custom(BoxCloneSyncService::new(self.clone()))
    }
}

impl Service<http::Request<Body>> for Failover {
    type Response = http::Response<Body>;
    type Error = BoxError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<http::Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let connection = self.member(self.turn()).map(Member::connection);
        Box::pin(async move {
            let connection = connection.ok_or("no endpoints")?;
            connection.oneshot(request).await.map_err(BoxError::from)
        })
    }
}
