//! Facts, watches and passing time.

use crate::command::Refusal;
use crate::definition::{Reaction, Watch, WatchAction};
use crate::event::{Event, InstanceEvent};
use crate::fact::Fact;
use crate::instance::{Place, RunState, SkipReason, Stage};
use crate::ledger::{Account, Line, Phase};
use crate::limits::{FACTS_MAX, INSTANCES_MAX};
use crate::root::{Debtor, Nature, cause};
use crate::{InstanceId, Value};

use super::draft::Draft;
use super::{Observation, Start, retry, sla, undo};

/// Records what the inbound edge derived, and starts what it starts.
pub(super) fn observe(draft: &mut Draft<'_>, observation: &Observation) -> Result<(), Refusal> {
    let revision = draft.root.mirror.as_ref().map_or(0, |mirror| mirror.revision);
    if let Some((expected, _)) = &observation.mirror
        && *expected != revision
    {
        return Err(Refusal::MirrorMoved {
            expected: *expected,
            actual: revision,
        });
    }
    let new: Vec<&Fact> = observation
        .facts
        .iter()
        .filter(|fact| !draft.root.facts.contains_key(&fact.natural_id()))
        .collect();
    if draft.root.facts.len() + new.len() > FACTS_MAX {
        return Err(Refusal::LimitReached {
            what: "facts".to_owned(),
            limit: FACTS_MAX,
        });
    }
    if let Some((_, mirror)) = &observation.mirror {
        draft.emit(Event::Observed {
            mirror: mirror.clone(),
        });
    }
    if let Some(subject) = &observation.subject {
        let digest = draft.keep(subject.as_ref().clone());
        if draft.root.subject != Some(digest) {
            draft.emit(Event::SubjectRevised { subject: digest });
        }
    }
    for fact in new {
        record(draft, fact);
    }
    Ok(())
}

pub(super) fn record(draft: &mut Draft<'_>, fact: &Fact) {
    if draft.root.facts.contains_key(&fact.natural_id()) {
        return;
    }
    let before: Vec<&'static str> = draft
        .root
        .ledger
        .violations()
        .iter()
        .map(|violation| violation.rule)
        .collect();
    draft.emit(Event::FactRecorded { fact: fact.clone() });
    oblige(draft, fact, &before);
    let subject = draft.subject();
    for start in draft.context.book.starts(&draft.root.key, fact, Some(&subject)) {
        begin(draft, fact, start);
    }
    for id in draft.instance_ids() {
        watch(draft, &id, fact);
    }
}

/// What the outside did beyond an inequality, or claims without proof, becomes a named obligation.
fn oblige(draft: &mut Draft<'_>, fact: &Fact, before: &[&'static str]) {
    let kept = [
        "captured - refunded <= agreed - cancelled - credited",
        "shipped + released <= reserved",
    ];
    for violation in draft.root.ledger.violations() {
        if !kept.contains(&violation.rule) || before.contains(&violation.rule) {
            continue;
        }
        let money = crate::ledger::Currency::parse(&violation.line);
        let debtor = if money.is_some() {
            Debtor::Shop
        } else {
            Debtor::Unsettled
        };
        let reason = format!("{}: {violation}", fact.natural_id());
        draft.oblige(
            Nature::Discrepancy,
            debtor,
            violation.left.saturating_sub(violation.right),
            money,
            reason,
        );
    }
    for posting in &fact.postings {
        if let (Account::Refunded, Phase::Open, Line::Money { currency, .. }) =
            (posting.account, posting.phase, &posting.line)
        {
            let reason = format!(
                "{}: the shop reports a refund that nobody has verified and booked",
                fact.natural_id()
            );
            draft.oblige(
                Nature::Discrepancy,
                Debtor::Unsettled,
                posting.amount,
                Some(*currency),
                reason,
            );
        }
    }
}

fn begin(draft: &mut Draft<'_>, fact: &Fact, start: Start) {
    if draft.root.instances.len() >= INSTANCES_MAX {
        let message = format!(
            "{} started no {}: the limit is {INSTANCES_MAX} instances",
            fact.natural_id(),
            start.definition.name
        );
        draft.incident(None, None, cause::NOT_CONFIGURED, message);
        return;
    }
    let id = if start.definition.key.is_some() {
        InstanceId::keyed(&draft.root.key, &start.definition.name, &fact.id)
    } else {
        InstanceId::of(&draft.root.key, &start.definition.name)
    };
    if draft.instance(&id).is_some() {
        return;
    }
    let started = InstanceEvent::Started {
        workflow: start.definition.name.clone(),
        definition: start.definition.digest,
        only: None,
        routes: start.routes,
        settings: start.settings,
    };
    draft.of(&id, started);
    sla::set(draft, &id, None, start.definition.sla_ms);
}

