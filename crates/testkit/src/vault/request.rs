//! Plain HTTP/1.0 to the test's own port, so that no client is needed.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A frozen server accepts and does not answer.
const TIMEOUT: Duration = Duration::from_secs(60);

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

pub(super) async fn send(
    place: (Ipv4Addr, u16),
    method: &str,
    path: &str,
    token: &str,
    body: &Value,
) -> Result<Answer, String> {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let request = format!(
        "{method} /v1/{path} HTTP/1.0\r\nX-Vault-Token: {token}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let exchange = tokio::time::timeout(TIMEOUT, async {
        let mut stream = TcpStream::connect(place).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
    });
    match exchange.await {
        Ok(Ok(answer)) => parse(&answer).ok_or_else(|| format!("not an answer: {answer:?}")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {TIMEOUT:?}")),
    }
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    let body = serde_json::from_str(body).unwrap_or(Value::Null);
    Some(Answer { status, body })
}
