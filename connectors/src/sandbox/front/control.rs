//! The part of the control API that every system has.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::counters::Counts;
use super::desk::{Desk, Down, Latency};
use super::plan::Rule;

/// The routes below `/_control` that do not depend on the system.
pub(crate) fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/latency", get(latency).post(change_latency).put(change_latency))
        .route("/faults", get(rules).post(add_rule).delete(clear_rules))
        .route("/down", get(down).post(take_down))
        .route("/counters", get(counters))
        .with_state(desk)
}

async fn latency(State(desk): State<Arc<Desk>>) -> Json<Latency> {
    Json(desk.latency())
}

async fn change_latency(State(desk): State<Arc<Desk>>, Json(latency): Json<Latency>) -> StatusCode {
    desk.change_latency(latency);
    StatusCode::NO_CONTENT
}

async fn rules(State(desk): State<Arc<Desk>>) -> Json<Vec<Rule>> {
    Json(desk.rules())
}

async fn add_rule(State(desk): State<Arc<Desk>>, Json(rule): Json<Rule>) -> StatusCode {
    desk.add_rule(rule);
    StatusCode::NO_CONTENT
}

async fn clear_rules(State(desk): State<Arc<Desk>>) -> StatusCode {
    desk.clear_rules();
    StatusCode::NO_CONTENT
}

#[derive(Debug, Serialize, Deserialize)]
struct DownOrder {
    down: Down,
}

async fn down(State(desk): State<Arc<Desk>>) -> Json<DownOrder> {
    Json(DownOrder { down: desk.down() })
}

async fn take_down(State(desk): State<Arc<Desk>>, Json(order): Json<DownOrder>) -> StatusCode {
    desk.take_down(order.down);
    StatusCode::NO_CONTENT
}

async fn counters(State(desk): State<Arc<Desk>>) -> Json<Counts> {
    Json(desk.counters.counts())
}
