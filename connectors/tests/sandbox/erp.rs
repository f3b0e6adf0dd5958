//! The ERP: JSON-RPC that answers 200 whatever happens.

use amends_connectors::sandbox::{Options, Repeat};
use serde_json::{Value as Json, json};

use crate::bench::Bench;

fn decimal(text: &str) -> Json {
    json!({"__class__": "Decimal", "decimal": text})
}

async fn customer(bench: &Bench) -> i64 {
    // The first article on record has the first id.
    bench
        .rpc(
            "model.product.product.search",
            json!([[["code", "=", "TEE-BLK-M"]]]),
        )
        .await;
    let made = bench
        .rpc("model.party.party.create", json!([[{"name": "Ana Ruiz"}]]))
        .await;
    made["result"][0].as_i64().unwrap()
}

/// The sale of domain facts: two tees at 22.49 with 7.25 % tax.
async fn sale(bench: &Bench, party: i64, reference: &str, quantity: i64) -> Json {
    let article = bench
        .rpc(
            "model.product.product.search",
            json!([[["code", "=", "TEE-BLK-M"]]]),
        )
        .await;
    json!({
        "party": party, "invoice_address": 1, "reference": reference,
        "invoice_method": "order", "shipment_method": "order",
        "lines": [["create", [{"type": "line", "product": article["result"][0], "unit": 1, "quantity": quantity,
            "unit_price": decimal("22.49"), "taxes": [["add", [1]]]}]]],
    })
}

async fn made(bench: &Bench, sale: Json) -> i64 {
    let made = bench.rpc("model.sale.sale.create", json!([[sale]])).await;
    made["result"][0].as_i64().unwrap_or_else(|| panic!("{made}"))
}

async fn read(bench: &Bench, model: &str, id: i64, fields: &[&str]) -> Json {
    let read = bench
        .rpc(&format!("model.{model}.read"), json!([[id], fields]))
        .await;
    read["result"][0].clone()
}

async fn processed(bench: &Bench, quantity: i64) -> (i64, i64, i64) {
    let party = customer(bench).await;
    let id = made(bench, sale(bench, party, "WC-20", quantity).await).await;
    bench.rpc("model.sale.sale.quote", json!([[id]])).await;
    bench.rpc("model.sale.sale.confirm", json!([[id]])).await;
    let sale = read(bench, "sale.sale", id, &["shipments", "invoices"]).await;
    (
        id,
        sale["shipments"][0].as_i64().unwrap(),
        sale["invoices"][0].as_i64().unwrap(),
    )
}

#[tokio::test]
async fn two_creates_with_one_reference_make_two_sales_and_two_effects() {
    let bench = Bench::start().await;
    let party = customer(&bench).await;
    let first = made(&bench, sale(&bench, party, "WC-20", 2).await).await;
    let second = made(&bench, sale(&bench, party, "WC-20", 2).await).await;
    assert_ne!(first, second);
    let domain = json!([
        [["reference", "=", "WC-20"]],
        0,
        10,
        null,
        ["id", "state", "total_amount", "party.name"]
    ]);
    let found = bench.rpc("model.sale.sale.search_read", domain).await;
    assert_eq!(found["result"].as_array().unwrap().len(), 2);
    assert_eq!(found["result"][0]["total_amount"], decimal("48.24"));
    assert_eq!(found["result"][0]["party."]["name"], "Ana Ruiz");
    let summary = bench.witness.summary();
    assert_eq!(
        (summary.repeated[0].key.as_str(), summary.repeated[0].times),
        ("WC-20", 2)
    );
    assert_eq!(
        summary.totals["erp/sale.sale.create"].amounts_minor["USD"],
        2 * 4824
    );
}

