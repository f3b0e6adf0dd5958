//! The orders of arrival: as captured, reversed, and shuffled; each must end as the table says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::end::{End, difference};
use crate::plan::Plan;
use crate::run::{Outcome, run};
use crate::server::Form;
use crate::story::story;
use crate::table::{AVAILABLE, CUSTOMERS, table};

/// Shuffles of the default tier, and of the full one.
const SHUFFLES: (u64, u64) = (200, 2_000);
/// Shuffles on the real binary with SIGKILL: slower, because each start is a process.
const PROCESSES: (u64, u64) = (6, 100);
/// Restarts of a shuffle, at most.
const RESTARTS_MAX: u64 = 2;
/// Restarts of a shuffle on the real binary, at most.
const KILLS_MAX: u64 = 4;
/// Runs at once. Two cores run two well: most of a run is computing.
const AT_ONCE: usize = 3;

fn of_tier((default, full): (u64, u64)) -> u64 {
    if std::env::var("AMENDS_TIER").as_deref() == Ok("full") {
        full
    } else {
        default
    }
}

/// What the deliveries in file order leave behind; every other order of arrival is compared with it in full.
fn in_file_order() -> &'static BTreeMap<i64, End> {
    static ENDS: OnceLock<BTreeMap<i64, End>> = OnceLock::new();
    ENDS.get_or_init(|| {
        let outcome = run(&Plan::in_file_order(), Form::Here).unwrap_or_else(|reason| panic!("{reason}"));
        outcome.ends
    })
}

