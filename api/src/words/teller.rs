//! Tells events: knows what steps are called and who serves them.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_engine::decide::Book;
use amends_engine::definition::{Definition, Form, Undo};
use amends_engine::event::{Event, InstanceEvent, Report};
use amends_engine::instance::{Place, Side, Site};
use amends_engine::root::{Nature, Root};
use amends_engine::{ConnectorId, Digest, InstanceId, RoleName, StepId};

use crate::moment;

use super::errand_words;
use super::report::{named, report, verdict};
use super::run::skip;

/// Tells the events of one order. An instance that starts while it tells is known from then on.
pub struct Teller<'b> {
    book: &'b dyn Book,
    known: BTreeMap<InstanceId, Known>,
}

struct Known {
    definition: Option<Arc<Definition>>,
    routes: BTreeMap<RoleName, ConnectorId>,
}

impl<'b> Teller<'b> {
    /// A teller for the order `root`.
    pub fn new(book: &'b dyn Book, root: &Root) -> Self {
        let mut teller = Self {
            book,
            known: BTreeMap::new(),
        };
        for instance in root.instances.values() {
            teller.learn(&instance.id, &instance.definition, &instance.routes);
        }
        teller
    }

    fn learn(&mut self, id: &InstanceId, definition: &Digest, routes: &BTreeMap<RoleName, ConnectorId>) {
        let known = Known {
            definition: self.book.definition(definition),
            routes: routes.clone(),
        };
        self.known.insert(id.clone(), known);
    }

    fn definition(&self, instance: &InstanceId) -> Option<&Definition> {
        self.known.get(instance)?.definition.as_deref()
    }

    /// What people call a step; its id where the definition is gone.
    pub fn title(&self, instance: &InstanceId, step: &StepId) -> String {
        let step_of = |definition: &Definition| Some(definition.step(step)?.title.clone());
        let title = self.definition(instance).and_then(step_of);
        title.unwrap_or_else(|| step.to_string())
    }

    /// Where a step stands in its definition; behind all others where the definition is gone.
    pub fn position(&self, instance: &InstanceId, step: &StepId) -> usize {
        let at = |definition: &Definition| definition.steps.iter().position(|known| known.id == *step);
        self.definition(instance).and_then(at).unwrap_or(usize::MAX)
    }

    /// What an errand brought back from who serves `site`.
    pub fn report(&self, instance: &InstanceId, site: &Site, brought: &Report) -> String {
        report(&self.who(instance, site), brought)
    }

    /// Who serves a call: the connector by name.
    fn who(&self, instance: &InstanceId, site: &Site) -> String {
        let connector = self.known.get(instance).and_then(|known| {
            let step = known.definition.as_ref()?.step(&site.place.step)?;
            let role = match (site.side, &step.form, &step.undo) {
                (Side::Do, Form::Call(call), _) => &call.role,
                (Side::Undo(index), _, Undo::Calls(calls)) => &calls.get(usize::from(index))?.call.role,
                (Side::Do, Form::Wait { .. } | Form::Approval { .. }, _)
                | (Side::Undo(_), _, Undo::Nothing | Undo::Never) => return None,
            };
            known.routes.get(role)
        });
        connector.map_or_else(|| "the other side".to_owned(), ToString::to_string)
    }

    fn place(&self, instance: &InstanceId, place: &Place) -> String {
        let title = self.title(instance, &place.step);
        match &place.item {
            None => title,
            Some(item) => format!("{title} ({item})"),
        }
    }

    fn site(&self, instance: &InstanceId, site: &Site) -> String {
        let place = self.place(instance, &site.place);
        match site.side {
            Side::Do => place,
            Side::Undo(_) => format!("Undo of {place}"),
        }
    }

