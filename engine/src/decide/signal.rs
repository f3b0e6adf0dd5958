//! Facts that a person reports by hand.

use crate::command::Refusal;
use crate::definition::{Definition, Each, Form};
use crate::fact::Fact;
use crate::limits::FACTS_MAX;
use crate::{FactName, InstanceId, Value};

use super::command::not_now;
use super::draft::Draft;
use super::fact::record;

/// Records the fact as if the outside had told it.
///
/// # Errors
/// A [`Refusal`] when it is recorded already, or nothing of the instance's workflow would take notice of it.
pub(super) fn deliver(
    draft: &mut Draft<'_>,
    id: &InstanceId,
    name: &FactName,
    of: &str,
    payload: &Value,
) -> Result<(), Refusal> {
    let postings = draft.context.book.reports(name, payload);
    let fact = Fact {
        name: name.clone(),
        id: of.to_owned(),
        payload: payload.clone(),
        postings,
    };
    if draft.root.facts.contains_key(&fact.natural_id()) {
        let why = format!("{} is recorded already", fact.natural_id());
        return Err(not_now("signal", &why));
    }
    let known = draft
        .definition(id)
        .is_some_and(|definition| mentions(&definition, name));
    if !known {
        let why = format!("the workflow neither waits for nor watches `{name}`: look at its definition");
        return Err(not_now("signal", &why));
    }
    if draft.root.facts.len() >= FACTS_MAX {
        return Err(Refusal::LimitReached {
            what: "facts".to_owned(),
            limit: FACTS_MAX,
        });
    }
    record(draft, &fact);
    Ok(())
}

fn mentions(definition: &Definition, name: &FactName) -> bool {
    let watched = definition.watches.iter().any(|watch| watch.fact == *name);
    let mut steps = definition.steps.iter();
    watched
        || steps.any(|step| {
            let waited = matches!(&step.form, Form::Wait { fact, .. } if fact == name);
            waited || matches!(&step.each, Some(Each::Facts { fact, .. }) if fact == name)
        })
}
