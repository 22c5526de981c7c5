//! A transaction for the wire, with the client's prefix on every key, and its answer back.

use etcd_client::{Compare, CompareOp, DeleteOptions, GetOptions, PutOptions, TxnOp, TxnOpResponse, TxnResponse};

use super::{Guard, Op, Outcome, Response, Txn};
use crate::cluster::Header;
use crate::convert;

pub(crate) fn encode(txn: &Txn, prefix: &str) -> etcd_client::Txn {
    etcd_client::Txn::new()
        .when(txn.guards.iter().map(|g| guard(g, prefix)).collect::<Vec<_>>())
        .and_then(txn.then.iter().map(|o| op(o, prefix)).collect::<Vec<_>>())
        .or_else(txn.or_else.iter().map(|o| op(o, prefix)).collect::<Vec<_>>())
}

fn guard(guard: &Guard, prefix: &str) -> Compare {
    let key = format!("{prefix}{}", guard.key());
    match guard {
        Guard::Absent(_) => Compare::create_revision(key, CompareOp::Equal, 0),
        Guard::Exists(_) => Compare::create_revision(key, CompareOp::Greater, 0),
        Guard::ModRevision(_, revision) => Compare::mod_revision(key, CompareOp::Equal, *revision),
        Guard::CreateRevision(_, revision) => Compare::create_revision(key, CompareOp::Equal, *revision),
        Guard::Value(_, value) => Compare::value(key, CompareOp::Equal, value.clone()),
        // etcd compares an empty range as one key that does not exist.
        Guard::PrefixAbsent(_) => range(key, |key| Compare::create_revision(key, CompareOp::Equal, 0)),
        Guard::PrefixUnchangedSince(_, revision) => {
            let after = revision.saturating_add(1);
            range(key, |key| Compare::mod_revision(key, CompareOp::Less, after))
        }
    }
}

fn range(prefix: String, compare: impl FnOnce(Vec<u8>) -> Compare) -> Compare {
    let end = convert::prefix_end(prefix.as_bytes());
    compare(convert::first_key(prefix.into_bytes())).with_range(end)
}

fn op(op: &Op, prefix: &str) -> TxnOp {
    let key = format!("{prefix}{}", op.key()).into_bytes();
    let end = convert::prefix_end(&key);
    match op {
        Op::Put { value, lease, .. } => TxnOp::put(key, value.clone(), Some(PutOptions::new().with_lease(*lease))),
        Op::Delete(_) => TxnOp::delete(key, None),
        Op::DeletePrefix(_) => TxnOp::delete(convert::first_key(key), Some(DeleteOptions::new().with_range(end))),
        Op::Get(_) => TxnOp::get(key, None),
        Op::GetPrefix(_) => TxnOp::get(convert::first_key(key), Some(GetOptions::new().with_range(end))),
    }
}

pub(crate) fn decode(answer: &TxnResponse, prefix: &str) -> (Header, Outcome) {
    let header = Header::of(answer.header());
    let responses = answer.op_responses().into_iter().map(|r| response(r, prefix)).collect();
    let succeeded = answer.succeeded();
    (
        header,
        Outcome {
            succeeded,
            revision: header.revision,
            responses,
        },
    )
}

fn response(response: TxnOpResponse, prefix: &str) -> Response {
    match response {
        TxnOpResponse::Delete(deleted) => Response::Deleted(deleted.deleted()),
        TxnOpResponse::Get(found) => Response::Kvs(convert::kvs(prefix, found.kvs())),
        // A transaction within a transaction is never sent.
        TxnOpResponse::Put(_) | TxnOpResponse::Txn(_) => Response::Put,
    }
}
