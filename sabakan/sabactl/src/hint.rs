//! What to do next after an error.

use http_status as status;
use sabakan_client::{Error, StatusError};

/// The statuses that hints exist for.
mod http_status {
    pub(super) const UNAUTHORIZED: u16 = 401;
    pub(super) const FORBIDDEN: u16 = 403;
    pub(super) const TOO_LARGE: u16 = 413;
    pub(super) const UNAVAILABLE: u16 = 503;
}

/// Lines to show below an error.
pub(crate) fn lines(error: &anyhow::Error) -> Vec<String> {
    let Some(client) = error.chain().find_map(|cause| cause.downcast_ref::<Error>()) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if let Some(hint) = of(client) {
        lines.push(format!("Hint: {hint}"));
    }
    if let Some(id) = client.request_id() {
        lines.push(format!("Request id: {id} (look for it in the server's log)"));
    }
    lines
}

fn of(error: &Error) -> Option<String> {
    match error {
        Error::Transport { timed_out: true, .. } => {
            Some("the server took too long; try again, or give it longer with --timeout".into())
        }
        Error::Transport { source, .. } if speaks_of_certificates(&**source) => {
            Some("the server's certificate is not trusted here; name its CA with --ca FILE".into())
        }
        Error::Transport { .. } => {
            Some("is sabakan running there? Name another server with --server URL or SABAKAN_SERVER".into())
        }
        Error::Status(refused) => of_status(refused),
        _ => None,
    }
}

fn of_status(refused: &StatusError) -> Option<String> {
    let text = refused.reason.to_lowercase();
    match refused.status.as_u16() {
        status::UNAUTHORIZED | status::FORBIDDEN => Some(
            "run this on a boot server, let the server allow this address (-allow-ips), or show a certificate with \
             --cert and --key"
                .into(),
        ),
        status::TOO_LARGE => Some("split it into smaller parts".into()),
        status::UNAVAILABLE => {
            let wait = refused
                .retry_after
                .map_or_else(|| "in a moment".into(), |s| format!("in {s} seconds"));
            Some(format!(
                "the server cannot do this right now; try again {wait}, and look at its /health"
            ))
        }
        _ => of_words(&text),
    }
}

/// Hints by the words of refusals that have no status of their own.
fn of_words(text: &str) -> Option<String> {
    let says = |words: &[&str]| words.iter().all(|word| text.contains(word));
    if says(&["transition", "forbidden"]) {
        Some(
            "see `sabactl machines set-state --help` for the states, and `machines get-state` for the present one"
                .into(),
        )
    } else if says(&["non-retired"]) || says(&["not retired"]) {
        Some("only retired machines can be removed: set-state SERIAL retiring, crypts delete --force SERIAL, then retired".into())
    } else if says(&["encryption key"]) {
        Some("delete its disk keys first: sabactl crypts delete --force SERIAL".into())
    } else {
        None
    }
}

fn speaks_of_certificates(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("certificate") {
            return true;
        }
        cause = error.source();
    }
    false
}
