//! One run of one definition version within a root.

mod call;
mod run;
mod site;
mod sla;
mod stage;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use call::{CallPhase, CallState, Doubt, Errand, Pinned};
pub use run::{Heard, Past, Run, RunState, SkipReason, Undoing};
pub use site::{Place, Side, Site};
pub use sla::Sla;
pub use stage::{Stage, Trigger};

use crate::definition::{Definition, Step};
use crate::{ConnectorId, Digest, InstanceId, ItemKey, Millis, RoleName, StepId, Value, WorkflowName};

/// One run of one definition version within a root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Its id, for ever.
    pub id: InstanceId,
    /// The workflow's name.
    pub workflow: WorkflowName,
    /// The definition it is pinned to.
    pub definition: Digest,
    /// Set for a debt: the one run it makes up for, in place of the whole definition.
    pub only: Option<Place>,
    /// Which connector serves each role, chosen at the start.
    pub routes: BTreeMap<RoleName, ConnectorId>,
    /// What expressions read as `shop`, as it was at the start.
    pub settings: Value,
    /// When it started.
    pub started_at: Millis,
    /// Where it stands to the point of no return.
    pub stage: Stage,
    /// Set while it is held: nothing is released and deadlines stand still.
    pub hold: Option<Hold>,
    /// Runs by place.
    pub runs: BTreeMap<Place, Run>,
    /// Fan-outs by step.
    pub fans: BTreeMap<StepId, Fan>,
    /// A cancel or compensate that waits for a pivot's outcome.
    pub parked: Option<Trigger>,
    /// What set the undo going, once it did.
    pub trigger: Option<Trigger>,
    /// The step it is taken back to, while it is rewinding.
    pub rewind: Option<StepId>,
    /// Landings so far.
    pub landings: u32,
    /// Times promised, in the order they began to count.
    pub slas: Vec<Sla>,
}

/// A stop that freezes deadlines and shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Since when.
    pub since: Millis,
    /// The incident that says why, when the engine held it.
    pub incident: Option<u32>,
    /// What people read.
    pub reason: String,
}

/// A fan-out that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fan {
    /// Its elements, frozen as they joined.
    pub items: BTreeMap<ItemKey, Value>,
    /// Whether no more may join.
    pub closed: bool,
    /// Until when the next is awaited; `None` when closed or escalated.
    pub deadline: Option<Millis>,
}

impl Instance {
    /// The run at `place`.
    pub fn run(&self, place: &Place) -> Option<&Run> {
        self.runs.get(place)
    }

    /// The steps of `definition` that this instance runs.
    pub fn steps<'d>(&'d self, definition: &'d Definition) -> impl DoubleEndedIterator<Item = &'d Step> {
        definition.steps.iter().filter(|step| self.runs_step(&step.id))
    }

    /// Whether `step` is part of this instance: every step, or the one a debt makes up for.
    pub fn runs_step(&self, step: &StepId) -> bool {
        self.only.as_ref().is_none_or(|only| only.step == *step)
    }

