//! What of a frame is told to other systems.

use amends_engine::event::{Event, InstanceEvent, Verdict};
use amends_engine::instance::{Side, Site, SkipReason};
use amends_engine::root::Nature;
use amends_engine::{InstanceId, Millis};

use crate::moment;
use crate::words::Teller;

use super::Cursor;
use super::notice::{Amount, Kind, Notice};

/// The notices of one frame, in the order of its events.
pub(super) fn notices(
    (sequence, at): (u64, Millis),
    order: &str,
    events: &[Event],
    teller: &mut Teller<'_>,
) -> Vec<Notice> {
    let shop = order.split(':').next().unwrap_or_default();
    let mut told = Vec::new();
    for event in events {
        let text = teller.tell(event);
        let Some(subject) = subject(event) else { continue };
        let number = u32::try_from(told.len() + 1).unwrap_or(u32::MAX);
        told.push(Notice {
            id: Cursor { sequence, number },
            kind: subject.kind,
            at: moment::text(at),
            order: order.to_owned(),
            shop: shop.to_owned(),
            text,
            instance: subject.instance.map(|id| id.as_str().to_owned()),
            place: subject.place,
            document: subject.document,
            number: subject.number,
            cause: subject.cause,
            amount: subject.amount,
            by: subject.by,
        });
    }
    told
}

/// What a notice says beside its sentence.
struct Subject<'e> {
    kind: Kind,
    instance: Option<&'e InstanceId>,
    place: Option<String>,
    document: Option<String>,
    number: Option<u32>,
    cause: Option<String>,
    amount: Option<Amount>,
    by: Option<String>,
}

impl<'e> Subject<'e> {
    fn of(kind: Kind, instance: Option<&'e InstanceId>) -> Self {
        Self {
            kind,
            instance,
            place: None,
            document: None,
            number: None,
            cause: None,
            amount: None,
            by: None,
        }
    }
}

/// `None` for what is nobody's business outside: attempts, look-ups, gates.
fn subject(event: &Event) -> Option<Subject<'_>> {
    let of = |kind| Subject::of(kind, None);
    Some(match event {
        Event::SubjectRevised { .. } => of(Kind::OrderRevised),
        Event::FactRecorded { fact } => Subject {
            cause: Some(fact.name.to_string()),
            document: Some(fact.id.clone()),
            ..of(Kind::FactRecorded)
        },
        Event::IncidentOpened { number, incident } => Subject {
            number: Some(*number),
            cause: Some(incident.cause.clone()),
            place: incident.place.as_ref().map(ToString::to_string),
            by: incident.owner.clone(),
            ..Subject::of(Kind::IncidentOpened, incident.instance.as_ref())
        },
        Event::IncidentClosed { number } => Subject {
            number: Some(*number),
            ..of(Kind::IncidentCleared)
        },
        Event::ObligationOpened { number, obligation } => Subject {
            number: Some(*number),
            amount: obligation.currency.map(|currency| Amount {
                minor: obligation.amount,
                currency: currency.to_string(),
            }),
            by: Some(obligation.owner.clone()),
            ..of(match obligation.nature {
                Nature::Receivable => Kind::ReceivableOpened,
                Nature::Discrepancy => Kind::ObligationOpened,
            })
        },
        Event::ObligationClosed { number, by, .. } => Subject {
            number: Some(*number),
            by: Some(by.clone()),
            ..of(Kind::ObligationSettled)
        },
        Event::Commanded { command, actor, .. } => Subject {
            cause: Some(command.clone()),
            by: Some(actor.clone()),
            ..of(Kind::CommandGiven)
        },
        Event::Of { instance, event } => return of_instance(instance, event),
        Event::Observed { .. } | Event::Posted { .. } | Event::Noted { .. } => return None,
    })
}

fn of_instance<'e>(instance: &'e InstanceId, event: &InstanceEvent) -> Option<Subject<'e>> {
    let of = |kind| Subject::of(kind, Some(instance));
    let at = |kind, place: String| Subject {
        place: Some(place),
        ..of(kind)
    };
    Some(match event {
        InstanceEvent::Started { .. } => of(Kind::OrderStarted),
        InstanceEvent::AttemptEnded {
            site,
            verdict: Verdict::Landed { landing, .. },
            ..
        }
        | InstanceEvent::Landed { site, landing, .. } => Subject {
            document: landing.reference.clone(),
            ..at(done(site), site.place.to_string())
        },
        InstanceEvent::Skipped {
            place,
            reason: SkipReason::Debt | SkipReason::Person,
            ..
        } => at(Kind::StepSkipped, place.to_string()),
        InstanceEvent::Undone { place, by, .. } => Subject {
            by: by.clone(),
            ..at(Kind::StepUndone, place.to_string())
        },
        InstanceEvent::DeadlinePassed { place } => at(Kind::StepOverdue, place.to_string()),
        InstanceEvent::SlaBreached { step: Some(step), .. } => at(Kind::SlaBreached, step.to_string()),
        InstanceEvent::SlaBreached { step: None, .. } => of(Kind::SlaBreached),
        InstanceEvent::Held { .. } => of(Kind::OrderHeld),
        InstanceEvent::Resumed => of(Kind::OrderResumed),
        InstanceEvent::CancelStarted { trigger } => Subject {
            by: Some(trigger.by.clone()),
            ..of(Kind::OrderCancelling)
        },
        InstanceEvent::CancelRefused { place } => at(Kind::OrderCancelRefused, place.to_string()),
        InstanceEvent::RewindStarted { to, trigger } => Subject {
            by: Some(trigger.by.clone()),
            ..at(Kind::OrderRewinding, to.to_string())
        },
        InstanceEvent::Rewound { .. } => of(Kind::OrderRewound),
        InstanceEvent::CompensationStarted { trigger } => Subject {
            by: Some(trigger.by.clone()),
            ..of(Kind::OrderCompensating)
        },
        InstanceEvent::Completed => of(Kind::OrderCompleted),
        InstanceEvent::Compensated => of(Kind::OrderCompensated),
        InstanceEvent::Closed { by, .. } => Subject {
            by: Some(by.clone()),
            ..of(Kind::OrderClosed)
        },
        InstanceEvent::CallDue { .. }
        | InstanceEvent::AttemptStarted { .. }
        | InstanceEvent::AttemptEnded { .. }
        | InstanceEvent::Doubted { .. }
        | InstanceEvent::LateReport { .. }
        | InstanceEvent::WaitOpened { .. }
        | InstanceEvent::WaitMet { .. }
        | InstanceEvent::ApprovalOpened { .. }
        | InstanceEvent::Approved { .. }
        | InstanceEvent::Declined { .. }
        | InstanceEvent::SlaSet { .. }
        | InstanceEvent::FanOpened { .. }
        | InstanceEvent::FanJoined { .. }
        | InstanceEvent::FanClosed { .. }
        | InstanceEvent::Skipped { .. }
        | InstanceEvent::Blocked { .. }
        | InstanceEvent::Unblocked { .. }
        | InstanceEvent::RunCancelled { .. }
        | InstanceEvent::Rearmed { .. }
        | InstanceEvent::Edited { .. }
        | InstanceEvent::Parked { .. }
        | InstanceEvent::CameTooLate { .. }
        | InstanceEvent::Reopened => return None,
    })
}

/// The landing of an undo's call is part of an undo; `Undone` tells when all of it is over.
fn done(site: &Site) -> Kind {
    match site.side {
        Side::Do => Kind::StepDone,
        Side::Undo(_) => Kind::StepUndone,
    }
}
