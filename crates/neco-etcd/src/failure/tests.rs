#![allow(clippy::panic, reason = "tests")]

use super::*;

fn of(code: Code, message: &str) -> Failure {
    Failure::of(ClientError::GRpcStatus(Status::new(code, message)))
}

#[test]
fn etcds_answers_are_told_apart() {
    for (code, message, verdict) in [
        (
            Code::ResourceExhausted,
            "etcdserver: mvcc: database space exceeded",
            Verdict::QuotaFull,
        ),
        (
            Code::ResourceExhausted,
            "grpc: received message larger than max (2 vs. 1)",
            Verdict::TooLarge,
        ),
        (
            Code::InvalidArgument,
            "etcdserver: request is too large",
            Verdict::TooLarge,
        ),
        (
            Code::InvalidArgument,
            "etcdserver: too many operations in txn request",
            Verdict::TooManyOperations,
        ),
        (
            Code::OutOfRange,
            "etcdserver: mvcc: required revision has been compacted",
            Verdict::Compacted,
        ),
        (
            Code::PermissionDenied,
            "etcdserver: permission denied",
            Verdict::PermissionDenied,
        ),
        (
            Code::NotFound,
            "etcdserver: requested lease not found",
            Verdict::LeaseGone,
        ),
    ] {
        let failure = of(code, message);
        assert!(
            matches!(&failure, Failure::Final(got) if *got == verdict),
            "{message}: {failure:?}"
        );
    }
    let wrong = of(
        Code::InvalidArgument,
        "etcdserver: authentication failed, invalid user ID or password",
    );
    assert!(matches!(wrong, Failure::Final(Verdict::Auth(_))));
    for (code, message) in [
        (Code::Unauthenticated, "etcdserver: invalid auth token"),
        (Code::InvalidArgument, "etcdserver: revision of auth store is old"),
        (Code::InvalidArgument, "etcdserver: user name is empty"),
    ] {
        assert!(matches!(of(code, message), Failure::Token(_)), "{message}");
    }
}

#[test]
fn whether_it_was_done_is_known_only_where_etcd_says_so() {
    assert!(matches!(
        of(Code::Unavailable, "etcdserver: no leader"),
        Failure::NotDone(_)
    ));
    assert!(matches!(
        of(Code::ResourceExhausted, "etcdserver: too many requests"),
        Failure::Busy(_)
    ));
    for (code, message) in [
        (Code::Unavailable, "etcdserver: request timed out"),
        (
            Code::Unavailable,
            "etcdserver: request timed out, possibly due to previous leader failure",
        ),
        (Code::Unavailable, "etcdserver: server stopped"),
        (Code::Unavailable, "etcdserver: leader changed"),
        (Code::Unknown, "transport error"),
        (Code::Cancelled, "operation was canceled"),
        (Code::Internal, "h2 protocol error"),
    ] {
        assert!(matches!(of(code, message), Failure::Unknown(_)), "{message}");
    }
}
