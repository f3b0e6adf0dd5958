//! Fan-outs: once per element of a list, or once per arriving fact.

use std::collections::BTreeMap;

use crate::definition::{Each, Form, Step};
use crate::event::InstanceEvent;
use crate::expr::{EvalError, Expr};
use crate::instance::{Place, Site};
use crate::ledger::{Account, Ledger};
use crate::limits::ITEMS_MAX;
use crate::root::cause;
use crate::{FactName, InstanceId, ItemKey, Value};

use super::draft::Draft;
use super::forward::{block, due, until};

pub(super) fn open(draft: &mut Draft<'_>, id: &InstanceId, step: &Step, each: &Each) {
    let opened = match each {
        Each::Items { list, key } => elements(draft, id, list, key).map(|items| (items, None)),
        Each::Facts { deadline, .. } => {
            until(draft, id, deadline).map(|deadline| (BTreeMap::new(), Some(deadline)))
        }
    };
    match opened {
        Ok((items, deadline)) => draft.of(
            id,
            InstanceEvent::FanOpened {
                step: step.id.clone(),
                items,
                deadline,
            },
        ),
        Err(error) => {
            block(
                draft,
                id,
                &Site::forward(Place::once(&step.id)),
                cause::EXPRESSION,
                &error.to_string(),
            );
        }
    }
}

fn elements(
    draft: &Draft<'_>,
    id: &InstanceId,
    list: &Expr,
    key: &Expr,
) -> Result<BTreeMap<ItemKey, Value>, EvalError> {
    let wrong = |expr: &Expr, reason: String| EvalError {
        expression: expr.0.clone(),
        reason,
    };
    let value = draft.evaluate(id, list, &[])?;
    let elements = value
        .as_list()
        .ok_or_else(|| wrong(list, format!("gives {} where a list is needed", value.kind())))?;
    if elements.len() > ITEMS_MAX {
        return Err(wrong(
            list,
            format!("gives {} elements; {ITEMS_MAX} is the limit", elements.len()),
        ));
    }
    let mut items = BTreeMap::new();
    for element in elements {
        let name = match draft.evaluate(id, key, &[("item", element)])? {
            Value::Text(text) => text,
            Value::Int(number) => number.to_string(),
            other @ (Value::Null | Value::Bool(_) | Value::Decimal(_) | Value::List(_) | Value::Map(_)) => {
                return Err(wrong(key, format!("gives {} where text is needed", other.kind())));
            }
        };
        if items
            .insert(ItemKey::new(name.clone()), element.clone())
            .is_some()
        {
            return Err(wrong(key, format!("gives `{name}` for two elements")));
        }
    }
    Ok(items)
}

/// Lets new facts join, makes the calls of new elements due, and closes the fan-out when no more are expected.
pub(super) fn advance(draft: &mut Draft<'_>, id: &InstanceId, step: &Step) {
    let Some(each) = &step.each else { return };
    if !draft
        .instance(id)
        .is_some_and(|instance| instance.fans.contains_key(&step.id))
    {
        return;
    }
    if let Each::Facts { fact, until, .. } = each {
        join(draft, id, step, fact);
        close(draft, id, step, fact, until);
    }
    let Form::Call(call) = &step.form else { return };
    for (item, value) in waiting(draft, id, step) {
        let name = if matches!(each, Each::Items { .. }) {
            "item"
        } else {
            "fact"
        };
        due(
            draft,
            id,
            &Site::forward(Place::item(&step.id, &item)),
            call,
            &[(name, &value)],
        );
    }
}

fn waiting(draft: &Draft<'_>, id: &InstanceId, step: &Step) -> Vec<(ItemKey, Value)> {
    let Some(instance) = draft.instance(id) else {
        return Vec::new();
    };
    let items = instance
        .fans
        .get(&step.id)
        .map(|fan| &fan.items)
        .into_iter()
        .flatten();
    items
        .filter(|(item, _)| {
            instance
                .run(&Place::item(&step.id, item))
                .is_none_or(|run| run.vacant)
        })
        .map(|(item, value)| (item.clone(), value.clone()))
        .collect()
}

fn join(draft: &mut Draft<'_>, id: &InstanceId, step: &Step, fact: &FactName) {
    let Some(fan) = draft
        .instance(id)
        .and_then(|instance| instance.fans.get(&step.id))
    else {
        return;
    };
    let new: Vec<(ItemKey, Value)> = draft
        .root
        .facts_named(fact)
        .map(|kept| (ItemKey::new(kept.id.clone()), kept.payload.clone()))
        .filter(|(item, _)| !fan.closed && !fan.items.contains_key(item))
        .collect();
    let Some(Each::Facts { deadline, .. }) = &step.each else {
        return;
    };
    for (item, value) in new {
        // A deadline that had a value when the step was reached has one now: it reads the same names.
        let Ok(deadline) = until(draft, id, deadline) else {
            continue;
        };
        draft.of(
            id,
            InstanceEvent::FanJoined {
                step: step.id.clone(),
                item,
                value,
                deadline,
            },
        );
        draft.close_incidents_at(id, &Place::once(&step.id));
    }
}

/// Pieces of all articles together.
fn units(ledger: &Ledger) -> Value {
    let landed = |account| -> i64 {
        let articles = ledger.articles().into_iter();
        articles
            .map(|article| ledger.units(account, article).landed)
            .fold(0, i64::saturating_add)
    };
    Value::map([
        ("ordered", Value::Int(landed(Account::Ordered))),
        ("shipped", Value::Int(landed(Account::Shipped))),
        ("cancelled", Value::Int(landed(Account::CancelledUnits))),
    ])
}

fn close(draft: &mut Draft<'_>, id: &InstanceId, step: &Step, fact: &FactName, enough: &Expr) {
    if draft
        .instance(id)
        .and_then(|instance| instance.fans.get(&step.id))
        .is_none_or(|fan| fan.closed)
    {
        return;
    }
    let facts = Value::List(
        draft
            .root
            .facts_named(fact)
            .map(|kept| kept.payload.clone())
            .collect(),
    );
    let units = units(&draft.root.ledger);
    match draft.evaluate(id, enough, &[("facts", &facts), ("units", &units)]) {
        Ok(Value::Bool(true)) => draft.of(
            id,
            InstanceEvent::FanClosed {
                step: step.id.clone(),
            },
        ),
        Ok(Value::Bool(false)) => {}
        Ok(other) => tell(
            draft,
            id,
            step,
            &format!(
                "`{}` gives {} where true or false is needed",
                enough.0,
                other.kind()
            ),
        ),
        Err(error) => tell(draft, id, step, &error.to_string()),
    }
}

fn tell(draft: &mut Draft<'_>, id: &InstanceId, step: &Step, message: &str) {
    draft.incident(
        Some(id),
        Some(&Place::once(&step.id)),
        cause::EXPRESSION,
        message.to_owned(),
    );
}