/// What is wrong with an outcome, the first differing order on top.
fn judge(outcome: &Outcome, snapshots: Option<&BTreeMap<i64, End>>) -> Result<(), String> {
    let table = table();
    let orders: BTreeSet<i64> = table.keys().chain(outcome.ends.keys()).copied().collect();
    let mut wrong: Vec<String> = orders
        .into_iter()
        .filter_map(|order| {
            judge_order(
                order,
                table.get(&order),
                outcome.ends.get(&order),
                snapshots.and_then(|all| all.get(&order)),
            )
        })
        .collect();
    wrong.extend(stock_differs(outcome));
    wrong.extend(effects_twice(outcome));
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

fn judge_order(order: i64, row: Option<&End>, found: Option<&End>, before: Option<&End>) -> Option<String> {
    let (Some(row), Some(found)) = (row, found) else {
        let why = if row.is_none() {
            "is not in the table"
        } else {
            "was never heard of"
        };
        return Some(format!("order {order} {why}"));
    };
    if row.lines() != found.lines() {
        let differs = difference(&row.lines(), &found.lines());
        let full = found.snapshot.join("\n    ");
        return Some(format!(
            "order {order} did not end as the table says (-):\n{differs}\n  what is known of it:\n    {full}"
        ));
    }
    let before = before.filter(|before| before.snapshot != found.snapshot)?;
    let differs = difference(&before.snapshot, &found.snapshot);
    Some(format!(
        "order {order} ended otherwise than after the deliveries in file order (-):\n{differs}"
    ))
}

fn stock_differs(outcome: &Outcome) -> Option<String> {
    let expected: BTreeMap<&str, i64> = AVAILABLE.into_iter().collect();
    let known = outcome
        .available
        .iter()
        .map(|(sku, units)| (sku.as_str(), *units));
    let known: BTreeMap<&str, i64> = known
        .filter(|(sku, units)| expected.contains_key(sku) || *units != 0)
        .collect();
    (known != expected).then(|| format!("the ERP can still promise {known:?} in place of {expected:?}"))
}

/// At the witness: no key twice (the comparison with the journal), no document of a kind twice for one order, no customer twice.
fn effects_twice(outcome: &Outcome) -> Vec<String> {
    let mut times: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for effect in &outcome.effects {
        // A party is named after the order that needed it first.
        let party = effect.operation.starts_with("party.");
        let order = effect.order_key.as_deref().filter(|_| !party).unwrap_or_default();
        *times
            .entry((effect.system.as_str(), effect.operation.as_str(), order))
            .or_default() += 1;
    }
    let most = |operation: &str| match operation {
        "party.party.create" => CUSTOMERS,
        // One shipment holds what is reserved, another what was delivered.
        "stock.shipment.out.create" => 2,
        _ => 1,
    };
    let often = |(system, operation, order): (&str, &str, &str), from: &str, to: &str| {
        let other = operation.replace(from, to);
        times.get(&(system, other.as_str(), order)).copied().unwrap_or(0)
    };
    // A draft that a kill cut off, or that was refused, is cancelled, and never counted.
    let standing = |what: (&str, &str, &str), times: usize| match what.1.rsplit('.').next() {
        Some("create") => times - often(what, "create", "cancel").min(times),
        Some("cancel") => times - often(what, "cancel", "create").min(times),
        _ => times,
    };
    let twice = times
        .iter()
        .filter(|(what, times)| standing(**what, **times) > most(what.1))
        .map(|(what, times)| format!("{what:?} took place {times} times"));
    outcome.differences.iter().cloned().chain(twice).collect()
}

#[test]
fn the_table_has_every_order_of_the_folder() {
    let rows: BTreeSet<i64> = table().into_keys().collect();
    assert_eq!(rows, story().ids);
}

#[test]
fn deliveries_in_file_order_end_as_the_table_says() {
    let outcome = run(&Plan::in_file_order(), Form::Here).unwrap_or_else(|reason| panic!("{reason}"));
    judge(&outcome, None).unwrap_or_else(|reason| panic!("{reason}"));
    notices_what_is_wrong(&outcome);
}

/// The judge is not blind: one cent, one unit, one effect or one order more or less, and it says so.
fn notices_what_is_wrong(outcome: &Outcome) {
    let spoiled = |spoil: fn(&mut Outcome)| {
        let mut outcome = outcome.clone();
        spoil(&mut outcome);
        judge(&outcome, None).expect_err("the judge noticed nothing")
    };
    let cent = spoiled(|outcome| {
        let money = &mut outcome.ends.get_mut(&21).unwrap().money;
        money.remove("Invoiced 95.61 USD");
        money.insert("Invoiced 95.60 USD".to_owned());
    });
    assert!(
        cent.starts_with("order 21 did not end as the table says"),
        "{cent}"
    );
    let unit = spoiled(|outcome| *outcome.available.get_mut("HAT-1").unwrap() -= 1);
    assert!(unit.contains("can still promise"), "{unit}");
    let effect = spoiled(|outcome| {
        let invoice = outcome
            .effects
            .iter()
            .find(|effect| effect.operation == "account.invoice.create");
        outcome.effects.push(invoice.unwrap().clone());
    });
    assert!(effect.contains("took place 2 times"), "{effect}");
    let order = spoiled(|outcome| drop(outcome.ends.remove(&16)));
    assert_eq!(order, "order 16 was never heard of");
}

#[test]
fn deliveries_in_reversed_order_end_alike() {
    let outcome = run(&Plan::reversed(), Form::Here).unwrap_or_else(|reason| panic!("{reason}"));
    judge(&outcome, Some(in_file_order())).unwrap_or_else(|reason| panic!("{reason}"));
}

#[test]
fn shuffled_deliveries_with_repeats_and_restarts_end_alike() {
    all_alike(Form::Here, of_tier(SHUFFLES), RESTARTS_MAX);
}

#[test]
fn killed_processes_end_alike() {
    all_alike(Form::Binary, of_tier(PROCESSES), KILLS_MAX);
}

fn all_alike(form: Form, count: u64, restarts_max: u64) {
    let only: Option<u64> = std::env::var("AMENDS_FIXTURES_SEED")
        .ok()
        .map(|seed| seed.parse().unwrap());
    let seeds: Vec<u64> = only.map_or_else(|| (1..=count).collect(), |seed| vec![seed]);
    let baseline = in_file_order();
    let begun = std::time::Instant::now();
    let next = AtomicU64::new(0);
    let failures: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(seed) = usize::try_from(next.fetch_add(1, Ordering::Relaxed))
                    .ok()
                    .and_then(|at| seeds.get(at))
                {
                    let plan = Plan::shuffled(*seed, restarts_max);
                    let judged = run(&plan, form).and_then(|outcome| judge(&outcome, Some(baseline)));
                    if let Err(reason) = judged {
                        failures
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(format!("{plan}{reason}"));
                        return;
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    eprintln!(
        "{form:?}: seeds {seeds:?} in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    assert!(
        failures.is_empty(),
        "AMENDS_FIXTURES_SEED runs one seed again.\n{}",
        failures.join("\n\n")
    );
}
