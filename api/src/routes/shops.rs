//! Shops: whether they are believed and heard, what only the sweep found, and stopping or resuming their ingest.

use amends_engine::Millis;
use amends_runtime::{
    CompareReport, CompareRun, Incident, Ingest, IngestStop, Origin, StopReason, SweepReport, last_delivered,
    open_incidents,
};
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::audit::Line;
use crate::auth::Caller;
use crate::extract::{Body, Named};
use crate::moment;
use crate::problem::{Code, Problem};
use crate::routes::brakes::Why;
use crate::state::App;

/// Open incidents shown of one shop and of its deliveries each.
const INCIDENTS_SHOWN: usize = 100;

/// All shops in short
#[utoipa::path(get, path = "/shops", tag = "shops", responses((status = 200, body = Value)))]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let shops = app
        .read(move |app| {
            let names = app.setup.names.shops.iter();
            names
                .filter(|shop| caller.shops.has(shop))
                .map(|shop| overview(app, shop))
                .collect::<Result<Vec<_>, _>>()
        })
        .await?;
    Ok(Json(json!({ "shops": shops })))
}

/// One shop: whether it is believed and heard, its incidents, and the orders that only the sweep found
#[utoipa::path(
    get, path = "/shops/{shop}", tag = "shops",
    params(("shop" = String, Path, description = "As the configuration names it")),
    responses((status = 200, body = Value), (status = 404, description = "There is no such shop", body = Problem, content_type = "application/problem+json"),)
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(shop): Named<String>,
) -> Result<Json<Value>, Problem> {
    known(&app, &caller, &shop)?;
    app.read(move |app| {
        let reader = &app.setup.reader;
        let mut shown = overview(app, &shop)?;
        let gaps: Vec<Value> = SweepReport::read(reader, &shop)?
            .gaps
            .iter()
            .rev()
            .map(|gap| {
                json!({
                    "order": gap.root,
                    "changed": time(gap.modified_ms),
                    "found": time(gap.found_ms),
                })
            })
            .collect();
        let deliveries = format!("delivery/{shop}/");
        let failed = open_incidents(reader, &deliveries, INCIDENTS_SHOWN)?;
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("gaps".to_owned(), json!(gaps));
            fields.insert(
                "delivery_incidents".to_owned(),
                json!(failed.iter().map(incident).collect::<Vec<_>>()),
            );
        }
        Ok(Json(shown))
    })
    .await
}

/// Believe nothing of a shop until it is resumed; its deliveries are kept
#[utoipa::path(
    post, path = "/shops/{shop}/pause", tag = "shops", request_body = Why,
    params(("shop" = String, Path, description = "As the configuration names it")),
    responses((status = 200, body = Value), (status = 404, description = "There is no such shop", body = Problem, content_type = "application/problem+json"),)
)]
pub(crate) async fn pause(
    State(app): State<App>,
    caller: Caller,
    Named(shop): Named<String>,
    Body(why): Body<Why>,
) -> Result<Json<Value>, Problem> {
    known(&app, &caller, &shop)?;
    why.check()?;
    let _turn = app.setup.inbox.intake().ingest_turn().await;
    let pulled = IngestStop {
        since_ms: app.now().0,
        by: caller.name.clone(),
        why: StopReason::Paused,
        text: why.reason.clone(),
    };
    let ingest = Ingest::read(&app.setup.reader, &shop)?.stopping(pulled);
    let line = Line::new(app.now(), &caller.name, "shop.pause", &shop).because(why.reason);
    app.audit.record_with(vec![ingest.write(&shop)?], &line).await?;
    Ok(Json(
        json!({ "paused": shop, "stop": ingest.stop.as_ref().map(stop_view) }),
    ))
}

/// Take up everything that waited, after a pause or a stop
#[utoipa::path(
    post, path = "/shops/{shop}/resume", tag = "shops", request_body = Why,
    params(("shop" = String, Path, description = "As the configuration names it")),
    responses((status = 200, body = Value), (status = 404, description = "There is no such shop", body = Problem, content_type = "application/problem+json"),)
)]
pub(crate) async fn resume(
    State(app): State<App>,
    caller: Caller,
    Named(shop): Named<String>,
    Body(why): Body<Why>,
) -> Result<Json<Value>, Problem> {
    known(&app, &caller, &shop)?;
    why.check()?;
    let intake = app.setup.inbox.intake();
    let turn = intake.ingest_turn().await;
    let ingest = Ingest::read(&app.setup.reader, &shop)?;
    let Some(was) = ingest.stop.clone() else {
        return Ok(Json(json!({ "resumed": shop, "was": null })));
    };
    let write = ingest.resuming().write(&shop)?;
    let line = Line::new(app.now(), &caller.name, "shop.resume", &shop).because(format!(
        "{}; {}",
        why.reason,
        was.why.consequence()
    ));
    app.audit.record_with(vec![write], &line).await?;
    drop(turn);
    let id = format!("{}/{}", Origin::Shop(shop.clone()), was.why.code());
    let incidents = intake.incidents();
    incidents.close(&id, &caller.name, &why.reason, app.now()).await?;
    Ok(Json(json!({ "resumed": shop, "was": stop_view(&was) })))
}

fn known(app: &App, caller: &Caller, shop: &str) -> Result<(), Problem> {
    let seen = app.setup.names.shops.iter().filter(|shop| caller.shops.has(shop));
    let names: Vec<&str> = seen.map(String::as_str).collect();
    if names.contains(&shop) {
        return Ok(());
    }
    Err(Problem::new(
        Code::NoSource,
        format!("there is no shop `{shop}`; there are {}", names.join(", ")),
    ))
}

fn overview(app: &App, shop: &str) -> Result<Value, Problem> {
    let reader = &app.setup.reader;
    let ingest = Ingest::read(reader, shop)?;
    let sweep = SweepReport::read(reader, shop)?;
    let compare = CompareReport::read(reader, shop)?;
    let delivered = last_delivered(reader, shop)?;
    let origin = format!("{}/", Origin::Shop(shop.to_owned()));
    let incidents = open_incidents(reader, &origin, INCIDENTS_SHOWN)?;
    Ok(json!({
        "shop": shop,
        "ingest": if ingest.stop.is_some() { "stopped" } else { "on" },
        "stop": ingest.stop.as_ref().map(stop_view),
        "last_delivery": delivered.map(moment::text),
        "last_sweep": sweep.last_ms.map(time),
        "sweep_failures": sweep.failures,
        "gaps_total": sweep.gaps_total,
        "compare": compare.running.as_ref().map(run_view),
        "last_compare": compare.finished.as_ref().map(run_view),
        "incidents": incidents.iter().map(incident).collect::<Vec<_>>(),
    }))
}

fn stop_view(stop: &IngestStop) -> Value {
    json!({
        "cause": stop.why.code(),
        "since": time(stop.since_ms),
        "by": stop.by,
        "text": stop.text,
        "resume": stop.why.consequence(),
    })
}

fn run_view(run: &CompareRun) -> Value {
    json!({
        "begun": time(run.begun_ms),
        "ended": (run.ended_ms > 0).then(|| time(run.ended_ms)),
        "orders": run.orders,
        "news": run.news,
    })
}

/// One incident of what is no order.
pub(crate) fn incident(incident: &Incident) -> Value {
    json!({
        "id": incident.id,
        "cause": incident.cause,
        "text": incident.text,
        "since": time(incident.since_ms),
        "last": time(incident.last_ms),
        "count": incident.count,
        "about": incident.about,
    })
}

fn time(ms: i64) -> String {
    moment::text(Millis(ms))
}
