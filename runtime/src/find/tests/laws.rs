//! A list over the indexes shows what the filter means: no row too many, none missing, each once.

use amends_storage::Store;
use proptest::prelude::*;

use super::history::{
    CAUSES, CURRENCIES, DOCUMENTS, EMAILS, Histories, NUMBERS, ROOTS, STEPS, WORKFLOWS, steps,
};
use crate::find::{Bounds, Count, EmailKey, Filter, Query, Sort, count, orders};
use crate::rebuild::rebuild_all;
use crate::summary::{State, Summary};

/// A filter whose e-mail address is still to be digested.
#[derive(Debug, Clone)]
struct Asked {
    filter: Filter,
    email: Option<&'static str>,
}

fn pick(from: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(0.2, prop::sample::select(from).prop_map(str::to_owned))
}

fn asked() -> impl Strategy<Value = Asked> {
    let stages: &[&str] = &["running", "completed", "compensated"];
    let texts: &[&str] = &["10", "so-1", "A", "eu-shop:1", "us-shop:1/returns", "us", "pi_3q"];
    let facets = (
        prop::option::weighted(0.2, prop::sample::select(State::ALL.to_vec())),
        pick(stages),
        pick(&WORKFLOWS),
        pick(&STEPS),
        pick(&["eu-shop", "us-shop", "us", "none"]),
        pick(&CAUSES),
        pick(&NUMBERS),
        pick(&DOCUMENTS),
        pick(texts),
    );
    let rest = (
        prop::option::weighted(0.1, prop::sample::select(EMAILS.to_vec())),
        prop::option::weighted(0.2, 0..200_000_i64),
        prop::option::weighted(0.2, 0..400_000_i64),
        pick(&CURRENCIES),
        prop::option::weighted(0.2, 0..6_000_i64),
        prop::option::weighted(0.2, 0..9_000_i64),
        prop::option::weighted(0.1, prop::sample::select(ROOTS.to_vec())),
        prop::option::weighted(
            0.2,
            prop::sample::subsequence(vec!["eu-shop", "us-shop", "us"], 0..3),
        ),
    );
    (facets, rest).prop_map(|(facets, rest)| {
        let (standing, stage, workflow, step, shop, cause, number, document, text) = facets;
        let (email, from, before, currency, risk_min, risk_max, root, shops) = rest;
        let time = |offset: i64| 1_700_000_000_000 + offset;
        let filter = Filter {
            state: standing,
            stage,
            workflow,
            step,
            shop,
            shops: shops.map(|shops| shops.into_iter().map(str::to_owned).collect()),
            cause,
            number: number.map(|number| number.to_uppercase()),
            document,
            instance: root.map(|root| format!("{root}/returns")),
            email: None,
            text,
            created_from_ms: from.map(time),
            created_before_ms: before.map(time),
            currency,
            risk_min,
            risk_max,
        };
        Asked { filter, email }
    })
}

/// The plain meaning: all orders, those that fit, sorted.
fn meant(all: &[Summary], filter: &Filter, sort: Sort) -> Vec<String> {
    let fitting = all.iter().filter(|order| filter.fits(order));
    let mut rows: Vec<_> = fitting.filter_map(|order| sort.position(filter, order)).collect();
    rows.sort();
    if matches!(sort, Sort::Newest | Sort::Risk | Sort::Changed) {
        rows.reverse();
    }
    rows.into_iter().map(|row| row.id).collect()
}

/// All pages, and the rows in them.
fn paged<S: Store>(store: &S, filter: &Filter, sort: Sort, limit: usize, bounds: Bounds) -> Vec<Summary> {
    let (mut rows, mut after) = (Vec::new(), None);
    for _ in 0..500 {
        let query = Query {
            filter: filter.clone(),
            sort,
            after,
            limit,
        };
        let found = orders(store, &query, bounds).unwrap();
        assert!(found.orders.len() <= limit);
        rows.extend(found.orders);
        after = found.next;
        if after.is_none() {
            return rows;
        }
    }
    panic!("the pages never end");
}

fn check(histories: &Histories, asked: &Asked, limit: usize, bounds: Bounds) {
    let all = histories.folded();
    let key = EmailKey::read(&histories.log).unwrap().unwrap();
    let filter = Filter {
        email: asked.email.map(|email| {
            if email.is_empty() {
                String::new()
            } else {
                key.digest(email)
            }
        }),
        ..asked.filter.clone()
    };
    // No index lists what has no e-mail address, and no API asks for it.
    if filter.email.as_deref() == Some("") {
        return;
    }
    for (sort, name) in Sort::ALL {
        let rows = paged(&histories.log, &filter, sort, limit, bounds);
        let ids: Vec<String> = rows.iter().map(|row| row.root.clone()).collect();
        assert_eq!(ids, meant(&all, &filter, sort), "{name} {filter:?} {bounds:?}");
        for row in rows {
            assert!(
                all.contains(&row),
                "what lists show is not what the frames say: {row:#?}\n{all:#?}"
            );
        }
    }
    let fitting = all.iter().filter(|order| filter.fits(order)).count();
    match count(&histories.log, &filter).unwrap() {
        Count::Exactly(counted) => assert_eq!(counted, fitting, "{filter:?}"),
        Count::AtLeast(counted) => assert!(counted <= fitting, "{filter:?}"),
        Count::AtMost(counted) => assert!(counted >= fitting, "{filter:?}"),
        Count::Unknown => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn a_list_shows_what_its_filter_means(
        steps in steps(60),
        asked in prop::collection::vec(asked(), 6),
        limit in 1..5_usize,
    ) {
        let mut histories = Histories::new().play(&steps);
        for round in 0..2 {
            for asked in &asked {
                check(&histories, asked, limit, Bounds::default());
                check(&histories, asked, limit, Bounds { small: 0, reads: 6 });
                check(&histories, asked, limit, Bounds { small: 1, reads: 40 });
            }
            if round == 0 {
                rebuild_all(&mut histories.log, |_, _| {}).unwrap();
            }
        }
    }

    /// Between two pages everything may change; who stood still is seen once.
    #[test]
    fn who_stands_still_is_seen_once(before in steps(40), after in steps(10), limit in 1..4_usize) {
        for (sort, _) in Sort::ALL {
            let histories = Histories::new().play(&before);
            let filter = Filter::default();
            let query = Query { filter: filter.clone(), sort, after: None, limit };
            let bounds = Bounds { small: 0, reads: 12 };
            let still = histories.folded();
            let first = orders(&histories.log, &query, bounds).unwrap();
            let mut seen: Vec<String> = first.orders.iter().map(|order| order.root.clone()).collect();
            let histories = histories.play(&after);
            let now = histories.folded();
            let mut next = first.next;
            while let Some(position) = next {
                let query = Query { after: Some(position), ..query.clone() };
                let found = orders(&histories.log, &query, bounds).unwrap();
                seen.extend(found.orders.iter().map(|order| order.root.clone()));
                next = found.next;
            }
            for order in still.iter().filter(|order| now.contains(order)) {
                let listed = sort.position(&filter, order).is_some();
                let times = seen.iter().filter(|root| **root == order.root).count();
                prop_assert_eq!(times, usize::from(listed), "{:?} {}", sort, &order.root);
            }
        }
    }
}
