//! The control API of the warehouse: picking and shipping on command, and where to report to.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Dispatch, Warehouse};
use crate::sandbox::options::Callback;
use crate::sandbox::witness::Units;

/// The routes below `/_control` that only the warehouse has.
pub(crate) fn router(warehouse: Arc<Warehouse>) -> Router {
    Router::new()
        .route("/dispatch", post(dispatch))
        .route("/pick", post(pick))
        .route("/cancel-parcel", post(cancel_parcel))
        .route("/mode", post(change_mode))
        .route("/callback", post(redirect))
        .route("/pending", get(pending))
        .route("/records", get(records))
        .with_state(warehouse)
}

/// Which releases: one job, those of one order, or all that are open.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Which {
    job: Option<String>,
    order_key: Option<String>,
    /// For a dispatch: only these lines, as one parcel.
    lines: Option<Vec<Units>>,
}

impl Which {
    fn jobs(&self, warehouse: &Warehouse) -> Vec<String> {
        match &self.job {
            Some(job) => vec![job.clone()],
            None => warehouse.depot().open_jobs(self.order_key.as_deref()),
        }
    }
}

async fn dispatch(State(warehouse): State<Arc<Warehouse>>, Json(which): Json<Which>) -> Json<Value> {
    let mut parcels = Vec::new();
    for job in which.jobs(&warehouse) {
        parcels.extend(warehouse.floor().ship(&job, which.lines.clone()).await);
    }
    Json(json!({"parcels": parcels}))
}

async fn pick(State(warehouse): State<Arc<Warehouse>>, Json(which): Json<Which>) -> Json<Value> {
    let jobs = which.jobs(&warehouse);
    let picked: Vec<String> = jobs
        .into_iter()
        .filter(|job| warehouse.depot().pick(job))
        .collect();
    Json(json!({"picked": picked}))
}

#[derive(Debug, Deserialize)]
struct WhichParcel {
    parcel: String,
}

async fn cancel_parcel(
    State(warehouse): State<Arc<Warehouse>>,
    Json(which): Json<WhichParcel>,
) -> StatusCode {
    match warehouse.floor().cancel_parcel(&which.parcel).await {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}

async fn change_mode(State(warehouse): State<Arc<Warehouse>>, Json(mode): Json<Dispatch>) -> StatusCode {
    warehouse.floor().change_dispatch(mode);
    StatusCode::NO_CONTENT
}

async fn redirect(State(warehouse): State<Arc<Warehouse>>, Json(callback): Json<Callback>) -> StatusCode {
    warehouse.floor().courier().redirect(callback);
    StatusCode::NO_CONTENT
}

async fn pending(State(warehouse): State<Arc<Warehouse>>) -> Json<Value> {
    let open = warehouse.depot().open_jobs(None);
    Json(json!({"callbacks": warehouse.floor().courier().waiting(), "open_jobs": open}))
}

async fn records(State(warehouse): State<Arc<Warehouse>>) -> Json<Value> {
    Json(json!({"releases": warehouse.depot().find(None, None)}))
}
