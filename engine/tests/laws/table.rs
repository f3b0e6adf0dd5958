//! The table of every command against every state, generated through the real `decide`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use amends_engine::command::Verb;
use amends_engine::decide::Input;
use amends_engine::instance::{Instance, Stage};
use amends_engine::root::cause;

use crate::outcome::{accepted, aim, refusal};
use crate::reach::{Bounds, Reached, Search, verbs};
use crate::small;

/// Where the table is kept.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/commands.md");
/// Set to write the page instead of comparing it.
const REWRITE: &str = "AMENDS_REWRITE";

const HEAD: &str = "# Commands

What each command does in each state. This page is generated: a test runs every command against every state that small
workflows can reach (two faults and one command on the way) through the real `decide`, and fails when the page differs.
To write it anew after a change of the rules: `AMENDS_REWRITE=1 cargo test -p amends-engine --test laws commands`.

Every command needs a reason and is kept with who gave it. One that was decided on an older revision is refused with
`command/stale`, whatever it is; look at the order again. A refusal changes nothing. Where a cell says *or*, it depends
on what the operation promises (whether it can be looked up, whether the other side honours keys) or on what else is
open; `--dry-run` says which.

The stages:

- **running**: before the point of no return, everything can be undone;
- **committing**: money or goods are being let go, the outcome decides;
- **committed**: past the point of no return, it only goes forward;
- **cancelling**: the other side is asked whether it can still undo; it may refuse, then the order goes on;
- **rewinding**: being undone back to a step, to go on from there;
- **compensating**: being undone, without a way back;
- **completed**, **compensated**, **closed**: the ends.
";

/// States of each workflow. They are found breadth first, so that the rare ones come last.
const STATES: usize = 2_500;

/// What each command is for.
const COMMANDS: &[(&str, &str)] = &[
    (
        "retry",
        "Try a call that fails, is in doubt or could not begin again, now.",
    ),
    (
        "complete",
        "It was done by hand: go on with this document and result.",
    ),
    ("skip", "Go on without it."),
    (
        "approve",
        "Agree to what a decision shows; refused when that has changed meanwhile.",
    ),
    ("reject", "Say no to what a decision shows."),
    ("hold", "Stop the workflow and its deadlines."),
    ("resume", "Let it go on."),
    ("cancel", "Undo everything, unless the other side refuses."),
    (
        "compensate",
        "Undo everything, without asking first those who may refuse.",
    ),
    (
        "rewind",
        "Undo back to before a step, then do it and what follows again under new keys, with the order as it is now.",
    ),
    (
        "edit",
        "Correct arguments of a call that cannot go on, and send it under a new key; those not given stay as they are.",
    ),
    (
        "signal",
        "Report a fact by hand, as if the outside had told it; what the workflow reads of it is given along.",
    ),
    (
        "waive",
        "Nothing more will be done about an obligation, a debt or a discrepancy; a named person answers for it.",
    ),
    ("note", "Keep a text with the order."),
    (
        "close",
        "End it as it is; a named person answers for what is left over.",
    ),
];

/// Rows of one command: what it is aimed at, then what happens, then in which stages, held or not.
type Rows = BTreeMap<&'static str, BTreeMap<(Stage, bool), BTreeSet<String>>>;

#[derive(Default)]
struct Table {
    commands: BTreeMap<&'static str, Rows>,
    stages: BTreeSet<Stage>,
}

impl Table {
    fn add(&mut self, search: &Search, reached: &Reached, instance: &Instance) {
        self.stages.insert(instance.stage);
        for verb in verbs(reached, instance) {
            let aimed_at = target(reached, instance, &verb);
            let command = Search::command(instance, verb.clone());
            let happens = match search.decide(reached, &Input::Command(command), reached.at) {
                Err(why) => refusal(&why),
                Ok(decision) => accepted(
                    &verb,
                    &decision.events,
                    decision.root.instance(&instance.id).unwrap(),
                ),
            };
            let rows = self.commands.entry(verb.name()).or_default();
            let cells = rows.entry(aimed_at).or_default();
            cells
                .entry((instance.stage, instance.hold.is_some()))
                .or_default()
                .insert(happens);
        }
    }

