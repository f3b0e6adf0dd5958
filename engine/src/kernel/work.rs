//! Handling inputs.

use std::sync::Arc;

use crate::command::Command;
use crate::decide::{self, Context, Decision};
use crate::event::{Event, InstanceEvent, Report};
use crate::gate::{Class, Gate, Health, Ticket};
use crate::instance::{Errand, Side};
use crate::outcome::{FaultClass, Outcome, Probe};
use crate::root::Root;
use crate::{ConnectorId, Millis, RootKey};

use super::output::{Effect, Frame, Output, Preview, Reply, ReplyId};
use super::slot::{Live, Slot};
use super::{Input, Kernel, Mode};

impl Kernel {
    /// Handles `input`, which happened at `at`. Time never falls.
    pub fn handle(&mut self, input: Input, at: Millis) -> Output {
        self.now = self.now.max(at);
        let mut output = Output::default();
        self.take(input, &mut output);
        self.open_gates(&mut output);
        self.evict(&mut output);
        output.wake_at = self.next_wake();
        output
    }

    fn take(&mut self, input: Input, output: &mut Output) {
        match input {
            Input::Tick => self.fire(output),
            Input::Durable { sequence } => {
                self.durable = self.durable.max(sequence);
                self.held.release(self.durable, output);
            }
            Input::Loaded { root, state, values } => {
                let fresh = Box::new(Live::new(
                    state.map_or_else(|| Root::new(root.clone()), |state| *state),
                    values,
                ));
                let waiting = match self.roots.insert(root.clone(), Slot::Live(fresh)) {
                    Some(Slot::Loading(waiting)) => waiting,
                    Some(Slot::Live(_)) | None => Vec::new(),
                };
                self.apply(&root, &decide::Input::Recovered, output);
                for input in waiting {
                    self.take(input, output);
                }
            }
            Input::Pause { connector, paused } => self.gate(&connector).pause(paused),
            Input::Observe { ref root, .. }
            | Input::Command { ref root, .. }
            | Input::Ended { ref root, .. }
            | Input::Wake { ref root } => {
                let root = root.clone();
                match self.roots.get_mut(&root) {
                    Some(Slot::Live(_)) => self.reach(&root, input, output),
                    Some(Slot::Loading(waiting)) => waiting.push(input),
                    None => {
                        self.roots.insert(root.clone(), Slot::Loading(vec![input]));
                        output.load.push(root);
                    }
                }
            }
        }
    }

    /// An input reaches a root in memory.
    fn reach(&mut self, key: &RootKey, input: Input, output: &mut Output) {
        match input {
            Input::Observe {
                observation, reply, ..
            } => {
                let refused = self.apply(key, &decide::Input::Observed(observation), output);
                if let Some(reply) = reply {
                    self.answer(key, reply, refused);
                }
            }
            Input::Command {
                command,
                reply,
                run: Mode::Run,
                ..
            } => {
                let refused = self.apply(key, &decide::Input::Command(command), output);
                self.answer(key, reply, refused);
            }
            Input::Command {
                command,
                reply,
                run: Mode::Preview,
                ..
            } => self.preview(key, command, reply, output),
            Input::Ended {
                instance,
                site,
                epoch,
                attempt,
                report,
                ..
            } => {
                self.settle_gate(key, &instance, &site, &report);
                let ended = decide::Input::Ended {
                    instance,
                    site,
                    epoch,
                    attempt,
                    report,
                };
                self.apply(key, &ended, output);
            }
            Input::Wake { .. } => {
                self.apply(key, &decide::Input::Due, output);
            }
            Input::Tick | Input::Loaded { .. } | Input::Durable { .. } | Input::Pause { .. } => {}
        }
    }

    fn decide(&self, live: &Live, input: &decide::Input) -> Result<Decision, crate::command::Refusal> {
        let context = Context {
            book: self.book.as_ref(),
            evaluator: self.evaluator.as_ref(),
            store: &self.settings.store,
            at: self.now,
            values: &live.values,
        };
        decide::decide(&context, &live.root, input)
    }

