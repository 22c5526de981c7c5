//! Transactions as plain data: guards, what to do when they hold, what to do when not.

mod encode;

#[cfg(test)]
mod tests;

pub(crate) use encode::{decode, encode};

use crate::kv::Kv;

/// etcd's default limit for the guards, and for the operations of one branch.
pub const MAX_TXN_OPERATIONS: usize = 128;

/// etcd's default limit for one request.
pub const MAX_REQUEST_BYTES: usize = 1_572_864;

/// A condition on etcd's present state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// The key does not exist.
    Absent(String),
    /// The key exists.
    Exists(String),
    /// The key was last written at this revision.
    ModRevision(String, i64),
    /// The key was created at this revision: it is the same one, whatever was written to it since.
    CreateRevision(String, i64),
    /// The key has this value.
    Value(String, Vec<u8>),
    /// No key begins with this.
    PrefixAbsent(String),
    /// No key that begins with this was written after the revision. Deletions do not show.
    PrefixUnchangedSince(String, i64),
}

/// One step of a transaction's branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Writes a key; `lease` 0 is none.
    Put {
        /// The key.
        key: String,
        /// Its new value.
        value: Vec<u8>,
        /// The lease to die with.
        lease: i64,
    },
    /// Deletes one key.
    Delete(String),
    /// Deletes every key that begins with this.
    DeletePrefix(String),
    /// Reads one key.
    Get(String),
    /// Reads every key that begins with this.
    GetPrefix(String),
}

/// A transaction. All of one branch happens at one revision, or nothing.
///
/// ```
/// # use neco_etcd::Txn;
/// let txn = Txn::new().if_mod_revision("machines/1234", 42).put("machines/1234", "{}").or_else_get("machines/1234");
/// assert_eq!(txn.operations(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Txn {
    /// All must hold for `then` to happen.
    pub guards: Vec<Guard>,
    /// What happens when all guards hold.
    pub then: Vec<Op>,
    /// What happens when one does not.
    pub or_else: Vec<Op>,
}

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether all guards held.
    pub succeeded: bool,
    /// The store's revision after it; that of the writes, where it wrote.
    pub revision: i64,
    /// One for each operation of the branch that happened.
    pub responses: Vec<Response>,
}

/// What one operation gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// A key was written.
    Put,
    /// This many keys were deleted.
    Deleted(i64),
    /// The keys that were read.
    Kvs(Vec<Kv>),
}

impl Txn {
    /// An empty transaction.
    pub fn new() -> Txn {
        Txn::default()
    }

    /// Adds any guard.
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Txn {
        self.guards.push(guard);
        self
    }

    /// The key must not exist.
    #[must_use]
    pub fn if_absent(self, key: impl Into<String>) -> Txn {
        self.guard(Guard::Absent(key.into()))
    }

    /// The key must exist.
    #[must_use]
    pub fn if_exists(self, key: impl Into<String>) -> Txn {
        self.guard(Guard::Exists(key.into()))
    }

    /// The key must have been written last at `revision`; 0 is "must not exist".
    #[must_use]
    pub fn if_mod_revision(self, key: impl Into<String>, revision: i64) -> Txn {
        self.guard(Guard::ModRevision(key.into(), revision))
    }

    /// The key must have been created at `revision`.
    #[must_use]
    pub fn if_create_revision(self, key: impl Into<String>, revision: i64) -> Txn {
        self.guard(Guard::CreateRevision(key.into(), revision))
    }

