//! Why a command did not end by itself, in the words of who operates the node.

use crate::keys::KeyError;
use std::fmt;
use std::io;
use std::time::Duration;

/// Boxed cause of an error.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What was waited for when time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// The TCP connection.
    Connecting,
    /// Greeting, key exchange, authentication.
    Handshake,
    /// A session on a connection that was there.
    Session,
    /// The command itself.
    Command,
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Doing::Connecting => "connecting",
            Doing::Handshake => "shaking hands with its sshd",
            Doing::Session => "asking its sshd for a session",
            Doing::Command => "running the command",
        })
    }
}

/// Why a command did not end by itself. Every variant says at which node.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are what their names say")]
pub enum Error {
    /// There is no private key for the node.
    #[error("{node}: there is no SSH key for it, nor one for all nodes")]
    NoKey { node: String },
    /// The node's private key cannot be used.
    #[error("{node}: its SSH key is not usable")]
    BadKey { node: String, source: KeyError },
    /// Nobody listens.
    #[error("{node}: refuses connections to port {port}")]
    Refused { node: String, port: u16 },
    /// There is no way there.
    #[error("{node}: cannot be reached")]
    Unreachable { node: String, source: io::Error },
    /// The node was too slow.
    #[error("{node}: timed out after {after:?} while {doing}")]
    TimedOut {
        node: String,
        doing: Doing,
        after: Duration,
    },
    /// The key is not one that the node takes.
    #[error("{node}: does not let user {user:?} in with the stored SSH key")]
    Auth { node: String, user: String },
    /// The host key is another one, and no boot explains that. Either the node was made anew unseen, or it is not the node.
    #[error(
        "{node}: SSH HOST KEY CHANGED from {pinned} to {offered}, and no boot explains it: look at the node, then forget the pinned key"
    )]
    HostKeyChanged {
        node: String,
        pinned: String,
        offered: String,
    },
    /// No host key is pinned, and the policy takes pinned ones only.
    #[error("{node}: has no pinned SSH host key, and only pinned ones are taken; it offers {offered}")]
    HostKeyUnknown { node: String, offered: String },
    /// The pinned keys cannot be read or written.
    #[error("{node}: cannot look up its pinned SSH host key")]
    HostKeyStore { node: String, source: Cause },
    /// The node speaks, but not as expected.
    #[error("{node}: SSH handshake failed")]
    Handshake { node: String, source: russh::Error },
    /// The connection broke while the command ran: it may have done its work, or a part of it.
    #[error("{node}: connection lost while {doing}")]
    Lost { node: String, doing: Doing },
    /// The node gives no session, though none of ours is open.
    #[error("{node}: its sshd gives no session")]
    SessionRefused { node: String },
    /// The command was killed.
    #[error("{node}: the command was killed by SIG{signal}: {words}")]
    Killed {
        node: String,
        signal: String,
        words: String,
    },
    /// The command ended, and sshd did not say how.
    #[error("{node}: the command ended without a status")]
    NoStatus { node: String },
    /// The command wrote more than is taken.
    #[error("{node}: the command wrote more than {limit} bytes")]
    TooMuchOutput { node: String, limit: usize },
    /// The command failed.
    #[error("{node}: the command ended with status {status}: {words}")]
    Failed { node: String, status: u32, words: String },
    /// The last attempt to connect failed a moment ago, `because` of that, an error of `kind`.
    #[error("{because} (not tried again for {retry_in:?})")]
    BackingOff {
        node: String,
        retry_in: Duration,
        kind: &'static str,
        because: String,
    },
}

impl Error {
    /// A short name for labels of metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Error::NoKey { .. } | Error::BadKey { .. } => "key",
            Error::Refused { .. } => "refused",
            Error::Unreachable { .. } => "unreachable",
            Error::TimedOut { .. } => "timed-out",
            Error::Auth { .. } => "auth",
            Error::HostKeyChanged { .. } | Error::HostKeyUnknown { .. } => "host-key",
            Error::HostKeyStore { .. } => "host-key-store",
            Error::Handshake { .. } => "handshake",
            Error::Lost { .. } => "lost",
            Error::SessionRefused { .. } => "session-refused",
            Error::Killed { .. } => "killed",
            Error::NoStatus { .. } => "no-status",
            Error::TooMuchOutput { .. } => "too-much-output",
            Error::Failed { .. } => "failed",
            Error::BackingOff { kind, .. } => kind,
        }
    }

    /// Whether the node itself was reached and let us in: the trouble is the command's.
    #[must_use]
    pub fn is_of_command(&self) -> bool {
        matches!(
            self,
            Error::Killed { .. }
                | Error::NoStatus { .. }
                | Error::TooMuchOutput { .. }
                | Error::Failed { .. }
                | Error::TimedOut {
                    doing: Doing::Command,
                    ..
                }
        )
    }

    /// The error and its causes in one line, for a person.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut words = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            words.push_str(": ");
            words.push_str(&error.to_string());
            cause = error.source();
        }
        words
    }
}
