//! What a command is about: the instance and the place that are named, or the only ones it can mean.

use std::collections::BTreeMap;

use amends_engine::command::{Refusal, Verb};
use amends_engine::instance::Place;
use amends_engine::root::{Root, WakeKind};
use amends_engine::{FactName, InstanceId, ItemKey, RootKey, StepId, Value as EngineValue};
use amends_runtime::{load_root, parse_value};
use serde_json::Value;

use crate::problem::{Code, Problem};
use crate::reader::Reader;
use crate::role::Act;
use crate::routes::commands::Wish;

/// What a wish is about, as the order stands.
pub(crate) struct Aim {
    pub(crate) root: Root,
    pub(crate) instance: InstanceId,
    pub(crate) verb: Verb,
}

/// Finds out what `wish` is about.
pub(crate) fn aim(reader: &Reader, root: &str, wish: &Wish) -> Result<Aim, Problem> {
    let loaded = load_root(reader, &RootKey::new(root))?;
    let root = loaded.ok_or_else(|| Problem::no_order(root))?.root;
    // First of all, because on another revision the same words may mean another place.
    if let Some(expected) = wish.revision.filter(|expected| *expected != root.revision) {
        let actual = root.revision;
        return Err(Refusal::Stale { expected, actual }.into());
    }
    let instance = match of_order(&root, wish) {
        Some(any) => any,
        None => instance(&root, wish)?,
    };
    let verb = verb(&root, &instance, wish)?;
    Ok(Aim { root, instance, verb })
}

/// A waiver or a note is about the order: any name of an instance will do.
fn of_order(root: &Root, wish: &Wish) -> Option<InstanceId> {
    matches!(wish.command.as_str(), "waive" | "note").then(|| InstanceId::new(root.key.as_str()))
}

/// The instance that is named; else the only one that has not ended, or the only one.
fn instance(root: &Root, wish: &Wish) -> Result<InstanceId, Problem> {
    if let Some(named) = &wish.instance {
        return Ok(InstanceId::new(named.clone()));
    }
    let all: Vec<&InstanceId> = root.instances.keys().collect();
    let live = root.instances.values().filter(|instance| !instance.is_terminal());
    let live: Vec<&InstanceId> = live.map(|instance| &instance.id).collect();
    match (live.as_slice(), all.as_slice()) {
        ([only], _) | ([], [only]) => Ok((*only).clone()),
        (_, []) => {
            let detail = "no workflow has started for this order, so that there is nothing to command";
            Err(Problem::new(Code::InstanceNeeded, detail))
        }
        ([], several) | (several, _) => {
            let detail = format!("name one in `instance`: {}", listed(several));
            Err(Problem::new(Code::InstanceNeeded, detail))
        }
    }
}

fn verb(root: &Root, instance: &InstanceId, wish: &Wish) -> Result<Verb, Problem> {
    let place = || place(root, instance, wish);
    Ok(match wish.command.as_str() {
        "retry" => Verb::Retry { place: place()? },
        "complete" => {
            let result = wish.result.as_ref();
            Verb::Complete {
                place: place()?,
                reference: wish.reference.clone(),
                result: result.map_or(Ok(EngineValue::Map(BTreeMap::new())), |json| {
                    value("result", json)
                })?,
            }
        }
        "skip" => Verb::Skip { place: place()? },
        "compensate" => Verb::Compensate,
        "cancel" => Verb::Cancel,
        "hold" => Verb::Hold,
        "resume" => Verb::Resume,
        "approve" => Verb::Approve { place: place()? },
        "reject" => Verb::Reject { place: place()? },
        "close" => Verb::Close,
        "rewind" => Verb::Rewind { step: place()?.step },
        "signal" => Verb::Signal {
            fact: FactName::new(needed(wish, "fact", wish.fact.as_ref())?),
            id: needed(wish, "id", wish.id.as_ref())?,
            payload: wish
                .payload
                .as_ref()
                .map_or(Ok(EngineValue::Null), |json| value("payload", json))?,
        },
        "edit" => Verb::Edit {
            place: place()?,
            arguments: arguments(wish)?,
        },
        "waive" => Verb::Waive {
            number: number(wish)?,
        },
        "note" => Verb::Note {
            text: wish.note.clone().unwrap_or_else(|| wish.reason.clone()),
        },
        other => return Err(unknown(other)),
    })
}

/// The place that is named; else the only one of the instance where a person decides.
fn place(root: &Root, instance: &InstanceId, wish: &Wish) -> Result<Place, Problem> {
    if let Some(named) = wish.place.as_ref().filter(|place| !place.is_empty()) {
        return Ok(match named.split_once('/') {
            Some((step, item)) => Place::item(&StepId::new(step), &ItemKey::new(item)),
            None => Place::once(&StepId::new(named.clone())),
        });
    }
    let causes = root.wake_causes();
    let of_person = causes
        .iter()
        .filter(|cause| cause.instance == *instance && matches!(cause.kind, WakeKind::Person { .. }));
    let places: Vec<&Place> = of_person.filter_map(|cause| cause.place.as_ref()).collect();
    match places.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let detail = format!(
                "`{}` needs `place`: the step, or `step/item`, as `GET /api/v1/orders/{}` shows it",
                wish.command, root.key
            );
            Err(Problem::new(Code::PlaceNeeded, detail))
        }
        several => {
            let detail = format!("name one in `place`; a person decides at {}", listed(several));
            Err(Problem::new(Code::PlaceNeeded, detail))
        }
    }
}

fn listed<T: ToString>(several: &[T]) -> String {
    let names: Vec<String> = several.iter().map(ToString::to_string).collect();
    names.join(", ")
}

fn value(field: &str, json: &Value) -> Result<EngineValue, Problem> {
    parse_value(&json.to_string()).map_err(|error| Problem::new(Code::BadBody, format!("`{field}`: {error}")))
}

fn needed<T: Clone>(wish: &Wish, field: &str, given: Option<&T>) -> Result<T, Problem> {
    given.cloned().ok_or_else(|| {
        let detail = format!("`{}` needs `{field}`", wish.command);
        Problem::new(Code::BadBody, detail)
    })
}

fn number(wish: &Wish) -> Result<u32, Problem> {
    let given = needed(wish, "number", wish.number.as_ref())?;
    u32::try_from(given).map_err(|_| Problem::new(Code::BadBody, format!("no number is as large as {given}")))
}

fn arguments(wish: &Wish) -> Result<BTreeMap<String, EngineValue>, Problem> {
    let Some(json) = &wish.arguments else {
        return Ok(BTreeMap::new());
    };
    let given = value("arguments", json)?;
    let EngineValue::Map(arguments) = given else {
        let kind = given.kind();
        let detail = format!("`arguments` is {kind} where names with values are needed");
        return Err(Problem::new(Code::BadBody, detail));
    };
    Ok(arguments)
}

/// The problem of a command that does not exist.
pub(crate) fn unknown(command: &str) -> Problem {
    let names: Vec<&str> = Act::COMMANDS.iter().map(|act| act.name()).collect();
    let detail = format!("`{command}` is no command: write one of {}", names.join(", "));
    Problem::new(Code::UnknownCommand, detail)
}
