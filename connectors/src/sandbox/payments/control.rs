//! The control API of the payment provider: intents of past checkouts, and what is on record.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::ledger::{Intent, Refund};
use super::{IntentSeed, Payments};
use crate::sandbox::front::desk::now_ms;

/// The routes below `/_control` that only the payment provider has.
pub(crate) fn router(payments: Arc<Payments>) -> Router {
    Router::new()
        .route("/intents", post(seed_intents))
        .route("/records", get(records))
        .with_state(payments)
}

/// One seed or a list of them.
#[derive(Debug, serde::Deserialize)]
#[serde(untagged)]
enum Seeds {
    Many(Vec<IntentSeed>),
    One(IntentSeed),
}

async fn seed_intents(
    State(payments): State<Arc<Payments>>,
    Json(seeds): Json<Seeds>,
) -> (StatusCode, Json<Value>) {
    let seeds = match seeds {
        Seeds::Many(seeds) => seeds,
        Seeds::One(seed) => vec![seed],
    };
    let mut ledger = payments.ledger();
    let ids: Vec<String> = seeds
        .into_iter()
        .map(|seed| ledger.seed_intent(seed, now_ms()))
        .collect();
    (StatusCode::CREATED, Json(json!({"ids": ids})))
}

async fn records(State(payments): State<Arc<Payments>>) -> Json<Value> {
    let ledger = payments.ledger();
    let intents: Vec<Value> = ledger.intents().map(Intent::json).collect();
    let refunds: Vec<Value> = ledger.refunds().map(Refund::json).collect();
    Json(json!({"payment_intents": intents, "refunds": refunds}))
}
