//! Folding the events of one instance.

use crate::event::{InstanceEvent, Report};
use crate::instance::{
    CallPhase, CallState, Fan, Heard, Hold, Instance, Place, Run, RunState, Side, Site, Sla, Stage, Undoing,
};
use crate::outcome::Landing;
use crate::root::Root;
use crate::{InstanceId, Millis};

use super::{call, shift_deadlines};

pub(super) fn evolve(root: &mut Root, id: &InstanceId, event: &InstanceEvent, at: Millis) {
    if let InstanceEvent::Started { .. } = event {
        start(root, id, event, at);
        return;
    }
    post(root, event);
    if let Some(instance) = root.instances.get_mut(id) {
        apply(instance, event, at);
    }
}

fn start(root: &mut Root, id: &InstanceId, event: &InstanceEvent, at: Millis) {
    let InstanceEvent::Started {
        workflow,
        definition,
        only,
        routes,
        settings,
    } = event
    else {
        return;
    };
    let instance = Instance {
        id: id.clone(),
        workflow: workflow.clone(),
        definition: *definition,
        only: only.clone(),
        routes: routes.clone(),
        settings: settings.clone(),
        started_at: at,
        stage: Stage::Running,
        hold: None,
        runs: std::collections::BTreeMap::new(),
        fans: std::collections::BTreeMap::new(),
        parked: None,
        trigger: None,
        rewind: None,
        landings: 0,
        slas: Vec::new(),
    };
    root.instances.entry(id.clone()).or_insert(instance);
}