    fn page(&self) -> String {
        let mut page = HEAD.to_owned();
        for (name, meaning) in COMMANDS {
            let rows = self.commands.get(name).unwrap();
            let _ = write!(page, "\n## {name}\n\n{meaning}\n\n");
            page += "| aimed at | stage | held | what happens |\n|---|---|---|---|\n";
            for (aimed_at, cells) in rows {
                for (happens, at) in merged(cells) {
                    let _ = writeln!(page, "| {aimed_at} | {} | {} | {happens} |", at.0, at.1);
                }
            }
        }
        page
    }
}

fn target(reached: &Reached, instance: &Instance, verb: &Verb) -> &'static str {
    let place = match verb {
        Verb::Retry { place }
        | Verb::Complete { place, .. }
        | Verb::Skip { place }
        | Verb::Approve { place }
        | Verb::Reject { place }
        | Verb::Edit { place, .. } => place,
        Verb::Compensate | Verb::Cancel | Verb::Hold | Verb::Resume | Verb::Close | Verb::Signal { .. } => {
            return "the instance";
        }
        Verb::Rewind { .. } => return "a step",
        Verb::Note { .. } => return "the order",
        Verb::Waive { number } => return numbered(reached, *number),
    };
    aim(instance.run(place).unwrap())
}

fn numbered(reached: &Reached, number: u32) -> &'static str {
    match reached.root.incidents.get(&number) {
        None => "an obligation",
        Some(incident) if incident.cause == cause::DEBT => "a debt",
        Some(incident) if incident.is_discrepancy() => "a discrepancy",
        Some(_) => "another incident",
    }
}

/// Stages in which the same happens share a row.
fn merged(cells: &BTreeMap<(Stage, bool), BTreeSet<String>>) -> Vec<(String, (String, &'static str))> {
    let mut by_stage: BTreeMap<Stage, Vec<(bool, String)>> = BTreeMap::new();
    for ((stage, held), happens) in cells {
        let happens: Vec<&str> = happens.iter().map(String::as_str).collect();
        by_stage
            .entry(*stage)
            .or_default()
            .push((*held, happens.join(" <br>or ")));
    }
    let mut rows: Vec<(String, &'static str, Vec<&'static str>)> = Vec::new();
    for (stage, ways) in by_stage {
        let ways = match ways.as_slice() {
            [(_, one), (_, other)] if one == other => vec![("either", one.clone())],
            ways => ways
                .iter()
                .map(|(held, happens)| (if *held { "yes" } else { "no" }, happens.clone()))
                .collect(),
        };
        for (held, happens) in ways {
            match rows.iter_mut().find(|row| row.0 == happens && row.1 == held) {
                Some(row) => row.2.push(stage.name()),
                None => rows.push((happens, held, vec![stage.name()])),
            }
        }
    }
    rows.into_iter()
        .map(|(happens, held, stages)| (happens, (stages.join(", "), held)))
        .collect()
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the page is written on request, by the test that generates it"
)]
fn the_page_on_commands_says_what_decide_does() {
    let mut table = Table::default();
    for definition in small::all() {
        let search = Search::of(
            definition,
            Bounds {
                faults: 2,
                commands: 1,
            },
        );
        for reached in search.run(STATES) {
            for instance in reached.root.instances.values() {
                table.add(&search, &reached, instance);
                if let Some(held) = search.held(&reached, instance) {
                    table.add(&search, &held, held.root.instance(&instance.id).unwrap());
                }
            }
        }
    }
    assert_eq!(
        table.stages.iter().copied().collect::<Vec<_>>(),
        Stage::ALL,
        "a stage is not in the table"
    );
    let page = table.page();
    if std::env::var_os(REWRITE).is_some() {
        return std::fs::write(PAGE, page).unwrap();
    }
    let kept = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        kept == page,
        "docs/commands.md is not what `decide` does: read the difference, then run\n  \
         {REWRITE}=1 cargo test -p amends-engine --test laws commands\n{}",
        difference(&kept, &page)
    );
}

/// Lines of one that the other does not have.
fn difference(kept: &str, page: &str) -> String {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<String>>();
    let (kept, page) = (lines(kept), lines(page));
    let gone = kept.difference(&page).map(|line| format!("- {line}"));
    let new = page.difference(&kept).map(|line| format!("+ {line}"));
    gone.chain(new).collect::<Vec<_>>().join("\n")
}
