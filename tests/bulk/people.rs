//! Commands that put one order right by hand, over HTTP and on the command line.

use serde_json::{Value, json};

use crate::house::House;

impl House {
    async fn command(&self, who: &str, order: &str, wish: &Value) -> String {
        let answer = self.post(who, &format!("/orders/{order}/commands"), wish).await;
        answer.json["code"].as_str().unwrap_or("done").to_owned()
    }

    /// Gives a command on the command line.
    fn orders_do(&self, who: &str, order: &str, args: &[&str]) -> (Option<i32>, String) {
        let output = self.cli(
            who,
            &[&["orders", "do", order][..], args, &["--reason", "by hand"]].concat(),
        );
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }

    async fn goes_on(&self, order: &str) {
        self.until(&format!("/orders/{order}"), "the order goes on", |order| {
            order["summary"]["state"] != "stuck"
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_noted_corrected_taken_back_told_and_given_up() {
    let house = House::new("").await.with_stuck(3).await;
    let listed = house.get("/orders?state=stuck").await;
    let orders = listed["orders"].as_array().unwrap().iter();
    let orders: Vec<&str> = orders.map(|order| order["root"].as_str().unwrap()).collect();
    let [first, second, third] = orders[..] else {
        panic!("three orders are stuck: {listed:#}");
    };

    let by_line = house.orders_do("support", first, &["note", "--note", "the buyer called"]);
    assert_eq!(by_line.0, Some(0), "{by_line:?}");
    let wish = json!({ "command": "note", "reason": "called back" });
    assert_eq!(house.command("support", first, &wish).await, "done");
    assert_eq!(house.command("viewer", first, &wish).await, "api/not-permitted");
    let order = house.get(&format!("/orders/{first}?reveal=true")).await;
    let left = order["notes"].as_array().unwrap().iter();
    let texts: Vec<&str> = left.map(|note| note["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["called back", "the buyer called"], "newest first");

    let wrong = json!({ "command": "edit", "reason": "a slip", "place": "sales-order", "arguments": { "colour": "red" } });
    assert_eq!(
        house.command("support", first, &wrong).await,
        "command/no-argument"
    );
    let lacking = json!({ "command": "signal", "reason": "a slip" });
    assert_eq!(house.command("support", first, &lacking).await, "api/bad-body");
    let arguments = json!({ "order_key": first }).to_string();
    let edited = house.orders_do("support", first, &["edit", "--arguments", &arguments]);
    assert_eq!(edited.0, Some(0), "{edited:?}");
    house.goes_on(first).await;

    let nowhere = json!({ "command": "rewind", "reason": "a slip", "place": "dispatch" });
    assert_eq!(
        house.command("support", second, &nowhere).await,
        "command/nothing-there"
    );
    let rewound = house.orders_do("support", second, &["rewind", "--place", "sales-order"]);
    assert_eq!(rewound.0, Some(0), "{rewound:?}");
    house.goes_on(second).await;

    let signal = |fact: &str| json!({ "command": "signal", "reason": "seen at the bank", "fact": fact, "id": "by-hand", "payload": {} });
    assert_eq!(
        house.command("support", third, &signal("weather.changed")).await,
        "command/not-now"
    );
    assert_eq!(
        house.command("support", third, &signal("order.cleared")).await,
        "done"
    );
    let again = house.orders_do(
        "support",
        third,
        &["signal", "--fact", "order.cleared", "--id", "by-hand"],
    );
    assert!(
        again.1.contains("order.cleared#by-hand is recorded already"),
        "{again:?}"
    );
    let order = house.get(&format!("/orders/{third}")).await;
    let facts = order["facts"].as_array().unwrap();
    assert!(facts.contains(&json!("order.cleared#by-hand")), "{facts:?}");

    let close = json!({ "command": "close", "reason": "beyond help" });
    assert_eq!(house.command("admin", third, &close).await, "done");
    let order = house.get(&format!("/orders/{third}")).await;
    let number = order["obligations"][0]["number"].as_u64().unwrap().to_string();
    let waive = ["waive", "--number", &number];
    let denied = house.orders_do("support", third, &waive);
    assert!(denied.1.contains("api/not-permitted"), "{denied:?}");
    let waived = house.orders_do("admin", third, &waive);
    assert_eq!(waived.0, Some(0), "{waived:?}");
    let again = house.orders_do("admin", third, &waive);
    assert!(again.1.contains("command/no-such-number"), "{again:?}");
    let after = house.get(&format!("/orders/{third}")).await;
    let left = after["obligations"].as_array().unwrap();
    assert_eq!(
        left.len() + 1,
        order["obligations"].as_array().unwrap().len(),
        "{left:#?}"
    );
    for name in ["note", "edit", "rewind", "signal", "waive"] {
        let audited = house.audit().await;
        assert!(
            audited.iter().any(|[_, action, ..]| action == name),
            "{name} is not audited"
        );
    }
}
