//! How tests tell places to fail: gofail's protocol, which the original's tests speak too. `GOFAIL_HTTP` says where to listen.
//!
//! `PUT /PLACE` with terms sets one, `GET /PLACE` shows it, `GET /` all of them, `DELETE /PLACE` sets it back. Terms are those of the crate `fail`:
//! `panic("why")`, `sleep(MILLISECONDS)`, `pause`, `off`, with a probability or a count before them and more of them behind `->`.

use super::Place;
use anyhow::Context as _;
use axum::Router;
use axum::http::{Method, StatusCode, Uri};

const VARIABLE: &str = "GOFAIL_HTTP";
const PLACES: [Place; 2] = [Place::EtcdMemberAdded, Place::EtcdMembersRemoved];

impl Place {
    /// What it is called in the original.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::EtcdMemberAdded => "etcdAfterMemberAdd",
            Self::EtcdMembersRemoved => "etcdAfterMemberRemove",
        }
    }
}

/// Listens where the environment says so, in the background.
///
/// # Errors
/// When it cannot.
pub(crate) async fn serve() -> anyhow::Result<()> {
    end_with_a_panic();
    let Ok(address) = std::env::var(VARIABLE) else {
        return Ok(());
    };
    let listener = tokio::net::TcpListener::bind(&address).await;
    let listener = listener.with_context(|| format!("cannot listen on {address} ({VARIABLE})"))?;
    tracing::warn!(address, "a build for tests: anybody may make it fail");
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    Ok(())
}

/// A panic takes the whole process with it, at once and with nothing tidied: as in Go, and as a leader dies.
fn end_with_a_panic() {
    let say = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        say(panic);
        std::process::exit(2);
    }));
}

async fn answer(method: Method, uri: Uri, terms: String) -> (StatusCode, String) {
    let name = uri.path().trim_start_matches('/');
    let known = PLACES.iter().find(|place| place.name() == name);
    match (method, known) {
        (Method::GET, _) if name.is_empty() => {
            let lines = PLACES.map(|place| format!("{}={}\n", place.name(), terms_of(place.name())));
            (StatusCode::OK, lines.concat())
        }
        (Method::GET, Some(place)) => (StatusCode::OK, format!("{}\n", terms_of(place.name()))),
        (Method::PUT, Some(place)) => set(place.name(), &terms),
        (Method::DELETE, Some(place)) => {
            fail::remove(place.name());
            (StatusCode::NO_CONTENT, String::new())
        }
        (Method::GET, None) => (StatusCode::NOT_FOUND, missing(name)),
        (Method::PUT | Method::DELETE, None) => (StatusCode::BAD_REQUEST, missing(name)),
        _ => (StatusCode::METHOD_NOT_ALLOWED, "only GET, PUT and DELETE\n".to_owned()),
    }
}

fn set(name: &str, terms: &str) -> (StatusCode, String) {
    match fail::cfg(name, terms) {
        Ok(()) => (StatusCode::NO_CONTENT, String::new()),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{name}: {terms}: {error}\n")),
    }
}

fn terms_of(name: &str) -> String {
    let set = fail::list().into_iter().find(|(known, _)| known == name);
    set.map(|(_, terms)| terms).unwrap_or_default()
}

fn missing(name: &str) -> String {
    format!("there is no place {name:?}\n")
}
