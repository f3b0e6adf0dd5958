//! Why something that has not ended will move again: no instance waits without a named cause.

use std::collections::BTreeSet;

use crate::instance::{CallPhase, Errand, Instance, Place, Run, RunState, Site, Undoing};
use crate::{ConnectorId, FactName, InstanceId, Millis};

use super::Root;

/// One reason why an instance will move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WakeCause {
    /// The instance.
    pub instance: InstanceId,
    /// The run; `None` for the instance as a whole.
    pub place: Option<Place>,
    /// What will move it.
    pub kind: WakeKind,
}

/// What will move an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WakeKind {
    /// The connector's gate lets the request through, not before `until`.
    Gate {
        /// The connector.
        connector: ConnectorId,
        /// What is owed.
        errand: Errand,
        /// Not before this.
        until: Millis,
    },
    /// The other side answers, or the attempt times out.
    Answer {
        /// The connector.
        connector: ConnectorId,
        /// Since when.
        since: Millis,
    },
    /// A fact arrives, or its deadline passes.
    Fact {
        /// The fact.
        name: FactName,
        /// Until when; `None` once escalated.
        deadline: Option<Millis>,
    },
    /// A person decides.
    Person {
        /// The incident, when one is open.
        incident: Option<u32>,
        /// Until when.
        deadline: Option<Millis>,
    },
    /// A person resumes it.
    Hold,
}

impl Root {
    /// All causes of all instances that have not ended.
    pub fn wake_causes(&self) -> Vec<WakeCause> {
        self.instances
            .values()
            .filter(|instance| !instance.is_terminal())
            .flat_map(instance_causes)
            .collect()
    }

    /// When time alone moves this root next; `None` when only others can.
    ///
    /// What is under way counts as due at once: after a start it has no owner and is in doubt.
    pub fn next_wake(&self) -> Option<Millis> {
        self.instances
            .values()
            .filter(|instance| !instance.is_terminal())
            .flat_map(|instance| instance_causes(instance).into_iter())
            .filter_map(|cause| match cause.kind {
                WakeKind::Gate { until, .. } => Some(until),
                WakeKind::Answer { .. } => Some(Millis::ZERO),
                WakeKind::Fact { deadline, .. } | WakeKind::Person { deadline, .. } => deadline,
                WakeKind::Hold => None,
            })
            .chain(self.next_sla())
            .min()
    }
}

impl Root {
    /// The next deadline of a wait, approval or fan-out that is not held, or service level that may be broken.
    pub fn next_deadline(&self) -> Option<Millis> {
        self.wake_causes()
            .into_iter()
            .filter_map(|cause| match cause.kind {
                WakeKind::Fact { deadline, .. } | WakeKind::Person { deadline, .. } => deadline,
                WakeKind::Gate { .. } | WakeKind::Answer { .. } | WakeKind::Hold => None,
            })
            .chain(self.next_sla())
            .min()
    }

    /// When the next service level is broken unless something happens.
    fn next_sla(&self) -> Option<Millis> {
        let slas = self.instances.values().flat_map(Instance::open_slas);
        slas.map(|sla| sla.due).min()
    }
}

fn instance_causes(instance: &Instance) -> Vec<WakeCause> {
    let cause = |place: Option<&Place>, kind| WakeCause {
        instance: instance.id.clone(),
        place: place.cloned(),
        kind,
    };
    let flying = instance
        .runs
        .iter()
        .filter_map(|(place, run)| Some((place, in_flight(run)?)));
    if instance.hold.is_some() {
        return std::iter::once(cause(None, WakeKind::Hold))
            .chain(flying.map(|(place, kind)| cause(Some(place), kind)))
            .collect();
    }
    // What this stage does not let through waits for something else that is listed here.
    let allowed: BTreeSet<Site> = instance
        .owed_calls(Millis(i64::MAX))
        .into_iter()
        .map(|(site, _)| site)
        .collect();
    let runs = instance.runs.iter().filter_map(|(place, run)| {
        let kind = run_cause(run)?;
        let paused = matches!(kind, WakeKind::Gate { .. }) && !allowed.contains(&run.site(place));
        (!paused).then(|| cause(Some(place), kind))
    });
    let fans = instance
        .fans
        .iter()
        .filter(|(_, fan)| !fan.closed)
        .map(|(step, fan)| {
            cause(
                Some(&Place::once(step)),
                WakeKind::Fact {
                    name: FactName::new("next element"),
                    deadline: fan.deadline,
                },
            )
        });
    runs.chain(fans).collect()
}

fn in_flight(run: &Run) -> Option<WakeKind> {
    let call = run.call()?;
    match call.phase {
        CallPhase::InFlight { since, .. } => Some(WakeKind::Answer {
            connector: call.pinned.contract.connector.clone(),
            since,
        }),
        CallPhase::Owed { .. } | CallPhase::Stuck { .. } => None,
    }
}

fn run_cause(run: &Run) -> Option<WakeKind> {
    if let Some(Undoing::Blocked { incident, .. }) = run.undo {
        return Some(WakeKind::Person {
            incident: Some(incident),
            deadline: None,
        });
    }
    if let Some(call) = run.call() {
        let connector = call.pinned.contract.connector.clone();
        return Some(match call.phase {
            CallPhase::Owed { errand, until } => WakeKind::Gate {
                connector,
                errand,
                until,
            },
            CallPhase::InFlight { since, .. } => WakeKind::Answer { connector, since },
            CallPhase::Stuck { incident } => WakeKind::Person {
                incident: Some(incident),
                deadline: None,
            },
        });
    }
    match &run.state {
        RunState::Waiting { fact, deadline, .. } => Some(WakeKind::Fact {
            name: fact.clone(),
            deadline: *deadline,
        }),
        RunState::Deciding { deadline, .. } => Some(WakeKind::Person {
            incident: None,
            deadline: *deadline,
        }),
        RunState::Blocked { incident } => Some(WakeKind::Person {
            incident: Some(*incident),
            deadline: None,
        }),
        RunState::Calling(_)
        | RunState::Landed { .. }
        | RunState::Skipped(_)
        | RunState::Failed
        | RunState::Cancelled => None,
    }
}
