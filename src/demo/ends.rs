//! Orders that have ended: what the ledger says of their money against what the witness saw, and of what was undone
//! that nothing is left of it.

use std::collections::BTreeSet;

use amends_connectors::sandbox::Effect;
use amends_engine::StoreId;
use amends_engine::ledger::Account;
use amends_engine::root::Root;

use super::books::Books;

/// Money that moved at the outside systems, per operation, against the account it belongs to.
pub fn check_money(root: &Root, rows: &[&Effect]) -> Vec<String> {
    let mut differences = Vec::new();
    for currency in root.ledger.currencies() {
        let landed = |account| root.ledger.money(account, currency).landed;
        // Without an authorisation the shop or the carrier takes the money, which is no effect of ours.
        let captured = if landed(Account::Authorized) > 0 {
            landed(Account::Captured)
        } else {
            0
        };
        let pairs = [
            ("captured", captured, "payment_intents.capture"),
            ("voided", landed(Account::Voided), "payment_intents.cancel"),
            ("refunded", landed(Account::Refunded), "refunds.create"),
            ("invoiced", landed(Account::Invoiced), "account.invoice.post"),
        ];
        for (account, ledger, operation) in pairs {
            let moved = rows
                .iter()
                .filter(|row| row.operation == operation && row.currency.as_deref() == Some(currency.code()))
                .filter_map(|row| row.amount_minor);
            let witness: i64 = moved.sum();
            if witness != ledger {
                differences.push(format!(
                    "AMOUNT: {}: the ledger has {ledger} {currency} {account}, the witness saw {witness}",
                    root.key
                ));
            }
        }
    }
    differences
}

/// What is left of an order that was undone: documents, goods, money.
pub fn check_undone(root: &Root, store: &StoreId, rows: &[&Effect], books: &Books) -> Vec<String> {
    let key = &root.key;
    let mut differences = Vec::new();
    let start = format!("{store}/{key}/");
    for (model, reference, state) in books.standing(&start) {
        differences.push(format!(
            "NOT UNDONE: {key}: {model} {reference} is still {state} at the ERP"
        ));
    }
    let references = |operation: &str| -> BTreeSet<&str> {
        let done = rows.iter().filter(|row| row.operation == operation);
        done.map(|row| row.reference.as_str()).collect()
    };
    let released = references("releases.create");
    for job in released.difference(&references("releases.cancel")) {
        differences.push(format!("NOT UNDONE: {key}: the warehouse still has {job}"));
    }
    if let Some(parcel) = rows.iter().find(|row| row.operation == "parcel.shipped") {
        differences.push(format!("NOT UNDONE: {key}: parcel {} left", parcel.key));
    }
    let money = |operation: &str| -> i64 {
        let moved = rows.iter().filter(|row| row.operation == operation);
        moved.filter_map(|row| row.amount_minor).sum()
    };
    let kept = money("payment_intents.capture") - money("refunds.create");
    if kept != 0 {
        differences.push(format!("NOT UNDONE: {key}: {kept} minor units are still with us"));
    }
    differences
}