    /// Runs of `step` in the order of their items.
    pub fn runs_of<'i>(&'i self, step: &'i StepId) -> impl Iterator<Item = (&'i Place, &'i Run)> {
        self.runs.iter().filter(move |(place, _)| place.step == *step)
    }

    /// Whether `step` has begun.
    pub fn has_begun(&self, step: &StepId) -> bool {
        self.fans.contains_key(step) || self.runs_of(step).any(|(_, run)| !run.vacant)
    }

    /// Whether steps after `step` may begin: its only run is over, or its fan-out is closed and all runs are over.
    pub fn is_over(&self, step: &StepId) -> bool {
        match self.fans.get(step) {
            Some(fan) => {
                let over = self.runs_of(step).filter(|(place, run)| {
                    let joined = place
                        .item
                        .as_ref()
                        .is_some_and(|item| fan.items.contains_key(item));
                    joined && run.is_over()
                });
                fan.closed && over.count() == fan.items.len()
            }
            None => self.run(&Place::once(step)).is_some_and(Run::is_over),
        }
    }

    /// Calls that a gate may let through at `now`: owed, not held, and allowed in this stage. While undoing, a
    /// forward call is repeated only to resolve doubt.
    pub fn owed_calls(&self, now: Millis) -> Vec<(Site, &CallState)> {
        if self.hold.is_some() || self.is_terminal() {
            return Vec::new();
        }
        self.runs
            .iter()
            .filter_map(|(place, run)| {
                let call = run.call()?;
                let CallPhase::Owed { until, .. } = call.phase else {
                    return None;
                };
                let site = run.site(place);
                let allowed = match site.side {
                    Side::Do => self.stage.goes_forward() || call.doubt.is_some(),
                    Side::Undo(_) => !self.stage.goes_forward(),
                };
                (allowed && until <= now).then_some((site, call))
            })
            .collect()
    }

    /// Whether nothing will ever happen to it again.
    pub fn is_terminal(&self) -> bool {
        self.stage.is_terminal()
    }

    /// What expressions read as `steps`: results by step id with `_` for `-`; a list for a fan-out.
    pub fn results(&self) -> Value {
        let mut results: BTreeMap<String, Value> = BTreeMap::new();
        for (place, run) in &self.runs {
            let Some(landing) = run.landing() else { continue };
            let name = place.step.as_str().replace('-', "_");
            match (&place.item, results.get_mut(&name)) {
                (None, _) => {
                    results.insert(name, landing.result.clone());
                }
                (Some(_), Some(Value::List(list))) => list.push(landing.result.clone()),
                (Some(_), _) => {
                    results.insert(name, Value::List(vec![landing.result.clone()]));
                }
            }
        }
        Value::Map(results)
    }

    /// A digest of what this instance may still do, free of times and ids: two instances with one fingerprint
    /// behave alike. The model checker counts states by it.
    pub fn fingerprint(&self) -> Digest {
        let mut text = format!(
            "{:?}{}|{}|{:?}",
            self.stage,
            self.rewind.as_ref().map_or("", StepId::as_str),
            self.hold.is_some(),
            self.parked.as_ref().map(|parked| parked.forced)
        );
        for (place, run) in &self.runs {
            text = text + "|" + &place.to_string() + ":" + &run_shape(run);
        }
        for (step, fan) in &self.fans {
            text = text + "|" + step.as_str() + &format!("*{}{}", fan.items.len(), fan.closed);
        }
        Digest::of(text.as_bytes())
    }
}

fn run_shape(run: &Run) -> String {
    let forward = match &run.state {
        RunState::Cancelled if run.vacant => "vacant".to_owned(),
        RunState::Calling(call) => call_shape(call),
        RunState::Waiting { deadline, .. } => format!("waiting{}", deadline.is_some()),
        RunState::Deciding { deadline, .. } => format!("deciding{}", deadline.is_some()),
        RunState::Blocked { .. } => "blocked".to_owned(),
        RunState::Landed { order, landing, .. } => format!("landed{order}{}", landing.adopted),
        RunState::Skipped(reason) => format!("{reason:?}"),
        RunState::Failed => "failed".to_owned(),
        RunState::Cancelled => "cancelled".to_owned(),
    };
    let undo = match &run.undo {
        None => String::new(),
        Some(Undoing::Calling { index, call }) => format!("undo{index}{}", call_shape(call)),
        Some(Undoing::Between { done }) => format!("undone{done}"),
        Some(Undoing::Blocked { index, .. }) => format!("undo-blocked{index}"),
        Some(Undoing::Done) => "undone".to_owned(),
    };
    forward + &undo
}

fn call_shape(call: &CallState) -> String {
    let phase = match call.phase {
        CallPhase::Owed { errand, .. } => format!("owed{errand:?}"),
        CallPhase::InFlight { errand, .. } => format!("flying{errand:?}"),
        CallPhase::Stuck { .. } => "stuck".to_owned(),
    };
    format!(
        "{phase}{:?}{}{}",
        call.doubt.map(|doubt| doubt.absents),
        call.sends.min(2),
        call.server_faults.min(2)
    )
}
