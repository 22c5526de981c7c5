//! Reading one request's head from a buffer; pure.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header, request::Parts};

/// More header lines than this are hyper's to refuse.
const MAX_HEADERS: usize = 64;

/// What the buffer holds.
#[derive(Debug)]
pub(super) enum Parsed {
    /// No full head yet.
    Partial,
    /// A head of `len` bytes.
    Head {
        /// Method, target, version and headers.
        parts: Box<Parts>,
        /// Its length in the buffer.
        len: usize,
    },
    /// Nothing that the fast path serves: hyper shall see it.
    Foreign,
}

/// Parses the head at the start of `buffer`.
pub(super) fn parse(buffer: &[u8]) -> Parsed {
    let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut lines);
    match request.parse(buffer) {
        Ok(httparse::Status::Partial) => Parsed::Partial,
        Ok(httparse::Status::Complete(len)) => convert(&request).map_or(Parsed::Foreign, |parts| Parsed::Head {
            parts: Box::new(parts),
            len,
        }),
        Err(_) => Parsed::Foreign,
    }
}

fn convert(request: &httparse::Request<'_, '_>) -> Option<Parts> {
    let method = Method::from_bytes(request.method?.as_bytes()).ok()?;
    let uri: Uri = request.path?.parse().ok()?;
    let mut headers = HeaderMap::with_capacity(request.headers.len());
    for line in &*request.headers {
        let name = HeaderName::from_bytes(line.name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_bytes(line.value).ok()?);
    }
    let mut made = Request::new(());
    *made.method_mut() = method;
    *made.uri_mut() = uri;
    *made.version_mut() = if request.version? == 0 {
        Version::HTTP_10
    } else {
        Version::HTTP_11
    };
    *made.headers_mut() = headers;
    Some(made.into_parts().0)
}

/// Whether the fast path may answer it at all: GET or HEAD, no body, nothing to negotiate.
pub(super) fn is_simple(parts: &Parts) -> bool {
    let headers = &parts.headers;
    // Each of them: what one of two says is nothing may be read as the next request.
    let no_body = headers.get_all(header::CONTENT_LENGTH).iter().all(|len| len == "0");
    (parts.method == Method::GET || parts.method == Method::HEAD)
        && no_body
        && !headers.contains_key(header::TRANSFER_ENCODING)
        && !headers.contains_key(header::UPGRADE)
        && !headers.contains_key(header::EXPECT)
        && (parts.version == Version::HTTP_10 || headers.get_all(header::HOST).iter().count() == 1)
}

/// Whether the client wants the connection kept (RFC 9112, 9.3).
pub(super) fn keeps_alive(parts: &Parts) -> bool {
    let says = |word: &str| {
        parts.headers.get_all(header::CONNECTION).iter().any(|value| {
            value
                .to_str()
                .is_ok_and(|text| text.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
        })
    };
    if parts.version == Version::HTTP_10 {
        says("keep-alive")
    } else {
        !says("close")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests")]

    use super::*;

    fn head(text: &str) -> Parts {
        match parse(text.as_bytes()) {
            Parsed::Head { parts, len } => {
                assert_eq!(len, text.len());
                *parts
            }
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn simple_requests_are_told_from_others() {
        for (text, simple, keep) in [
            ("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", true, true),
            ("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n", true, false),
            ("GET /a HTTP/1.0\r\n\r\n", true, false),
            ("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, true),
            ("GET /a HTTP/1.1\r\n\r\n", false, true),
            ("GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", false, true),
            ("GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", false, true),
            ("GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", true, true),
            (
                "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n",
                false,
                true,
            ),
            (
                "GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                false,
                true,
            ),
            ("GET /a HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n", false, true),
            ("PUT /a HTTP/1.1\r\nHost: x\r\n\r\n", false, true),
        ] {
            let parts = head(text);
            assert_eq!((is_simple(&parts), keeps_alive(&parts)), (simple, keep), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_head_is_left_to_hyper() {
        for text in [
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET /a b HTTP/1.1\r\n\r\n",
            "\u{0}\u{1}\u{2}",
            "GET / HTTP/3.0\r\n\r\n",
        ] {
            assert!(matches!(parse(text.as_bytes()), Parsed::Foreign), "{text:?}");
        }
        assert!(matches!(parse(b"GET /a HTTP/1.1\r\nHo"), Parsed::Partial));
        assert!(matches!(parse(b""), Parsed::Partial));
    }
}
