//! Where an order ended, in words that do not depend on the order in which things happened: no times, no numbers
//! that other systems gave.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use amends_engine::RootKey;
use amends_engine::event::Event;
use amends_engine::instance::{Instance, RunState};
use amends_engine::ledger::{Currency, Ledger, Line};
use amends_engine::root::{Debtor, Nature, Root, WakeKind};
use amends_runtime::{Incident, Loaded, history, load_root, open_incidents};
use amends_storage::verify::verify;
use amends_storage::{Direction, Key, Options, Prefix, Sled, SledReader, Span, Store as _};

use crate::books::books_agree;
use crate::outside::SHOP;

/// Frames read of one order; it has some fifty.
const FRAMES_MAX: usize = 10_000;
/// Incidents of the shop and its deliveries that are read; each is of another cause or delivery.
const INCIDENTS_MAX: usize = 1_000;

/// Where one order ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// `completed`, `running, held`; `never begun` for an order without an instance.
    pub(crate) stage: String,
    /// What it waits for.
    pub(crate) waits: BTreeSet<String>,
    /// Why a person is needed: cause and place; also where the shop's own incidents name the order.
    pub(crate) incidents: BTreeSet<String>,
    /// Who owes what.
    pub(crate) owed: Vec<String>,
    /// Balances of money that are not zero.
    pub(crate) money: BTreeSet<String>,
    /// Balances of stock that are not zero.
    pub(crate) stock: BTreeSet<String>,
    /// Steps that took place, each as often as it did.
    pub(crate) took_place: Vec<String>,
    /// Status in the shop; `gone` when it was deleted.
    pub(crate) shop: String,
    /// Everything else that must be the same every time: facts, runs, subject, messages.
    pub(crate) snapshot: Vec<String>,
}

/// All orders of the store in `folder`, by id. The journal is verified on the way.
pub(crate) fn ends(folder: &Path) -> BTreeMap<i64, End> {
    let store = Sled::open(folder, &Options::default()).unwrap();
    let reader = store.reader();
    let journal = verify(&reader, |_| {}).unwrap();
    assert!(
        journal.first.is_none(),
        "the journal is damaged: {:?}",
        journal.first
    );
    let outside = open_incidents(&reader, "", INCIDENTS_MAX).unwrap();
    let orders: Vec<(i64, RootKey, Loaded)> = orders(&reader)
        .into_iter()
        .map(|(id, key)| {
            let loaded = load_root(&reader, &key).unwrap().unwrap();
            (id, key, loaded)
        })
        .collect();
    books_agree(&reader, orders.iter().map(|(_, _, loaded)| &loaded.root));
    let ends = orders.into_iter().map(|(id, key, loaded)| {
        let frames = history(&reader, &key, 0, FRAMES_MAX).unwrap();
        let events = frames.iter().flat_map(|(_, _, events)| events);
        let mut end = End::of(&loaded, events);
        end.incidents.extend(about(&outside, &key));
        (id, end)
    });
    ends.collect()
}

/// Causes of the incidents that are not the order's own but name it.
fn about<'i>(outside: &'i [Incident], key: &RootKey) -> impl Iterator<Item = String> + use<'i> {
    let key = key.to_string();
    let named = outside
        .iter()
        .filter(move |incident| incident.about.contains(&key));
    named.map(|incident| incident.cause.clone())
}

/// The roots that are orders of the shop.
fn orders(reader: &SledReader) -> Vec<(i64, RootKey)> {
    let span = Span::starting(Prefix::Root, &format!("{SHOP}:"));
    let page = reader.scan(&span, 1_000, Direction::Ascending).unwrap();
    assert!(page.rest.is_none());
    let keys = page.entries.into_iter().filter_map(|(key, _)| {
        let Key::Root(root) = key else { return None };
        Some((root.rsplit(':').next()?.parse().ok()?, RootKey::new(root)))
    });
    keys.collect()
}

