//! Taking the answers of transactions apart.

use neco_etcd::{Kv, Outcome, Response};

/// The first key that operation `at` of the branch read.
pub(crate) fn first_kv(outcome: &Outcome, at: usize) -> Option<&Kv> {
    match outcome.responses.get(at) {
        Some(Response::Kvs(kvs)) => kvs.first(),
        _ => None,
    }
}
