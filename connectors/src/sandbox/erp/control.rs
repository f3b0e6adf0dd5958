//! The control API of the ERP: stock counts, sessions, and what is on record.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};

use super::Erp;
use super::stock::Level;

/// The routes below `/_control` that only the ERP has.
pub(crate) fn router(erp: Arc<Erp>) -> Router {
    Router::new()
        .route("/stock", get(stock).post(count_stock))
        .route("/expire-sessions", post(expire_sessions))
        .route("/records/{model}", get(records))
        .with_state(erp)
}

async fn stock(State(erp): State<Arc<Erp>>) -> Json<BTreeMap<String, Level>> {
    Json(erp.books().stock.levels().clone())
}

/// `{"TEE-BLK-M": 5}`: so many are on hand now.
async fn count_stock(State(erp): State<Arc<Erp>>, Json(levels): Json<BTreeMap<String, i64>>) -> StatusCode {
    let mut books = erp.books();
    for (sku, on_hand) in levels {
        books.product(&sku);
        books.stock.put_level(&sku, on_hand);
    }
    StatusCode::NO_CONTENT
}

async fn expire_sessions(State(erp): State<Arc<Erp>>) -> StatusCode {
    erp.sessions().expire();
    StatusCode::NO_CONTENT
}

async fn records(
    State(erp): State<Arc<Erp>>,
    Path(model): Path<String>,
) -> Result<Json<Vec<serde_json::Value>>, StatusCode> {
    erp.books()
        .dump(&model)
        .map(Json)
        .map_err(|_| StatusCode::NOT_FOUND)
}
