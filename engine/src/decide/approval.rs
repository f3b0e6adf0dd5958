//! Decisions of people: each binds what was shown, and a change voids it.

use crate::command::Refusal;
use crate::definition::{Form, Reaction, Span, Step};
use crate::event::InstanceEvent;
use crate::expr::Expr;
use crate::instance::{Place, RunState, Site};
use crate::root::cause;
use crate::{Digest, InstanceId};

use super::draft::Draft;
use super::forward::{block, until};
use super::undo;

pub(super) fn open(draft: &mut Draft<'_>, id: &InstanceId, step: &Step, shown: &Expr, deadline: &Span) {
    let place = Place::once(&step.id);
    let opened = draft
        .evaluate(id, shown, &[])
        .and_then(|value| Ok((value, until(draft, id, deadline)?)));
    match opened {
        Ok((value, deadline)) => {
            let text = format!("{}: decide on {value}", step.title);
            let shown = draft.keep(value);
            draft.incident(Some(id), Some(&place), cause::APPROVAL, text);
            draft.of(
                id,
                InstanceEvent::ApprovalOpened {
                    place,
                    shown,
                    deadline,
                },
            );
        }
        Err(error) => block(
            draft,
            id,
            &Site::forward(place),
            cause::EXPRESSION,
            &error.to_string(),
        ),
    }
}

/// A person agreed.
pub(super) fn approve(
    draft: &mut Draft<'_>,
    id: &InstanceId,
    place: &Place,
    by: &str,
) -> Result<(), Refusal> {
    let shown = deciding(draft, id, place)?;
    let step = draft.step(id, &place.step);
    if let Some(Form::Approval { shown: expr, .. }) = step.map(|step| step.form)
        && draft.evaluate(id, &expr, &[]).map(|value| value.digest()) != Ok(shown)
    {
        return Err(Refusal::NotNow {
            verb: "approve".to_owned(),
            why: "what was shown has changed: look at the order again".to_owned(),
        });
    }
    draft.of(
        id,
        InstanceEvent::Approved {
            place: place.clone(),
            by: by.to_owned(),
        },
    );
    draft.close_incidents_at(id, place);
    Ok(())
}

/// A person refused.
pub(super) fn decline(
    draft: &mut Draft<'_>,
    id: &InstanceId,
    place: &Place,
    by: &str,
    reason: &str,
) -> Result<(), Refusal> {
    deciding(draft, id, place)?;
    let declined = InstanceEvent::Declined {
        place: place.clone(),
        by: by.to_owned(),
        reason: reason.to_owned(),
    };
    draft.of(id, declined);
    draft.close_incidents_at(id, place);
    let reaction = draft
        .step(id, &place.step)
        .map_or(Reaction::Hold, |step| step.on.rejected);
    if reaction == Reaction::Compensate {
        undo::request(draft, id, by, reason);
    } else {
        let message = format!("declined by {by}: {reason}");
        block(
            draft,
            id,
            &Site::forward(place.clone()),
            cause::REJECTED,
            &message,
        );
    }
    Ok(())
}

fn deciding(draft: &Draft<'_>, id: &InstanceId, place: &Place) -> Result<Digest, Refusal> {
    match draft
        .instance(id)
        .and_then(|instance| instance.run(place))
        .map(|run| &run.state)
    {
        Some(RunState::Deciding { shown, .. }) => Ok(*shown),
        Some(_) | None => Err(Refusal::NothingThere(place.clone())),
    }
}
