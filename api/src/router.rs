//! Which path goes where.

use amends_storage::ReadError;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use crate::limits::COMMAND_BYTES_MAX;
use crate::routes::{
    backups, brakes, commands, deliveries, health, history, inbound, orders, requests, status, tokens,
};
use crate::state::{App, Setup};
use crate::{answer, auth};

/// The service: webhooks, callbacks, health, and the operator's API behind tokens.
///
/// # Errors
/// [`ReadError`] when the audit trail of the store cannot be read.
pub fn router(setup: Setup) -> Result<Router, ReadError> {
    let inbound_max = setup.limits.body_max;
    let app = App::new(setup)?;
    let guarded = Router::new()
        .route("/orders", get(orders::list))
        .route("/orders/{root}", get(orders::show))
        .route("/orders/{root}/history", get(history::list))
        .route("/orders/{root}/requests", get(requests::list))
        .route("/orders/{root}/commands", post(commands::give))
        .route("/deliveries", get(deliveries::list))
        .route("/deliveries/refused", get(deliveries::refused))
        .route("/deliveries/{source}/{id}", get(deliveries::show))
        .route("/deliveries/{source}/{id}/replay", post(deliveries::replay))
        .route("/connectors/{connector}/pause", post(brakes::pause_connector))
        .route("/connectors/{connector}/resume", post(brakes::resume_connector))
        .route("/brakes", get(brakes::list))
        .route("/money/pause", post(brakes::pause_money))
        .route("/money/resume", post(brakes::resume_money))
        .route("/effects/pause", post(brakes::pause_effects))
        .route("/effects/resume", post(brakes::resume_effects))
        .route("/backups", post(backups::create))
        .route("/tokens", post(tokens::create))
        .route("/status", get(status::show))
        .layer(DefaultBodyLimit::max(COMMAND_BYTES_MAX))
        .layer(from_fn_with_state(app.clone(), auth::admit));
    let inbound = Router::new()
        .route("/hooks/woocommerce/{shop}", post(inbound::hook))
        .route("/callbacks/{connector}", post(inbound::callback))
        .layer(DefaultBodyLimit::max(inbound_max));
    Ok(Router::new()
        .nest("/api/v1", guarded)
        .merge(inbound)
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .layer(from_fn(answer::dress))
        .with_state(app))
}