#[tokio::test]
async fn errors_are_inside_a_200() {
    let bench = Bench::start().await;
    let check = async |method: &str, params: Json, kind: &str, says: &str| {
        let answer = bench.try_rpc(method, params).await.unwrap();
        assert_eq!(answer.status, 200);
        let error = &answer.body["error"];
        assert!(answer.body.get("result").is_none());
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error[0], kind);
    };
    check(
        "model.sale.sale.create",
        json!([[{"reference": "x"}]]),
        "UserError",
        "Party",
    )
    .await;
    check("model.sale.sale.create", json!([[{"nope": 1}]]), "'nope'", "nope").await;
    check(
        "model.sale.sale.read",
        json!([[99], ["state"]]),
        "UserError",
        "99",
    )
    .await;
    let unknown = bench.try_rpc("model.sale.sale.fly", json!([[1]])).await.unwrap();
    assert_eq!(unknown.status, 403);
    let party = json!([[{"name": "Ana", "code": "C-1"}]]);
    bench.rpc("model.party.party.create", party.clone()).await;
    check("model.party.party.create", party, "UserError", "unique").await;
}

#[tokio::test]
async fn assigning_answers_null_and_the_state_tells() {
    let stock = [("TEE-BLK-M".to_owned(), 5)].into();
    let bench = Bench::with(Options {
        stock,
        ..Options::default()
    })
    .await;
    let (_, first, _) = processed(&bench, 3).await;
    let (_, second, _) = processed(&bench, 3).await;
    let assign = async |id: i64| {
        let reply = bench
            .rpc("model.stock.shipment.out.assign_try", json!([[id]]))
            .await;
        assert_eq!(reply["result"], Json::Null);
        assert!(reply.get("error").is_none());
        read(&bench, "stock.shipment.out", id, &["state"]).await["state"].clone()
    };
    assert_eq!(assign(first).await, "assigned");
    assert_eq!(assign(second).await, "waiting");
    bench
        .rpc("model.stock.shipment.out.cancel", json!([[first]]))
        .await;
    assert_eq!(assign(second).await, "assigned");
    assert_eq!(bench.witnessed("stock.shipment.out.assign_try"), 2);
    assert_eq!(
        bench
            .witness
            .effects()
            .iter()
            .filter(|effect| effect.undo)
            .count(),
        1
    );
}

#[tokio::test]
async fn a_processing_sale_cannot_be_cancelled_but_its_documents_can() {
    let bench = Bench::start().await;
    let (id, shipment, invoice) = processed(&bench, 2).await;
    let refused = bench.rpc("model.sale.sale.cancel", json!([[id]])).await;
    assert_eq!(refused["error"][0], "UserError");
    assert!(
        refused["error"][1][0]
            .as_str()
            .unwrap()
            .starts_with("You can not call \"cancel\"")
    );
    bench
        .rpc("model.stock.shipment.out.cancel", json!([[shipment]]))
        .await;
    bench
        .rpc("model.account.invoice.cancel", json!([[invoice]]))
        .await;
    let sale = read(
        &bench,
        "sale.sale",
        id,
        &["state", "shipment_state", "invoice_state"],
    )
    .await;
    assert_eq!(
        (&sale["shipment_state"], &sale["invoice_state"]),
        (&json!("exception"), &json!("exception"))
    );
}

#[tokio::test]
async fn an_order_can_be_delivered_invoiced_and_paid() {
    let bench = Bench::start().await;
    let (id, shipment, invoice) = processed(&bench, 2).await;
    for step in ["assign_try", "pick", "pack", "do"] {
        bench
            .rpc(&format!("model.stock.shipment.out.{step}"), json!([[shipment]]))
            .await;
    }
    bench.rpc("model.account.invoice.post", json!([[invoice]])).await;
    let posted = read(
        &bench,
        "account.invoice",
        invoice,
        &["number", "state", "total_amount", "party", "lines_to_pay"],
    )
    .await;
    assert_eq!(
        (&posted["number"], &posted["state"]),
        (&json!("INV-00001"), &json!("posted"))
    );
    let payment = json!({"party": posted["party"], "amount": decimal("48.24"), "reference": "WC-20/pay",
        "journal": 1, "line": posted["lines_to_pay"][0]});
    bench
        .rpc("model.account.payment.create", json!([[payment]]))
        .await;
    assert_eq!(
        read(&bench, "account.invoice", invoice, &["state"]).await["state"],
        "paid"
    );
    assert_eq!(read(&bench, "sale.sale", id, &["state"]).await["state"], "done");
    let levels = bench
        .client
        .get(format!("{}/_control/stock", bench.url("erp")))
        .send()
        .await
        .unwrap();
    let levels: Json = levels.json().await.unwrap();
    assert_eq!(levels["TEE-BLK-M"], json!({"on_hand": 999_998, "reserved": 0}));
}

