//! Nodes in memory: what a command does there is a function. For benchmarks over thousands of nodes, and for tests of
//! whoever takes a [`Runner`].
//!
//! It interprets nothing. It does keep the promises of a [`Runner`]: deadlines, and one count for each command.

use crate::counters::{Counters, Counts};
use crate::error::{Doing, Error};
use crate::runner::{NodeAddress, Output, Runner};
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A command that a node in memory is to answer.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Where.
    pub node: &'a NodeAddress,
    /// The command line.
    pub command: &'a str,
    /// Standard input.
    pub stdin: Option<&'a [u8]>,
}

/// What becomes of a command on a node in memory.
#[derive(Debug)]
pub enum Reply {
    /// It ends by itself, at once.
    Output(Output),
    /// It ends by itself, after that long.
    Late(Duration, Output),
    /// It does not end by itself.
    Error(Error),
    /// It never ends: the deadline ends it.
    Never,
}

impl From<Output> for Reply {
    fn from(output: Output) -> Self {
        Reply::Output(output)
    }
}

type Handler = dyn Fn(&Call<'_>) -> Reply + Send + Sync;

/// A fleet of nodes in memory.
pub struct Fleet {
    handler: Box<Handler>,
    counters: Mutex<HashMap<String, Arc<Counters>>>,
}

impl Fleet {
    /// A fleet whose nodes answer as `handler` says.
    pub fn new(handler: impl Fn(&Call<'_>) -> Reply + Send + Sync + 'static) -> Self {
        Self {
            handler: Box::new(handler),
            counters: Mutex::default(),
        }
    }

    /// What was asked of a node so far.
    #[must_use]
    pub fn counts(&self, address: &str) -> Counts {
        self.counters
            .lock()
            .get(address)
            .map(|c| c.counts())
            .unwrap_or_default()
    }

    /// What was asked of all nodes so far.
    #[must_use]
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counters in self.counters.lock().values() {
            total += counters.counts();
        }
        total
    }

    fn counters(&self, address: &str) -> Arc<Counters> {
        let mut all = self.counters.lock();
        if let Some(counters) = all.get(address) {
            return Arc::clone(counters);
        }
        let counters = Arc::<Counters>::default();
        all.insert(address.to_owned(), Arc::clone(&counters));
        counters
    }
}

impl Runner for Fleet {
    async fn run(
        &self,
        node: &NodeAddress,
        command: &str,
        stdin: Option<Bytes>,
        deadline: Duration,
    ) -> Result<Output, Error> {
        let counters = self.counters(&node.address);
        counters.commands.add_one();
        let reply = (self.handler)(&Call {
            node,
            command,
            stdin: stdin.as_deref(),
        });
        let result = answer(reply, &node.address, deadline).await;
        if result.is_err() {
            counters.failures.add_one();
        }
        result
    }
}

async fn answer(reply: Reply, node: &str, deadline: Duration) -> Result<Output, Error> {
    let timed_out = || Error::TimedOut {
        node: node.to_owned(),
        doing: Doing::Command,
        after: deadline,
    };
    match reply {
        Reply::Output(output) => Ok(output),
        Reply::Error(error) => Err(error),
        Reply::Late(after, output) if after < deadline => {
            tokio::time::sleep(after).await;
            Ok(output)
        }
        Reply::Late(..) | Reply::Never => {
            tokio::time::sleep(deadline).await;
            Err(timed_out())
        }
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("total", &self.total())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nodes_answer_hang_and_count() {
        let fleet = Fleet::new(|call| match call.command {
            "echo" => Output::of(call.stdin.unwrap_or_default()).into(),
            "slow" => Reply::Late(Duration::from_secs(2), Output::of("late")),
            _ => Reply::Never,
        });
        let node = NodeAddress::new("10.0.0.1", "root");
        let deadline = Duration::from_secs(3);
        let echo = fleet
            .run(&node, "echo", Some(Bytes::from_static(b"hi")), deadline)
            .await
            .unwrap();
        assert_eq!(echo.stdout, b"hi");
        assert_eq!(fleet.run(&node, "slow", None, deadline).await.unwrap().stdout, b"late");
        let error = fleet.run(&node, "hang", None, deadline).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "10.0.0.1: timed out after 3s while running the command"
        );
        let counts = fleet.counts("10.0.0.1");
        assert_eq!((counts.commands, counts.failures), (3, 1));
        assert_eq!(fleet.total(), counts);
    }
}