fn watch(draft: &mut Draft<'_>, id: &InstanceId, fact: &Fact) {
    let Some(definition) = draft.definition(id) else {
        return;
    };
    let Some(instance) = draft.instance(id) else {
        return;
    };
    if instance.only.is_some() {
        return;
    }
    let stage = instance.stage;
    let watches: Vec<&Watch> = definition
        .watches
        .iter()
        .filter(|watch| watch.fact == fact.name)
        .collect();
    for watch in &watches {
        if applies(draft, id, watch, fact) {
            act(draft, id, watch, fact);
        }
    }
    let physical = !fact.postings.is_empty();
    if watches.is_empty()
        && physical
        && matches!(stage, Stage::Compensating | Stage::Compensated | Stage::Closed)
    {
        let message = format!(
            "{} arrived although the order is {}: settle it by hand",
            fact.natural_id(),
            stage.name()
        );
        draft.incident(Some(id), None, cause::CONTRADICTION, message);
    }
}

fn applies(draft: &Draft<'_>, id: &InstanceId, watch: &Watch, fact: &Fact) -> bool {
    let Some(when) = &watch.when else { return true };
    // What cannot be evaluated applies: a person looks rather than nobody.
    draft.evaluate(id, when, &[("fact", &fact.payload)]) != Ok(Value::Bool(false))
}

fn act(draft: &mut Draft<'_>, id: &InstanceId, watch: &Watch, fact: &Fact) {
    let Some(instance) = draft.instance(id) else {
        return;
    };
    let (stage, held) = (instance.stage, instance.hold.is_some());
    let message = format!("{}: {}", fact.natural_id(), fact.payload);
    match watch.then {
        WatchAction::Cancel if !stage.is_terminal() => undo::request(draft, id, "the shop", &message),
        WatchAction::Hold if !stage.is_terminal() && !held => {
            let incident = Some(draft.incident(Some(id), None, &watch.cause, message.clone()));
            draft.of(
                id,
                InstanceEvent::Held {
                    incident,
                    reason: message,
                },
            );
        }
        WatchAction::Cancel | WatchAction::Hold | WatchAction::Escalate => {
            draft.incident(Some(id), None, &watch.cause, message);
        }
    }
}

/// Deadlines that have passed are acted on.
pub(super) fn pass_time(draft: &mut Draft<'_>) {
    let at = draft.context.at;
    for id in draft.instance_ids() {
        sla::tell(draft, &id);
        let Some(instance) = draft.instance(&id) else {
            continue;
        };
        if instance.is_terminal() || instance.hold.is_some() {
            continue;
        }
        let runs = instance.runs.iter().filter(|(_, run)| match run.state {
            RunState::Waiting { deadline, .. } | RunState::Deciding { deadline, .. } => {
                retry::passed(deadline, at)
            }
            RunState::Calling(_)
            | RunState::Blocked { .. }
            | RunState::Landed { .. }
            | RunState::Skipped(_)
            | RunState::Failed
            | RunState::Cancelled => false,
        });
        let fans = instance
            .fans
            .iter()
            .filter(|(_, fan)| retry::passed(fan.deadline, at));
        let overdue: Vec<Place> = runs
            .map(|(place, _)| place.clone())
            .chain(fans.map(|(step, _)| Place::once(step)))
            .collect();
        for place in overdue {
            run_over(draft, &id, &place);
        }
    }
}

fn run_over(draft: &mut Draft<'_>, id: &InstanceId, place: &Place) {
    let Some(step) = draft.step(id, &place.step) else {
        return;
    };
    let running = draft
        .instance(id)
        .is_some_and(|instance| instance.stage == Stage::Running);
    let message = format!("{} has waited past its deadline", step.title);
    match step.on.deadline {
        Reaction::Compensate if running => {
            draft.of(id, InstanceEvent::DeadlinePassed { place: place.clone() });
            undo::request(draft, id, &format!("step {place}"), &message);
        }
        Reaction::Skip if !step.critical => {
            let skipped = InstanceEvent::Skipped {
                place: place.clone(),
                reason: SkipReason::Debt,
                commits: false,
                key: None,
            };
            draft.of(id, skipped);
        }
        Reaction::Compensate | Reaction::Skip | Reaction::Hold | Reaction::Escalate | Reaction::Retry => {
            draft.incident(Some(id), Some(place), cause::OVERDUE, message);
            draft.of(id, InstanceEvent::DeadlinePassed { place: place.clone() });
        }
    }
}
