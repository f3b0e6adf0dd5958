//! Claims about every reachable state: a preview is what then happens, and of two who act at once one wins.

use std::collections::BTreeSet;

use amends_engine::command::{Command, Refusal};
use amends_engine::decide::{Decision, Input};
use amends_engine::event::{Event, InstanceEvent};
use amends_engine::instance::{CallPhase, Instance};
use amends_engine::{Digest, InstanceId, Millis};

use crate::reach::{Bounds, Reached, Search, verbs};
use crate::small;
use crate::world::laws::{reserved, wakes};

/// How long a person thinks between looking and doing, in milliseconds. Shorter than the life of a key: whether a key
/// can still be used is the one thing about a command that time alone changes.
const THOUGHT: i64 = 20 * 60_000;
/// States of each workflow. The table looks at more; here each state is met by every pair.
const STATES: usize = 300;

fn searches() -> impl Iterator<Item = (Search, Vec<Reached>)> {
    small::all().into_iter().map(|definition| {
        let bounds = Bounds {
            faults: 2,
            commands: 1,
        };
        let search = Search::of(definition, bounds);
        let reached = search.run(STATES);
        (search, reached)
    })
}

/// What a decision amounts to, free of times.
#[derive(Debug, PartialEq)]
struct Meaning {
    events: Vec<String>,
    calls: Vec<(String, String)>,
    ledger: amends_engine::ledger::Ledger,
    instances: Vec<(InstanceId, Digest)>,
}

fn meaning(search: &Search, reached: &Reached, decision: &Decision) -> Meaning {
    let name = |event: &Event| {
        let text = if let Event::Of { event, .. } = event {
            format!("{event:?}")
        } else {
            format!("{event:?}")
        };
        text.chars().take_while(char::is_ascii_alphanumeric).collect()
    };
    let instances = decision.root.instances.iter();
    Meaning {
        events: decision.events.iter().map(name).collect(),
        calls: decision.root.due_calls(&reached.root, &search.store),
        ledger: decision.root.ledger.clone(),
        instances: instances
            .map(|(id, instance)| (id.clone(), instance.fingerprint()))
            .collect(),
    }
}

fn commands(reached: &Reached) -> Vec<Command> {
    let instances = reached.root.instances.values();
    instances
        .flat_map(|instance| {
            let verbs = verbs(reached, instance).into_iter();
            verbs.map(|verb| Command {
                revision: Some(reached.root.revision),
                ..Search::command(instance, verb)
            })
        })
        .collect()
}

#[test]
fn a_preview_is_what_then_happens() {
    let mut compared = 0;
    for (search, states) in searches() {
        for reached in states {
            for command in commands(&reached) {
                let name = command.verb.name();
                let input = Input::Command(command);
                let preview = search.decide(&reached, &input, reached.at);
                let later = search.decide(&reached, &input, reached.at.plus(THOUGHT));
                match (preview, later) {
                    (Err(preview), Err(later)) => assert_eq!(preview, later, "I13: {:?}", reached.story),
                    (Ok(preview), Ok(later)) => {
                        assert_eq!(
                            meaning(&search, &reached, &preview),
                            meaning(&search, &reached, &later),
                            "I13: {name} after {:?}",
                            reached.story
                        );
                        sent_is_what_was_shown(&search, &reached, &preview);
                        compared += 1;
                    }
                    (preview, later) => panic!(
                        "I13: {name} after {:?} is {:?} at first, then {:?}",
                        reached.story,
                        preview.err(),
                        later.err()
                    ),
                }
            }
        }
    }
    assert!(compared > 2_000, "only {compared} previews were compared");
}

