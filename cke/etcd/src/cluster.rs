//! Asking the cluster: one member after the other until one can answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use etcd_client::{Client, Error as ClientError};
use tonic::Code;

use crate::Error;
use crate::clients::{Clients, RootCredentials};

/// The time that one member gets for one request.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// The cluster's etcd, by some of its members. Cloning it is cheap and shares connections.
#[derive(Debug, Clone)]
pub struct ClusterEtcd {
    clients: Arc<Clients>,
    endpoints: Vec<String>,
    /// Index of the end point that answered last.
    good: Arc<AtomicUsize>,
}

/// What one member's failure means.
pub(crate) enum Failure {
    /// It cannot serve; another may. Whether the request was done is unknown.
    Down(ClientError),
    /// It did not answer in time.
    Silent,
    /// It said no.
    Refused(String),
}

impl ClusterEtcd {
    /// Will ask these end points, `https://ADDRESS:2379`. Nothing is sent yet: the first request connects.
    #[must_use]
    pub fn new(endpoints: Vec<String>, credentials: RootCredentials) -> ClusterEtcd {
        ClusterEtcd {
            clients: Arc::new(Clients::new(credentials)),
            endpoints,
            good: Arc::default(),
        }
    }

    /// The same connections for other end points.
    #[must_use]
    pub fn at(&self, endpoints: Vec<String>) -> ClusterEtcd {
        ClusterEtcd {
            clients: Arc::clone(&self.clients),
            endpoints,
            good: Arc::default(),
        }
    }

    /// The same connections; which end point answered last is remembered where they are the same.
    pub(crate) fn for_endpoints(&self, endpoints: Vec<String>) -> ClusterEtcd {
        if self.endpoints == endpoints {
            self.clone()
        } else {
            self.at(endpoints)
        }
    }

    /// The end points.
    #[must_use]
    pub fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    /// Asks until a member answers. `op` completes "no member could ...". The request must bear being done twice.
    pub(crate) async fn ask<T, F, Fut>(&self, op: &'static str, request: F) -> Result<T, Error>
    where
        F: Fn(Client) -> Fut,
        Fut: Future<Output = Result<T, ClientError>>,
    {
        let count = self.endpoints.len();
        let first = self.good.load(Ordering::Relaxed);
        let mut last = Error::NoEndpoints;
        for step in 0..count {
            let index = (first + step) % count;
            let Some(endpoint) = self.endpoints.get(index) else {
                continue;
            };
            match self.ask_one(endpoint, &request).await? {
                Ok(value) => {
                    self.good.store(index, Ordering::Relaxed);
                    return Ok(value);
                }
                Err(failure) => last = explain(op, endpoint, failure),
            }
            if matches!(last, Error::Refused { .. }) {
                return Err(last);
            }
        }
        Err(last)
    }

    /// Asks one member alone; the outer error is about end point or certificate.
    pub(crate) async fn ask_one<T, F, Fut>(&self, endpoint: &str, request: &F) -> Result<Result<T, Failure>, Error>
    where
        F: Fn(Client) -> Fut,
        Fut: Future<Output = Result<T, ClientError>>,
    {
        let client = self.clients.of(endpoint).await?;
        Ok(match tokio::time::timeout(TIMEOUT, request(client)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(judge(error)),
            Err(_) => Err(Failure::Silent),
        })
    }

    /// The client of the end point that answered last: for streams.
    pub(crate) async fn any_client(&self) -> Result<(String, Client), Error> {
        // Whoever answers this can serve the stream.
        let _ = self.revision().await?;
        let index = self.good.load(Ordering::Relaxed);
        let endpoint = self.endpoints.get(index).ok_or(Error::NoEndpoints)?;
        Ok((endpoint.clone(), self.clients.of(endpoint).await?))
    }

    /// The store's revision, by a read that needs the majority.
    pub(crate) async fn revision(&self) -> Result<i64, Error> {
        let read = |client: Client| async move { client.kv_client().get("health", None).await };
        let answer = self.ask("read", read).await?;
        Ok(answer.header().map_or(0, |h| h.revision()))
    }
}

/// The texts are etcd's own (`api/v3rpc/rpctypes/error.go`); a refusal to change members comes with the code of an outage.
fn judge(error: ClientError) -> Failure {
    let ClientError::GRpcStatus(status) = &error else {
        return Failure::Down(error);
    };
    let reconfiguration = ["unhealthy cluster", "re-configuration failed"];
    let text = status.message();
    match status.code() {
        _ if reconfiguration.iter().any(|said| text.contains(said)) => Failure::Refused(text.to_owned()),
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Unknown
        | Code::Internal
        | Code::Cancelled
        | Code::Aborted => Failure::Down(error),
        _ => Failure::Refused(text.to_owned()),
    }
}

pub(crate) fn explain(op: &'static str, endpoint: &str, failure: Failure) -> Error {
    let endpoint = endpoint.to_owned();
    match failure {
        Failure::Down(source) => Error::Unavailable {
            op,
            endpoint,
            source: Box::new(source),
        },
        Failure::Silent => Error::Timeout {
            op,
            endpoint,
            after: TIMEOUT,
        },
        Failure::Refused(message) => Error::Refused { op, message },
    }
}
