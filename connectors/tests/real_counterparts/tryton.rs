//! A sale from draft to delivery, and everything that is refused on the way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::transcript::Transcript;

/// Records that exist before the talk begins.
#[derive(Debug, Deserialize)]
pub(crate) struct Ids {
    party: i64,
    address: i64,
    product: i64,
    unit: i64,
    tax: i64,
}

impl Ids {
    pub(crate) fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap()
    }

    /// Makes the customer and finds the product; addresses and units are not asked about in the sandbox.
    pub(crate) async fn of_sandbox(url: &str, password: &str) -> Self {
        let mut talk = Talk::new(url);
        talk.log_in("log in", password).await;
        let party = talk
            .ask("party.party.create", json!([[{"name": "Ana Ruiz"}]]))
            .await;
        let domain = json!([[["code", "=", "TEE-BLK-M"]]]);
        let product = talk.ask("product.product.search", domain).await;
        Self {
            party: party["result"][0].as_i64().unwrap(),
            address: 1,
            product: product["result"][0].as_i64().unwrap(),
            unit: 1,
            tax: 1,
        }
    }
}

struct Talk {
    client: Client,
    url: String,
    /// What `Authorization` shows once logged in. A password would cost the server a slow hash with every request.
    session: String,
    transcript: Transcript,
}

/// One sale with the documents it brought into being.
struct Sale {
    id: i64,
    shipment: i64,
    invoice: i64,
}

fn decimal(text: &str) -> Json {
    json!({"__class__": "Decimal", "decimal": text})
}

/// Two tees at 22.49 with 7.25 % tax, or as many as asked for.
fn sale(ids: &Ids, reference: &str, quantity: i64) -> Json {
    json!({
        "party": ids.party, "invoice_address": ids.address, "shipment_address": ids.address,
        "reference": reference, "invoice_method": "order", "shipment_method": "order",
        "lines": [["create", [{"type": "line", "product": ids.product, "unit": ids.unit, "quantity": quantity,
            "unit_price": decimal("22.4900"), "taxes": [["add", [ids.tax]]]}]]],
    })
}

impl Talk {
    fn new(url: &str) -> Self {
        Self {
            client: Client::builder().no_proxy().build().unwrap(),
            url: format!("{url}/shop/rpc/"),
            session: String::new(),
            transcript: Transcript::default(),
        }
    }

    async fn ask(&self, method: &str, mut params: Json) -> Json {
        params.as_array_mut().unwrap().push(json!({"company": 1}));
        let call = json!({"id": 1, "method": format!("model.{method}"), "params": params});
        let request = self
            .client
            .post(&self.url)
            .header("authorization", &self.session)
            .json(&call);
        let reply = request.send().await.unwrap();
        if reply.status() == 200 {
            return reply.json().await.unwrap();
        }
        json!({"status": reply.status().as_u16()})
    }

    /// Asks, and notes what matters of the answer: null or how many, or the error in full.
    async fn note(&mut self, what: &str, method: &str, params: Json) -> Json {
        let answer = self.ask(method, params).await;
        let told = match (&answer["result"], answer.get("error")) {
            (_, Some(error)) => json!({"error": unnumbered(error)}),
            (Json::Array(rows), None) => json!({"rows": rows.len()}),
            (result, None) if answer.get("status").is_none() => json!({"result": result}),
            (_, None) => answer.clone(),
        };
        self.transcript.note(what, &told);
        answer
    }

    /// Notes the fields of a record, without its id; documents it leads to are only counted.
    async fn look(&mut self, what: &str, model: &str, id: i64, fields: &[&str]) -> Json {
        let read = self.ask(&format!("{model}.read"), json!([[id], fields])).await;
        let record = read["result"][0].clone();
        let told: serde_json::Map<String, Json> = fields
            .iter()
            .map(|field| {
                let value = &record[*field];
                let counted = value.as_array().map(|ids| json!({"count": ids.len()}));
                ((*field).to_owned(), counted.unwrap_or_else(|| value.clone()))
            })
            .collect();
        self.transcript.note(what, &Json::Object(told));
        record
    }

    async fn press(&mut self, model: &str, button: &str, id: i64) {
        let what = format!("{model} {button}");
        self.note(&what, &format!("{model}.{button}"), json!([[id]]))
            .await;
    }

