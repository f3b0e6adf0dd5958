//! The list of incidents against the plain meaning of its filters.

use amends_engine::Millis;
use amends_storage::{Commit, Log as _, Store, Write};
use proptest::prelude::*;

use super::history::{CAUSES, Histories, ROOTS, steps};
use crate::find::Bounds;
use crate::incident::{
    Closed, IncidentQuery, IncidentRow, Origin, Report, Snoozed, assign, causes, closing, incident,
    incidents, open_incident, opening, order_id, snooze,
};
use crate::rebuild::rebuild_all;

fn commit(histories: &mut Histories, writes: Vec<Write>) {
    let commit = Commit {
        writes,
        ..Commit::default()
    };
    histories.log.commit(&commit).unwrap();
}

fn report(origin: Origin, cause: &'static str) -> Report {
    Report {
        origin,
        cause,
        text: format!("{cause}: look at it"),
        about: "an order".to_owned(),
    }
}

/// Every open incident, looked up by its id.
fn all(histories: &Histories, beside: &[Report]) -> Vec<IncidentRow> {
    let of_orders = ROOTS
        .iter()
        .flat_map(|root| (1..200).map(move |number| order_id(root, number)));
    let ids = of_orders.chain(beside.iter().map(Report::id));
    ids.filter_map(|id| incident(&histories.log, &id).unwrap())
        .collect()
}

fn paged<S: Store>(store: &S, query: &IncidentQuery, bounds: Bounds) -> Vec<IncidentRow> {
    let (mut rows, mut query) = (Vec::new(), query.clone());
    loop {
        let found = incidents(store, &query, bounds).unwrap();
        rows.extend(found.incidents);
        query.after = found.next;
        if query.after.is_none() {
            return rows;
        }
    }
}

fn meant(all: &[IncidentRow], query: &IncidentQuery) -> Vec<IncidentRow> {
    let is = |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|wanted| wanted == has);
    let mut rows: Vec<IncidentRow> = all
        .iter()
        .filter(|row| is(&query.on, row.on) && is(&query.cause, &row.cause) && is(&query.shop, &row.shop))
        .filter(|row| query.shops.as_ref().is_none_or(|shops| shops.contains(&row.shop)))
        .filter(|row| is(&query.owner, row.care.owner.as_deref().unwrap_or_default()))
        .filter(|row| !query.unowned || row.care.owner.is_none())
        .filter(|row| match query.snoozed {
            Snoozed::Hide => !row.care.is_snoozed(query.now_ms),
            Snoozed::Only => row.care.is_snoozed(query.now_ms),
            Snoozed::Show => true,
        })
        .filter(|row| {
            query
                .risk_min
                .is_none_or(|min| row.at_risk.iter().any(|money| money.amount_minor >= min))
        })
        .cloned()
        .collect();
    rows.sort_by_key(|row| (row.opened_ms, row.id.clone()));
    if query.newest {
        rows.reverse();
    }
    rows
}

fn queries() -> impl Strategy<Value = IncidentQuery> {
    let pick = |from: &'static [&'static str]| {
        prop::option::weighted(0.3, prop::sample::select(from).prop_map(str::to_owned))
    };
    let texts = (
        pick(&["order", "delivery", "shop", "connector"]),
        pick(&["rejected", "in-doubt", "order-edited", "silent", "breaker-open"]),
        pick(&["kim", "lee"]),
        pick(&["eu-shop", "us-shop"]),
    );
    let snoozed = prop::sample::select(vec![Snoozed::Hide, Snoozed::Only, Snoozed::Show]);
    let rest = (
        any::<bool>(),
        any::<bool>(),
        prop::option::weighted(0.2, 1..5_000_i64),
        snoozed,
        1..4_usize,
        prop::option::weighted(0.2, Just(vec!["us-shop".to_owned()])),
    );
    (texts, rest).prop_map(
        |((on, cause, owner, shop), (newest, unowned, risk_min, snoozed, limit, shops))| IncidentQuery {
            on,
            cause,
            unowned: unowned && owner.is_none(),
            owner,
            shop,
            shops,
            risk_min,
            snoozed,
            now_ms: 1_000,
            newest,
            limit,
            ..IncidentQuery::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_list_shows_what_its_filter_means(
        steps in steps(50),
        later in steps(12),
        cared in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize), 0..8),
        queries in prop::collection::vec(queries(), 8),
    ) {
        let mut histories = Histories::new().play(&steps);
        let at = Millis(1_700_000_000_500);
        let delivery = Origin::Delivery { source: "us-shop".to_owned(), id: "0190".to_owned() };
        let beside = [
            report(Origin::Shop("eu-shop".to_owned()), "silent"),
            report(Origin::Connector("tryton-eu".to_owned()), "breaker-open"),
            report(delivery, CAUSES[0]),
            report(Origin::Shop("us-shop".to_owned()), "silent"),
        ];
        // Reported again, it is still one incident at its old place.
        for (later, report) in beside.iter().chain(&beside).enumerate() {
            let known = open_incident(&histories.log, &report.id()).unwrap();
            let now = at.plus(i64::try_from(later).unwrap());
            commit(&mut histories, opening(known, report, now).unwrap());
        }
        for (which, what) in cared {
            let rows = all(&histories, &beside);
            let row = &rows[which.index(rows.len())];
            let writes = match what {
                0 => assign(row, Some("kim".to_owned())),
                1 => assign(row, Some("lee".to_owned())),
                2 => assign(row, None),
                _ => snooze(row, Some(2_000)),
            };
            commit(&mut histories, writes.unwrap());
        }
        let known = open_incident(&histories.log, &beside[3].id()).unwrap().unwrap();
        let by = Closed { at_ms: 0, by: "kim".to_owned(), reason: "it came".to_owned() };
        let writes = closing(&histories.log, known, by).unwrap();
        commit(&mut histories, writes);
        let mut histories = histories.play(&later);
        for _ in 0..2 {
            let rows = all(&histories, &beside);
            prop_assert_eq!(rows.iter().filter(|row| row.on != "order").count(), 3);
            for query in &queries {
                for bounds in [Bounds::default(), Bounds { small: 0, reads: 8 }] {
                    prop_assert_eq!(&paged(&histories.log, query, bounds), &meant(&rows, query), "{:?}", query);
                }
            }
            let some = ["us-shop".to_owned(), "us".to_owned()];
            for shops in [None, Some(some.as_slice()), Some(&[])] {
                let seen = rows.iter().filter(|row| shops.is_none_or(|shops| shops.contains(&row.shop)));
                let seen: Vec<&IncidentRow> = seen.collect();
                let counted = causes(&histories.log, shops).unwrap();
                prop_assert_eq!(counted.iter().map(|counted| counted.open).sum::<usize>(), seen.len());
                for counted in counted {
                    let of_cause = seen.iter().filter(|row| row.cause == counted.cause);
                    let of_cause: Vec<i64> = of_cause.map(|row| row.opened_ms).collect();
                    prop_assert_eq!(counted.open, of_cause.len());
                    prop_assert_eq!(Some(&counted.oldest_ms), of_cause.iter().min());
                }
            }
            rebuild_all(&mut histories.log, |_, _| {}).unwrap();
        }
    }
}