    /// Decides and writes down. Gives the refusal, if it was one.
    fn apply(
        &mut self,
        key: &RootKey,
        input: &decide::Input,
        output: &mut Output,
    ) -> Option<crate::command::Refusal> {
        let Some(Slot::Live(live)) = self.roots.get(key) else {
            return None;
        };
        match self.decide(live, input) {
            Err(refusal) => return Some(refusal),
            Ok(decision) => self.write(key, decision, output),
        }
        self.line_up(key);
        self.touch(key);
        None
    }

    /// Appends what was decided; events of one root in one output share a frame.
    fn write(&mut self, key: &RootKey, decision: Decision, output: &mut Output) {
        if decision.events.is_empty() {
            return;
        }
        let Some(Slot::Live(live)) = self.roots.get_mut(key) else {
            return;
        };
        let merged = output.append.iter().position(|frame| frame.root == *key);
        let mut root = decision.root;
        let sequence = if let Some(frame) = merged.and_then(|index| output.append.get(index)) {
            frame.sequence
        } else {
            self.sequence += 1;
            root.sequence += 1;
            self.sequence
        };
        for event in &decision.events {
            if let Some(effect) = effect(&self.settings.store, &root, live, event, &decision.values) {
                self.held.effect(sequence, effect);
            }
        }
        live.values.extend(
            decision
                .values
                .iter()
                .map(|(digest, value)| (*digest, value.clone())),
        );
        live.written = sequence;
        live.root = Arc::new(root);
        live.trim();
        let after = live.root.clone();
        match merged.and_then(|index| output.append.get_mut(index)) {
            Some(frame) => {
                frame.events.extend(decision.events);
                frame.values.extend(decision.values);
                frame.after = after;
            }
            None => output.append.push(Frame {
                sequence,
                root: key.clone(),
                root_sequence: after.sequence,
                at: self.now,
                events: decision.events,
                values: decision.values,
                after,
            }),
        }
    }