impl End {
    /// Where it ended, line by line, without the snapshot.
    pub(crate) fn lines(&self) -> Vec<String> {
        let each = |what: &str, texts: &mut dyn Iterator<Item = &String>| -> Vec<String> {
            texts.map(|text| format!("{what}: {text}")).collect()
        };
        let mut took_place = self.took_place.clone();
        took_place.sort();
        [
            vec![format!("stage: {}", self.stage)],
            each("waits for", &mut self.waits.iter()),
            each("incident", &mut self.incidents.iter()),
            each("owed", &mut self.owed.iter()),
            each("money", &mut self.money.iter()),
            each("stock", &mut self.stock.iter()),
            vec![format!("took place: {}", took_place.join(", "))],
            vec![format!("in the shop: {}", self.shop)],
        ]
        .concat()
    }

    fn of<'e>(loaded: &Loaded, events: impl Iterator<Item = &'e Event>) -> Self {
        let root = &loaded.root;
        let causes = root.wake_causes();
        Self {
            stage: stage(root),
            waits: causes
                .iter()
                .map(|cause| wait(cause.place.as_ref().map(ToString::to_string), &cause.kind))
                .collect(),
            incidents: root
                .incidents
                .values()
                .map(|incident| at(&incident.cause, incident.place.as_ref().map(ToString::to_string)))
                .collect(),
            owed: owed(root),
            money: balances(&root.ledger, |line| matches!(line, Line::Money { .. })),
            stock: balances(&root.ledger, |line| matches!(line, Line::Stock { .. })),
            took_place: root.instances.values().flat_map(took_place).collect(),
            shop: String::new(),
            snapshot: snapshot(loaded, events),
        }
    }
}

fn stage(root: &Root) -> String {
    let stages = root.instances.values().map(|instance| {
        let held = if instance.hold.is_some() { ", held" } else { "" };
        format!("{}{held}", instance.stage.name())
    });
    let stages: Vec<String> = stages.collect();
    if stages.is_empty() {
        "never begun".to_owned()
    } else {
        stages.join("; ")
    }
}

fn at(what: &str, place: Option<String>) -> String {
    place.map_or_else(
        || what.to_owned(),
        |place| format!("{what} at {}", masked(&place)),
    )
}

fn wait(place: Option<String>, kind: &WakeKind) -> String {
    let what = match kind {
        WakeKind::Gate { connector, .. } => format!("the gate of {connector}"),
        WakeKind::Answer { connector, .. } => format!("an answer of {connector}"),
        WakeKind::Fact { name, deadline } => format!("the fact {name}{}", until(deadline.is_some())),
        WakeKind::Person { deadline, .. } => format!("a person{}", until(deadline.is_some())),
        WakeKind::Hold => "a person to resume it".to_owned(),
    };
    at(&what, place)
}

fn until(limited: bool) -> &'static str {
    if limited { ", until a deadline" } else { "" }
}

fn owed(root: &Root) -> Vec<String> {
    let owed = root.obligations.values().map(|obligation| {
        let who = match obligation.debtor {
            Debtor::Shop => "the shop owes",
            Debtor::Buyer => "the buyer owes",
            Debtor::Unsettled => "unsettled",
        };
        let as_agreed = match obligation.nature {
            Nature::Receivable => ", as agreed",
            Nature::Discrepancy => "",
        };
        match obligation.currency {
            Some(currency) => format!("{who} {}{as_agreed}", amount(obligation.amount, currency)),
            None => format!("{who} {} units", obligation.amount),
        }
    });
    let mut owed: Vec<String> = owed.collect();
    owed.sort();
    owed
}

fn balances(ledger: &Ledger, wanted: impl Fn(&Line) -> bool) -> BTreeSet<String> {
    let balances = ledger.balances().filter(|(_, line, _)| wanted(line));
    let told = balances.flat_map(|(account, line, balance)| {
        let parts = [(balance.landed, ""), (balance.open, ", open")];
        parts
            .into_iter()
            .filter(|(units, _)| *units != 0)
            .map(move |(units, phase)| match line {
                Line::Money { currency, tender } => {
                    let tender = tender
                        .as_ref()
                        .map_or_else(String::new, |tender| format!(" {tender}"));
                    format!("{account:?} {}{tender}{phase}", amount(units, *currency))
                }
                Line::Stock { sku } => format!("{account:?} {units} {sku}{phase}"),
            })
    });
    told.collect()
}