/// The equations of the ledger, for an order that has ended, of which nobody is said to owe anything, and of which
/// no person has waived what somebody owed.
pub fn check_rest(root: &Root) -> Vec<String> {
    if !root.obligations.is_empty() || !root.waived.is_empty() {
        return Vec::new();
    }
    let imbalances = root.ledger.imbalances().into_iter();
    imbalances
        .map(|imbalance| {
            format!(
                "OFF: {}: {} is off by {} {} and nobody is named for it",
                root.key, imbalance.rule, imbalance.difference, imbalance.line
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use amends_connectors::sandbox::Effect;
    use amends_engine::ledger::{Account, Currency, Line, Phase, Posting};
    use amends_engine::root::{Debtor, Nature, Obligation, Root};
    use amends_engine::{Millis, RootKey, StoreId};

    use super::{Books, check_money, check_rest, check_undone};

    fn root(postings: &[(Account, i64)]) -> Root {
        let mut root = Root::new(RootKey::new("demo:1"));
        let postings: Vec<Posting> = postings
            .iter()
            .map(|(account, amount)| Posting {
                account: *account,
                line: Line::Money {
                    currency: Currency::parse("USD").unwrap(),
                    tender: None,
                },
                amount: *amount,
                phase: Phase::Landed,
            })
            .collect();
        root.ledger.land("key", &postings);
        root
    }

    fn row(operation: &str, amount_minor: i64) -> Effect {
        Effect {
            operation: operation.into(),
            reference: "J-1".into(),
            amount_minor: Some(amount_minor),
            currency: Some("USD".into()),
            ..Effect::default()
        }
    }

    const MOVED: [(Account, i64, &str); 4] = [
        (Account::Captured, 700, "payment_intents.capture"),
        (Account::Voided, 200, "payment_intents.cancel"),
        (Account::Refunded, 50, "refunds.create"),
        (Account::Invoiced, 650, "account.invoice.post"),
    ];

    #[test]
    fn money_agrees_and_each_missing_or_wrong_amount_is_told() {
        let mut postings: Vec<(Account, i64)> = MOVED
            .iter()
            .map(|(account, amount, _)| (*account, *amount))
            .collect();
        postings.push((Account::Authorized, 900));
        let root = root(&postings);
        let rows: Vec<Effect> = MOVED
            .iter()
            .map(|(_, amount, operation)| row(operation, *amount))
            .collect();
        let all: Vec<&Effect> = rows.iter().collect();
        assert_eq!(check_money(&root, &all), Vec::<String>::new());
        for missing in 0..all.len() {
            let mut some = all.clone();
            some.remove(missing);
            let told = check_money(&root, &some);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told.iter().all(|told| told.starts_with("AMOUNT")), "{told:?}");
        }
    }

    #[test]
    fn money_the_shop_took_is_no_effect_of_ours() {
        let root = root(&[(Account::Captured, 700)]);
        assert_eq!(check_money(&root, &[]), Vec::<String>::new());
        let ours = row("payment_intents.capture", 700);
        assert_eq!(check_money(&root, &[&ours]).len(), 1);
    }

    #[test]
    fn whatever_is_left_of_an_undone_order_is_told() {
        let (root, store) = (root(&[]), StoreId::new("store"));
        let (release, cancel) = (row("releases.create", 0), row("releases.cancel", 0));
        let mut books = Books::default();
        books.enter(
            "sale.sale",
            "store/demo:1/order-to-cash/sales-order/do/0",
            "cancelled",
        );
        books.enter(
            "sale.sale",
            "store/demo:11/order-to-cash/sales-order/do/0",
            "quotation",
        );
        assert_eq!(
            check_undone(&root, &store, &[&release, &cancel], &books),
            Vec::<String>::new()
        );
        let (parcel, capture) = (row("parcel.shipped", 0), row("payment_intents.capture", 5));
        let left = check_undone(&root, &store, &[&release, &parcel, &capture], &books);
        assert_eq!(left.len(), 3, "{left:?}");
        books.enter(
            "stock.shipment.out",
            "store/demo:1/order-to-cash/reserve-stock/do/0",
            "assigned",
        );
        let left = check_undone(&root, &store, &[], &books);
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn a_ledger_that_is_off_is_told_unless_somebody_is_named() {
        assert_eq!(
            check_rest(&root(&[(Account::Captured, 5), (Account::Invoiced, 5)])),
            Vec::<String>::new()
        );
        assert_eq!(
            check_rest(&root(&[(Account::Captured, 5), (Account::Invoiced, 4)])).len(),
            1
        );
        let mut waived = root(&[(Account::Captured, 5), (Account::Invoiced, 4)]);
        let owed = Obligation {
            nature: Nature::Discrepancy,
            debtor: Debtor::Buyer,
            amount: 1,
            currency: Currency::parse("USD"),
            reason: "paid too little".to_owned(),
            owner: "support".to_owned(),
            opened_at: Millis::ZERO,
        };
        waived.waived.insert(1, owed);
        assert_eq!(check_rest(&waived), Vec::<String>::new());
    }
}
