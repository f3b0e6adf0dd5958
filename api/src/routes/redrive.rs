//! Dead letters: deliveries that could not be understood, looked at again together.

use std::collections::BTreeMap;

use amends_runtime::find::Bounds;
use amends_runtime::incident::{self, IncidentQuery, IncidentRow, Origin, Snoozed};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::audit::Line;
use crate::auth::Caller;
use crate::extract::Body;
use crate::limits::REDRIVEN_AT_ONCE;
use crate::problem::{Code, Problem};
use crate::role::Act;
use crate::state::App;

/// Which dead letters are meant.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeadLetters {
    /// The shop or connector they came from; all when left out.
    source: Option<String>,
    /// The cause, such as `unparsable-order`; all when left out.
    cause: Option<String>,
    /// Why it should go better now.
    #[serde(default)]
    #[schema(required = true, pattern = "\\S")]
    reason: String,
    /// Only say which.
    #[serde(default)]
    dry_run: bool,
}

/// What became of them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Redriven {
    /// How many fit: as many as `letters` has rows.
    found: usize,
    /// How many are looked at again.
    again: usize,
    /// How many could not be.
    failed: usize,
    /// Whether more fit than one request takes: ask again until this is false.
    more: bool,
    /// One row for each.
    letters: Vec<Letter>,
}

/// One dead letter.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Letter {
    /// Where it came from.
    source: String,
    /// Its id.
    delivery: String,
    /// Why it could not be understood.
    cause: String,
    /// The new delivery; nothing in a dry run, or when it could not be looked at again.
    again: Option<String>,
    /// Why it could not be looked at again.
    error: Option<String>,
}

/// Look at deliveries again that could not be understood
///
/// They are the incidents on deliveries, oldest first. Each is closed when its delivery is looked at again; what still
/// cannot be understood is an incident of the new delivery. Asking again goes on where an earlier request broke off.
#[utoipa::path(
    post, path = "/deliveries/redrive", tag = "deliveries",
    request_body = DeadLetters,
    responses((status = 200, body = Redriven))
)]
pub(crate) async fn redrive(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<DeadLetters>,
) -> Result<Json<Redriven>, Problem> {
    if wanted.reason.trim().is_empty() {
        let detail = "`reason` is missing: say why it should go better now";
        return Err(Problem::new(Code::BadBody, detail));
    }
    let dry_run = wanted.dry_run;
    let reason = wanted.reason.clone();
    let shops = caller.shops.names();
    let (found, more) = app.read(move |app| found(app, &wanted, shops)).await?;
    let mut letters = Vec::with_capacity(found.len());
    for letter in found {
        letters.push(redriven(&app, &caller, letter, &reason, dry_run).await?);
    }
    let count = |holds: &dyn Fn(&Letter) -> bool| letters.iter().filter(|letter| holds(letter)).count();
    Ok(Json(Redriven {
        found: letters.len(),
        again: count(&|letter| letter.again.is_some()),
        failed: count(&|letter| letter.error.is_some()),
        more,
        letters,
    }))
}

fn found(
    app: &App,
    wanted: &DeadLetters,
    shops: Option<Vec<String>>,
) -> Result<(Vec<Letter>, bool), Problem> {
    let mut query = IncidentQuery {
        on: Some("delivery".to_owned()),
        cause: wanted.cause.clone(),
        shop: wanted.source.clone(),
        shops,
        snoozed: Snoozed::Show,
        limit: REDRIVEN_AT_ONCE,
        ..IncidentQuery::default()
    };
    // Two incidents of one delivery are one letter.
    let mut letters: BTreeMap<(String, String), Letter> = BTreeMap::new();
    loop {
        let page = incident::incidents(&app.setup.reader, &query, Bounds::default())?;
        let found = page.incidents.into_iter().filter_map(letter);
        letters.extend(found.map(|letter| ((letter.source.clone(), letter.delivery.clone()), letter)));
        query.after = page.next;
        query.limit = REDRIVEN_AT_ONCE.saturating_sub(letters.len());
        if query.after.is_none() || query.limit == 0 {
            return Ok((letters.into_values().collect(), query.after.is_some()));
        }
    }
}

fn letter(row: IncidentRow) -> Option<Letter> {
    match row.origin? {
        Origin::Delivery { source, id } => Some(Letter {
            source,
            delivery: id,
            cause: row.cause,
            again: None,
            error: None,
        }),
        Origin::Shop(_) | Origin::Connector(_) => None,
    }
}

async fn redriven(
    app: &App,
    caller: &Caller,
    mut letter: Letter,
    reason: &str,
    dry_run: bool,
) -> Result<Letter, Problem> {
    if dry_run {
        return Ok(letter);
    }
    let (source, id) = (letter.source.clone(), letter.delivery.clone());
    let delivery = app
        .read(move |app| Ok(app.setup.inbox.find(&source, &id)?))
        .await?;
    let Some(delivery) = delivery else {
        letter.error = Some("its body is no longer kept".to_owned());
        return Ok(letter);
    };
    let again = app.setup.inbox.replay(&delivery, &caller.name, app.now()).await?;
    let subject = format!("{}/{}", letter.source, letter.delivery);
    let line = Line::new(app.now(), &caller.name, Act::Replay.name(), subject);
    app.audit
        .record(&line.because(format!("as {again}: {reason}")))
        .await?;
    letter.again = Some(again);
    Ok(letter)
}
