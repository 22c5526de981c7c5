//! One request, in as many attempts as it takes and may take.

use std::time::Instant;

use etcd_client::{Client, Error as ClientError};

use super::{Shared, TIMEOUTS_PER_REQUEST};
use crate::auth::Token;
use crate::channel::Turn;
use crate::cluster::Header;
use crate::error::Error;
use crate::failure::{Failure, Verdict};
use crate::retry::{Next, Safety, Tried, decide};

/// What is asked: how it may be repeated, and what errors tell of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) safety: Safety,
    pub(crate) verb: &'static str,
    pub(crate) key: &'a str,
    /// Bytes of keys and values, where the request carries values.
    pub(crate) bytes: usize,
    /// Operations of a transaction.
    pub(crate) operations: usize,
    /// The revision or the lease that it asks for.
    pub(crate) number: i64,
}

impl<'a> Ask<'a> {
    pub(crate) fn read(verb: &'static str, key: &'a str) -> Ask<'a> {
        Ask {
            safety: Safety::Read,
            verb,
            key,
            bytes: 0,
            operations: 1,
            number: 0,
        }
    }

    pub(crate) fn write(verb: &'static str, key: &'a str, bytes: usize) -> Ask<'a> {
        Ask {
            safety: Safety::Write,
            bytes,
            ..Ask::read(verb, key)
        }
    }

    pub(crate) fn about(self, number: i64) -> Ask<'a> {
        Ask { number, ..self }
    }
}

impl Shared {
    /// Runs `request` against the active member until it succeeds, is refused, or may not be tried again.
    pub(crate) async fn run<T, F, Fut>(&self, ask: Ask<'_>, request: F) -> Result<T, Error>
    where
        F: Fn(Client) -> Fut,
        Fut: Future<Output = Result<(Header, T), ClientError>>,
    {
        let started = Instant::now();
        let mut tried = Tried::default();
        loop {
            let turn = self.channel.turn();
            let known = self.cluster.known();
            let mut token = 0;
            let failure = match self.attempt(&mut token, &request).await {
                Ok((header, value)) => {
                    self.outage.over();
                    self.cluster.observe(known, header);
                    return Ok(value);
                }
                Err(failure) => failure,
            };
            tried.attempts += 1;
            tried.out_of_time = self.is_out_of_time(started, tried.attempts);
            match decide(ask.safety, &failure, tried, self.channel.len()) {
                Next::GiveUp { pass_on } => {
                    self.after_failure(pass_on, turn, ask, &failure);
                    return Err(self.error(ask, failure, started));
                }
                Next::Again {
                    pass_on,
                    authenticate,
                    pause,
                } => {
                    self.after_failure(pass_on, turn, ask, &failure);
                    if authenticate {
                        tried.authentications += 1;
                        self.auth.forget(token);
                    }
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Whether a request that failed so often gives up. Waiting bridges the election of etcd's leader; once an outage has
    /// lasted longer than that, every member is asked once and nobody is kept waiting.
    fn is_out_of_time(&self, started: Instant, attempts: u32) -> bool {
        let budget = self.timeout * TIMEOUTS_PER_REQUEST;
        let lasting = self.outage.lasts() >= budget;
        let all_asked = usize::try_from(attempts).is_ok_and(|n| n >= self.channel.len());
        started.elapsed() >= budget || (lasting && all_asked)
    }

    /// One attempt within the configured time-out, with a token where one is needed.
    async fn attempt<T, F, Fut>(&self, token: &mut Token, request: &F) -> Result<(Header, T), Failure>
    where
        F: Fn(Client) -> Fut,
        Fut: Future<Output = Result<(Header, T), ClientError>>,
    {
        match tokio::time::timeout(self.timeout, self.auth.ensure(&self.client)).await {
            Ok(Ok(fresh)) => *token = fresh,
            Ok(Err(error)) => return Err(not_sent(Failure::of(error))),
            Err(_) => return Err(Failure::NotDone("no answer to the authentication".into())),
        }
        match tokio::time::timeout(self.timeout, request(self.client.clone())).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(Failure::of(error)),
            Err(_) => Err(Failure::NoAnswer),
        }
    }

    fn after_failure(&self, pass_on: bool, turn: Turn, ask: Ask<'_>, failure: &Failure) {
        if pass_on {
            self.outage.goes_on();
            let member = self.channel.url(turn);
            tracing::debug!(op = ask.verb, key = ask.key, member, ?failure, "etcd member failed");
            self.channel.pass_on(turn);
        }
    }

    /// The error that a caller sees for the failure that ends a request.
    fn error(&self, ask: Ask<'_>, failure: Failure, started: Instant) -> Error {
        let op = format!("{} {}{}", ask.verb, self.prefix, ask.key);
        match (ask.safety, failure) {
            (_, Failure::NotDone(source) | Failure::Busy(source)) | (Safety::Read, Failure::Unknown(source)) => {
                Error::Unavailable { op, source }
            }
            (Safety::Write, Failure::Unknown(source)) => Error::Ambiguous { op, source },
            (Safety::Read, Failure::NoAnswer) => Error::Timeout {
                op,
                after: started.elapsed(),
            },
            (Safety::Write, Failure::NoAnswer) => {
                let source = format!("no answer within {:?}", self.timeout).into();
                Error::Ambiguous { op, source }
            }
            (_, Failure::Token(message)) => Error::Auth { op, message },
            (_, Failure::Final(verdict)) => refused(ask, op, verdict),
        }
    }
}

/// Authentication changes nothing in etcd: whatever became of it, the request itself was not sent.
fn not_sent(failure: Failure) -> Failure {
    match failure {
        Failure::Unknown(cause) => Failure::NotDone(cause),
        other => other,
    }
}

fn refused(ask: Ask<'_>, op: String, verdict: Verdict) -> Error {
    match verdict {
        Verdict::TooLarge => Error::TooLarge { op, bytes: ask.bytes },
        Verdict::TooManyOperations => Error::TooManyOperations {
            op,
            operations: ask.operations,
        },
        Verdict::QuotaFull => Error::QuotaFull { op },
        Verdict::Auth(message) => Error::Auth { op, message },
        Verdict::PermissionDenied => Error::PermissionDenied { op },
        Verdict::Compacted => Error::Compacted {
            op,
            revision: ask.number,
        },
        Verdict::LeaseGone => Error::LeaseGone { op, lease: ask.number },
        Verdict::Rejected(message) => Error::Rejected { op, message },
    }
}
