//! Linearizable reads.

use etcd_client::GetOptions;

use super::attempt::Ask;
use super::{Etcd, Health};
use crate::cluster::Header;
use crate::convert;
use crate::error::Error;
use crate::kv::{Kv, Page, Snapshot};

/// Keys per request of a whole-prefix read: at about a kilobyte each, a megabyte an answer.
const PAGE: i64 = 1000;

/// Answers are bounded by etcd, not here: as Go's client does.
const MAX_ANSWER_BYTES: usize = 1 << 30;

impl Etcd {
    /// The key, or `None` when it does not exist.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn get(&self, key: &str) -> Result<Option<Kv>, Error> {
        Ok(self.get_with_revision(key).await?.0)
    }

    /// The key, and the store's revision that it was read at.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn get_with_revision(&self, key: &str) -> Result<(Option<Kv>, i64), Error> {
        let from = self.absolute(key);
        let page = self.range(Ask::read("get", key), from, GetOptions::new()).await?;
        Ok((page.kvs.into_iter().next(), page.revision))
    }

    /// Every key that begins with `prefix`, all at one revision.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn read_prefix(&self, prefix: &str) -> Result<Snapshot, Error> {
        let from = self.absolute(prefix);
        let end = convert::prefix_end(&from);
        let mut next = convert::first_key(from);
        let mut snapshot = Snapshot::default();
        loop {
            let options = GetOptions::new()
                .with_range(end.clone())
                .with_limit(PAGE)
                .with_revision(snapshot.revision);
            let ask = Ask::read("read", prefix).about(snapshot.revision);
            let (page, last) = self.range_with_last(ask, next, options).await?;
            snapshot.revision = if snapshot.revision == 0 {
                page.revision
            } else {
                snapshot.revision
            };
            snapshot.kvs.extend(page.kvs);
            match last {
                Some(last) if page.more => next = successor(last),
                _ => return Ok(snapshot),
            }
        }
    }

    /// The keys from `from` up to but without `to` (empty: to the end of the client's prefix), at most `limit` of them
    /// (0: all), at `revision` (0: now).
    ///
    /// # Errors
    /// [`Error::Compacted`] when the revision is gone, and see [`Error`].
    pub async fn read_range(&self, from: &str, to: &str, limit: i64, revision: i64) -> Result<Page, Error> {
        let end = match to {
            "" => convert::prefix_end(self.prefix().as_bytes()),
            to => self.absolute(to),
        };
        let options = GetOptions::new()
            .with_range(end)
            .with_limit(limit)
            .with_revision(revision);
        let ask = Ask::read("read", from).about(revision);
        let mut page = self
            .range(ask, convert::first_key(self.absolute(from)), options)
            .await?;
        if revision != 0 {
            page.revision = revision;
        }
        Ok(page)
    }

    /// Asks etcd something small that needs its majority.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn health(&self) -> Result<Health, Error> {
        let shared = self.shared();
        // The prefix itself as a key: cheap, and within the rights of a user who has the prefix alone.
        let key = convert::first_key(self.absolute(""));
        let header = shared
            .run(Ask::read("check", ""), |client| {
                let key = key.clone();
                async move {
                    let answer = client.kv_client().get(key, None).await?;
                    let header = Header::of(answer.header());
                    Ok((header, header))
                }
            })
            .await?;
        Ok(Health {
            endpoint: shared.channel.url(shared.channel.turn()),
            revision: header.revision,
            term: header.raft_term,
            member: header.member_id,
        })
    }

    async fn range(&self, ask: Ask<'_>, from: Vec<u8>, options: GetOptions) -> Result<Page, Error> {
        Ok(self.range_with_last(ask, from, options).await?.0)
    }

    /// A range, and the last key of it as etcd has it (which may be one that we leave out).
    async fn range_with_last(
        &self,
        ask: Ask<'_>,
        from: Vec<u8>,
        options: GetOptions,
    ) -> Result<(Page, Option<Vec<u8>>), Error> {
        let shared = self.shared();
        let answer = shared.run(ask, |client| {
            let (from, options) = (from.clone(), options.clone());
            async move {
                let mut kv = client.kv_client().max_decoding_message_size(MAX_ANSWER_BYTES);
                let answer = kv.get(from, Some(options)).await?;
                Ok((Header::of(answer.header()), answer))
            }
        });
        let answer = answer.await?;
        let last = answer.kvs().last().map(|kv| kv.key().to_vec());
        let page = Page {
            revision: Header::of(answer.header()).revision,
            kvs: convert::kvs(&shared.prefix, answer.kvs()),
            more: answer.more(),
        };
        Ok((page, last))
    }

    pub(crate) fn absolute(&self, key: &str) -> Vec<u8> {
        [self.prefix().as_bytes(), key.as_bytes()].concat()
    }
}

/// The key that follows directly.
fn successor(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}