/// Whatever can leave after the command was owed before, or shown by the preview.
fn sent_is_what_was_shown(search: &Search, reached: &Reached, decision: &Decision) {
    let keys = |root: &amends_engine::root::Root| -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for instance in root.instances.values() {
            for (place, run) in &instance.runs {
                if let Some(call) = run.call() {
                    keys.insert(run.site(place).key(&search.store, &instance.id, call.epoch));
                }
            }
        }
        keys
    };
    let shown = decision.root.due_calls(&reached.root, &search.store);
    let mut allowed = keys(&reached.root);
    allowed.extend(shown.into_iter().map(|(_, key)| key));
    for instance in decision.root.instances.values() {
        for (site, call) in instance.owed_calls(Millis(i64::MAX)) {
            let key = site.key(&search.store, &instance.id, call.epoch);
            assert!(allowed.contains(&key), "I13: {key} would leave and was not shown");
        }
    }
}

#[test]
fn of_two_who_act_on_one_state_one_wins_and_the_other_is_told() {
    let mut races = 0;
    for (search, states) in searches() {
        for reached in states.iter().step_by(12) {
            let commands = commands(reached);
            for command in &commands {
                let Some(first) = after(&search, reached, &Input::Command(command.clone())) else {
                    continue;
                };
                consistent(&search, &first);
                for rival in &commands {
                    let refused = search.decide(&first, &Input::Command(rival.clone()), first.at);
                    assert!(
                        matches!(refused, Err(Refusal::Stale { .. })),
                        "F11: {} was decided on a state that {} had changed",
                        rival.verb.name(),
                        command.verb.name()
                    );
                    races += 1;
                }
            }
        }
    }
    assert!(races > 10_000, "only {races} races were run");
}

#[test]
fn a_command_that_meets_an_answer_or_a_timer_loses_nothing() {
    let mut races = 0;
    for (search, states) in searches() {
        for reached in states.iter().step_by(8) {
            for step in search.moves(reached) {
                if matches!(step.input, Input::Command(_)) {
                    continue;
                }
                for command in commands(reached) {
                    let command = Input::Command(command);
                    // The answer first: the command was decided on a state that is gone.
                    if let Some(second) = after(&search, reached, &step.input) {
                        let refused = search.decide(&second, &command, step.at);
                        assert!(matches!(refused, Err(Refusal::Stale { .. })), "F11");
                    }
                    // The command first: the answer is still heard.
                    let Some(first) = after(&search, reached, &command) else {
                        continue;
                    };
                    let decision = search.decide(&first, &step.input, step.at.max(first.at)).unwrap();
                    heard(&step.input, &decision);
                    if let Some(both) = after(&search, &first, &step.input) {
                        consistent(&search, &both);
                    }
                    races += 1;
                }
            }
        }
    }
    assert!(races > 1_500, "only {races} races were run");
}

/// An answer to an errand that was under way is journaled, whatever a person did meanwhile.
fn heard(input: &Input, decision: &Decision) {
    let Input::Ended { site, .. } = input else { return };
    let told = decision.events.iter().any(|event| {
        matches!(
            event,
            Event::Of {
                event: InstanceEvent::AttemptEnded { site: of, .. } | InstanceEvent::LateReport { site: of, .. },
                ..
            } if of == site
        )
    });
    assert!(told, "F11: the answer to {site} was lost: {:?}", decision.events);
}

fn after(search: &Search, reached: &Reached, input: &Input) -> Option<Reached> {
    let at = reached.at.plus(20);
    let decision = search.decide(reached, input, at).ok()?;
    let mut next = reached.clone();
    next.values.extend(decision.values.clone());
    next.root = decision.root;
    next.at = at;
    (!decision.events.is_empty()).then_some(next)
}

/// Nothing half done: everything open has a cause to move, everything reserved an owner, every call one state.
fn consistent(search: &Search, reached: &Reached) {
    wakes(&reached.root);
    reserved(&reached.root, &search.store);
    reached.root.instances.values().for_each(no_call_at_the_end);
}

fn no_call_at_the_end(instance: &Instance) {
    let flying = instance.runs.values().filter_map(|run| run.call());
    let flying = flying
        .filter(|call| matches!(call.phase, CallPhase::InFlight { .. }))
        .count();
    assert!(
        !instance.is_terminal() || flying == 0,
        "{} ended with an answer outstanding",
        instance.id
    );
}