    /// One event as a sentence.
    pub fn tell(&mut self, event: &Event) -> String {
        match event {
            Event::Observed { .. } => "the shop's order was looked at".to_owned(),
            Event::SubjectRevised { .. } => "the order has a new content".to_owned(),
            Event::FactRecorded { fact } => format!("fact: {}", fact.natural_id()),
            Event::IncidentOpened { number, incident } => {
                let (cause, message) = (&incident.cause, &incident.message);
                format!("a person is needed (incident {number}, {cause}): {message}")
            }
            Event::IncidentClosed { number } => format!("incident {number} is settled"),
            Event::ObligationOpened { obligation, .. } => match obligation.nature {
                Nature::Receivable => format!("receivable: {}", obligation.reason),
                Nature::Discrepancy => format!("obligation: {}", obligation.reason),
            },
            Event::ObligationClosed { by, reason, .. } => format!("{by} waived an obligation: {reason}"),
            Event::Noted { by, .. } => format!("{by} left a note"),
            Event::Posted { reason, .. } => format!("posted: {reason}"),
            Event::Commanded {
                command,
                actor,
                reason,
                ..
            } => format!("{actor} commanded {command}: {reason}"),
            Event::Of { instance, event } => {
                if let InstanceEvent::Started {
                    definition, routes, ..
                } = event
                {
                    self.learn(instance, definition, routes);
                }
                self.of(instance, event)
            }
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one short arm per event; split, the compiler could not see that none is missing"
    )]
    fn of(&self, instance: &InstanceId, event: &InstanceEvent) -> String {
        let place = |place: &Place| self.place(instance, place);
        let site = |site: &Site| self.site(instance, site);
        let title = |step: &StepId| self.title(instance, step);
        let whole = |step: Option<&StepId>| step.map_or_else(|| "The workflow".to_owned(), title);
        match event {
            InstanceEvent::Started {
                workflow, only: None, ..
            } => format!("{workflow} started"),
            InstanceEvent::Started { only: Some(at), .. } => format!("{} is owed as a debt", place(at)),
            InstanceEvent::CallDue { site: at, pinned, .. } => {
                let contract = &pinned.contract;
                format!("{}: {}.{} is due", site(at), contract.role, contract.operation)
            }
            InstanceEvent::AttemptStarted {
                site: at,
                attempt,
                errand,
                ..
            } => {
                let (what, who) = (errand_words(*errand), self.who(instance, at));
                format!("{}: {what} leaves for {who} (attempt {attempt})", site(at))
            }
            InstanceEvent::AttemptEnded {
                site: at,
                report,
                verdict: follows,
                ..
            } => {
                let said = self.report(instance, at, report);
                format!("{}: {said}{}", site(at), verdict(follows))
            }
            InstanceEvent::Doubted { site: at, .. } => {
                format!(
                    "{}: it may have happened, and sending it again could repeat it",
                    site(at)
                )
            }
            InstanceEvent::LateReport { site: at, report, .. } => {
                let said = self.report(instance, at, report);
                format!("{}: late answer, {said}", site(at))
            }
            InstanceEvent::Landed {
                site: at, landing, ..
            } => format!("{}: done{}", site(at), named(landing)),
            InstanceEvent::Rearmed { site: at, errand, .. } => {
                format!("{}: tried again with {}", site(at), errand_words(*errand))
            }
            InstanceEvent::WaitOpened {
                place: at,
                fact,
                deadline,
            } => format!(
                "{}: waits for {fact} until {}",
                place(at),
                moment::words(*deadline)
            ),
            InstanceEvent::WaitMet { place: at, fact, .. } => format!("{}: {fact} is there", place(at)),
            InstanceEvent::ApprovalOpened { place: at, .. } => format!("{}: waits for a decision", place(at)),
            InstanceEvent::Approved { place: at, by } => format!("{}: approved by {by}", place(at)),
            InstanceEvent::Declined {
                place: at,
                by,
                reason,
            } => format!("{}: declined by {by}: {reason}", place(at)),
            InstanceEvent::DeadlinePassed { place: at } => format!("{}: its deadline passed", place(at)),
            InstanceEvent::SlaSet { step, due } => {
                format!("{}: to be over by {}", whole(step.as_ref()), moment::words(*due))
            }
            InstanceEvent::SlaBreached { step, due } => {
                format!(
                    "{}: not over by {}, as promised",
                    whole(step.as_ref()),
                    moment::words(*due)
                )
            }
            InstanceEvent::FanOpened { step, items, .. } => {
                format!("{}: begins with {} elements", title(step), items.len())
            }
            InstanceEvent::FanJoined { step, item, .. } => format!("{}: {item} joined", title(step)),
            InstanceEvent::FanClosed { step } => format!("{}: no more are expected", title(step)),
            InstanceEvent::Skipped {
                place: at, reason, ..
            } => format!("{}: {}", place(at), skip(*reason)),
            InstanceEvent::Blocked { site: at, .. } => {
                format!("{}: cannot go on, a person decides", site(at))
            }
            InstanceEvent::Unblocked { site: at } => format!("{}: begins anew", site(at)),
            InstanceEvent::RunCancelled { place: at, .. } => format!("{}: called off", place(at)),
            InstanceEvent::Undone {
                place: at,
                by: Some(by),
                ..
            } => format!("{}: undone by hand, says {by}", place(at)),
            InstanceEvent::Undone {
                place: at, by: None, ..
            } => format!("{}: undone", place(at)),
            InstanceEvent::CancelRefused { place: at } => {
                format!("{}: the other side refused to cancel", place(at))
            }
            InstanceEvent::Held { reason, .. } => format!("held: {reason}"),
            InstanceEvent::Resumed => "resumed".to_owned(),
            InstanceEvent::Parked { trigger } => {
                format!("undoing waits for the point of no return: {}", trigger.reason)
            }
            InstanceEvent::Edited {
                site: at, arguments, ..
            } if arguments.is_empty() => format!("{}: due again with the arguments it had", site(at)),
            InstanceEvent::Edited {
                site: at, arguments, ..
            } => format!("{}: corrected {}", site(at), arguments.join(", ")),
            InstanceEvent::RewindStarted { to, trigger } => {
                let (by, reason) = (&trigger.by, &trigger.reason);
                format!("going back to before {}, asked by {by}: {reason}", title(to))
            }
            InstanceEvent::Rewound { steps } => {
                let steps: Vec<String> = steps.iter().map(title).collect();
                format!("begins anew: {}", steps.join(", "))
            }
            InstanceEvent::CameTooLate { trigger } => {
                format!("too late to undo, as {} asked: {}", trigger.by, trigger.reason)
            }
            InstanceEvent::CancelStarted { trigger } => {
                format!("cancelling, asked by {}: {}", trigger.by, trigger.reason)
            }
            InstanceEvent::CompensationStarted { trigger } => {
                format!("undoing, asked by {}: {}", trigger.by, trigger.reason)
            }
            InstanceEvent::Reopened => "the point of no return was not passed".to_owned(),
            InstanceEvent::Completed => "completed".to_owned(),
            InstanceEvent::Compensated => "undone".to_owned(),
            InstanceEvent::Closed { by, reason } => format!("closed by {by}: {reason}"),
        }
    }
}
