//! Money that cannot be confirmed, is not what the order costs, or comes with the goods.

use amends_connectors::sandbox::{Made, Payment};
use serde_json::{Value, json};

use crate::house::{House, Plan, Running, cash_order, completed, found, made, rows, text};

async fn house() -> House {
    House::new(&Plan {
        rest: "sweep_every = \"1d\"",
        ..Plan::default()
    })
    .await
}

/// The shop has the order, the provider has what its checkout left there.
async fn placed(house: &House, made: &Made) -> String {
    let intents = json!([made.intent]);
    house
        .control(reqwest::Method::POST, "/payments/_control/intents", &intents)
        .await;
    house.place(&made.order).await
}

async fn incident(running: &Running, root: &str, cause: &str) -> Value {
    let order = running
        .order_where(root, cause, |order| found(order, "incidents", cause).is_some())
        .await;
    found(&order, "incidents", cause).unwrap()
}

fn left(told: &[String]) -> bool {
    told.iter().any(|words| words.contains("dispatch"))
}

#[tokio::test]
async fn a_payment_without_a_transaction_says_what_is_missing_and_goes_on_with_it() {
    let house = house().await;
    let running = house.serve().await;
    for (id, way) in [
        (300, Payment::Stripe),
        (301, Payment::Stripe),
        (302, Payment::Stripe),
    ] {
        let mut made = made(id, id.unsigned_abs(), way);
        let transaction = made.order["transaction_id"].take();
        made.order["transaction_id"] = json!("");
        let root = placed(&house, &made).await;
        let missing = incident(&running, &root, "transaction-missing").await;
        assert_eq!(missing["place"], "verify-payment");
        let said = text(&missing, "message");
        for words in ["names no transaction", "Find the payment", "cancel the order"] {
            assert!(said.contains(words), "{said}");
        }
        assert!(!left(&running.told(&root).await), "nothing is shipped before");
        let mut wish = json!({"reason": "found at the provider", "place": "verify-payment"});
        match id {
            300 => {
                wish["command"] = json!("edit");
                wish["arguments"] = json!({ "transaction": transaction });
            }
            301 => {
                made.order["transaction_id"] = transaction;
                made.order["date_modified_gmt"] = json!("2027-01-01T00:00:00");
                house.place(&made.order).await;
                running
                    .order_where(&root, "the transaction", |order| {
                        order["subject"]["payment"]["transaction"] == made.order["transaction_id"]
                    })
                    .await;
                wish["command"] = json!("retry");
            }
            _ => {
                wish["command"] = json!("complete");
                wish["result"] = json!({ "amount_minor": made.intent.as_ref().unwrap().amount });
            }
        }
        running.command(&root, wish).await;
        let order = running.order_where(&root, "the end", completed).await;
        assert_eq!(rows(&order, "obligations"), [] as [Value; 0], "{order:#}");
        assert_eq!(rows(&order, "incidents"), [] as [Value; 0], "{order:#}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_payment_that_differs_ships_nothing_before_a_person_accepts_it() {
    let house = house().await;
    let running = house.serve().await;
    for (id, more, debtor) in [(310, -100, "buyer"), (311, 250, "shop")] {
        let mut made = made(id, id.unsigned_abs(), Payment::Stripe);
        made.intent.as_mut().unwrap().amount += more;
        let root = placed(&house, &made).await;
        let order = running
            .order_where(&root, "a decision", |order| {
                rows(order, "incidents")
                    .iter()
                    .any(|incident| incident["place"] == "payment-differs")
            })
            .await;
        let said = order["incidents"].to_string();
        assert!(
            said.contains("payment-differs") && said.contains("Approve to ship"),
            "{said}"
        );
        assert!(!left(&running.told(&root).await), "nothing is shipped before");
        let approve = json!({"command": "approve", "reason": "a good customer", "place": "payment-differs"});
        running.command(&root, approve).await;
        let order = running.order_where(&root, "the end", completed).await;
        let owed: Vec<(&str, &str, i64)> = rows(&order, "obligations")
            .iter()
            .map(|owed| {
                (
                    text(owed, "nature"),
                    text(owed, "debtor"),
                    owed["amount_minor"].as_i64().unwrap(),
                )
            })
            .collect();
        assert_eq!(owed, [("discrepancy", debtor, more.abs())], "{order:#}");
    }
    running.stop().await;
}

#[tokio::test]
async fn cash_on_delivery_ends_as_a_receivable() {
    let house = house().await;
    let running = house.serve().await;
    let root = house.place(&cash_order(320, 320)).await;
    let order = running.order_where(&root, "the end", completed).await;
    let owed = rows(&order, "obligations");
    assert_eq!(owed.len(), 1, "{order:#}");
    assert_eq!(
        (text(&owed[0], "nature"), text(&owed[0], "debtor")),
        ("receivable", "buyer")
    );
    assert_eq!(owed[0]["amount_minor"], order["subject"]["total_minor"]);
    assert!(
        text(&owed[0], "reason").contains("agreed to deliver first"),
        "{order:#}"
    );
    assert_eq!(rows(&order, "incidents"), [] as [Value; 0]);
    running.stop().await;
}
