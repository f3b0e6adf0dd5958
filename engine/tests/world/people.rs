//! People who command at random, and whoever waits for a reply.

use std::collections::BTreeMap;

use amends_engine::command::{Command, Refusal, Verb};
use amends_engine::event::Event;
use amends_engine::instance::{Instance, Place};
use amends_engine::kernel::{Input, Mode, Reply};
use amends_engine::root::Root;
use amends_engine::{RootKey, Value};

use super::World;

/// What somebody waits for.
#[derive(Debug)]
pub(crate) enum Pending {
    /// A fact was reported.
    Fact,
    /// A command was given on this root.
    Command(RootKey),
    /// A command decided on a state that is gone was given on purpose.
    Stale,
    /// A command was looked at, and given right after: what it then did.
    Preview(Option<Vec<Event>>),
}

impl World {
    /// Somebody looks at an order and does something, sensible or not.
    pub(crate) fn person(&mut self) {
        let roots: Vec<RootKey> = self.live.keys().cloned().collect();
        let Some(key) = self.dice.pick(&roots).cloned() else {
            return;
        };
        let Some(root) = self.live.get(&key).cloned() else {
            return;
        };
        let instances: Vec<&Instance> = root.instances.values().collect();
        let Some(instance) = self.dice.pick(&instances) else {
            return;
        };
        let verb = self.verb(&root, instance);
        let rival = self.dice.chance(300).then(|| self.verb(&root, instance));
        let command = |verb, revision| Command {
            instance: instance.id.clone(),
            verb,
            actor: "kim".to_owned(),
            reason: "because".to_owned(),
            revision,
        };
        let Some(rival) = rival else {
            self.command(&key, command(verb, None));
            return;
        };
        // Two people decided on the same state: the first one wins, the other is told.
        let revision = Some(root.revision);
        let life = self.life;
        let events = self.command(&key, command(verb, revision));
        let won = events
            .iter()
            .any(|event| matches!(event, Event::Commanded { .. }));
        if won && life == self.life {
            let reply = self.expect(Pending::Stale);
            self.handle(Input::Command {
                root: key,
                command: command(rival, revision),
                reply,
                run: Mode::Run,
            });
        }
    }

    fn verb(&mut self, root: &Root, instance: &Instance) -> Verb {
        let places: Vec<Place> = instance.runs.keys().cloned().collect();
        let place = self
            .dice
            .pick(&places)
            .cloned()
            .unwrap_or_else(|| Place::once(&"nowhere".into()));
        match self.dice.roll(20) {
            0..=3 => Verb::Retry { place },
            4 => Verb::Complete {
                place,
                reference: Some("by-hand".to_owned()),
                result: Value::map([
                    ("reference", Value::text("by-hand")),
                    ("lines", Value::List(Vec::new())),
                ]),
            },
            5 => Verb::Skip { place },
            6 => Verb::Compensate,
            7 => Verb::Cancel,
            8 | 9 => Verb::Hold,
            10 => Verb::Resume,
            11 | 12 => Verb::Approve { place },
            13..=15 => Verb::Rewind { step: place.step },
            16 => Verb::Edit {
                place,
                arguments: BTreeMap::new(),
            },
            17 => {
                let numbers: Vec<u32> = root
                    .incidents
                    .keys()
                    .chain(root.obligations.keys())
                    .copied()
                    .collect();
                let number = self.dice.pick(&numbers).copied().unwrap_or_default();
                Verb::Waive { number }
            }
            18 => Verb::Signal {
                fact: "parcel.shipped".into(),
                id: "by-hand".to_owned(),
                payload: Value::map([("parcel", Value::text("by-hand")), ("units", Value::Int(1))]),
            },
            _ => {
                if self.dice.chance(150) {
                    Verb::Close
                } else {
                    Verb::Reject { place }
                }
            }
        }
    }

    /// Looks at a command, then gives it. I13: the preview is what then happens.
    pub(crate) fn command(&mut self, root: &RootKey, command: Command) -> Vec<Event> {
        let life = self.life;
        let in_memory = self.loaded.contains(root);
        let preview = self.expect(Pending::Preview(None));
        self.handle(Input::Command {
            root: root.clone(),
            command: command.clone(),
            reply: preview,
            run: Mode::Preview,
        });
        if life != self.life {
            return Vec::new();
        }
        let reply = self.expect(Pending::Command(root.clone()));
        let events = self.handle(Input::Command {
            root: root.clone(),
            command,
            reply,
            run: Mode::Run,
        });
        if in_memory
            && life == self.life
            && let Some(Pending::Preview(ran)) = self.pending.get_mut(&preview)
        {
            *ran = Some(events.clone());
        }
        events
    }

    pub(crate) fn check_reply(&mut self, pending: Pending, reply: &Reply) {
        match (pending, reply) {
            (Pending::Stale, Reply::Refused(Refusal::Stale { .. }))
            | (Pending::Fact, Reply::Done { .. })
            | (Pending::Command(_), Reply::Refused(_))
            | (Pending::Preview(None), _) => {}
            (Pending::Command(root), Reply::Done { revision }) => {
                let durable = self.laws.root(&root).map_or(0, |root| root.revision);
                assert!(
                    durable >= *revision,
                    "I7: {root} was acknowledged at {revision}, durable is {durable}"
                );
            }
            (Pending::Preview(Some(ran)), Reply::Preview(preview)) => {
                assert_eq!(
                    ran.get(..preview.events.len()),
                    Some(preview.events.as_slice()),
                    "I13"
                );
            }
            (Pending::Preview(Some(ran)), Reply::Refused(refusal)) => {
                let obeyed = ran.iter().any(|event| matches!(event, Event::Commanded { .. }));
                assert!(
                    !obeyed,
                    "I13: a preview was refused ({refusal}), the command was not"
                );
            }
            (pending, reply) => panic!("{pending:?} was answered with {reply:?}"),
        }
    }

    pub(crate) fn resume_all(&mut self) {
        let held: Vec<Command> = self
            .live
            .values()
            .flat_map(|root| root.instances.values())
            .filter(|instance| instance.hold.is_some() && !instance.is_terminal())
            .map(|instance| Command {
                instance: instance.id.clone(),
                verb: Verb::Resume,
                actor: "kim".to_owned(),
                reason: "healed".to_owned(),
                revision: None,
            })
            .collect();
        for command in held {
            let root = RootKey::new(command.instance.as_str().split('/').next().unwrap());
            self.command(&root, command);
        }
    }
}
