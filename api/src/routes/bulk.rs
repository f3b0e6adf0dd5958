//! Bulk commands: previewed, confirmed, followed, cancelled.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use crate::audit::Line;
use crate::auth::Caller;
use crate::bulk::{
    self, Agreed, BulkItem, BulkJob, BulkJobs, BulkShown, Each, Item, Job, Selection, Stage, obstacle,
};
use crate::extract::{After, Body, Limit, Named, Params};
use crate::limits::PAGE_DEFAULT;
use crate::problem::{Code, Problem};
use crate::repeat::{Given, Repeatable, replayed};
use crate::role::Shops;
use crate::routes::brakes::Why;
use crate::state::App;

/// A command to many orders.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BulkWish)]
pub struct Wanted {
    /// Which orders.
    pub filter: Selection,
    /// What each is commanded.
    pub each: Each,
    /// Only say what it would do, and keep nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// Look what a command would do to many orders; it is done when somebody confirms
#[utoipa::path(
    post, path = "/bulk", tag = "bulk", request_body = Wanted,
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-.0-~]{1,128}$", description = "The same key with the same request gets the first answer again, for a day")),
    responses(
        (status = 200, description = "What it would do, with some of the orders", body = BulkShown),
        (status = 409, description = "It is about too many orders", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Problem> {
    let act = wanted.each.act()?;
    caller.must(&app, act, "bulk").await?;
    if wanted.each.reason.trim().is_empty() {
        return Err(amends_engine::command::Refusal::NoReason.into());
    }
    if wanted.dry_run {
        let (job, items) = previewed(&app, &caller, &wanted).await?;
        let mut shown = shown(&job, &items, None);
        shown.job = shown.job.unkept();
        return Ok(Json(shown).into_response());
    }
    let content = format!("bulk {}", json!(wanted));
    let Some(request) = Repeatable::of(&headers, &caller.name, &content)? else {
        let (job, items) = previewed(&app, &caller, &wanted).await?;
        let shown = shown(&job, &items, None);
        keep(&app, &job, &items, Vec::new()).await?;
        return Ok(Json(shown).into_response());
    };
    let _lane = app.lanes.enter(&request).await;
    let known = {
        let request = request.clone();
        app.read(move |app| request.known(&app.setup.reader)).await?
    };
    if let Some(answer) = known.as_ref().and_then(|known| known.answer()) {
        return Ok(replayed(answer.clone()));
    }
    let (job, items) = previewed(&app, &caller, &wanted).await?;
    let answer = Given::new(StatusCode::OK, &json!(shown(&job, &items, None)));
    // Job, key and answer become durable together: after a crash there are all or none.
    let (begun, end) = (request.begun(0, app.now()), answer.clone());
    let writes = app.read(move |app| {
        let mut writes = request.begin(&app.setup.reader, &begun)?;
        writes.extend(request.end(begun, end)?);
        Ok(writes)
    });
    let writes = writes.await?;
    keep(&app, &job, &items, writes).await?;
    Ok(answer.into_response())
}

async fn previewed(app: &App, caller: &Caller, wanted: &Wanted) -> Result<(Job, Vec<Item>), Problem> {
    let items = bulk::plan(app, caller, &wanted.filter, &wanted.each).await?;
    let filter = json!(wanted.filter).to_string();
    let job = Job::new(caller, filter, &wanted.each, &items, app.now());
    Ok((job, items))
}

async fn keep(
    app: &App,
    job: &Job,
    items: &[Item],
    mut writes: Vec<amends_storage::Write>,
) -> Result<(), Problem> {
    let now = app.now();
    let forgotten = app
        .read(move |app| Ok(bulk::forget(&app.setup.reader, now)?))
        .await?;
    for list in forgotten.into_iter().chain(bulk::keep_items(&job.id, items)?) {
        app.setup.handle.write(list).await?;
    }
    writes.extend(bulk::keep(job, 0, &[])?);
    let line = Line::new(now, &job.asked_by, "previewed", format!("bulk {}", job.id));
    let detail = format!(
        "{} to {} orders of {}",
        job.each()?.command,
        job.orders,
        job.filter
    );
    app.audit.record_with(writes, &line.because(detail)).await
}

fn shown(job: &Job, items: &[Item], waits_for: Option<String>) -> BulkShown {
    let some = items.get(..PAGE_DEFAULT.min(items.len())).unwrap_or_default();
    BulkShown {
        job: BulkJob::of(job, waits_for),
        items: some.iter().map(BulkItem::from).collect(),
        after: (some.len() < items.len()).then(|| u32::try_from(some.len()).unwrap_or(u32::MAX)),
    }
}

/// Bulk commands, newest first
#[utoipa::path(get, path = "/bulk", tag = "bulk", responses((status = 200, body = BulkJobs)))]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<BulkJobs>, Problem> {
    let found = app.read(|app| Ok(bulk::list(&app.setup.reader)?)).await?;
    let seen = found.iter().filter(|job| job.is_seen_by(&caller.shops));
    let obstacle = obstacle(&app).await?;
    let waits = |job: &Job| obstacle.clone().filter(|_| job.stage == Stage::Running);
    let jobs = seen.map(|job| BulkJob::of(job, waits(job)));
    Ok(Json(BulkJobs { jobs: jobs.collect() }))
}

/// Which part of a job's orders.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// `after` of the page before
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807_u64)]
    after: Option<After>,
    /// Orders at the most
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Limit>,
}

