//! The one table of everything that sabakan answers over HTTP.
//!
//! A request is resolved here, by pure code, before anything else happens to it: the row found names the handler, the
//! label under which metrics count it and the audience that the policy lets in. A path or a method that has no row is
//! answered 404 or 405, so no handler exists that the policy does not know.
//!
//! Source of the rows: sabakan's REST API; rows under `boot-log` and the boot files on HTTPS are additions.

mod table;
#[cfg(test)]
mod tests;

use http::Method;
use percent_encoding::percent_decode_str;

pub use table::{GRAPHQL_FIELDS, GraphqlField, ROUTES, RouteId};

/// The socket that a request came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listener {
    /// Plain HTTP: the API.
    Http,
    /// TLS: disk keys, boot files for HTTPS boot, and the whole API for callers with a certificate.
    Https,
    /// Metrics only.
    Metrics,
}

/// Who may use a route. The policy gives each of these its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Any host: what a machine needs before anybody can know it.
    Anyone,
    /// Who may read the inventory.
    Readers,
    /// Who may read the files that nodes install: machines, peers, or anyone where the operator opened them.
    AssetReaders,
    /// Operators, and the one machine that the path names.
    Owner,
    /// Operators alone.
    Operators,
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// What handles it.
    pub id: RouteId,
    /// The method.
    pub method: Method,
    /// The path; `{name}` stands for one segment. It is the `path` label of the metrics too.
    pub pattern: &'static str,
    /// Served on the plain port.
    pub http: bool,
    /// Served on the TLS port to callers without a certificate.
    pub https: bool,
    /// Who may use it.
    pub audience: Audience,
}

/// A request that has a row: the row and the values of the pattern's segments, in order, percent-decoded.
#[derive(Debug)]
pub struct Matched {
    /// The row.
    pub row: &'static Row,
    /// Values of the `{name}` segments.
    pub params: Vec<String>,
}

impl Matched {
    /// The value of the n-th `{name}` segment; empty where the pattern has none.
    #[must_use]
    pub fn param(&self, n: usize) -> &str {
        self.params.get(n).map_or("", String::as_str)
    }
}

/// Why a request has no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoRoute {
    /// Nothing lives at the path.
    NotFound,
    /// The path exists, with other methods: these.
    MethodNotAllowed(Vec<Method>),
    /// The path is not understood; the reason.
    BadRequest(&'static str),
}

/// The label for requests that have no row: one for all, so that random paths make no labels.
pub const UNKNOWN_PATTERN: &str = "(unknown)";

/// Finds the row of a request. With `identified`, the TLS port serves what the plain port serves as well.
///
/// # Errors
/// [`NoRoute`] where no row is for this path and method.
pub fn resolve(listener: Listener, identified: bool, method: &Method, path: &str) -> Result<Matched, NoRoute> {
    let mut others = Vec::new();
    let mut pattern = "";
    for row in ROUTES.iter().filter(|row| row.served_on(listener, identified)) {
        let Some(raw) = capture(row.pattern, path) else {
            continue;
        };
        if row.method == *method {
            return Ok(Matched {
                row,
                params: decode(&raw)?,
            });
        }
        pattern = row.pattern;
        others.push(row.method.clone());
    }
    Err(refusal(pattern, path, method, others))
}

impl Row {
    fn served_on(&self, listener: Listener, identified: bool) -> bool {
        match listener {
            Listener::Http => self.http,
            Listener::Https => self.https || (identified && self.http),
            Listener::Metrics => self.id == RouteId::Metrics,
        }
    }
}

/// What clients of the original saw for a wrong method: 400 for the index of images and for ignitions, 405 elsewhere.
fn refusal(pattern: &str, path: &str, method: &Method, others: Vec<Method>) -> NoRoute {
    match pattern {
        "" if empty_name(path) => NoRoute::BadRequest("the path ends where a name should stand"),
        "" => NoRoute::NotFound,
        "/api/v1/machines/{serial}" if *method == Method::GET => NoRoute::NotFound,
        "/api/v1/crypts/{serial}" if [Method::GET, Method::PUT].contains(method) => {
            NoRoute::BadRequest("the path needs a serial and the name of a disk")
        }
        "/api/v1/images/coreos" => NoRoute::BadRequest("the index of images does not take this method"),
        "/api/v1/ignitions/{role}" | "/api/v1/ignitions/{role}/{id}" => {
            NoRoute::BadRequest("ignition templates do not take this method here")
        }
        "/api/v1/machines" if *method == Method::DELETE => NoRoute::BadRequest("say which machine to delete"),
        _ => NoRoute::MethodNotAllowed(others),
    }
}

/// Is this one of the paths where clients of the original saw 400 for a name that is missing?
fn empty_name(path: &str) -> bool {
    let Some(rest) = path.strip_prefix("/api/v1/") else {
        return false;
    };
    let names: Vec<&str> = rest.split('/').collect();
    matches!(
        names.as_slice(),
        ["state" | "retire-date" | "ignitions" | "labels", ""]
            | ["labels", _]
            | ["labels", _, ""]
            | ["ignitions", _, ""]
            | ["boot", "ignitions", _]
            | ["boot", "ignitions", _, ""]
    )
}

/// Matches a path with a pattern and gives the raw segments; no segment may be empty.
fn capture<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut params = Vec::new();
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        let segment = segments.next()?;
        if expected.starts_with('{') {
            if segment.is_empty() {
                return None;
            }
            params.push(segment);
        } else if segment != expected {
            return None;
        }
    }
    segments.next().is_none().then_some(params)
}

fn decode(raw: &[&str]) -> Result<Vec<String>, NoRoute> {
    raw.iter().map(|segment| decode_segment(segment)).collect()
}

/// A segment is a name. Names that would reach over into another key or file are refused for all routes at once.
fn decode_segment(raw: &str) -> Result<String, NoRoute> {
    let name = percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_not_utf8| NoRoute::BadRequest("the path is not UTF-8"))?
        .into_owned();
    if name == "." || name == ".." || name.contains('/') || name.contains(char::is_control) {
        return Err(NoRoute::BadRequest(
            "a name in the path holds `/`, a control character, or is `.` or `..`",
        ));
    }
    Ok(name)
}