    /// Logging in the way the desktop client does.
    async fn log_in(&mut self, what: &str, password: &str) {
        let call =
            json!({"id": 1, "method": "common.db.login", "params": ["admin", {"password": password}, "en"]});
        let reply = self.client.post(&self.url).json(&call).send().await.unwrap();
        let status = reply.status().as_u16();
        let body: Json = reply.json().await.unwrap_or_default();
        let is_session = body["result"][0].is_i64() && body["result"][1].is_string();
        if let (Some(user), Some(token)) = (body["result"][0].as_i64(), body["result"][1].as_str()) {
            self.session = format!("Session {}", BASE64.encode(format!("admin:{user}:{token}")));
        }
        self.transcript
            .note(what, &json!({"status": status, "session": is_session}));
    }

    async fn made(&mut self, what: &str, sale: Json) -> i64 {
        let made = self.note(what, "sale.sale.create", json!([[sale]])).await;
        made["result"][0].as_i64().unwrap_or_else(|| panic!("{made}"))
    }

    /// Makes and confirms a sale.
    async fn processed(&mut self, ids: &Ids, reference: &str, quantity: i64) -> Sale {
        let id = self
            .made(&format!("create {reference}"), sale(ids, reference, quantity))
            .await;
        self.press("sale.sale", "quote", id).await;
        self.press("sale.sale", "confirm", id).await;
        let fields = [
            "state",
            "shipments",
            "invoices",
            "shipment_state",
            "invoice_state",
        ];
        let read = self.look("sale", "sale.sale", id, &fields).await;
        Sale {
            id,
            shipment: read["shipments"][0].as_i64().unwrap(),
            invoice: read["invoices"][0].as_i64().unwrap(),
        }
    }
}

/// The error without the numbers that the two sides give to documents.
fn unnumbered(error: &Json) -> Json {
    let Some(message) = error[1][0].as_str() else {
        return error.clone();
    };
    let mut message = message.to_owned();
    if let Some(start) = message.find("on \"").map(|at| at + 4) {
        let end = message[start..]
            .find([' ', '"'])
            .map_or(start, |length| start + length);
        if !message[start..].starts_with('[') {
            message.replace_range(start..end, "N");
        }
    }
    json!([error[0], [message]])
}

/// Ends every session of the user, as idling does: a password that is set, be it the same, ends them.
pub(crate) async fn end_sessions(url: &str, password: &str) {
    let mut talk = Talk::new(url);
    talk.log_in("log in", password).await;
    let answer = talk
        .ask("res.user.write", json!([[1], {"password": password}]))
        .await;
    assert!(answer.get("error").is_none(), "{answer}");
}

/// The whole talk.
pub(crate) async fn talk(url: &str, password: &str, ids: &Ids) -> Transcript {
    let mut talk = Talk::new(url);
    talk.log_in("log in with a wrong password", "wrong").await;
    talk.note("ask without a session", "party.party.search", json!([[]]))
        .await;
    talk.log_in("log in", password).await;
    two_creates_with_one_reference(&mut talk, ids).await;
    errors_inside_a_200(&mut talk, ids).await;
    what_a_sale_has_to_be(&mut talk, ids).await;
    buttons_pressed_twice(&mut talk, ids).await;
    stock_that_is_short(&mut talk, ids).await;
    delivery_and_invoice(&mut talk, ids).await;
    talk.transcript
}

async fn two_creates_with_one_reference(talk: &mut Talk, ids: &Ids) {
    let first = talk.made("create WC-20", sale(ids, "WC-20", 2)).await;
    let second = talk.made("create WC-20 once more", sale(ids, "WC-20", 2)).await;
    talk.transcript
        .note("the two sales differ", &json!(first != second));
    let fields = json!([
        "reference",
        "state",
        "total_amount",
        "tax_amount",
        "party.name",
        "lines.quantity"
    ]);
    let domain = json!([[["reference", "=", "WC-20"]], 0, 10, null, fields]);
    let found = talk.note("search WC-20", "sale.sale.search_read", domain).await;
    let newest_first = found["result"][0]["id"] == json!(second);
    talk.transcript
        .note("the newest comes first", &json!(newest_first));
    let row = &found["result"][0];
    for field in ["reference", "state", "total_amount", "tax_amount"] {
        talk.transcript.note(field, &row[field]);
    }
    talk.transcript.note("party.name", &row["party."]["name"]);
    talk.transcript
        .note("lines.quantity", &row["lines."][0]["quantity"]);
}

