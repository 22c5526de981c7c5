//! Reading what a failed attempt means: did the request happen, and would another member do better?
//!
//! The texts are etcd's own (`api/v3rpc/rpctypes/error.go`); gRPC's code alone does not tell them apart.

#[cfg(test)]
mod tests;

use etcd_client::Error as ClientError;
use tonic::{Code, Status};

use crate::error::Cause;

/// What one failed attempt means.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It never left, or the member refused it unseen: not done, another member may.
    NotDone(Cause),
    /// Nobody knows whether it was done.
    Unknown(Cause),
    /// No answer in the time of an attempt: nobody knows whether it was done.
    NoAnswer,
    /// The token is no longer good: not done, authenticate and try again.
    Token(String),
    /// The member has too much to do: not done.
    Busy(Cause),
    /// An answer that stays the same however often one asks.
    Final(Verdict),
}

/// An answer of etcd that is no success and no trouble of its own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    TooLarge,
    TooManyOperations,
    QuotaFull,
    Auth(String),
    PermissionDenied,
    Compacted,
    LeaseGone,
    Rejected(String),
}

impl Failure {
    /// Reads the meaning of the client library's error.
    pub(crate) fn of(error: ClientError) -> Failure {
        match error {
            ClientError::GRpcStatus(status) => Failure::of_status(status),
            ClientError::LeaseKeepAliveError(m) if m == "lease not found" => Failure::Final(Verdict::LeaseGone),
            ClientError::InvalidArgs(m) => Failure::Final(Verdict::Rejected(m)),
            other => Failure::Unknown(other.into()),
        }
    }

    fn of_status(status: Status) -> Failure {
        if was_never_sent(&status) {
            return Failure::NotDone(status.into());
        }
        let text = status.message();
        let said = |part: &str| text.contains(part);
        match status.code() {
            Code::Unavailable if said("etcdserver: no leader") => Failure::NotDone(status.into()),
            Code::ResourceExhausted if said("database space exceeded") => Failure::Final(Verdict::QuotaFull),
            Code::ResourceExhausted if said("too many requests") => Failure::Busy(status.into()),
            Code::ResourceExhausted if said("larger than max") => Failure::Final(Verdict::TooLarge),
            Code::OutOfRange if said("message length too large") => Failure::Final(Verdict::TooLarge),
            Code::OutOfRange if said("has been compacted") => Failure::Final(Verdict::Compacted),
            // The active member changed to one that lags behind; it catches up.
            Code::OutOfRange if said("future revision") => Failure::NotDone(status.into()),
            Code::Unauthenticated => Failure::Token(text.to_owned()),
            Code::PermissionDenied => Failure::Final(Verdict::PermissionDenied),
            Code::InvalidArgument => Failure::of_invalid(text),
            Code::NotFound if said("lease not found") => Failure::Final(Verdict::LeaseGone),
            Code::NotFound | Code::FailedPrecondition | Code::AlreadyExists | Code::Unimplemented => {
                Failure::Final(Verdict::Rejected(text.to_owned()))
            }
            _ => Failure::Unknown(status.into()),
        }
    }

    fn of_invalid(text: &str) -> Failure {
        let said = |part: &str| text.contains(part);
        if said("revision of auth store is old") || said("user name is empty") {
            return Failure::Token(text.to_owned());
        }
        Failure::Final(if said("request is too large") {
            Verdict::TooLarge
        } else if said("too many operations") {
            Verdict::TooManyOperations
        } else if said("authentication failed") {
            Verdict::Auth(text.to_owned())
        } else {
            Verdict::Rejected(text.to_owned())
        })
    }
}

/// Whether the connection could not even be made.
fn was_never_sent(status: &Status) -> bool {
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        if error.is::<tonic::ConnectError>() {
            return true;
        }
        cause = error.source();
    }
    false
}
