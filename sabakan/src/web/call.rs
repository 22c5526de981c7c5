//! One request, with what is known of it before a handler sees it.

use super::app::App;
use crate::policy::{Ask, Caller, Identity, canonical, racks};
use crate::route::{Listener, Matched};
use axum::body::Body;
use http::HeaderMap;
use http::request::Parts;
use sabakan_storage::Actor;
use std::net::{IpAddr, SocketAddr};

/// Names the user of the calling command; it is a claim, and the audit log shows it as one beside the address.
const USER_HEADER: &str = "x-sabakan-user";

/// Carries the token of a boot where a URL's query cannot.
const TOKEN_HEADER: &str = "x-sabakan-boot-token";

/// Ids of requests longer than this are cut: they go into every log line.
const MAX_ID: usize = 128;

/// Where a request comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The socket's other end.
    pub peer: SocketAddr,
    /// The port that it came in by.
    pub listener: Listener,
    /// Who its client certificate says it is.
    pub identity: Option<Identity>,
}

/// A request that was let in.
#[derive(Debug)]
pub struct Call {
    /// The id that every log line and error body of it carries.
    pub id: String,
    /// Address of the caller, IPv4-mapped ones as IPv4.
    pub ip: IpAddr,
    /// Who calls.
    pub caller: Caller,
    /// The row of the table and the names in the path.
    pub matched: Matched,
    /// The head.
    pub parts: Parts,
    /// The body.
    pub body: Body,
}

impl Call {
    /// The n-th name in the path.
    #[must_use]
    pub fn param(&self, n: usize) -> &str {
        self.matched.param(n)
    }

    /// The query string.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.parts.uri.query()
    }

    /// Who is written into the audit log.
    #[must_use]
    pub fn actor(&self, host: &str) -> Actor {
        let user = match &self.caller.identity {
            Some(Identity::Operator(name)) => name.clone(),
            _ => header(&self.parts.headers, USER_HEADER).unwrap_or_default().to_owned(),
        };
        Actor {
            user,
            ip: self.ip.to_string(),
            host: host.to_owned(),
            request_id: self.id.clone(),
        }
    }
}

/// Was this request sent by a browser for a page of another site? An operator's browser calls from an operator's address, so that
/// any page it shows could change the inventory, were this not refused.
#[must_use]
pub(super) fn is_cross_site(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(http::header::ORIGIN) else {
        return false;
    };
    let host = header(headers, http::header::HOST.as_str());
    let site = origin.to_str().ok().and_then(|text| text.split_once("://"));
    !matches!((site, host), (Some((_, site)), Some(host)) if site.eq_ignore_ascii_case(host))
}

/// The id of a request: the caller's, where it gives one, or a new one.
#[must_use]
pub(super) fn request_id(headers: &HeaderMap) -> String {
    let given = header(headers, "x-cybozu-request-id").filter(|id| !id.is_empty());
    given.map_or_else(
        || uuid::Uuid::new_v4().to_string(),
        |id| id.chars().take(MAX_ID).collect(),
    )
}

/// A header as text.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The tokens that a request brings: in headers, and in its URL. One of them has to be good; an empty header hides none.
fn tokens(parts: &Parts) -> impl Iterator<Item = String> {
    let headers = parts.headers.get_all(TOKEN_HEADER).into_iter();
    let headers = headers.filter_map(|value| value.to_str().ok()).map(str::to_owned);
    let query = super::query::parse(parts.uri.query()).unwrap_or_default();
    let query = query.into_iter().filter(|(name, _)| name == "token");
    headers.chain(query.map(|(_, token)| token))
}

impl App {
    /// Who calls, and what of it matters for this ask.
    #[must_use]
    pub fn caller(&self, origin: &Origin, parts: &Parts, serial: Option<&str>) -> Caller {
        let ip = canonical(origin.peer.ip());
        let site = self.storage.site();
        let site = site.borrow();
        let ipam = site.ipam.as_deref();
        let rack = ipam.and_then(|ipam| racks::rack_of(ipam, ip));
        let target = serial.and_then(|serial| self.storage.machine(serial));
        let target_rack = target.as_ref().map(|entry| entry.machine.spec.rack);
        let machine = self.machine_at(ip);
        // The own address of another machine is nobody else's, though it lies in the rack's ranges.
        let another = machine.as_deref().is_some_and(|own| Some(own) != serial);
        Caller {
            local: ip.is_loopback(),
            allowed: self.settings.allow.contains(ip),
            reader: self.settings.read.contains(ip),
            peer: self.settings.peers.contains(ip),
            machine,
            rack,
            in_rack_of_target: !another && rack.is_some() && rack == target_rack,
            boot_token: serial.is_some_and(|serial| self.has_token(parts, serial)),
            identity: origin.identity.clone(),
        }
    }

    /// The serial of the machine that has this address.
    fn machine_at(&self, ip: IpAddr) -> Option<String> {
        let query = sabakan_model::Query {
            having: sabakan_model::query::Conditions {
                ipv4: vec![ip.to_string()],
                ..Default::default()
            },
            ..Default::default()
        };
        let found = self.storage.search(&query);
        let has = |entry: &&std::sync::Arc<sabakan_storage::MachineEntry>| {
            // The search finds BMCs too, and a BMC is not the machine.
            entry
                .machine
                .spec
                .ipv4
                .iter()
                .flatten()
                .any(|own| own.parse() == Ok(ip))
        };
        found.iter().find(has).map(|entry| entry.serial().to_owned())
    }

    fn has_token(&self, parts: &Parts, serial: &str) -> bool {
        let Some(signer) = &self.signer else { return false };
        let now = self.now().as_second();
        tokens(parts).any(|token| signer.check(&token, serial, now))
    }

    /// Decides whether the caller may, logs what is refused or would be, and counts it.
    #[must_use]
    pub fn decide(&self, ask: &Ask<'_>, caller: &Caller, pattern: &str, ip: IpAddr) -> crate::policy::Decision {
        let decision = crate::policy::decide(ask, caller, &self.rules);
        if !decision.allow || decision.reported {
            let action = if decision.allow { "report" } else { "refuse" };
            self.metrics
                .policy
                .with_label_values(&[action, pattern, decision.reason.word()])
                .inc();
            tracing::warn!(
                path = pattern, remote = %ip, machine.serial = ask.serial.unwrap_or_default(),
                reason = decision.reason.word(), action, "the policy does not allow this request"
            );
        }
        decision
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn pages_of_other_sites_are_told_from_own_ones_and_programs() {
        let cross = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("boot-0:10080"));
            if let Some(origin) = origin {
                headers.insert("origin", HeaderValue::from_static(origin));
            }
            is_cross_site(&headers)
        };
        assert!(!cross(None), "a program");
        assert!(!cross(Some("http://boot-0:10080")), "the playground");
        for page in ["http://evil.example", "http://boot-0:8080", "null", ""] {
            assert!(cross(Some(page)), "{page}");
        }
    }
}
