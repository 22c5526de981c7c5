//! The same requests to ours and to the original, in the same order, each on an etcd of its own: do they answer alike?
//!
//! `answers/requests.json` holds the requests. Times, addresses of the servers, request ids and the wording of errors may
//! differ. Where ours is meant to answer differently, the request says how (`differs`), and equal answers are no fault.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::Value;

use crate::archive;
use crate::programs::Programs;
use crate::site::{Server, Site};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    path: String,
    json: Option<Value>,
    text: Option<String>,
    /// Names and contents of a tar's members.
    tar: Option<BTreeMap<String, String>>,
    /// A body of so many bytes, all `a`.
    big: Option<usize>,
    /// By HTTPS, where disk keys are.
    #[serde(default)]
    tls: bool,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    differs: Option<String>,
}

impl Request {
    /// What tells apart requests for one path.
    fn said(&self) -> String {
        let json = self.json.as_ref().map(ToString::to_string);
        let body = json.or_else(|| self.text.clone()).unwrap_or_default();
        format!("{} {:?}", body.chars().take(160).collect::<String>(), self.headers)
    }
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    content_type: String,
    length: String,
    /// Those of [`HEADERS`] that are there.
    headers: BTreeMap<&'static str, String>,
    body: String,
}

/// Headers that programs read. Of those that hold a moment or a digest only the presence counts.
const HEADERS: &[&str] = &[
    "accept-ranges",
    "content-disposition",
    "content-range",
    "last-modified",
    "x-sabakan-asset-id",
    "x-sabakan-asset-sha256",
];

/// Asks both, prints each answer that differs, and fails if one does that should not.
///
/// # Errors
/// When a server cannot be started or asked, or when answers differ.
pub async fn compare(ours: &Programs, original: &Programs) -> anyhow::Result<()> {
    let mut requests: Vec<Request> = serde_json::from_str(include_str!("answers/requests.json"))?;
    requests.extend(serde_json::from_str::<Vec<_>>(include_str!("answers/edges.json"))?);
    let (mine, theirs) = (Site::start(ours).await?, Site::start(original).await?);
    let (our_server, their_server) = (mine.server("ours").await?, theirs.server("original").await?);
    let mut faults = 0;
    for request in &requests {
        let (a, b) = (
            ask(&mine.http, &our_server, request).await?,
            ask(&theirs.http, &their_server, request).await?,
        );
        if a == b {
            continue;
        }
        let line = format!("{} {}", request.method, request.path);
        match &request.differs {
            Some(reason) => println!("    {line}: {} (the original: {}): {reason}", a.status, b.status),
            None => {
                faults += 1;
                println!("--- {line} {}", request.said());
                println!("    ours:     {a:?}\n    original: {b:?}");
            }
        }
    }
    println!(
        "{} requests, {faults} answered differently without a reason",
        requests.len()
    );
    if faults > 0 {
        bail!("{faults} answers differ");
    }
    Ok(())
}

async fn ask(http: &Client, server: &Server, request: &Request) -> anyhow::Result<Answer> {
    let method = Method::from_bytes(request.method.as_bytes())?;
    let base = if request.tls { &server.https } else { &server.url };
    let mut builder = http.request(method, format!("{base}{}", request.path));
    if let Some(json) = &request.json {
        builder = builder.json(json);
    } else if let Some(members) = &request.tar {
        let members = members
            .iter()
            .map(|(name, content)| (name.as_str(), content.as_bytes()));
        builder = builder.body(archive::tar(members)?);
    } else if let Some(text) = &request.text {
        builder = builder.body(text.clone());
    } else if let Some(big) = request.big {
        builder = builder.body("a".repeat(big));
    }
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let answer = builder
        .send()
        .await
        .with_context(|| format!("{} {}", request.method, request.path))?;
    let header = |name: &str| {
        answer
            .headers()
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or("-")
            .to_owned()
    };
    let headers = HEADERS
        .iter()
        .filter_map(|name| Some((*name, answer.headers().get(*name)?.to_str().ok()?.to_owned())))
        .map(|(name, value)| (name, if name == "last-modified" { "*".to_owned() } else { value }))
        .collect();
    let (status, mut content_type, length) = (
        answer.status().as_u16(),
        header("content-type"),
        header("content-length"),
    );
    let mut body = mask(
        &answer.text().await.unwrap_or_else(|error| format!("cut: {error:?}")),
        server,
    );
    if let Some((media, boundary)) = content_type.clone().split_once("; boundary=") {
        body = body.replace(boundary, "BOUNDARY").trim_start().to_owned();
        content_type = media.to_owned();
    }
    // Lengths count only where the body was not read or masked, and is no error.
    let length = if request.method == "HEAD" && status < 400 {
        length
    } else {
        String::new()
    };
    Ok(Answer {
        status,
        content_type,
        length,
        headers,
        body,
    })
}

/// What may differ from run to run gives way to a word.
fn mask(body: &str, server: &Server) -> String {
    let body = body.replace(&server.url, "URL").replace(&server.https, "URLS");
    // The audit log is a line for each entry.
    if body.lines().count() > 1 && body.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()) {
        return body.lines().map(|line| mask_json(line) + "\n").collect();
    }
    mask_json(&body)
}

fn mask_json(body: &str) -> String {
    let Ok(mut json) = serde_json::from_str::<Value>(body) else {
        return body.to_owned();
    };
    mask_value(&mut json);
    json.to_string()
}

/// Members whose value is a moment, a wording or an address of this run.
const PASSING: &[&str] = &[
    "date",
    "duration",
    "error",
    "message",
    "register-date",
    "registerDate",
    "request_id",
    "rev",
    "timestamp",
    "ts",
    "version",
];

fn mask_value(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // A retire date that nobody gave is the moment of registration.
            let day = |name: &str| {
                members
                    .get(name)
                    .and_then(Value::as_str)
                    .and_then(|date| date.get(..10))
            };
            if day("register-date").is_some() && day("register-date") == day("retire-date") {
                members.insert("retire-date".to_owned(), Value::from("*"));
            }
            // Details that a GraphQL library adds to its errors.
            for detail in ["extensions", "locations", "path"] {
                members.remove(detail);
            }
            // Ours adds the id of the request to the audit log.
            if members.contains_key("category") {
                members.remove("request_id");
            }
            for (name, member) in members {
                if PASSING.contains(&name.as_str()) {
                    *member = Value::from("*")
                } else {
                    mask_value(member)
                }
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(mask_value);
            // The original lists machines in no order.
            items.sort_by_key(ToString::to_string);
        }
        _ => {}
    }
}
