//! Keys at the witness against keys in the journal: nothing lost, nothing unknown, nothing twice, nothing unheard of.

use std::collections::{BTreeMap, BTreeSet};

use amends_connectors::sandbox::Effect;

use super::books::Books;
use super::journal::{Fate, Journal, Sent};

/// Everything that does not agree, where `is_over` says of each call whether its instance has ended.
pub fn check(
    journal: &Journal,
    rows: &[Effect],
    books: &Books,
    is_over: &dyn Fn(&Sent) -> bool,
) -> Vec<String> {
    let mut differences = before_durable(journal, rows);
    differences.extend(lost(journal, rows));
    differences.extend(unheard(journal, rows, books, is_over));
    differences.extend(twice(journal, rows));
    differences
}

/// Effects of ours that took place although nothing durable says that they were sent: at any moment there are none.
pub fn before_durable(journal: &Journal, rows: &[Effect]) -> Vec<String> {
    let unknown = keys(rows).into_iter().filter(|key| journal.sent(key).is_none());
    unknown
        .map(|key| format!("UNKNOWN: the witness saw {key}, and the journal sent nothing under it"))
        .collect()
}

/// Effects that landed according to the journal, and that the witness never saw.
fn lost(journal: &Journal, rows: &[Effect]) -> Vec<String> {
    let seen = keys(rows);
    let landed = journal
        .all_sent()
        .filter(|(_, sent)| sent.fate == Fate::Landed && sent.has_effect());
    landed
        .filter(|(key, _)| !seen.contains(key))
        .map(|(key, sent)| {
            let operation = &sent.operation;
            format!("LOST: {operation} landed under {key}, and the witness saw nothing")
        })
        .collect()
}

/// Effects the witness saw, and that the journal calls undone for ever or never heard the end of.
fn unheard(
    journal: &Journal,
    rows: &[Effect],
    books: &Books,
    is_over: &dyn Fn(&Sent) -> bool,
) -> Vec<String> {
    let mut differences = Vec::new();
    for key in keys(rows) {
        let Some(sent) = journal.sent(key).filter(|sent| sent.has_effect()) else {
            continue;
        };
        let operation = &sent.operation;
        match sent.fate {
            Fate::Nothing if stands(sent, key, books) => differences.push(format!(
                "UNHEARD: {operation} took place under {key}, and the journal says that it did not"
            )),
            Fate::UnderWay | Fate::InDoubt if is_over(sent) => differences.push(format!(
                "UNHEARD: {operation} took place under {key}, and the order ended without knowing"
            )),
            Fate::UnderWay | Fate::InDoubt | Fate::Landed | Fate::Adopted | Fate::Nothing => {}
        }
    }
    differences
}

/// Whether what was done under `key` counts. Of the operations that begin with a draft only what was confirmed does.
fn stands(sent: &Sent, key: &str, books: &Books) -> bool {
    let begins_with_draft = matches!(
        sent.operation.as_str(),
        "erp.create_order" | "erp.reserve_stock" | "erp.post_invoice"
    );
    !begins_with_draft || books.stands(key)
}

/// Effects that took place more than once under one key, and that no incident names.
fn twice(journal: &Journal, rows: &[Effect]) -> Vec<String> {
    let mut times: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for row in rows.iter().filter(|row| is_ours(&row.key)) {
        *times.entry((&row.key, &row.operation)).or_default() += 1;
    }
    let mut differences = Vec::new();
    for ((key, operation), count) in &times {
        let undo = operation.replace("create", "cancel");
        let taken_back = if undo == *operation {
            0
        } else {
            times.get(&(key, undo.as_str())).copied().unwrap_or(0)
        };
        let named = journal
            .sent(key)
            .is_some_and(|sent| journal.names_duplicate(&sent.root));
        // A draft that came to nothing is cancelled, and after a crash made and cancelled again: as often as it was made.
        let making = operation.replace("cancel", "create");
        let made = times.get(&(key, making.as_str())).copied().unwrap_or(1);
        let most = if operation.ends_with(".cancel") {
            made.max(1)
        } else {
            1
        };
        if count - taken_back > most && !named {
            differences.push(format!("TWICE: {operation} took place {count} times under {key}"));
        }
    }
    differences
}

