//! Commands that wait for a second person: listed, confirmed, declined.

use amends_engine::Millis;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::audit::Line;
use crate::auth::Caller;
use crate::extract::{Body, Named};
use crate::moment;
use crate::pending::{Pending, evidence, find, list as all};
use crate::problem::{Code, Problem};
use crate::role::{Act, Shops};
use crate::routes::brakes::Why;
use crate::routes::commands::{Wish, Wished, told};
use crate::sensitive::Amounts;
use crate::state::App;

/// A command that waits for a second person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Shown {
    id: String,
    /// The order.
    root: String,
    /// The command as it was sent.
    #[schema(value_type = Object)]
    wish: Value,
    asked_by: String,
    /// When: RFC 3339, UTC.
    asked: String,
    /// From when on it can no longer be confirmed.
    expires: String,
    /// The revision it is decided on: if the order moves, it has to be asked for anew.
    revision: u64,
    /// What it moves, in minor units by currency.
    #[schema(value_type = Object)]
    amounts: Amounts,
    /// What it would do, as the one who asked saw it.
    #[schema(value_type = Object)]
    preview: Value,
}

/// All that wait.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Waiting {
    pending: Vec<Shown>,
}

/// A command that a second person confirmed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Confirmed {
    done: String,
    /// The order's revision after it.
    revision: u64,
}

/// A command that a second person declined.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Declined {
    declined: String,
}

/// Commands that wait for a second person, oldest first
#[utoipa::path(get, path = "/pending", tag = "people", responses((status = 200, body = Waiting)))]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Waiting>, Problem> {
    let now = app.now();
    let found = app.read(|app| Ok(all(&app.setup.reader)?)).await?;
    let shown = found
        .iter()
        .filter(|one| caller.shops.has_order(&one.root) && one.expires() > now);
    Ok(Json(Waiting {
        pending: shown.map(show).collect(),
    }))
}

fn show(pending: &Pending) -> Shown {
    let json = |text: &str| serde_json::from_str(text).unwrap_or_default();
    Shown {
        id: pending.id.clone(),
        root: pending.root.clone(),
        wish: json(&pending.wish),
        asked_by: pending.asked_by.clone(),
        asked: moment::text(Millis(pending.asked_ms)),
        expires: moment::text(pending.expires()),
        revision: pending.revision,
        amounts: pending.amounts.clone(),
        preview: json(&pending.preview),
    }
}

/// Agree to a command somebody else asked for; it is done at once
#[utoipa::path(
    post, path = "/pending/{id}/confirm", tag = "people", request_body = Why,
    params(("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "It is done", body = Confirmed),
        (status = 409, description = "The order has moved since", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn confirm(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<String>,
    Body(why): Body<Why>,
) -> Result<Json<Confirmed>, Problem> {
    let _one = app.deciding.lock().await;
    let pending = take(&app, &caller.shops, &id).await?;
    let wished = agreed(&app, &caller, &pending, &why).await?;
    if let Err(problem) = unchanged(&app, &wished, &pending).await {
        let line = Line::new(app.now(), &caller.name, "refused", &pending.root);
        let line = line.because(format!("confirm {id}: {}", problem.detail));
        app.audit.record(&line).await?;
        return Err(problem);
    }
    let line = Line::new(app.now(), &caller.name, "confirmed", &pending.root);
    let detail = format!(
        "{} of {} ({id}): {}",
        wished.wish.command, pending.asked_by, why.reason
    );
    app.audit.record(&line.because(detail)).await?;
    let command = wished.wish.command.clone();
    let revision = wished.confirmed_by(&caller.name, &why.reason).run(&app).await?;
    // A crash before this leaves it waiting on a revision that is gone, so that it cannot be done twice.
    app.setup.handle.write(pending.end()).await?;
    Ok(Json(Confirmed {
        done: command,
        revision,
    }))
}

/// Whether the command still does what was shown when it was asked for.
async fn unchanged(app: &App, wished: &Wished, pending: &Pending) -> Result<(), Problem> {
    let (aim, preview) = wished.preview(app).await?;
    if evidence(&told(app, &aim, &preview)) == pending.digest {
        return Ok(());
    }
    let detail = "it would no longer do what was shown when it was asked for: have it asked for again";
    Err(Problem::new(Code::OtherEvidence, detail))
}

/// Refuse a command somebody asked for; nothing is done
#[utoipa::path(
    post, path = "/pending/{id}/decline", tag = "people", request_body = Why,
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "It waits no more", body = Declined))
)]
pub(crate) async fn decline(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<String>,
    Body(why): Body<Why>,
) -> Result<Json<Declined>, Problem> {
    let _one = app.deciding.lock().await;
    let pending = take(&app, &caller.shops, &id).await?;
    why.check()?;
    let line = Line::new(app.now(), &caller.name, "declined", &pending.root);
    let detail = format!("what {} asked for ({id}): {}", pending.asked_by, why.reason);
    app.audit
        .record_with(pending.end(), &line.because(detail))
        .await?;
    Ok(Json(Declined { declined: id }))
}

/// The one that waits under `id` and concerns a shop the caller sees.
async fn take(app: &App, shops: &Shops, id: &str) -> Result<Pending, Problem> {
    let (now, wanted) = (app.now(), id.to_owned());
    let found = app.read(move |app| Ok(find(&app.setup.reader, &wanted)?)).await?;
    let found = found.filter(|one| shops.has_order(&one.root) && one.expires() > now);
    found.ok_or_else(|| {
        let detail = format!("no command waits as `{id}`: `GET /api/v1/pending` lists those that do");
        Problem::new(Code::NoPending, detail)
    })
}

/// The command, when the caller may agree to it: somebody else, whose role may do it and has a limit that covers it.
async fn agreed(app: &App, caller: &Caller, pending: &Pending, why: &Why) -> Result<Wished, Problem> {
    why.check()?;
    let wish: Wish = serde_json::from_str(&pending.wish).map_err(|_| Problem::internal())?;
    let act = Act::of_command(&wish.command).ok_or_else(Problem::internal)?;
    caller.must(app, act, &pending.root).await?;
    let refusal = if caller.name == pending.asked_by {
        Some("you asked for it yourself: somebody else has to agree".to_owned())
    } else if app.setup.sensitive.covers(caller.role, &pending.amounts) {
        None
    } else {
        Some(format!(
            "it moves more than the role {} may agree to: ask somebody with a higher limit",
            caller.role.name()
        ))
    };
    if let Some(detail) = refusal {
        let line = Line::new(app.now(), &caller.name, "denied", &pending.root);
        app.audit
            .record(&line.because(format!("confirm {}: {detail}", pending.id)))
            .await?;
        return Err(Problem::new(Code::SecondPerson, detail));
    }
    Ok(Wished {
        caller: Caller {
            name: pending.asked_by.clone(),
            ..caller.clone()
        },
        act,
        key: pending.root_key(),
        wish: Wish {
            revision: Some(pending.revision),
            ..wish
        },
    })
}
