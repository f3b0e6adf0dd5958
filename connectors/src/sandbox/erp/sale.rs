//! `model.sale.sale`: draft, quotation, processing, done; cancelled only from the first two.

use serde_json::{Value as Json, json};

use super::books::{Books, PRICE_DIGITS};
use super::entry::Entry;
use super::failure::Failure;
use super::wire::{Record, added, created, decimal, encode, float, minor, rounded, text};

const MODEL: &str = "sale.sale";

const FIELDS: [&str; 19] = [
    "party",
    "invoice_party",
    "shipment_party",
    "invoice_address",
    "shipment_address",
    "reference",
    "description",
    "comment",
    "currency",
    "company",
    "warehouse",
    "payment_term",
    "invoice_method",
    "shipment_method",
    "sale_date",
    "shipping_date",
    "price_list",
    "origin",
    "lines",
];

impl Entry<'_> {
    pub(super) fn sale(&mut self, verb: &str) -> Result<Json, Failure> {
        match verb {
            "create" => {
                let sales = self.creations(&FIELDS)?;
                let ids = sales.iter().map(|sale| self.create_sale(sale));
                ids.collect::<Result<Vec<_>, _>>().map(|ids| json!(ids))
            }
            "write" => self.write(MODEL, &["reference", "description", "comment"]),
            "quote" | "confirm" | "process" | "cancel" | "draft" => {
                for id in self.call.ids() {
                    self.advance_sale(verb, id)?;
                }
                Ok(Json::Null)
            }
            _ => Err(Failure::Forbidden),
        }
    }

    fn create_sale(&mut self, sale: &Record) -> Result<i64, Failure> {
        let nothing = Json::Null;
        let given = |field: &str| sale.get(field).unwrap_or(&nothing);
        let reference = text(sale, "reference");
        let party = self.books.resolve("party.party", given("party"))?;
        let party = party.ok_or_else(|| Failure::required("Party", &format!("[{reference}]"), "Sale"))?;
        let usd = json!(1);
        let currency = if given("currency").is_null() {
            &usd
        } else {
            given("currency")
        };
        let mut document = Record::new();
        for field in FIELDS {
            document.insert(field.into(), given(field).clone());
        }
        document.insert("party".into(), json!(party));
        document.insert(
            "currency".into(),
            json!(self.books.resolve("currency.currency", currency)?),
        );
        let digits = self.books.digits(&document);
        let lines = self.books.lines(&created(sale.get("lines")), digits, reference)?;
        let (untaxed, tax) = self.books.amounts(&lines, digits);
        document.insert("untaxed_amount".into(), encode(untaxed));
        document.insert("tax_amount".into(), encode(tax));
        document.insert("total_amount".into(), encode(untaxed + tax));
        let ids: Vec<i64> = lines
            .into_iter()
            .map(|line| self.books.keep("sale.line", Json::Object(line)))
            .collect();
        document.insert("lines".into(), json!(ids));
        for (field, value) in [
            ("state", json!("draft")),
            ("number", Json::Null),
            ("shipments", json!([])),
            ("invoices", json!([])),
            ("shipment_state", json!("none")),
            ("invoice_state", json!("none")),
            ("created_ms", json!(self.now_ms)),
        ] {
            document.insert(field.into(), value);
        }
        let id = self.books.keep(MODEL, Json::Object(document));
        let document = self.books.record(MODEL, id)?;
        let mut effect = self.effect(document);
        effect.amount_minor = minor(untaxed + tax, digits);
        self.effects.push(effect);
        Ok(id)
    }

    fn advance_sale(&mut self, verb: &str, id: i64) -> Result<(), Failure> {
        let sale = self.books.record(MODEL, id)?.clone();
        let state = text(&sale, "state").to_owned();
        match (verb, state.as_str()) {
            ("quote", "draft") => {
                if sale.get("invoice_address").is_none_or(Json::is_null) {
                    let reference = text(&sale, "reference");
                    return Err(Failure::User(format!(
                        "To get a quote for sale \"[{reference}]\" you must enter an invoice address."
                    )));
                }
                let number = self.books.number("SO");
                self.books.put(MODEL, id, "number", json!(number))?;
                let reference = text(&sale, "reference");
                self.books
                    .put(MODEL, id, "rec_name", json!(format!("{number} [{reference}]")))?;
                self.books.put(MODEL, id, "state", json!("quotation"))
            }
            ("draft", "quotation" | "cancelled") => self.books.put(MODEL, id, "state", json!("draft")),
            ("confirm", "quotation") => {
                self.process_sale(id, &sale)?;
                let effect = self.effect(&sale);
                self.effects.push(effect);
                Ok(())
            }
            ("cancel", "draft" | "quotation") => {
                self.books.put(MODEL, id, "state", json!("cancelled"))?;
                let mut effect = self.effect(&sale);
                effect.undo = true;
                self.effects.push(effect);
                Ok(())
            }
            _ => self.books.not_offered(MODEL, verb, &sale),
        }
    }

    /// Confirming processes at once: shipment and draft invoice come into being if the methods say so.
    fn process_sale(&mut self, id: i64, sale: &Record) -> Result<(), Failure> {
        self.books.put(MODEL, id, "state", json!("processing"))?;
        if text(sale, "shipment_method") == "order" {
            let shipment = self.shipment_of(id, sale)?;
            self.books.put(MODEL, id, "shipments", json!([shipment]))?;
        }
        if text(sale, "invoice_method") == "order" {
            let invoice = self.invoice_of(id, sale);
            self.books.put(MODEL, id, "invoices", json!([invoice]))?;
        }
        self.books.refresh_sale(id)
    }
}

