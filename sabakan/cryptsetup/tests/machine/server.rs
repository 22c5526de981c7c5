//! A key store that speaks sabakan's API for keys and does what a test wants: forget a key, delete it, be an original server, hold a
//! request until the machine has lost its power.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

#[derive(Default)]
struct Store {
    keys: BTreeMap<String, Vec<u8>>,
    deleted: BTreeSet<String>,
    original: bool,
    trouble: bool,
    hold: Option<Hold>,
}

/// When a PUT is held: its arrival is told, and it is never answered.
struct Hold {
    arrived: Sender<String>,
    store_first: bool,
}

#[derive(Clone)]
pub(crate) struct KeyServer {
    store: Arc<Mutex<Store>>,
    port: u16,
}

impl KeyServer {
    /// Starts on a free port of the loopback address, in a thread of its own.
    pub(crate) fn start() -> Self {
        let store: Arc<Mutex<Store>> = Arc::default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let router = Router::new()
            .route("/api/v1/crypts/{serial}/{id}", get(read).put(write))
            .with_state(Arc::clone(&store));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), router)
                    .await
                    .unwrap();
            });
        });
        Self { store, port }
    }

    /// Its URL as the guest sees it.
    pub(crate) fn url(&self) -> String {
        format!("http://10.0.2.2:{}", self.port)
    }

    pub(crate) fn key(&self, id: &str) -> Option<Vec<u8>> {
        self.store.lock().unwrap().keys.get(id).cloned()
    }

    pub(crate) fn put(&self, id: &str, share: Vec<u8>) {
        self.store.lock().unwrap().keys.insert(id.to_owned(), share);
    }

    /// Loses a key without a trace, as an etcd that was restored to an older state does.
    pub(crate) fn forget(&self, id: &str) -> Vec<u8> {
        self.store.lock().unwrap().keys.remove(id).unwrap()
    }

    /// Deletes a key on purpose.
    pub(crate) fn delete(&self, id: &str) {
        let mut store = self.store.lock().unwrap();
        store.keys.remove(id).unwrap();
        store.deleted.insert(id.to_owned());
    }

    /// Does not say why a key is missing.
    pub(crate) fn be_original(&self, original: bool) {
        self.store.lock().unwrap().original = original;
    }

    /// Answers 503 to everything.
    pub(crate) fn be_in_trouble(&self, trouble: bool) {
        self.store.lock().unwrap().trouble = trouble;
    }

    /// Holds the next PUT; its identifier is received when it arrives.
    pub(crate) fn hold_put(&self, store_first: bool) -> Receiver<String> {
        let (arrived, receiver) = channel();
        self.store.lock().unwrap().hold = Some(Hold { arrived, store_first });
        receiver
    }
}

async fn read(State(store): State<Arc<Mutex<Store>>>, Path((_, id)): Path<(String, String)>) -> Response {
    let store = store.lock().unwrap();
    if store.trouble {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if let Some(key) = store.keys.get(&id) {
        return key.clone().into_response();
    }
    let body = r#"{"error":"not found","request_id":"1","status":404}"#;
    if store.original {
        return (StatusCode::NOT_FOUND, body).into_response();
    }
    let state = if store.deleted.contains(&id) {
        "deleted"
    } else {
        "never"
    };
    (StatusCode::NOT_FOUND, [("X-Sabakan-Key-State", state)], body).into_response()
}

async fn write(State(store): State<Arc<Mutex<Store>>>, Path((_, id)): Path<(String, String)>, body: Bytes) -> Response {
    let hold = {
        let mut store = store.lock().unwrap();
        if store.trouble {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let hold = store.hold.take();
        if hold.as_ref().is_none_or(|hold| hold.store_first) {
            store.keys.insert(id.clone(), body.to_vec());
        }
        hold
    };
    if let Some(hold) = hold {
        let _ = hold.arrived.send(id.clone());
        // The machine that waits for the answer loses its power.
        std::future::pending::<()>().await;
    }
    (StatusCode::CREATED, format!(r#"{{"path":{id:?},"status":201}}"#)).into_response()
}