    /// The key must have this value.
    #[must_use]
    pub fn if_value(self, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Txn {
        self.guard(Guard::Value(key.into(), value.into()))
    }

    /// No key may begin with `prefix`.
    #[must_use]
    pub fn if_prefix_absent(self, prefix: impl Into<String>) -> Txn {
        self.guard(Guard::PrefixAbsent(prefix.into()))
    }

    /// No key that begins with `prefix` may have been written after `revision`.
    #[must_use]
    pub fn if_prefix_unchanged_since(self, prefix: impl Into<String>, revision: i64) -> Txn {
        self.guard(Guard::PrefixUnchangedSince(prefix.into(), revision))
    }

    /// Adds any operation.
    #[must_use]
    pub fn and(mut self, op: Op) -> Txn {
        self.then.push(op);
        self
    }

    /// Writes a key.
    #[must_use]
    pub fn put(self, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Txn {
        self.put_with_lease(key, value, 0)
    }

    /// Writes a key that dies with a lease.
    #[must_use]
    pub fn put_with_lease(self, key: impl Into<String>, value: impl Into<Vec<u8>>, lease: i64) -> Txn {
        self.and(Op::Put {
            key: key.into(),
            value: value.into(),
            lease,
        })
    }

    /// Deletes a key.
    #[must_use]
    pub fn delete(self, key: impl Into<String>) -> Txn {
        self.and(Op::Delete(key.into()))
    }

    /// Deletes every key that begins with `prefix`.
    #[must_use]
    pub fn delete_prefix(self, prefix: impl Into<String>) -> Txn {
        self.and(Op::DeletePrefix(prefix.into()))
    }

    /// Reads a key.
    #[must_use]
    pub fn get(self, key: impl Into<String>) -> Txn {
        self.and(Op::Get(key.into()))
    }

    /// Reads every key that begins with `prefix`.
    #[must_use]
    pub fn get_prefix(self, prefix: impl Into<String>) -> Txn {
        self.and(Op::GetPrefix(prefix.into()))
    }

    /// Does `op` when a guard does not hold.
    #[must_use]
    pub fn or_else(mut self, op: Op) -> Txn {
        self.or_else.push(op);
        self
    }

    /// Reads a key when a guard does not hold.
    #[must_use]
    pub fn or_else_get(self, key: impl Into<String>) -> Txn {
        self.or_else(Op::Get(key.into()))
    }

    /// Reads every key that begins with `prefix` when a guard does not hold.
    #[must_use]
    pub fn or_else_get_prefix(self, prefix: impl Into<String>) -> Txn {
        self.or_else(Op::GetPrefix(prefix.into()))
    }

    /// Appends the guards and operations of another transaction.
    #[must_use]
    pub fn join(mut self, other: Txn) -> Txn {
        self.guards.extend(other.guards);
        self.then.extend(other.then);
        self.or_else.extend(other.or_else);
        self
    }

    /// The length of the longest list: what etcd holds against [`MAX_TXN_OPERATIONS`].
    pub fn operations(&self) -> usize {
        self.guards.len().max(self.then.len()).max(self.or_else.len())
    }

    /// About how many bytes it takes on the wire, never less: to be held against [`MAX_REQUEST_BYTES`]. `prefix` is the
    /// client's ([`crate::Etcd::prefix`]).
    pub fn bytes(&self, prefix: &str) -> usize {
        let guards: usize = self.guards.iter().map(Guard::bytes).sum();
        let ops: usize = self.then.iter().chain(&self.or_else).map(Op::bytes).sum();
        let count = self.guards.len() + self.then.len() + self.or_else.len();
        // Two prefixes (a range has two ends) and the framing of protobuf around each.
        guards + ops + count * (2 * prefix.len() + 48)
    }

    /// Whether it writes nothing in either branch.
    pub(crate) fn only_reads(&self) -> bool {
        self.then
            .iter()
            .chain(&self.or_else)
            .all(|op| matches!(op, Op::Get(_) | Op::GetPrefix(_)))
    }

    /// The first key that it names, for messages.
    pub(crate) fn subject(&self) -> &str {
        let key = self.then.first().map(Op::key);
        key.or_else(|| self.guards.first().map(Guard::key)).unwrap_or("nothing")
    }
}

impl Guard {
    /// The key or prefix that it looks at.
    pub fn key(&self) -> &str {
        match self {
            Guard::Absent(key)
            | Guard::Exists(key)
            | Guard::ModRevision(key, _)
            | Guard::CreateRevision(key, _)
            | Guard::Value(key, _)
            | Guard::PrefixAbsent(key)
            | Guard::PrefixUnchangedSince(key, _) => key,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Guard::Value(key, value) => key.len() + value.len(),
            other => 2 * other.key().len(),
        }
    }
}

impl Op {
    /// The key or prefix that it acts on.
    pub fn key(&self) -> &str {
        match self {
            Op::Put { key, .. } | Op::Delete(key) | Op::DeletePrefix(key) | Op::Get(key) | Op::GetPrefix(key) => key,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Op::Put { key, value, .. } => key.len() + value.len(),
            other => 2 * other.key().len(),
        }
    }
}
