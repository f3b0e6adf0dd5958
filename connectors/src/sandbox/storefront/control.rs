//! The control API of a shop: seeding and generating orders, and what staff does in its admin.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::{Happening, Storefront};
use crate::sandbox::front::desk::now_ms;
use crate::sandbox::options::Hook;
use crate::sandbox::workload::{Mix, Workload};

/// The routes below `/_control` that only a shop has.
pub(crate) fn router(storefront: Arc<Storefront>) -> Router {
    Router::new()
        .route("/orders", get(records).post(seed))
        .route("/generate", post(generate))
        .route("/orders/{id}/trash", post(trash))
        .route("/orders/{id}/restore", post(restore))
        .route("/orders/{id}", delete(forget))
        .route("/orders/{id}/refunds", post(refund).put(record_refunds))
        .route("/orders/{id}/refunds/{refund}", delete(forget_refund))
        .route("/hooks", get(hooks).post(add_hooks).delete(clear_hooks))
        .route("/hooks/activate", post(activate_hooks))
        .route("/announce", post(announce))
        .route("/pending", get(pending))
        .with_state(storefront)
}

type Shared = State<Arc<Storefront>>;
type Answer = Result<StatusCode, (StatusCode, Json<Value>)>;

fn refused(failure: &Failure) -> (StatusCode, Json<Value>) {
    (StatusCode::BAD_REQUEST, Json(failure.body()))
}

#[derive(Debug, Deserialize)]
struct Quiet {
    /// Nobody is told: as if the webhook had been lost.
    #[serde(default)]
    quiet: bool,
}

/// Puts raw orders on record (one, or a list); one that is there already is replaced, which is an edit.
async fn seed(State(shop): Shared, Query(quiet): Query<Quiet>, Json(orders): Json<Value>) -> Answer {
    let orders = orders.as_array().cloned().unwrap_or_else(|| vec![orders]);
    let mut store = shop.store();
    for order in orders {
        let (id, new) = store.orders.put(order).map_err(|failure| refused(&failure))?;
        if quiet.quiet {
            continue;
        }
        // A genuine checkout announces the update first.
        shop.announce(&mut store, Happening::Updated, id, now_ms());
        if new {
            shop.announce(&mut store, Happening::Created, id, now_ms());
        }
    }
    Ok(StatusCode::CREATED)
}

#[derive(Debug, Deserialize)]
struct Generate {
    count: u64,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    mix: Mix,
}

/// Makes orders as a checkout would, the payment intents behind them first.
async fn generate(
    State(shop): Shared,
    Json(order): Json<Generate>,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let mut ids = Vec::new();
    let mut workload = Workload::new(order.seed, order.mix);
    workload.in_shop(&shop.shop.name, shop.shop.utc_offset_min);
    for _ in 0..order.count {
        let id = shop.store().orders.next_id();
        let made = workload.order(id, now_ms());
        if let (Some(intent), Some((url, client))) = (&made.intent, &shop.payments) {
            let sent = client
                .post(format!("{url}/_control/intents"))
                .json(intent)
                .send()
                .await;
            sent.and_then(reqwest::Response::error_for_status)
                .map_err(|error| (StatusCode::BAD_GATEWAY, Json(json!({"error": error.to_string()}))))?;
        }
        let mut store = shop.store();
        store
            .orders
            .put(made.order)
            .map_err(|failure| refused(&failure))?;
        shop.announce(&mut store, Happening::Updated, id, now_ms());
        shop.announce(&mut store, Happening::Created, id, now_ms());
        ids.push(id);
    }
    Ok(Json(json!({"ids": ids})))
}

async fn trash(State(shop): Shared, Path(id): Path<i64>) -> Answer {
    let mut store = shop.store();
    store
        .orders
        .trash(id, now_ms())
        .map_err(|failure| refused(&failure))?;
    shop.announce(&mut store, Happening::Trashed, id, now_ms());
    Ok(StatusCode::NO_CONTENT)
}

async fn restore(State(shop): Shared, Path(id): Path<i64>) -> Answer {
    let mut store = shop.store();
    store
        .orders
        .restore(id, now_ms())
        .map_err(|failure| refused(&failure))?;
    shop.announce(&mut store, Happening::Restored, id, now_ms());
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes an order for good; nobody is told.
async fn forget(State(shop): Shared, Path(id): Path<i64>) -> Answer {
    shop.store()
        .orders
        .delete(id)
        .map_err(|failure| refused(&failure))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
struct RefundOrder {
    amount: String,
    #[serde(default)]
    reason: String,
}

async fn refund(
    State(shop): Shared,
    Path(id): Path<i64>,
    Json(order): Json<RefundOrder>,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let mut store = shop.store();
    let refund = store.orders.refund(id, &order.amount, &order.reason, now_ms());
    let refund = refund.map_err(|failure| refused(&failure))?;
    shop.announce(&mut store, Happening::Updated, id, now_ms());
    Ok(Json(json!({"id": refund})))
}

/// Puts refunds on record as the REST API lists them, the newest first; the order itself stays as it is.
async fn record_refunds(
    State(shop): Shared,
    Path(id): Path<i64>,
    Json(refunds): Json<Vec<Value>>,
) -> StatusCode {
    shop.store().orders.record_refunds(id, refunds);
    StatusCode::NO_CONTENT
}

async fn forget_refund(State(shop): Shared, Path((id, refund)): Path<(i64, i64)>) -> Answer {
    shop.store()
        .orders
        .delete_refund(id, refund)
        .map_err(|failure| refused(&failure))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn hooks(State(shop): Shared) -> Json<Value> {
    Json(json!(shop.store().hooks.all()))
}

async fn add_hooks(State(shop): Shared, Json(hooks): Json<Vec<Hook>>) -> StatusCode {
    let mut store = shop.store();
    for hook in hooks {
        store.hooks.add(hook);
    }
    StatusCode::CREATED
}

async fn clear_hooks(State(shop): Shared) -> StatusCode {
    shop.store().hooks.clear();
    StatusCode::NO_CONTENT
}

/// What the shop's staff does when it notices that webhooks were disabled.
async fn activate_hooks(State(shop): Shared) -> StatusCode {
    shop.store().hooks.activate();
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct Announcement {
    ids: Vec<i64>,
}

/// Announces orders once more, as a no-op save in the admin does.
async fn announce(State(shop): Shared, Json(order): Json<Announcement>) -> StatusCode {
    let mut store = shop.store();
    for id in order.ids {
        shop.announce(&mut store, Happening::Updated, id, now_ms());
    }
    StatusCode::NO_CONTENT
}

async fn pending(State(shop): Shared) -> Json<Value> {
    Json(json!({"webhooks": shop.store().hooks.waiting()}))
}

async fn records(State(shop): Shared) -> Json<Value> {
    let store = shop.store();
    Json(json!({"orders": store.orders.by_id, "notes": store.orders.notes, "refunds": store.orders.refunds}))
}
