//! The witness: an independent record of what really took place at the other side.
//!
//! The systems of the sandbox report each effect here at the moment it happens and before they answer. The
//! witness keeps its own file, one JSON line per effect, flushed at once, and preferably runs as its own process,
//! so that no mistake of the engine under test and no fault injected between the two can touch the count.

mod ledger;
mod reporter;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use self::ledger::Ledger;
pub use self::ledger::{Effect, Repeated, Summary, Units};
pub(crate) use self::reporter::Reporter;
use super::server::{Door, Server, StartError};

/// A running witness; dropping it closes its server, its file stays.
#[derive(Debug)]
pub struct Witness {
    server: Server,
    _door: watch::Sender<Door>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Witness {
    /// Opens (or continues) the file at `path` and listens on `addr`.
    ///
    /// # Errors
    /// If the file cannot be opened or the address cannot be listened on.
    pub async fn start(path: &Path, addr: SocketAddr) -> Result<Self, StartError> {
        let ledger = Ledger::open(path).map_err(|source| StartError::WitnessFile {
            path: path.to_owned(),
            source,
        })?;
        let ledger = Arc::new(Mutex::new(ledger));
        let (door, watched) = watch::channel(Door::Open);
        let server = Server::start(addr, router(Arc::clone(&ledger)), watched).await?;
        Ok(Self {
            server,
            _door: door,
            ledger,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// The base URL to give to [`Options::witness`](super::Options::witness).
    pub fn url(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// Every effect on record, oldest first.
    pub fn effects(&self) -> Vec<Effect> {
        locked(&self.ledger).effects().to_vec()
    }

    /// What [`Witness::effects`] amounts to.
    pub fn summary(&self) -> Summary {
        locked(&self.ledger).summary()
    }
}

/// Serves a witness until the future is dropped: the whole life of a witness process.
///
/// # Errors
/// If the file cannot be opened or the address cannot be listened on.
pub async fn serve(path: &Path, addr: SocketAddr) -> Result<(), StartError> {
    let witness = Witness::start(path, addr).await?;
    tracing::info!(addr = %witness.addr(), path = %path.display(), "witness listens");
    std::future::pending::<()>().await;
    Ok(())
}

type Shared = Arc<Mutex<Ledger>>;

fn locked(ledger: &Mutex<Ledger>) -> std::sync::MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

fn router(ledger: Shared) -> Router {
    Router::new()
        .route("/effects", post(record).get(list))
        .route("/summary", get(summarise))
        .route("/_control/drop", post(drop_every))
        .with_state(ledger)
}

async fn record(State(ledger): State<Shared>, Json(effect): Json<Effect>) -> Response {
    match locked(&ledger).append(effect) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn list(State(ledger): State<Shared>) -> Json<Vec<Effect>> {
    Json(locked(&ledger).effects().to_vec())
}

async fn summarise(State(ledger): State<Shared>) -> Json<Summary> {
    Json(locked(&ledger).summary())
}

/// Test-only switch: every `every`th effect reported from now on is acknowledged and forgotten (0: none).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct DropEvery {
    every: u64,
}

async fn drop_every(State(ledger): State<Shared>, Json(order): Json<DropEvery>) -> StatusCode {
    locked(&ledger).drop_every(order.every);
    StatusCode::NO_CONTENT
}