impl Books {
    /// Lines as they are kept: products resolved, amounts computed.
    ///
    /// `reference` is that of the document, for what is refused.
    pub(super) fn lines(
        &self,
        given: &[Record],
        digits: u32,
        reference: &str,
    ) -> Result<Vec<Record>, Failure> {
        let mut lines = Vec::with_capacity(given.len());
        for line in given {
            let product = line.get("product").cloned().unwrap_or_default();
            let product = self.resolve("product.product", &product)?;
            let quantity = line.get("quantity").and_then(decimal).unwrap_or_default();
            let unit_price = line.get("unit_price").and_then(decimal);
            let unit_price = unit_price.ok_or_else(|| Failure::required("Unit Price", "", "Sale Line"))?;
            let name = || format!("{quantity} [{reference}]");
            if product.is_some() && line.get("unit").is_none_or(Json::is_null) {
                return Err(Failure::required("Unit", &name(), "Sale Line"));
            }
            if unit_price.scale() > PRICE_DIGITS {
                return Err(Failure::User(format!(
                    "The number of digits in the value \"'{unit_price}'\" for field \"Unit Price\" in record \"{}\" of \"Sale Line\" exceeds the limit of \"(None, {PRICE_DIGITS})\".",
                    name()
                )));
            }
            let mut kept = Record::new();
            kept.insert("type".into(), json!("line"));
            kept.insert("product".into(), json!(product));
            kept.insert(
                "description".into(),
                line.get("description").cloned().unwrap_or_default(),
            );
            kept.insert(
                "quantity".into(),
                line.get("quantity").map(float).unwrap_or_default(),
            );
            kept.insert("unit_price".into(), encode(unit_price));
            kept.insert("amount".into(), encode(rounded(quantity * unit_price, digits)));
            kept.insert("taxes".into(), json!(added(line.get("taxes"))));
            lines.push(kept);
        }
        Ok(lines)
    }

    /// The records behind the ids in a field.
    pub(super) fn related(&self, document: &Record, field: &str, model: &str) -> Vec<Record> {
        let ids = document.get(field).and_then(Json::as_array).into_iter().flatten();
        ids.filter_map(|id| self.record(model, id.as_i64()?).ok().cloned())
            .collect()
    }

    /// Brings a sale's summary of its documents up to date, and closes it when they all are.
    pub(super) fn refresh_sale(&mut self, id: i64) -> Result<(), Failure> {
        let sale = self.record(MODEL, id)?.clone();
        let states = |field: &str, model: &str| -> Vec<String> {
            self.related(&sale, field, model)
                .iter()
                .map(|row| text(row, "state").to_owned())
                .collect()
        };
        let shipped = shipment_state(&states("shipments", "stock.shipment.out"));
        let invoiced = invoice_state(&states("invoices", "account.invoice"));
        self.put(MODEL, id, "shipment_state", json!(shipped))?;
        self.put(MODEL, id, "invoice_state", json!(invoiced))?;
        if (shipped, invoiced) == ("sent", "paid") {
            self.put(MODEL, id, "state", json!("done"))?;
        }
        Ok(())
    }
}

fn shipment_state(states: &[String]) -> &'static str {
    let all = |wanted: &str| states.iter().all(|state| state == wanted);
    if states.is_empty() {
        "none"
    } else if states.iter().any(|state| state == "cancelled") {
        "exception"
    } else if all("done") {
        "sent"
    } else {
        "waiting"
    }
}

fn invoice_state(states: &[String]) -> &'static str {
    let any = |wanted: &str| states.iter().any(|state| state == wanted);
    if states.is_empty() {
        "none"
    } else if any("cancelled") {
        "exception"
    } else if states.iter().all(|state| state == "paid") {
        "paid"
    } else if any("posted") {
        "awaiting payment"
    } else {
        "pending"
    }
}
