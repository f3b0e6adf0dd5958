//! What the frames of one commit are counted as, once they are durable.

use std::collections::BTreeMap;
use std::time::Duration;

use amends_engine::InstanceId;
use amends_engine::event::{Event, InstanceEvent};
use amends_engine::kernel::Frame;

use super::{
    CLEARED, COMMANDS, COMMIT_SECONDS, COMMITS, ENDED, FRAMES, INCIDENTS, OBLIGATIONS, OVERDUE, SLA_BREACHES,
    STARTED,
};

type Labels = Vec<(&'static str, String)>;

/// Counts of one commit. Nothing is counted before it is durable: what was never kept never happened.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    frames: u64,
    counts: BTreeMap<(&'static str, Labels), u64>,
}

impl Tally {
    /// Adds what `frame` says.
    pub(crate) fn add(&mut self, frame: &Frame) {
        self.frames += 1;
        for event in &frame.events {
            if let Some((name, labels)) = counted(frame, event) {
                *self.counts.entry((name, labels)).or_default() += 1;
            }
        }
    }

    /// Counts it: it became durable after `took`.
    pub(crate) fn count(self, took: Duration) {
        metrics::counter!(COMMITS).increment(1);
        metrics::counter!(FRAMES).increment(self.frames);
        metrics::histogram!(COMMIT_SECONDS).record(took.as_secs_f64());
        for ((name, labels), count) in self.counts {
            let labels: Vec<metrics::Label> = labels
                .into_iter()
                .map(|(label, value)| metrics::Label::new(label, value))
                .collect();
            metrics::counter!(name, labels).increment(count);
        }
    }
}

fn counted(frame: &Frame, event: &Event) -> Option<(&'static str, Labels)> {
    Some(match event {
        Event::IncidentOpened { incident, .. } => (INCIDENTS, vec![("cause", incident.cause.clone())]),
        Event::IncidentClosed { .. } => (CLEARED, Labels::new()),
        Event::ObligationOpened { .. } => (OBLIGATIONS, Labels::new()),
        Event::Commanded { command, .. } => (COMMANDS, vec![("command", command.clone())]),
        Event::Of { instance, event } => return of_instance(frame, instance, event),
        Event::Observed { .. }
        | Event::SubjectRevised { .. }
        | Event::FactRecorded { .. }
        | Event::ObligationClosed { .. }
        | Event::Posted { .. }
        | Event::Noted { .. } => return None,
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is counted is chosen; a new event is counted once somebody wants its number"
)]
fn of_instance(frame: &Frame, id: &InstanceId, event: &InstanceEvent) -> Option<(&'static str, Labels)> {
    let workflow = || {
        let known = frame.after.instances.get(id);
        (
            "workflow",
            known.map_or_else(String::new, |instance| instance.workflow.to_string()),
        )
    };
    let ended = |end: &str| (ENDED, vec![workflow(), ("end", end.to_owned())]);
    match event {
        InstanceEvent::Started { workflow, .. } => Some((STARTED, vec![("workflow", workflow.to_string())])),
        InstanceEvent::Completed => Some(ended("completed")),
        InstanceEvent::Compensated => Some(ended("compensated")),
        InstanceEvent::Closed { .. } => Some(ended("closed")),
        InstanceEvent::DeadlinePassed { place } => Some((OVERDUE, vec![("step", place.step.to_string())])),
        InstanceEvent::SlaBreached { step, .. } => {
            let step = step.as_ref().map_or_else(String::new, ToString::to_string);
            Some((SLA_BREACHES, vec![workflow(), ("step", step)]))
        }
        _ => None,
    }
}