/// Keys of ours that the witness saw.
fn keys(rows: &[Effect]) -> BTreeSet<&str> {
    rows.iter()
        .map(|row| row.key.as_str())
        .filter(|key| is_ours(key))
        .collect()
}

/// Keys of ours have a store, an instance, a step, a side and an epoch.
fn is_ours(key: &str) -> bool {
    key.split('/').count() >= 6 && key.contains(':')
}

#[cfg(test)]
mod tests {
    use amends_connectors::sandbox::Effect;

    use super::{Books, Fate, Journal, check, twice};

    const KEY: &str = "store/demo:1/order-to-cash/sales-order/do/0";

    fn row(key: &str) -> Effect {
        Effect {
            system: "erp".into(),
            operation: "sale.sale.create".into(),
            key: key.into(),
            reference: key.into(),
            ..Effect::default()
        }
    }

    fn differences(fate: Option<Fate>, rows: &[Effect], state: &str, over: bool) -> Vec<String> {
        let mut journal = Journal::default();
        if let Some(fate) = fate {
            journal.plant(KEY, "erp.create_order", fate);
        }
        let mut books = Books::default();
        books.enter("sale.sale", KEY, state);
        check(&journal, rows, &books, &|_| over)
    }

    #[test]
    fn what_landed_and_was_seen_once_agrees() {
        assert_eq!(
            differences(Some(Fate::Landed), &[row(KEY)], "quotation", true),
            Vec::<String>::new()
        );
        // A parcel is the warehouse's own key.
        assert_eq!(
            differences(None, &[row("P-1")], "quotation", true),
            Vec::<String>::new()
        );
        // A draft that was given up counts for nothing.
        assert_eq!(
            differences(Some(Fate::Nothing), &[row(KEY)], "draft", true),
            Vec::<String>::new()
        );
        // Nobody knows yet, and a person is asked.
        assert_eq!(
            differences(Some(Fate::InDoubt), &[row(KEY)], "quotation", false),
            Vec::<String>::new()
        );
    }

    #[test]
    fn each_kind_of_difference_is_named() {
        let planted = [
            ("UNKNOWN", differences(None, &[row(KEY)], "quotation", true)),
            ("LOST", differences(Some(Fate::Landed), &[], "quotation", true)),
            (
                "UNHEARD",
                differences(Some(Fate::Nothing), &[row(KEY)], "quotation", true),
            ),
            (
                "UNHEARD",
                differences(Some(Fate::InDoubt), &[row(KEY)], "quotation", true),
            ),
            (
                "UNHEARD",
                differences(Some(Fate::UnderWay), &[row(KEY)], "quotation", true),
            ),
            (
                "TWICE",
                differences(Some(Fate::Landed), &[row(KEY), row(KEY)], "quotation", true),
            ),
        ];
        for (word, found) in planted {
            assert_eq!(found.len(), 1, "{word}: {found:?}");
            assert!(
                found.iter().all(|difference| difference.starts_with(word)),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_surplus_that_was_cancelled_is_no_second_time() {
        let mut journal = Journal::default();
        journal.plant(KEY, "erp.create_order", Fate::Landed);
        let cancelled = Effect {
            operation: "sale.sale.cancel".into(),
            ..row(KEY)
        };
        assert_eq!(
            twice(&journal, &[row(KEY), row(KEY), cancelled]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn drafts_are_cancelled_as_often_as_they_were_made() {
        let mut journal = Journal::default();
        journal.plant(KEY, "erp.create_order", Fate::Landed);
        let cancelled = Effect {
            operation: "sale.sale.cancel".into(),
            ..row(KEY)
        };
        let surplus = [row(KEY), row(KEY), row(KEY), cancelled.clone(), cancelled.clone()];
        assert_eq!(twice(&journal, &surplus), Vec::<String>::new());
        let nothing_left = [row(KEY), cancelled.clone(), row(KEY), cancelled.clone()];
        assert_eq!(twice(&journal, &nothing_left), Vec::<String>::new());
        let once_more = [row(KEY), cancelled.clone(), cancelled.clone()];
        assert_eq!(
            twice(&journal, &once_more).len(),
            1,
            "cancelled more often than made"
        );
        assert_eq!(
            twice(&journal, &[cancelled.clone(), cancelled]).len(),
            1,
            "an undo"
        );
    }
}
