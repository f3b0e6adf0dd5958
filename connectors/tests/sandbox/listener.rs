//! A client's own server, which callbacks and webhooks are sent to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value as Json;
use tokio::task::JoinHandle;

/// One request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) headers: HeaderMap,
    pub(crate) raw: Bytes,
}

impl Arrival {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.raw).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

#[derive(Debug, Default)]
struct Desk {
    arrivals: Vec<Arrival>,
    /// Statuses for the next requests; 200 when used up.
    answers: VecDeque<u16>,
}

pub(crate) struct Listener {
    pub(crate) url: String,
    desk: Arc<Mutex<Desk>>,
    task: JoinHandle<()>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    /// Listens, and answers the first requests with these statuses.
    pub(crate) async fn answering(statuses: &[u16]) -> Self {
        let desk = Arc::new(Mutex::new(Desk {
            answers: statuses.iter().copied().collect(),
            ..Desk::default()
        }));
        let router = Router::new().fallback(take).with_state(Arc::clone(&desk));
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", socket.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(socket, router).await.unwrap() });
        Self { url, desk, task }
    }

    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.desk.lock().unwrap().arrivals.clone()
    }
}

async fn take(State(desk): State<Arc<Mutex<Desk>>>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let mut desk = desk.lock().unwrap();
    desk.arrivals.push(Arrival { headers, raw });
    StatusCode::from_u16(desk.answers.pop_front().unwrap_or(200)).unwrap()
}
