//! What was sent for an order and what came back.

use std::collections::BTreeMap;

use amends_engine::event::{Event, InstanceEvent, Report};
use amends_engine::instance::{Errand, Pinned, Site};
use amends_engine::outcome::{Outcome, Probe};
use amends_engine::{Digest, InstanceId, Millis, RootKey};
use amends_runtime::{history, load_root, load_value};
use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::auth::Caller;
use crate::extract::{Named, Params};
use crate::limits::FRAMES_MAX;
use crate::mask::{self, Sight};
use crate::moment;
use crate::problem::Problem;
use crate::routes::orders::Reveal;
use crate::state::App;
use crate::words::Teller;

/// What was sent for an order and what came back
#[utoipa::path(
    get, path = "/orders/{root}/requests", tag = "orders",
    params(("root" = String, Path, description = "The order: `shop:id`"), Reveal),
    responses((status = 200, body = Value))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Named(root): Named<String>,
    Params(reveal): Params<Reveal>,
) -> Result<Json<Value>, Problem> {
    reveal.note(&app, &caller, &root).await?;
    let requests = app.read(move |app| collect(app, &root, reveal.sight())).await?;
    Ok(Json(json!({ "requests": requests })))
}

pub(super) fn collect(app: &App, root: &str, sight: Sight) -> Result<Vec<Value>, Problem> {
    let key = RootKey::new(root);
    let loaded = load_root(&app.setup.reader, &key)?;
    let loaded = loaded.ok_or_else(|| Problem::no_order(root))?;
    let teller = Teller::new(app.setup.book.as_ref(), &loaded.root);
    let mut sent = Sent {
        app,
        root: &key,
        teller,
        sight,
        calls: BTreeMap::new(),
        requests: Vec::new(),
    };
    for (_, at, events) in history(&app.setup.reader, &key, 0, FRAMES_MAX)? {
        for event in events {
            if let Event::Of { instance, event } = event {
                sent.follow(at, instance, event)?;
            }
        }
    }
    Ok(sent
        .requests
        .into_iter()
        .map(|(_, request)| Value::Object(request))
        .collect())
}

/// Names one attempt: instance, call, epoch and number.
type Attempt = (InstanceId, Site, u32, u32);

/// What was sent so far.
struct Sent<'a> {
    app: &'a App,
    root: &'a RootKey,
    teller: Teller<'a>,
    sight: Sight,
    calls: BTreeMap<(InstanceId, Site), Pinned>,
    requests: Vec<(Attempt, Map<String, Value>)>,
}

impl Sent<'_> {
    fn follow(&mut self, at: Millis, instance: InstanceId, event: InstanceEvent) -> Result<(), Problem> {
        if let InstanceEvent::CallDue { site, pinned, .. } = event {
            self.calls.insert((instance, site), pinned);
        } else if let InstanceEvent::AttemptStarted {
            site,
            epoch,
            attempt,
            errand,
            ..
        } = event
        {
            let name = (instance, site, epoch, attempt);
            let mut request = begun(at, &name, errand);
            if let Some(pinned) = self.calls.get(&(name.0.clone(), name.1.clone())) {
                request.extend(asked(self, pinned)?);
            }
            self.requests.push((name, request));
        } else if let InstanceEvent::AttemptEnded {
            site,
            epoch,
            attempt,
            report,
            ..
        } = event
        {
            let words = self.teller.report(&instance, &site, &report);
            let answer = answered(self, at, &words, &report)?;
            let name = (instance, site, epoch, attempt);
            let mut requests = self.requests.iter_mut().rev();
            if let Some((_, request)) = requests.find(|(known, _)| *known == name) {
                request.extend(answer);
            }
        }
        Ok(())
    }
}

fn begun(at: Millis, (instance, site, epoch, attempt): &Attempt, errand: Errand) -> Map<String, Value> {
    fields([
        ("at", moment::text(at).into()),
        ("instance", instance.as_str().into()),
        ("place", site.to_string().into()),
        ("epoch", (*epoch).into()),
        ("attempt", (*attempt).into()),
        (
            "errand",
            if errand == Errand::Send {
                "send".into()
            } else {
                "probe".into()
            },
        ),
        ("ended", Value::Null),
        ("outcome", "under way, or its answer was lost".into()),
        ("digest", Value::Null),
        ("exchange", Value::Null),
    ])
}

/// What was asked of whom, as it was pinned when the call became due.
fn asked(sent: &Sent<'_>, pinned: &Pinned) -> Result<Map<String, Value>, Problem> {
    let contract = &pinned.contract;
    let arguments = load_value(&sent.app.setup.reader, sent.root, &pinned.args)?;
    Ok(fields([
        ("connector", contract.connector.as_str().into()),
        (
            "operation",
            format!("{}.{}", contract.role, contract.operation).into(),
        ),
        ("arguments", mask::json(&arguments, sent.sight)),
    ]))
}

fn answered(
    sent: &Sent<'_>,
    at: Millis,
    words: &str,
    report: &Report,
) -> Result<Map<String, Value>, Problem> {
    let digest = exchange(report);
    let kept = match digest.filter(|_| sent.sight == Sight::Revealed) {
        Some(digest) => text(sent, &digest)?,
        None => Value::Null,
    };
    Ok(fields([
        ("ended", moment::text(at).into()),
        ("outcome", words.into()),
        ("digest", digest.map(|digest| digest.to_string()).into()),
        ("exchange", kept),
    ]))
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The exchange as the connector wrote it: JSON inside a text.
fn text(sent: &Sent<'_>, digest: &Digest) -> Result<Value, Problem> {
    let value = load_value(&sent.app.setup.reader, sent.root, digest)?;
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