/// Minor units as people write them: `91.89 USD`, `4554 JPY`.
fn amount(minor: i64, currency: Currency) -> String {
    let exponent = usize::try_from(currency.exponent()).unwrap();
    let digits = format!("{:0>width$}", minor.abs(), width = exponent + 1);
    let (whole, part) = digits.split_at(digits.len() - exponent);
    let (sign, point) = (
        if minor < 0 { "-" } else { "" },
        if exponent == 0 { "" } else { "." },
    );
    format!("{sign}{whole}{point}{part} {currency}")
}

fn took_place(instance: &Instance) -> Vec<String> {
    let landed = instance
        .runs
        .iter()
        .filter(|(_, run)| run.stands() && run.pinned.is_some());
    landed.map(|(place, _)| place.step.to_string()).collect()
}

/// Everything that must not depend on the order of arrival, line by line. Attempts and epochs do: a request that a
/// kill cut off is looked up, and repeated under a new key once it is proven absent.
fn snapshot<'e>(loaded: &Loaded, events: impl Iterator<Item = &'e Event>) -> Vec<String> {
    let root = &loaded.root;
    let mut lines: Vec<String> = root
        .facts
        .iter()
        .map(|(natural_id, fact)| masked(&format!("fact {natural_id} {}", fact.payload)))
        .collect();
    for instance in root.instances.values() {
        lines.push(format!("instance {} of {}", instance.id, instance.workflow));
        lines.extend(instance.runs.iter().map(|(place, run)| {
            // Orders of one buyer share a party, which the first of them makes.
            let shared = place.step.as_str() == "customer";
            let adopted = !shared && run.landing().is_some_and(|landing| landing.adopted);
            masked(&format!(
                "run {place}: {}{}",
                state(&run.state),
                if adopted { ", adopted" } else { "" }
            ))
        }));
        let hold = instance.hold.iter().map(|hold| format!("held: {}", hold.reason));
        lines.extend(hold);
    }
    let incidents = root.incidents.values();
    lines.extend(
        incidents.map(|incident| masked(&format!("incident {}: {}", incident.cause, incident.message))),
    );
    let obligations = root.obligations.values();
    lines.extend(obligations.map(|obligation| masked(&format!("obligation: {}", obligation.reason))));
    lines.extend(
        root.subject
            .and_then(|digest| loaded.values.get(&digest))
            .map(|subject| format!("subject {subject}")),
    );
    let facts = events
        .filter(|event| matches!(event, Event::FactRecorded { .. }))
        .count();
    lines.push(format!("{facts} facts recorded"));
    lines.sort();
    lines
}

fn state(state: &RunState) -> &'static str {
    match state {
        RunState::Calling(_) => "calling",
        RunState::Waiting { .. } => "waiting",
        RunState::Deciding { .. } => "deciding",
        RunState::Blocked { .. } => "blocked",
        RunState::Landed { .. } => "landed",
        RunState::Skipped(_) => "skipped",
        RunState::Failed => "failed",
        RunState::Cancelled => "cancelled",
    }
}

/// Parcels and tracking numbers are counted by the warehouse in the order of release.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some((at, mark)) = ["P-", "1Z"]
        .iter()
        .filter_map(|mark| Some((rest.find(mark)?, *mark)))
        .min()
    {
        let (before, found) = rest.split_at(at);
        let number = found[mark.len()..].trim_start_matches(|letter: char| letter.is_ascii_digit());
        masked.push_str(before);
        masked.push_str(mark);
        masked.push('*');
        rest = number;
    }
    masked.push_str(rest);
    masked
}

/// What differs between two lists of lines, for people: what is only expected (-) and only found (+).
pub(crate) fn difference(expected: &[String], found: &[String]) -> String {
    let only = |of: &[String], not: &[String], sign: &str| -> Vec<String> {
        let missing = of.iter().filter(|line| !not.contains(line));
        missing.map(|line| format!("  {sign} {line}")).collect()
    };
    let mut lines = only(expected, found, "-");
    lines.extend(only(found, expected, "+"));
    lines.join("\n")
}
