//! Deliveries: what arrived, what became of it, and looking at one again.

use amends_runtime::{Delivery, DeliveryState};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use crate::audit::Line;
use crate::auth::Caller;
use crate::extract::{Limit, Named, Params};
use crate::moment;
use crate::problem::{Code, Problem};
use crate::role::Act;
use crate::routes::orders::Reveal;
use crate::state::App;

/// Whose deliveries.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct From {
    /// The shop or connector they came from
    source: String,
    /// Deliveries at the most
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Limit>,
}

/// What arrived, newest first
#[utoipa::path(
    get, path = "/deliveries", tag = "deliveries", params(From),
    responses(
        (status = 200, body = Value),
        (status = 404, description = "There is no such shop or connector", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(from): Params<From>,
) -> Result<Json<Value>, Problem> {
    if !caller.shops.has(&from.source) {
        return Err(Problem::no_source(&from.source));
    }
    known(&app, &from.source)?;
    let limit = Limit::or_default(from.limit);
    let found = app
        .read(move |app| Ok(app.setup.inbox.list(&from.source, limit)?))
        .await?;
    let deliveries: Vec<Value> = found.iter().map(head).collect();
    Ok(Json(json!({ "deliveries": deliveries })))
}

/// The last that were refused, newest first
#[utoipa::path(
    get, path = "/deliveries/refused", tag = "deliveries", params(Reveal),
    responses((status = 200, body = Value))
)]
pub(crate) async fn refused(
    State(app): State<App>,
    caller: Caller,
    Params(reveal): Params<Reveal>,
) -> Result<Json<Value>, Problem> {
    reveal.note(&app, &caller, "refused deliveries").await?;
    let (count, last) = app.refused.list();
    let shown: Vec<Value> = last
        .iter()
        .filter(|refused| caller.shops.has(&refused.source))
        .map(|refused| {
            json!({
                "at": moment::text(refused.at),
                "source": refused.source,
                "code": refused.code,
                "detail": refused.detail,
                "bytes": refused.size,
                "start": reveal.reveal.then(|| String::from_utf8_lossy(&refused.start).into_owned()),
            })
        })
        .collect();
    Ok(Json(json!({ "count": count, "refused": shown })))
}

/// One delivery
#[utoipa::path(
    get, path = "/deliveries/{source}/{id}", tag = "deliveries",
    params(
        ("source" = String, Path, description = "The shop or connector it came from"),
        ("id" = String, Path, description = "Its id"),
        Reveal,
    ),
    responses((status = 200, body = Value))
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named((source, id)): Named<(String, String)>,
    Params(reveal): Params<Reveal>,
) -> Result<Json<Value>, Problem> {
    reveal.note(&app, &caller, &format!("{source}/{id}")).await?;
    let delivery = find(&app, source, id).await?;
    let mut shown = head(&delivery);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("headers".to_owned(), json!(delivery.headers));
        if reveal.reveal {
            fields.insert(
                "body".to_owned(),
                Value::String(String::from_utf8_lossy(&delivery.body).into_owned()),
            );
        }
    }
    Ok(Json(shown))
}

/// Look at a delivery again as if it had just arrived
#[utoipa::path(
    post, path = "/deliveries/{source}/{id}/replay", tag = "deliveries",
    params(
        ("source" = String, Path, description = "The shop or connector it came from"),
        ("id" = String, Path, description = "Its id"),
    ),
    responses((status = 200, body = Value))
)]
pub(crate) async fn replay(
    State(app): State<App>,
    caller: Caller,
    Named((source, id)): Named<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let delivery = find(&app, source.clone(), id.clone()).await?;
    let again = app.setup.inbox.replay(&delivery, &caller.name, app.now()).await?;
    let line = Line::new(
        app.now(),
        &caller.name,
        Act::Replay.name(),
        format!("{source}/{id}"),
    );
    app.audit.record(&line.because(format!("as {again}"))).await?;
    Ok(Json(json!({ "delivery": again })))
}

async fn find(app: &App, source: String, id: String) -> Result<Delivery, Problem> {
    known(app, &source)?;
    app.read(move |app| {
        let found = app.setup.inbox.find(&source, &id)?;
        found.ok_or_else(|| {
            let detail = format!(
                "`{source}` has no delivery `{id}`: list them with GET /api/v1/deliveries?source={source}"
            );
            Problem::new(Code::NoDelivery, detail)
        })
    })
    .await
}

fn known(app: &App, source: &str) -> Result<(), Problem> {
    if app.setup.names.has_source(source) {
        return Ok(());
    }
    Err(Problem::no_source(source))
}

fn head(delivery: &Delivery) -> Value {
    let (state, root, note) = match &delivery.state {
        DeliveryState::Pending => ("pending", None, None),
        DeliveryState::Done { root, note } => ("done", root.clone(), Some(note)),
        DeliveryState::Failed { reason } => ("failed", None, Some(reason)),
    };
    json!({
        "id": delivery.id,
        "source": delivery.source,
        "received": moment::text(amends_engine::Millis(delivery.received_ms)),
        "kind": delivery.kind,
        "bytes": delivery.body.len(),
        "state": state,
        "order": root,
        "note": note,
    })
}
