//! People's commands: looked at first, then done or refused.

use amends_engine::command::{Command, Verb};
use amends_engine::instance::Place;
use amends_engine::kernel::{Mode, Reply};
use amends_engine::{InstanceId, ItemKey, RootKey, StepId, Value as EngineValue};
use amends_runtime::{load_root, parse_value};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::audit::Line;
use crate::auth::Caller;
use crate::extract::{Body, Named};
use crate::problem::{Code, Problem};
use crate::state::App;
use crate::view;

/// A command as it is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// `retry`, `complete`, `skip`, `compensate`, `cancel`, `hold`, `resume`, `approve`, `reject` or `close`.
    pub command: String,
    /// Why; kept with the order.
    #[serde(default)]
    pub reason: String,
    /// The instance; may be left out where the order has one that has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The step, or `step/item`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// For `complete`: the document made by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// For `complete`: what later steps read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// The revision the decision was made on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Only say what it would do.
    #[serde(default)]
    pub dry_run: bool,
}

/// `POST /api/v1/orders/{root}/commands`
pub(crate) async fn give(
    State(app): State<App>,
    caller: Caller,
    Named(root): Named<String>,
    Body(wish): Body<Wish>,
) -> Result<Json<Value>, Problem> {
    let verb = verb(&wish)?;
    let key = RootKey::new(root.clone());
    let wanted = wish.instance.clone();
    let (instance, before) = app
        .read(move |app| {
            let loaded = load_root(&app.setup.reader, &RootKey::new(root.clone()))?;
            let loaded = loaded.ok_or_else(|| Problem::no_order(&root))?;
            Ok((choose(&loaded.root, wanted)?, loaded.root.ledger))
        })
        .await?;
    let mode = if wish.dry_run { Mode::Preview } else { Mode::Run };
    let command = Command {
        instance: instance.clone(),
        verb,
        actor: caller.name.clone(),
        reason: wish.reason.clone(),
        revision: wish.revision,
    };
    match app.setup.handle.command(key.clone(), command, mode).await? {
        Reply::Done { revision } => Ok(Json(json!({ "done": wish.command, "revision": revision }))),
        Reply::Preview(preview) => Ok(Json(view::preview(&preview, &before))),
        Reply::Refused(refusal) => {
            if !wish.dry_run {
                let line = Line::new(app.now(), &caller.name, "command.refused", key.as_str());
                app.audit
                    .record(&line.because(format!("{}: {refusal}", wish.command)))
                    .await?;
            }
            Err(refusal.into())
        }
    }
}

/// The only instance that has not ended, where none is named.
fn choose(root: &amends_engine::root::Root, named: Option<String>) -> Result<InstanceId, Problem> {
    if let Some(named) = named {
        return Ok(InstanceId::new(named));
    }
    let live: Vec<&InstanceId> = root
        .instances
        .values()
        .filter(|instance| !instance.is_terminal())
        .map(|instance| &instance.id)
        .collect();
    match live.as_slice() {
        [only] => Ok((*only).clone()),
        several => {
            let live: Vec<&str> = several.iter().map(|id| id.as_str()).collect();
            let detail = format!("name one in `instance`; not ended are: {}", live.join(", "));
            Err(Problem::new(Code::InstanceNeeded, detail))
        }
    }
}

fn verb(wish: &Wish) -> Result<Verb, Problem> {
    Ok(match wish.command.as_str() {
        "retry" => Verb::Retry { place: place(wish)? },
        "complete" => {
            let result = wish
                .result
                .as_ref()
                .map_or(Ok(EngineValue::Map(std::collections::BTreeMap::new())), value)?;
            Verb::Complete {
                place: place(wish)?,
                reference: wish.reference.clone(),
                result,
            }
        }
        "skip" => Verb::Skip { place: place(wish)? },
        "compensate" => Verb::Compensate,
        "cancel" => Verb::Cancel,
        "hold" => Verb::Hold,
        "resume" => Verb::Resume,
        "approve" => Verb::Approve { place: place(wish)? },
        "reject" => Verb::Reject { place: place(wish)? },
        "close" => Verb::Close,
        other => {
            let detail = format!(
                "`{other}` is no command: write retry, complete, skip, compensate, cancel, hold, resume, approve, reject or close"
            );
            return Err(Problem::new(Code::UnknownCommand, detail));
        }
    })
}

fn place(wish: &Wish) -> Result<Place, Problem> {
    let missing = || {
        let detail = format!(
            "`{}` needs `place`: the step, or `step/item`, as `GET …/orders/{{root}}` shows it",
            wish.command
        );
        Problem::new(Code::PlaceNeeded, detail)
    };
    let text = wish
        .place
        .as_ref()
        .filter(|place| !place.is_empty())
        .ok_or_else(missing)?;
    Ok(match text.split_once('/') {
        Some((step, item)) => Place::item(&StepId::new(step), &ItemKey::new(item)),
        None => Place::once(&StepId::new(text.clone())),
    })
}

fn value(json: &Value) -> Result<EngineValue, Problem> {
    parse_value(&json.to_string()).map_err(|error| Problem::new(Code::BadBody, format!("`result`: {error}")))
}
