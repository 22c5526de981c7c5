//! One client and its upstream.
//!
//! At first the proxy remembers what the client sends. As long as the upstream has said nothing and the client speaks TLS, nothing has
//! been asked of the upstream: when it closes (a server that ends may still have accepted the connection), the next one gets the same
//! bytes. From its first byte on, the two belong together.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional_with_sizes};
use tokio::net::TcpStream;

use super::dial::Dialer;
use super::log::Log;
use super::pool::Pool;

/// Bytes carried at once.
const CHUNK: usize = 32 << 10;

/// The most that is remembered: a greeting of TLS has some hundred bytes.
const GREETING: usize = 16 << 10;

/// Why a client was not served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody to connect to.
    #[error("no available upstreams servers")]
    Nobody,
    /// One side broke off.
    #[error("{0}")]
    Broken(#[from] io::Error),
    /// The upstream's host does not answer any more.
    #[error("the upstream is gone")]
    Gone,
}

/// How a beginning ended.
enum Opening {
    /// They speak with each other; the upstream's first bytes are still to be given to the client.
    Talking(Vec<u8>),
    /// The upstream closed before it had said anything.
    Refused,
}

/// Serves a client to its end.
///
/// # Errors
/// See [`Error`].
pub async fn serve(mut client: TcpStream, pool: &Pool, dialer: &Dialer, log: &Arc<Log>) -> Result<(), Error> {
    let mut sent = Vec::new();
    let mut tried = Vec::new();
    loop {
        let (mut server, upstream) = dialer.any(pool, &tried, log).await.ok_or(Error::Nobody)?;
        let mut losses = upstream.losses();
        let opening = tokio::select! {
            opening = open(&mut client, &mut server, &mut sent) => opening?,
            _ = losses.changed() => Opening::Refused,
        };
        let first = match opening {
            Opening::Refused if tried.len() < pool.upstreams().len() => {
                upstream.suspect();
                tried.push(upstream);
                continue;
            }
            Opening::Refused => return Err(Error::Gone),
            Opening::Talking(first) => first,
        };
        client.write_all(&first).await?;
        return tokio::select! {
            carried = copy_bidirectional_with_sizes(&mut client, &mut server, CHUNK, CHUNK) => Ok(carried.map(drop)?),
            _ = losses.changed() => Err(Error::Gone),
        };
    }
}

/// Carries what the client says until the upstream answers, or until it is certain that another upstream cannot get the same.
async fn open(client: &mut TcpStream, server: &mut TcpStream, sent: &mut Vec<u8>) -> Result<Opening, Error> {
    if server.write_all(sent).await.is_err() {
        return Ok(Opening::Refused);
    }
    let mut said = vec![0; CHUNK];
    let mut answer = vec![0; CHUNK];
    loop {
        tokio::select! {
            read = server.read(&mut answer) => match read {
                Ok(count) if count > 0 => {
                    answer.truncate(count);
                    return Ok(Opening::Talking(answer));
                }
                _ => return Ok(Opening::Refused),
            },
            read = client.read(&mut said) => {
                let count = read?;
                let said = said.get(..count).unwrap_or_default();
                sent.extend_from_slice(said);
                let written = server.write_all(said).await;
                // A client that ends its side early is none that a second upstream would help.
                if count == 0 || !repeatable(sent) {
                    written?;
                    if count == 0 {
                        server.shutdown().await?;
                    }
                    return Ok(Opening::Talking(Vec::new()));
                }
                if written.is_err() {
                    return Ok(Opening::Refused);
                }
            }
        }
    }
}

/// Whether these are the first bytes of TLS (a record of type handshake, version 3): without an answer they have no effect.
fn repeatable(sent: &[u8]) -> bool {
    const TLS: [u8; 2] = [22, 3];
    sent.len() <= GREETING && sent.iter().zip(TLS).all(|(byte, expected)| *byte == expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_greeting_of_tls_can_be_repeated() {
        assert!(repeatable(&[]));
        assert!(repeatable(&[22]));
        assert!(repeatable(&[22, 3, 1, 0, 200]));
        assert!(!repeatable(b"GET / HTTP/1.1"));
        assert!(!repeatable(&[22, 4]));
        assert!(!repeatable(&[22, 3].repeat(GREETING)));
    }
}