#[tokio::test]
async fn a_button_pressed_twice_is_ignored_or_refused_as_asked() {
    for (erp_repeat, refused) in [(Repeat::Ignored, false), (Repeat::Refused, true)] {
        let bench = Bench::with(Options {
            erp_repeat,
            ..Options::default()
        })
        .await;
        let party = customer(&bench).await;
        let id = made(&bench, sale(&bench, party, "WC-20", 2).await).await;
        let cancel = async || bench.rpc("model.sale.sale.cancel", json!([[id]])).await;
        assert_eq!(cancel().await["result"], Json::Null);
        let again = cancel().await;
        assert_eq!(again.get("error").is_some(), refused, "{again}");
        if refused {
            let message = &again["error"][1][0];
            assert_eq!(message, "You can not call \"cancel\" on \"[WC-20]\" of \"Sale\".");
        }
        assert_eq!(bench.witnessed("sale.sale.cancel"), 1);
    }
}

#[tokio::test]
async fn a_call_that_fails_half_way_leaves_nothing_behind() {
    let bench = Bench::start().await;
    let party = customer(&bench).await;
    let id = made(&bench, sale(&bench, party, "WC-20", 2).await).await;
    let refused = bench.rpc("model.sale.sale.cancel", json!([[id, 999]])).await;
    assert_eq!(refused["error"][0], "UserError");
    assert_eq!(read(&bench, "sale.sale", id, &["state"]).await["state"], "draft");
    let two = json!([[sale(&bench, party, "WC-21", 1).await, {"reference": "WC-22"}]]);
    assert_eq!(
        bench.rpc("model.sale.sale.create", two).await["error"][0],
        "UserError"
    );
    let left = bench
        .rpc(
            "model.sale.sale.search_count",
            json!([[["reference", "=", "WC-21"]]]),
        )
        .await;
    assert_eq!(left["result"], 0);
    assert_eq!(
        (
            bench.witnessed("sale.sale.cancel"),
            bench.witnessed("sale.sale.create")
        ),
        (0, 1)
    );
}

#[tokio::test]
async fn a_session_is_opened_by_login_and_can_expire() {
    use base64::Engine as _;

    let bench = Bench::start().await;
    let url = format!("{}/shop/rpc/", bench.url("erp"));
    let post = async |authorization: String, body: Json| {
        let request = bench
            .client
            .post(&url)
            .header("authorization", authorization)
            .json(&body);
        request.send().await.unwrap()
    };
    let login = |password: &str| json!({"id": 1, "method": "common.db.login", "params": ["admin", {"password": password}, "en"]});
    assert_eq!(post(String::new(), login("wrong")).await.status(), 401);
    let answer: Json = post(String::new(), login("sandbox-password"))
        .await
        .json()
        .await
        .unwrap();
    let token = format!(
        "admin:{}:{}",
        answer["result"][0],
        answer["result"][1].as_str().unwrap()
    );
    let session = format!(
        "Session {}",
        base64::engine::general_purpose::STANDARD.encode(token)
    );
    let preferences = json!({"id": 2, "method": "model.res.user.get_preferences", "params": [true, {}]});
    assert_eq!(post(session.clone(), preferences.clone()).await.status(), 200);
    bench.control("erp", "expire-sessions", &Json::Null).await;
    let expired = post(session, preferences).await;
    assert_eq!(expired.status(), 401);
    assert!(expired.bytes().await.unwrap().is_empty());
}
