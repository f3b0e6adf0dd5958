//! Handling inputs.

use std::sync::Arc;

use crate::command::Command;
use crate::decide::{self, Context, Decision};
use crate::event::{Event, InstanceEvent};
use crate::instance::Errand;
use crate::root::Root;
use crate::{Millis, RootKey};

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
        self.held.release(self.durable, &mut output);
        self.evict(&mut output);
        output.wake_at = self.next_wake();
        output
    }

    pub(super) fn take(&mut self, input: Input, output: &mut Output) {
        match input {
            Input::Tick => self.fire(output),
            Input::Durable { sequence } => {
                self.durable = self.durable.max(sequence);
            }
            Input::Loaded { root, state, values } => {
                self.loaded(&root, state, values, output);
            }
            Input::Pause { brake, paused } => self.brake(&brake, paused),
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
            } => self.preview(key, command, reply),
            Input::Ended {
                instance,
                site,
                epoch,
                attempt,
                report,
                ..
            } => {
                let flight = (key.clone(), instance.clone(), site.clone(), epoch, attempt);
                self.free_slot(&flight, &report);
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
    pub(super) fn apply(
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

    /// Roots that are due are told so, each once: what stays due is not moved by time alone.
    fn fire(&mut self, output: &mut Output) {
        let due: Vec<RootKey> = self
            .timers
            .iter()
            .take_while(|(due, _)| *due <= self.now)
            .map(|(_, key)| key.clone())
            .collect();
        for key in due {
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

    fn preview(&mut self, key: &RootKey, command: Command, reply: ReplyId) {
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
        first: *errand == Errand::Send && call.sends <= 1 && *epoch == 0,
        timeout_ms: call.timeout_ms,
    })
}