/// What the event moves in the ledger of the root.
fn post(root: &mut Root, event: &InstanceEvent) {
    match event {
        InstanceEvent::CallDue { opens, key, .. } => root.ledger.open(key, opens),
        InstanceEvent::AttemptEnded { verdict, .. } => call::post(&mut root.ledger, verdict),
        InstanceEvent::Landed {
            postings,
            key,
            verifies: true,
            ..
        } => root.ledger.verify(key, postings),
        InstanceEvent::Landed { postings, key, .. } => root.ledger.land(key, postings),
        InstanceEvent::Skipped { key: Some(key), .. }
        | InstanceEvent::Undone { key: Some(key), .. }
        | InstanceEvent::RunCancelled { key: Some(key), .. } => {
            root.ledger.release(key);
        }
        InstanceEvent::Edited {
            old_key: Some(key), ..
        } => root.ledger.release(key),
        InstanceEvent::Rearmed { old_key, key, .. } => root.ledger.rename(old_key, key),
        InstanceEvent::Started { .. }
        | InstanceEvent::AttemptStarted { .. }
        | InstanceEvent::Doubted { .. }
        | InstanceEvent::LateReport { .. }
        | InstanceEvent::WaitOpened { .. }
        | InstanceEvent::WaitMet { .. }
        | InstanceEvent::ApprovalOpened { .. }
        | InstanceEvent::Approved { .. }
        | InstanceEvent::Declined { .. }
        | InstanceEvent::DeadlinePassed { .. }
        | InstanceEvent::SlaSet { .. }
        | InstanceEvent::SlaBreached { .. }
        | InstanceEvent::FanOpened { .. }
        | InstanceEvent::FanJoined { .. }
        | InstanceEvent::FanClosed { .. }
        | InstanceEvent::Skipped { key: None, .. }
        | InstanceEvent::Blocked { .. }
        | InstanceEvent::Unblocked { .. }
        | InstanceEvent::RunCancelled { key: None, .. }
        | InstanceEvent::Undone { key: None, .. }
        | InstanceEvent::Edited { old_key: None, .. }
        | InstanceEvent::RewindStarted { .. }
        | InstanceEvent::Rewound { .. }
        | InstanceEvent::Held { .. }
        | InstanceEvent::Resumed
        | InstanceEvent::Parked { .. }
        | InstanceEvent::CameTooLate { .. }
        | InstanceEvent::CancelStarted { .. }
        | InstanceEvent::CancelRefused { .. }
        | InstanceEvent::CompensationStarted { .. }
        | InstanceEvent::Reopened
        | InstanceEvent::Completed
        | InstanceEvent::Compensated
        | InstanceEvent::Closed { .. } => {}
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one short arm per event, in the order of the enum"
)]
fn apply(instance: &mut Instance, event: &InstanceEvent, at: Millis) {
    match event {
        // The new arguments come with the call that is due after an edit.
        InstanceEvent::Started { .. } | InstanceEvent::Edited { .. } => {}
        InstanceEvent::LateReport {
            site,
            epoch,
            attempt,
            report,
        } => hear(instance, site, *epoch, *attempt, report),
        InstanceEvent::CallDue {
            site,
            epoch,
            pinned,
            timeout_ms,
            ..
        } => {
            let call = CallState::due(pinned.clone(), *timeout_ms, *epoch, at);
            set_call(instance, site, call);
        }
        InstanceEvent::AttemptStarted {
            site,
            epoch,
            attempt,
            errand,
            commits,
        } => {
            if *commits {
                instance.stage = Stage::Committing;
            }
            if let Some(call) = call_at(instance, site) {
                call::started(call, *epoch, *attempt, *errand, at);
            }
            if let Some(run) = instance.runs.get_mut(&site.place) {
                run.use_epoch(site.side, *epoch);
            }
        }
        InstanceEvent::AttemptEnded {
            site,
            epoch,
            attempt,
            report,
            verdict,
        } => {
            if let Some(call) = call_at(instance, site) {
                call::reported(call, report);
            }
            hear(instance, site, *epoch, *attempt, report);
            call::judged(instance, site, verdict, at);
        }
        InstanceEvent::Landed {
            site,
            landing,
            commits,
            ..
        } => {
            land(instance, site, landing, at);
            if *commits {
                instance.stage = Stage::Committed;
            }
        }
        InstanceEvent::Doubted {
            site,
            errand,
            incident,
            commits,
        } => {
            if *commits {
                instance.stage = Stage::Committing;
            }
            if let Some(call) = call_at(instance, site) {
                let epoch = call.epoch;
                call::doubted(call, *errand, *incident, at);
                if let Some(run) = instance.runs.get_mut(&site.place) {
                    run.use_epoch(site.side, epoch);
                }
            }
        }
        InstanceEvent::WaitOpened {
            place,
            fact,
            deadline,
        } => {
            let state = RunState::Waiting {
                fact: fact.clone(),
                since: at,
                deadline: Some(*deadline),
            };
            instance.runs.insert(place.clone(), Run::new(state));
        }
        InstanceEvent::WaitMet { place, result, .. } => {
            let landing = Landing {
                result: result.clone(),
                adopted: true,
                ..Landing::default()
            };
            land(instance, &Site::forward(place.clone()), &landing, at);
        }
        InstanceEvent::ApprovalOpened {
            place,
            shown,
            deadline,
        } => {
            let state = RunState::Deciding {
                shown: *shown,
                since: at,
                deadline: Some(*deadline),
            };
            instance.runs.insert(place.clone(), Run::new(state));
        }
        InstanceEvent::Approved { place, .. } => {
            let landing = Landing {
                adopted: true,
                ..Landing::default()
            };
            land(instance, &Site::forward(place.clone()), &landing, at);
        }
        InstanceEvent::Declined { place, .. } => set_state(instance, place, RunState::Failed),
        InstanceEvent::DeadlinePassed { place } => pass_deadline(instance, place),
        InstanceEvent::SlaSet { step, due } => {
            instance.slas.retain(|sla| sla.step != *step);
            instance.slas.push(Sla {
                step: step.clone(),
                due: *due,
                breached: false,
            });
        }
        InstanceEvent::SlaBreached { step, .. } => {
            let broken = instance.slas.iter_mut().filter(|sla| sla.step == *step);
            broken.for_each(|sla| sla.breached = true);
        }
        InstanceEvent::FanOpened {
            step,
            items,
            deadline,
        } => {
            let fan = Fan {
                items: items.clone(),
                closed: deadline.is_none(),
                deadline: *deadline,
            };
            instance.fans.insert(step.clone(), fan);
        }
        InstanceEvent::FanJoined {
            step,
            item,
            value,
            deadline,
        } => {
            if let Some(fan) = instance.fans.get_mut(step) {
                fan.items.insert(item.clone(), value.clone());
                fan.deadline = Some(*deadline);
            }
        }
        InstanceEvent::FanClosed { step } => {
            if let Some(fan) = instance.fans.get_mut(step) {
                fan.closed = true;
                fan.deadline = None;
            }
        }
        InstanceEvent::Skipped {
            place,
            reason,
            commits,
            ..
        } => {
            set_state(instance, place, RunState::Skipped(*reason));
            if *commits {
                instance.stage = Stage::Committed;
            }
        }
        InstanceEvent::Blocked { site, incident } => block(instance, site, *incident),
        InstanceEvent::Unblocked { site } => unblock(instance, site),
        InstanceEvent::RunCancelled { place, .. } => set_state(instance, place, RunState::Cancelled),
        InstanceEvent::Rearmed {
            site, epoch, errand, ..
        } => {
            if let Some(call) = call_at(instance, site) {
                call::rearm(call, *epoch, *errand, at);
            }
        }
        InstanceEvent::Undone { place, .. } => {
            if let Some(run) = instance.runs.get_mut(place) {
                run.undo = Some(Undoing::Done);
            }
        }
        InstanceEvent::Held { incident, reason } => {
            instance.hold = Some(Hold {
                since: at,
                incident: *incident,
                reason: reason.clone(),
            });
        }
        InstanceEvent::Resumed => {
            if let Some(hold) = instance.hold.take() {
                shift_deadlines(instance, at.since(hold.since));
            }
        }
        InstanceEvent::Parked { trigger } => instance.parked = Some(trigger.clone()),
        InstanceEvent::CameTooLate { .. } => instance.parked = None,
        InstanceEvent::CancelStarted { trigger } => {
            instance.stage = Stage::Cancelling;
            instance.parked = None;
            instance.rewind = None;
            instance.trigger = Some(trigger.clone());
        }
        InstanceEvent::CancelRefused { place } => {
            instance.stage = Stage::Running;
            instance.rewind = None;
            if let Some(run) = instance.runs.get_mut(place) {
                run.undo = None;
            }
            // What had been undone or called off before the refusal is done again, under a new key.
            let taken_back = |run: &&mut Run| run.undo.is_some() || run.state == RunState::Cancelled;
            for run in instance.runs.values_mut().filter(taken_back) {
                run.vacate();
            }
        }
        InstanceEvent::RewindStarted { to, trigger } => {
            instance.stage = Stage::Rewinding;
            instance.rewind = Some(to.clone());
            instance.trigger = Some(trigger.clone());
        }
        InstanceEvent::Rewound { steps } => {
            instance.stage = Stage::Running;
            instance.rewind = None;
            let gone = instance.runs.iter_mut();
            for (_, run) in gone.filter(|(place, _)| steps.contains(&place.step)) {
                run.vacate();
            }
            instance.fans.retain(|step, _| !steps.contains(step));
        }
        InstanceEvent::CompensationStarted { trigger } => {
            instance.stage = Stage::Compensating;
            instance.parked = None;
            instance.rewind = None;
            instance.trigger = Some(trigger.clone());
        }
        InstanceEvent::Reopened => instance.stage = Stage::Running,
        InstanceEvent::Completed => instance.stage = Stage::Completed,
        InstanceEvent::Compensated => instance.stage = Stage::Compensated,
        InstanceEvent::Closed { .. } => instance.stage = Stage::Closed,
    }
}

