//! Lining up at the gates, and what they let through.

use crate::decide;
use crate::event::Report;
use crate::gate::{Class, Gate, Health, Ticket};
use crate::instance::Site;
use crate::instance::{CallPhase, Side};
use crate::outcome::{FaultClass, Outcome, Probe};
use crate::root::Root;
use crate::{ConnectorId, InstanceId, RootKey};

use super::Kernel;
use super::output::Output;
use super::slot::{Live, Slot};

/// An errand under way that holds a slot of its gate: root, instance, call, epoch, attempt.
pub(super) type Flight = (RootKey, InstanceId, Site, u32, u32);

impl Kernel {
    /// Lines up what is owed now, and sets the timer for what is owed later.
    pub(super) fn line_up(&mut self, key: &RootKey) {
        let now = self.now;
        let Some(Slot::Live(live)) = self.roots.get_mut(key) else {
            return;
        };
        let mut tickets: Vec<(ConnectorId, Ticket)> = Vec::new();
        let root = live.root.clone();
        let express = is_express(live);
        for instance in root.instances.values() {
            for (site, call) in instance.owed_calls(now) {
                if !live.ticketed.insert((instance.id.clone(), site.clone())) {
                    continue;
                }
                let recovery = call.doubt.is_some() || site.side != Side::Do;
                let class = match (recovery, express) {
                    (true, _) => Class::Recovery,
                    (false, true) => Class::Express,
                    (false, false) => Class::Normal,
                };
                let ticket = Ticket {
                    class,
                    due: now,
                    root: key.clone(),
                    instance: instance.id.clone(),
                    site,
                };
                tickets.push((call.pinned.contract.connector.clone(), ticket));
            }
        }
        let next = live.next_timer();
        let last = std::mem::replace(&mut live.timer, next);
        if let Some(last) = last {
            self.timers.remove(&(last, key.clone()));
        }
        if let Some(next) = next {
            self.timers.insert((next, key.clone()));
        }
        for (connector, ticket) in tickets {
            self.gate(&connector).ask(ticket);
        }
    }

    pub(super) fn gate(&mut self, connector: &ConnectorId) -> &mut Gate {
        let limits = self.settings.limits.get(connector);
        self.gates
            .entry(connector.clone())
            .or_insert_with(|| Gate::new(limits.cloned().unwrap_or_default()))
    }

    /// Lets through what the gates allow.
    pub(super) fn open_gates(&mut self, output: &mut Output) {
        let connectors: Vec<ConnectorId> = self.gates.keys().cloned().collect();
        for connector in connectors {
            while let Some(ticket) = self
                .gates
                .get_mut(&connector)
                .and_then(|gate| gate.grant(self.now))
            {
                let Some(ticket) = self.park(&connector, ticket) else {
                    continue;
                };
                match self.let_through(&ticket, output) {
                    Some(flight) => {
                        self.flights.insert(flight, connector.clone());
                    }
                    None => self.gate(&connector).not_needed(),
                }
            }
        }
    }

    /// Starts the ticket's call; `None` if it is not owed any more.
    fn let_through(&mut self, ticket: &Ticket, output: &mut Output) -> Option<Flight> {
        let Some(Slot::Live(live)) = self.roots.get_mut(&ticket.root) else {
            return None;
        };
        live.ticketed
            .remove(&(ticket.instance.clone(), ticket.site.clone()));
        let before = live.root.clone();
        let granted = decide::Input::Granted {
            instance: ticket.instance.clone(),
            site: ticket.site.clone(),
        };
        self.apply(&ticket.root, &granted, output);
        let Some(Slot::Live(live)) = self.roots.get(&ticket.root) else {
            return None;
        };
        let (epoch, attempt) = under_way(&live.root, ticket)?;
        if under_way(&before, ticket) == Some((epoch, attempt)) {
            return None;
        }
        let (root, instance, site) = (&ticket.root, &ticket.instance, &ticket.site);
        Some((root.clone(), instance.clone(), site.clone(), epoch, attempt))
    }

    /// The answer to an errand frees its slot. Repetitions, and answers to another process's errands, free nothing.
    pub(super) fn free_slot(&mut self, flight: &Flight, report: &Report) {
        if let Some(connector) = self.flights.remove(flight) {
            let now = self.now;
            self.gate(&connector).ended(now, health(report));
        }
    }
}

/// Epoch and number of the errand under way at the ticket's call.
fn under_way(root: &Root, ticket: &Ticket) -> Option<(u32, u32)> {
    let run = root.instance(&ticket.instance)?.run(&ticket.site.place)?;
    let call = run
        .call()
        .filter(|_| run.site(&ticket.site.place) == ticket.site)?;
    matches!(call.phase, CallPhase::InFlight { .. }).then_some((call.epoch, call.attempt))
}

fn is_express(live: &Live) -> bool {
    let subject = live.root.subject.and_then(|digest| live.values.get(&digest));
    subject
        .and_then(|subject| subject.get("express"))
        .and_then(crate::Value::as_bool)
        .unwrap_or(false)
}

fn health(report: &Report) -> Health {
    match report {
        Report::Outcome(Outcome::Succeeded(_) | Outcome::Accepted(_) | Outcome::Rejected(_))
        | Report::Probe(Probe::Found(_) | Probe::Absent) => Health::Good,
        Report::Outcome(Outcome::Failed(fault) | Outcome::Unknown(fault))
        | Report::Probe(Probe::Failed(fault)) => match fault.class {
            FaultClass::Throttled | FaultClass::Interrupted | FaultClass::Business => Health::Neutral,
            FaultClass::Connect
            | FaultClass::Timeout
            | FaultClass::Broken
            | FaultClass::Server
            | FaultClass::Unreadable
            | FaultClass::Auth => Health::Bad,
        },
    }
}
