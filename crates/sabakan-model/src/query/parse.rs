//! Reading a search from the query part of a URL.

use super::{Conditions, Query};

/// Longest query that is looked at; enough for a hundred serials, too short to be a burden.
pub const MAX_QUERY: usize = 64 * 1024;

/// Why a search was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A parameter that searches do not have.
    #[error(
        "unknown query parameter {0:?}; known are serial, labels, rack, role, ipv4, ipv6, bmc-type and state, each also as without-…"
    )]
    Unknown(String),
    /// A parameter stands there twice.
    #[error("query parameter {0:?} is given more than once; put its values behind each other, separated by commas")]
    Doubled(String),
    /// A field is both looked for and excluded.
    #[error("{0:?} and \"without-{0}\" cannot be given together")]
    BothSides(&'static str),
    /// A value is not what its field holds.
    #[error("query parameter {name:?} has a bad value {value:?}: {wants}")]
    Value {
        /// Name of the parameter.
        name: String,
        /// The part of its value that is wrong.
        value: String,
        /// What it should be.
        wants: &'static str,
    },
    /// The query is not a list of `name=value` in percent encoding.
    #[error("malformed query near {0:?}")]
    Malformed(String),
    /// More than [`MAX_QUERY`] bytes.
    #[error("the query has more than {MAX_QUERY} bytes")]
    TooLong,
}

impl Query {
    /// Reads the query part of a URL, without its `?`.
    ///
    /// # Errors
    /// With the parameter's name.
    pub fn parse(raw: &str) -> Result<Self, QueryError> {
        if raw.len() > MAX_QUERY {
            return Err(QueryError::TooLong);
        }
        let mut query = Self::default();
        let mut seen = Vec::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = decode_pair(pair)?;
            if seen.contains(&name) {
                return Err(QueryError::Doubled(name));
            }
            query.add(&name, &value)?;
            seen.push(name);
        }
        query.one_side_each()?;
        Ok(query)
    }

    /// Adds one parameter; an empty value is no condition.
    fn add(&mut self, name: &str, value: &str) -> Result<(), QueryError> {
        match name.strip_prefix("without-") {
            Some(field) => self.without.add(field, name, value),
            None => self.having.add(name, name, value),
        }
    }

    fn one_side_each(&self) -> Result<(), QueryError> {
        let (h, w) = (&self.having, &self.without);
        let both = [
            ("serial", !h.serials.is_empty() && !w.serials.is_empty()),
            ("labels", !h.labels.is_empty() && !w.labels.is_empty()),
            ("rack", !h.racks.is_empty() && !w.racks.is_empty()),
            ("role", !h.roles.is_empty() && !w.roles.is_empty()),
            ("ipv4", !h.ipv4.is_empty() && !w.ipv4.is_empty()),
            ("ipv6", !h.ipv6.is_empty() && !w.ipv6.is_empty()),
            ("bmc-type", !h.bmc_types.is_empty() && !w.bmc_types.is_empty()),
            ("state", !h.states.is_empty() && !w.states.is_empty()),
        ];
        match both.into_iter().find(|(_, both)| *both) {
            Some((field, _)) => Err(QueryError::BothSides(field)),
            None => Ok(()),
        }
    }
}

impl Conditions {
    fn add(&mut self, field: &str, name: &str, value: &str) -> Result<(), QueryError> {
        let texts = || values(name, value, "a value", |v| Some(v.to_owned()));
        match field {
            "serial" => self.serials = texts()?,
            "role" => self.roles = texts()?,
            "ipv4" => self.ipv4 = texts()?,
            "ipv6" => self.ipv6 = texts()?,
            "bmc-type" => self.bmc_types = texts()?,
            "labels" => self.labels = values(name, value, "it must be name=value", label)?,
            "rack" => self.racks = values(name, value, "it must be a rack number", |v| v.parse().ok())?,
            "state" => self.states = values(name, value, "it must be a machine state", |v| v.parse().ok())?,
            _ => return Err(QueryError::Unknown(name.chars().take(64).collect())),
        }
        Ok(())
    }
}

/// The parts between commas. Empty ones do not count, as long as there is another.
fn values<T>(
    name: &str,
    value: &str,
    wants: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, QueryError> {
    if value.is_empty() {
        return Ok(Vec::new());
    }
    let bad = |v: &str| QueryError::Value {
        name: name.to_owned(),
        value: v.chars().take(64).collect(),
        wants,
    };
    let parts: Vec<&str> = value.split(',').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return Err(bad(value));
    }
    parts
        .into_iter()
        .map(|part| read(part).ok_or_else(|| bad(part)))
        .collect()
}

fn label(text: &str) -> Option<(String, String)> {
    let (name, value) = text.trim().split_once('=')?;
    Some((name.to_owned(), value.to_owned()))
}

fn decode_pair(pair: &str) -> Result<(String, String), QueryError> {
    let malformed = || QueryError::Malformed(pair.chars().take(64).collect());
    // A semicolon separated parameters once; today some programs split there and some do not.
    if pair.contains(';') {
        return Err(malformed());
    }
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    Ok((
        decode(name).ok_or_else(malformed)?,
        decode(value).ok_or_else(malformed)?,
    ))
}

/// Undoes the percent encoding of forms.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}
