//! Somebody who is told, and does not always take it.

use std::sync::{Arc, Mutex};

use amends::server::notify::Signer;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

pub(crate) const SECRET: &str = "a secret of the listener";

#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Notices taken, in the order they were taken.
    pub(crate) taken: Vec<serde_json::Value>,
    /// Posts, taken or not.
    pub(crate) posts: usize,
    /// Posts that are still to be refused.
    pub(crate) refuse: usize,
}

/// A listener on an address of its own.
pub(crate) struct Ear {
    pub(crate) url: String,
    heard: Arc<Mutex<Heard>>,
}

impl Ear {
    pub(crate) async fn new(refuse: usize) -> Self {
        let heard = Arc::new(Mutex::new(Heard {
            refuse,
            ..Heard::default()
        }));
        let app = Router::new().route("/", post(hear)).with_state(heard.clone());
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", socket.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(socket, app).await });
        Self { url, heard }
    }

    pub(crate) fn heard<T>(&self, look: impl FnOnce(&mut Heard) -> T) -> T {
        look(&mut self.heard.lock().unwrap())
    }
}

async fn hear(State(heard): State<Arc<Mutex<Heard>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let signature = Signer::new(SECRET).unwrap().sign(
        &header("webhook-id"),
        header("webhook-timestamp").parse().unwrap(),
        &body,
    );
    assert_eq!(header("webhook-signature"), signature);
    let notice: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(notice["id"], header("webhook-id"));
    let mut heard = heard.lock().unwrap();
    heard.posts += 1;
    if heard.refuse > 0 {
        heard.refuse -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    heard.taken.push(notice);
    StatusCode::NO_CONTENT
}