/// One bulk command with its orders
#[utoipa::path(
    get, path = "/bulk/{id}", tag = "bulk",
    params(("id" = String, Path, description = "Its id"), Part),
    responses((status = 200, body = BulkShown))
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<String>,
    Params(part): Params<Part>,
) -> Result<Json<BulkShown>, Problem> {
    let job = take(&app, &caller.shops, &id).await?;
    let from = u32::try_from(part.after.unwrap_or_default().0).unwrap_or(u32::MAX);
    let limit = Limit::or_default(part.limit);
    let items = app
        .read(move |app| Ok(bulk::items(&app.setup.reader, &id, from, limit)?))
        .await?;
    let end = from.saturating_add(u32::try_from(items.len()).unwrap_or(u32::MAX));
    let running = job.stage == Stage::Running;
    let waits_for = if running { obstacle(&app).await? } else { None };
    Ok(Json(BulkShown {
        job: BulkJob::of(&job, waits_for),
        items: items.iter().map(BulkItem::from).collect(),
        after: (end < job.orders && !items.is_empty()).then_some(end),
    }))
}

/// Let a previewed bulk command run; what is sensitive takes somebody else's agreement besides
#[utoipa::path(
    post, path = "/bulk/{id}/confirm", tag = "bulk", request_body = Why,
    params(("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "It runs, or has run", body = BulkJob),
        (status = 202, description = "It waits for a second person", body = BulkJob),
        (status = 409, description = "It was cancelled", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn confirm(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<String>,
    Body(why): Body<Why>,
) -> Result<Response, Problem> {
    why.check()?;
    let _alone = app.bulk.changing.lock().await;
    let mut job = take(&app, &caller.shops, &id).await?;
    caller
        .must(&app, job.each()?.act()?, &format!("bulk {id}"))
        .await?;
    let action = match job.stage {
        Stage::Running | Stage::Ended => return Ok(Json(BulkJob::of(&job, None)).into_response()),
        Stage::Cancelling | Stage::Cancelled => {
            let detail = format!("bulk {id} was cancelled: look anew with `POST /api/v1/bulk`");
            return Err(Problem::new(Code::BulkOver, detail));
        }
        Stage::Previewed | Stage::Waiting => agreed(&app, &caller, &mut job, &why).await?,
    };
    let line = Line::new(app.now(), &caller.name, action, format!("bulk {id}"));
    let writes = bulk::keep(&job, 0, &[])?;
    app.audit
        .record_with(writes, &line.because(why.reason.clone()))
        .await?;
    app.bulk.agreed.notify_one();
    let status = if job.stage == Stage::Waiting {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(BulkJob::of(&job, None))).into_response())
}

/// Who asked agrees alone where the whole is within the limit; else somebody does whose limit covers it.
async fn agreed(app: &App, caller: &Caller, job: &mut Job, why: &Why) -> Result<&'static str, Problem> {
    let (act, sensitive) = (job.each()?.act()?, &app.setup.sensitive);
    let mine = caller.name == job.asked_by;
    if mine && job.stage == Stage::Previewed && !sensitive.allows_alone(caller.role, act, &job.amounts) {
        job.stage = Stage::Waiting;
        return Ok("asked");
    }
    let refusal = if mine && job.stage == Stage::Waiting {
        Some("you asked for it yourself: somebody else has to agree".to_owned())
    } else if sensitive.covers(caller.role, &job.amounts) {
        None
    } else {
        let role = caller.role.name();
        Some(format!(
            "it moves more than the role {role} may agree to: ask somebody with a higher limit"
        ))
    };
    if let Some(detail) = refusal {
        let line = Line::new(app.now(), &caller.name, "denied", format!("bulk {}", job.id));
        app.audit.record(&line.because(detail.clone())).await?;
        return Err(Problem::new(Code::SecondPerson, detail));
    }
    job.stage = Stage::Running;
    job.agreed = Some(Agreed {
        by: caller.name.clone(),
        reason: why.reason.clone(),
    });
    Ok("confirmed")
}

/// Stop a bulk command; orders that it has not reached stay as they are
#[utoipa::path(
    post, path = "/bulk/{id}/cancel", tag = "bulk", request_body = Why,
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "No further order is commanded", body = BulkJob))
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<String>,
    Body(why): Body<Why>,
) -> Result<Json<BulkJob>, Problem> {
    why.check()?;
    let _alone = app.bulk.changing.lock().await;
    let mut job = take(&app, &caller.shops, &id).await?;
    if matches!(job.stage, Stage::Previewed | Stage::Waiting | Stage::Running) {
        job.stage = Stage::Cancelling;
        let line = Line::new(app.now(), &caller.name, "cancelled", format!("bulk {id}"));
        let writes = bulk::keep(&job, 0, &[])?;
        app.audit
            .record_with(writes, &line.because(why.reason.clone()))
            .await?;
        app.bulk.agreed.notify_one();
    }
    Ok(Json(BulkJob::of(&job, None)))
}

/// The job of this id whose orders the caller sees.
async fn take(app: &App, shops: &Shops, id: &str) -> Result<Job, Problem> {
    let (now, wanted) = (app.now(), id.to_owned());
    let found = app
        .read(move |app| Ok(bulk::find(&app.setup.reader, &wanted)?))
        .await?;
    let expired = |job: &Job| job.expires().is_some_and(|at| at <= now);
    let found = found.filter(|job| job.is_seen_by(shops) && !expired(job));
    found.ok_or_else(|| {
        let detail = format!("there is no bulk command `{id}`: `GET /api/v1/bulk` lists them");
        Problem::new(Code::NoBulk, detail)
    })
}