async fn errors_inside_a_200(talk: &mut Talk, ids: &Ids) {
    let nobody = json!([[{"reference": "WC-0"}]]);
    talk.note("create without party", "sale.sale.create", nobody)
        .await;
    let unknown = json!([[{"party": ids.party, "nope": 1}]]);
    talk.note("create with an unknown field", "sale.sale.create", unknown)
        .await;
    talk.note(
        "read what is not there",
        "sale.sale.read",
        json!([[999_999], ["state"]]),
    )
    .await;
    talk.note("call what is not there", "sale.sale.fly", json!([[1]]))
        .await;
    let party = json!([[{"name": "Ben", "code": "BEN-1"}]]);
    talk.note("create a party", "party.party.create", party.clone())
        .await;
    talk.note("create a party with the same code", "party.party.create", party)
        .await;
}

/// Ids alone are taken, a quotation wants an address, and amounts are rounded half to even.
async fn what_a_sale_has_to_be(talk: &mut Talk, ids: &Ids) {
    let changed = |path: &str, value: Json| {
        let mut sale = sale(ids, "WC-25", 10);
        *sale.pointer_mut(path).unwrap() = value;
        sale
    };
    let line = "/lines/0/1/0";
    let by_code = changed(&format!("{line}/product"), json!("TEE-BLK-M"));
    talk.note(
        "create with the code of an article",
        "sale.sale.create",
        json!([[by_code]]),
    )
    .await;
    let homeless = changed("/invoice_address", Json::Null);
    let homeless = talk.made("create without an address", homeless).await;
    talk.press("sale.sale", "quote", homeless).await;
    for price in ["0.0125", "0.0135", "-0.0125"] {
        let mut sale = changed(&format!("{line}/unit_price"), decimal(price));
        sale.pointer_mut(line).unwrap()["taxes"] = json!([]);
        let id = talk
            .made(&format!("create with ten for {price} each"), sale)
            .await;
        talk.look("sale", "sale.sale", id, &["total_amount"]).await;
    }
}

async fn buttons_pressed_twice(talk: &mut Talk, ids: &Ids) {
    let id = talk.made("create WC-21", sale(ids, "WC-21", 1)).await;
    for button in ["quote", "quote", "cancel", "cancel", "confirm"] {
        talk.press("sale.sale", button, id).await;
    }
}

async fn stock_that_is_short(talk: &mut Talk, ids: &Ids) {
    let short = talk.processed(ids, "WC-22", 9).await;
    talk.press("sale.sale", "cancel", short.id).await;
    talk.press("stock.shipment.out", "assign_try", short.shipment)
        .await;
    talk.look(
        "shipment",
        "stock.shipment.out",
        short.shipment,
        &["state", "reference"],
    )
    .await;
    talk.press("stock.shipment.out", "cancel", short.shipment).await;
    talk.press("stock.shipment.out", "cancel", short.shipment).await;
    talk.press("account.invoice", "cancel", short.invoice).await;
    let fields = ["state", "shipment_state", "invoice_state"];
    talk.look("sale", "sale.sale", short.id, &fields).await;
}

async fn delivery_and_invoice(talk: &mut Talk, ids: &Ids) {
    let sale = talk.processed(ids, "WC-23", 2).await;
    for button in ["assign_try", "assign_try", "pick", "pack", "do", "do", "cancel"] {
        talk.press("stock.shipment.out", button, sale.shipment).await;
    }
    talk.look("shipment", "stock.shipment.out", sale.shipment, &["state"])
        .await;
    let fields = ["state", "number", "reference", "total_amount"];
    talk.look("invoice", "account.invoice", sale.invoice, &fields)
        .await;
    for button in ["post", "post", "cancel"] {
        talk.press("account.invoice", button, sale.invoice).await;
    }
    let posted = talk
        .look(
            "invoice",
            "account.invoice",
            sale.invoice,
            &["state", "total_amount"],
        )
        .await;
    talk.transcript.note("posted", &posted["state"]);
    let fields = ["state", "shipment_state", "invoice_state"];
    talk.look("sale", "sale.sale", sale.id, &fields).await;
}
