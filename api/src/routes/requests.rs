//! What was sent for an order and what came back.

use amends_engine::event::{Event, InstanceEvent, Report};
use amends_engine::outcome::{Outcome, Probe};
use amends_engine::{Digest, RootKey};
use amends_runtime::{history, load_value};
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::auth::Caller;
use crate::extract::{Named, Params};
use crate::limits::FRAMES_MAX;
use crate::moment;
use crate::problem::Problem;
use crate::routes::orders::Reveal;
use crate::state::App;

/// `GET /api/v1/orders/{root}/requests`
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Named(root): Named<String>,
    Params(reveal): Params<Reveal>,
) -> Result<Json<Value>, Problem> {
    reveal.note(&app, &caller, &root).await?;
    let requests = app.read(move |app| collect(app, &root, reveal.reveal)).await?;
    Ok(Json(json!({ "requests": requests })))
}

fn collect(app: &App, root: &str, reveal: bool) -> Result<Vec<Value>, Problem> {
    let frames = history(&app.setup.reader, &RootKey::new(root), 0, FRAMES_MAX)?;
    if frames.is_empty() {
        return Err(Problem::no_order(root));
    }
    let mut requests = Vec::new();
    for (_, at, events) in frames {
        for event in events {
            let Event::Of {
                instance,
                event:
                    InstanceEvent::AttemptEnded {
                        site,
                        epoch,
                        attempt,
                        report,
                        ..
                    },
            } = event
            else {
                continue;
            };
            let digest = exchange(&report);
            let kept = match digest.filter(|_| reveal) {
                Some(digest) => Some(text(app, &digest)?),
                None => None,
            };
            requests.push(json!({
                "at": moment::text(at),
                "instance": instance.as_str(),
                "place": site.to_string(),
                "epoch": epoch,
                "attempt": attempt,
                "outcome": crate::words::report(&report),
                "digest": digest.map(|digest| digest.to_string()),
                "exchange": kept,
            }));
        }
    }
    Ok(requests)
}

/// The exchange as the connector wrote it: JSON inside a text.
fn text(app: &App, digest: &Digest) -> Result<Value, Problem> {
    let value = load_value(&app.setup.reader, digest)?;
    let text = value.as_text().unwrap_or_default();
    Ok(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())))
}

fn exchange(report: &Report) -> Option<Digest> {
    match report {
        Report::Outcome(Outcome::Succeeded(landing) | Outcome::Accepted(landing))
        | Report::Probe(Probe::Found(landing)) => landing.exchange,
        Report::Outcome(Outcome::Rejected(fault) | Outcome::Failed(fault) | Outcome::Unknown(fault))
        | Report::Probe(Probe::Failed(fault)) => fault.exchange,
        Report::Probe(Probe::Absent) => None,
    }
}