fn hear(instance: &mut Instance, site: &Site, epoch: u32, attempt: u32, report: &Report) {
    if let Some(run) = instance.runs.get_mut(&site.place) {
        let report = call::report_digest(report);
        run.hear(Heard {
            side: site.side,
            epoch,
            attempt,
            report,
        });
    }
}

fn set_state(instance: &mut Instance, place: &Place, state: RunState) {
    instance
        .runs
        .entry(place.clone())
        .or_insert_with(|| Run::new(RunState::Cancelled))
        .state = state;
}

fn set_call(instance: &mut Instance, site: &Site, call: CallState) {
    let run = instance
        .runs
        .entry(site.place.clone())
        .or_insert_with(|| Run::new(RunState::Cancelled));
    match site.side {
        Side::Do => {
            run.epoch = call.epoch;
            run.pinned = Some(call.pinned.clone());
            run.vacant = false;
            run.state = RunState::Calling(Box::new(call));
        }
        Side::Undo(index) => {
            run.undo = Some(Undoing::Calling {
                index,
                call: Box::new(call),
            });
        }
    }
}

pub(super) fn call_at<'i>(instance: &'i mut Instance, site: &Site) -> Option<&'i mut CallState> {
    let run = instance.runs.get_mut(&site.place)?;
    match (site.side, &mut run.undo, &mut run.state) {
        (Side::Do, None, RunState::Calling(call)) => Some(call),
        (Side::Undo(wanted), Some(Undoing::Calling { index, call }), _) if *index == wanted => Some(call),
        _ => None,
    }
}

/// The run at `site` took place, or the undo call did.
pub(super) fn land(instance: &mut Instance, site: &Site, landing: &Landing, at: Millis) {
    match site.side {
        Side::Do => {
            instance.landings += 1;
            let order = instance.landings;
            set_state(
                instance,
                &site.place,
                RunState::Landed {
                    landing: landing.clone(),
                    at,
                    order,
                },
            );
        }
        Side::Undo(index) => {
            if let Some(run) = instance.runs.get_mut(&site.place) {
                run.undo = Some(Undoing::Between { done: index + 1 });
            }
        }
    }
}

fn pass_deadline(instance: &mut Instance, place: &Place) {
    if let Some(run) = instance.runs.get_mut(place)
        && let RunState::Waiting { deadline, .. } | RunState::Deciding { deadline, .. } = &mut run.state
    {
        *deadline = None;
        return;
    }
    if let Some(fan) = instance.fans.get_mut(&place.step) {
        fan.deadline = None;
    }
}

fn block(instance: &mut Instance, site: &Site, incident: u32) {
    match site.side {
        Side::Do => {
            if let Some(call) = call_at(instance, site) {
                call.phase = CallPhase::Stuck { incident };
            } else {
                set_state(instance, &site.place, RunState::Blocked { incident });
            }
        }
        Side::Undo(index) => {
            if let Some(call) = call_at(instance, site) {
                call.phase = CallPhase::Stuck { incident };
            } else if let Some(run) = instance.runs.get_mut(&site.place) {
                run.undo = Some(Undoing::Blocked { index, incident });
            }
        }
    }
}

fn unblock(instance: &mut Instance, site: &Site) {
    match site.side {
        Side::Do => {
            if let Some(run) = instance.runs.get_mut(&site.place) {
                run.state = RunState::Cancelled;
                run.vacant = true;
            }
        }
        Side::Undo(index) => {
            if let Some(run) = instance.runs.get_mut(&site.place) {
                run.undo = Some(Undoing::Between { done: index });
            }
        }
    }
}