    /// Lines up what is owed now, and sets the timer for what is owed later.
    fn line_up(&mut self, key: &RootKey) {
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

    fn gate(&mut self, connector: &ConnectorId) -> &mut Gate {
        let limits = self.settings.limits.get(connector);
        self.gates
            .entry(connector.clone())
            .or_insert_with(|| Gate::new(limits.cloned().unwrap_or_default()))
    }

    /// Lets through what the gates allow.
    fn open_gates(&mut self, output: &mut Output) {
        let connectors: Vec<ConnectorId> = self.gates.keys().cloned().collect();
        for connector in connectors {
            while let Some(ticket) = self
                .gates
                .get_mut(&connector)
                .and_then(|gate| gate.grant(self.now))
            {
                if !self.let_through(&ticket, output) {
                    let now = self.now;
                    self.gate(&connector).ended(now, Health::Neutral);
                }
            }
        }
    }

    /// Whether the ticket's call was still owed and its attempt started.
    fn let_through(&mut self, ticket: &Ticket, output: &mut Output) -> bool {
        let Some(Slot::Live(live)) = self.roots.get_mut(&ticket.root) else {
            return false;
        };
        live.ticketed
            .remove(&(ticket.instance.clone(), ticket.site.clone()));
        let before = live.root.revision;
        let granted = decide::Input::Granted {
            instance: ticket.instance.clone(),
            site: ticket.site.clone(),
        };
        self.apply(&ticket.root, &granted, output);
        matches!(self.roots.get(&ticket.root), Some(Slot::Live(live)) if live.root.revision > before)
    }

    /// The answer frees the slot of the errand under way; late ones never had one.
    fn settle_gate(
        &mut self,
        key: &RootKey,
        instance: &crate::InstanceId,
        site: &crate::instance::Site,
        report: &Report,
    ) {
        let Some(Slot::Live(live)) = self.roots.get(key) else {
            return;
        };
        let run = live
            .root
            .instance(instance)
            .and_then(|instance| instance.run(&site.place));
        let flying = run
            .and_then(|run| run.call())
            .filter(|call| matches!(call.phase, crate::instance::CallPhase::InFlight { .. }));
        let Some(connector) = flying.map(|call| call.pinned.contract.connector.clone()) else {
            return;
        };
        let now = self.now;
        self.gate(&connector).ended(now, health(report));
    }

    fn fire(&mut self, output: &mut Output) {
        while let Some((due, key)) = self.timers.first().cloned().filter(|(due, _)| *due <= self.now) {
            self.timers.remove(&(due, key.clone()));
            if let Some(Slot::Live(live)) = self.roots.get_mut(&key) {
                live.timer = None;
            }
            self.apply(&key, &decide::Input::Due, output);
        }
    }

    fn answer(&mut self, key: &RootKey, reply: ReplyId, refused: Option<crate::command::Refusal>) {
        let Some(Slot::Live(live)) = self.roots.get(key) else {
            return;
        };
        let answer = match refused {
            Some(refusal) => Reply::Refused(refusal),
            None => Reply::Done {
                revision: live.root.revision,
            },
        };
        // Also a refusal waits: it was decided on state that may not be durable yet.
        self.held.reply(self.sequence, reply, answer);
    }

    fn preview(&mut self, key: &RootKey, command: Command, reply: ReplyId, output: &mut Output) {
        let Some(Slot::Live(live)) = self.roots.get(key) else {
            return;
        };
        let answer = match self.decide(live, &decide::Input::Command(command)) {
            Err(refusal) => Reply::Refused(refusal),
            Ok(decision) => Reply::Preview(Box::new(Preview {
                revision: live.root.revision,
                effects: decision.root.due_calls(&live.root, &self.settings.store),
                ledger: decision.root.ledger,
                events: decision.events,
            })),
        };
        self.held.reply(self.sequence, reply, answer);
        self.held.release(self.durable, output);
    }

    fn touch(&mut self, key: &RootKey) {
        let Some(Slot::Live(live)) = self.roots.get_mut(key) else {
            return;
        };
        self.by_use.remove(&(live.used, key.clone()));
        self.uses += 1;
        live.used = self.uses;
        self.by_use.insert((live.used, key.clone()));
    }

    /// Roots used least recently leave, if nothing of theirs is under way or not yet durable.
    fn evict(&mut self, output: &mut Output) {
        if self.roots.len() <= self.settings.working_set_max {
            return;
        }
        let surplus = self.roots.len() - self.settings.working_set_max;
        let idle = |key: &RootKey| matches!(self.roots.get(key), Some(Slot::Live(live)) if !live.is_busy() && live.written <= self.durable);
        let leaving: Vec<(u64, RootKey)> = self
            .by_use
            .iter()
            .filter(|(_, key)| idle(key))
            .take(surplus)
            .cloned()
            .collect();
        for (used, key) in leaving {
            self.by_use.remove(&(used, key.clone()));
            if let Some(Slot::Live(live)) = self.roots.remove(&key) {
                if let Some(timer) = live.timer {
                    self.timers.remove(&(timer, key));
                }
                output.evict.push(Arc::unwrap_or_clone(live.root));
            }
        }
    }

    fn next_wake(&self) -> Option<Millis> {
        let timer = self.timers.first().map(|(due, _)| *due);
        let gates = self.gates.values().filter_map(|gate| gate.next_at(self.now));
        gates.chain(timer).min()
    }
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

/// The errand that `event` lets leave.
fn effect(
    store: &crate::StoreId,
    root: &Root,
    live: &Live,
    event: &Event,
    new: &std::collections::BTreeMap<crate::Digest, Arc<crate::Value>>,
) -> Option<Effect> {
    let Event::Of {
        instance,
        event:
            InstanceEvent::AttemptStarted {
                site,
                epoch,
                attempt,
                errand,
                ..
            },
    } = event
    else {
        return None;
    };
    let call = root.instance(instance)?.run(&site.place)?.call()?;
    let args = new
        .get(&call.pinned.args)
        .or_else(|| live.values.get(&call.pinned.args));
    Some(Effect {
        root: root.key.clone(),
        instance: instance.clone(),
        site: site.clone(),
        epoch: *epoch,
        attempt: *attempt,
        errand: *errand,
        key: site.key(store, instance, *epoch),
        contract: call.pinned.contract.clone(),
        args: args.cloned().unwrap_or_default(),
        first: *errand == Errand::Send && call.tries <= 1 && *epoch == 0,
        timeout_ms: call.timeout_ms,
    })
}
