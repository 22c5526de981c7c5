//! The access log: one line for each request, once its answer has gone out or was given up, with the original's fields.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use tracing::Span;

#[cfg(test)]
mod tests;

/// What the line says of the request.
#[derive(Debug, Clone)]
pub struct Record {
    started: Instant,
    method: String,
    url: String,
    protocol: String,
    host: String,
    remote: String,
    agent: String,
    size: u64,
}

impl Record {
    /// Taken when the request comes in. The address is that of axum's `ConnectInfo`, where there is one.
    pub fn of(request: &Request) -> Record {
        let remote = request.extensions().get::<ConnectInfo<std::net::SocketAddr>>();
        let text = |name| text(request.headers(), name);
        Record {
            started: Instant::now(),
            method: request.method().to_string(),
            url: without_tokens(&request.uri().to_string()),
            protocol: format!("{:?}", request.version()),
            host: request
                .uri()
                .authority()
                .map_or_else(|| text(header::HOST), ToString::to_string),
            remote: remote
                .map(|peer| peer.0.ip().to_canonical().to_string())
                .unwrap_or_default(),
            agent: text(header::USER_AGENT),
            size: text(header::CONTENT_LENGTH).parse().unwrap_or(0),
        }
    }

    /// The same, from this address.
    #[must_use]
    pub fn from(self, remote: std::net::IpAddr) -> Record {
        let remote = remote.to_canonical().to_string();
        Record { remote, ..self }
    }

    /// The response with a body that is counted, and logged at its end.
    pub fn follow(self, response: Response, span: Span) -> Response {
        let status = response.status();
        response.map(|body| {
            Body::new(Followed {
                body,
                sent: 0,
                status,
                record: self,
                span,
            })
        })
    }

    /// Writes the line: refusals are warnings, failures are errors.
    pub fn write(&self, status: StatusCode, sent: u64) {
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    r#type = "access",
                    response_time = self.started.elapsed().as_secs_f64(),
                    protocol = self.protocol,
                    http_status_code = status.as_u16(),
                    http_method = self.method,
                    url = self.url,
                    http_host = self.host,
                    request_size = self.size,
                    response_size = sent,
                    remote_ipaddr = self.remote,
                    http_user_agent = self.agent,
                    "access"
                )
            };
        }
        match status.as_u16() {
            500.. => line!(error),
            400.. => line!(warn),
            _ => line!(info),
        }
    }
}

/// The URL with the values of `token` parameters masked: who reads the log must not be able to use them.
fn without_tokens(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let masked = query.split('&').map(|pair| match pair.split_once('=') {
        Some(("token", _)) => "token=***",
        _ => pair,
    });
    format!("{path}?{}", masked.collect::<Vec<_>>().join("&"))
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> String {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

struct Followed {
    body: Body,
    sent: u64,
    status: StatusCode,
    record: Record,
    span: Span,
}

impl http_body::Body for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.sent += u64::try_from(data.len()).unwrap_or(u64::MAX);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let _entered = self.span.enter();
        self.record.write(self.status, self.sent);
    }
}
