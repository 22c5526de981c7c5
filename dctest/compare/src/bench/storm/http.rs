//! One HTTP request from an address of a machine's, on a connection of its own, as firmware makes them. It does little, so
//! that the load takes little of what the server has.

use std::net::{Ipv4Addr, SocketAddrV4};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// GET or HEAD.
    pub(super) method: &'a str,
    /// The path, with its query.
    pub(super) path: &'a str,
    /// More lines of the head, each with its end.
    pub(super) head: &'a str,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// Its status.
    pub(super) status: u16,
    /// Bytes of its body.
    pub(super) length: usize,
    /// The body's first bytes.
    pub(super) start: Vec<u8>,
}

/// As much of a body is kept as a script needs.
const KEPT: usize = 4096;

/// Sends a request, and reads the answer to its end.
///
/// # Errors
/// The network's, or an answer that is cut.
pub(super) async fn ask(from: Ipv4Addr, to: SocketAddrV4, request: Request<'_>) -> anyhow::Result<Answer> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddrV4::new(from, 0).into())?;
    let mut stream = socket.connect(to.into()).await.context("cannot connect")?;
    let Request { method, path, head } = request;
    let text = format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n{head}\r\n");
    stream.write_all(text.as_bytes()).await?;
    read(&mut stream, method == "HEAD").await
}

async fn read(stream: &mut TcpStream, no_body: bool) -> anyhow::Result<Answer> {
    let mut buffer = vec![0; 64 << 10];
    let mut got = 0;
    let end = loop {
        let n = stream.read(buffer.get_mut(got..).unwrap_or_default()).await?;
        if n == 0 {
            bail!("cut in the head of an answer");
        }
        got += n;
        if let Some(at) = buffer
            .get(..got)
            .and_then(|b| b.windows(4).position(|w| w == b"\r\n\r\n"))
        {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let announced: usize = length.map_or(Ok(0), |text| text.trim().parse())?;
    let start = buffer.get(end..got.min(end + KEPT)).unwrap_or_default().to_vec();
    let length = if no_body { 0 } else { announced };
    let rest = length.saturating_sub(got - end);
    let mut answer = Answer {
        status: status.context("an answer without a status")?,
        length,
        start,
    };
    body(stream, &mut buffer, rest, &mut answer.start).await?;
    Ok(answer)
}

async fn body(stream: &mut TcpStream, buffer: &mut [u8], mut rest: usize, start: &mut Vec<u8>) -> anyhow::Result<()> {
    while rest > 0 {
        let n = stream.read(buffer).await?;
        if n == 0 {
            bail!("cut {rest} bytes before the end of a body");
        }
        let room = KEPT.saturating_sub(start.len()).min(n);
        start.extend_from_slice(buffer.get(..room).unwrap_or_default());
        rest = rest.saturating_sub(n);
    }
    Ok(())
}
