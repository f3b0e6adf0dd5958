//! `model.stock.shipment.out`: reserving stock and letting it go.

use serde_json::{Value as Json, json};

use super::entry::Entry;
use super::failure::Failure;
use super::wire::{Record, created, decimal, float, text};
use crate::sandbox::witness::Units;

const MODEL: &str = "stock.shipment.out";

const FIELDS: [&str; 13] = [
    "customer",
    "delivery_address",
    "warehouse",
    "warehouse_storage",
    "warehouse_output",
    "company",
    "reference",
    "planned_date",
    "effective_date",
    "carrier",
    "tracking_number",
    "moves",
    "outgoing_moves",
];

/// What Tryton wants of a shipment that no sale made.
const SHIPMENT_NEEDS: [(&str, &str); 4] = [
    ("delivery_address", "Delivery Address"),
    ("warehouse", "Warehouse"),
    ("warehouse_storage", "Warehouse Storage"),
    ("warehouse_output", "Warehouse Output"),
];

/// What Tryton wants of what goes out with it.
const MOVE_NEEDS: [(&str, &str); 5] = [
    ("from_location", "From Location"),
    ("to_location", "To Location"),
    ("unit", "Unit"),
    ("currency", "Currency"),
    ("unit_price", "Unit Price"),
];

impl Entry<'_> {
    pub(super) fn shipment(&mut self, verb: &str) -> Result<Json, Failure> {
        match verb {
            "create" => {
                let shipments = self.creations(&FIELDS)?;
                let ids = shipments.iter().map(|shipment| self.create_shipment(shipment));
                ids.collect::<Result<Vec<_>, _>>().map(|ids| json!(ids))
            }
            "write" => self.write(
                MODEL,
                &["reference", "planned_date", "carrier", "tracking_number"],
            ),
            // Null whatever came of it: one has to read the state.
            "wait" | "assign_try" | "pick" | "pack" | "do" | "cancel" | "draft" => {
                for id in self.call.ids() {
                    self.advance_shipment(verb, id)?;
                }
                Ok(Json::Null)
            }
            _ => Err(Failure::Forbidden),
        }
    }

    fn create_shipment(&mut self, shipment: &Record) -> Result<i64, Failure> {
        let customer = shipment.get("customer").cloned().unwrap_or_default();
        let customer = self.books.resolve("party.party", &customer)?;
        let customer = customer.ok_or_else(|| Failure::required("Customer", "", "Stock Shipment Out"))?;
        let mut moves = created(shipment.get("moves"));
        moves.extend(created(shipment.get("outgoing_moves")));
        let reference = shipment.get("reference").cloned().unwrap_or_default();
        let name = format!("[{}]", text(shipment, "reference"));
        for (field, title) in SHIPMENT_NEEDS {
            if shipment.get(field).is_none_or(Json::is_null) {
                return Err(Failure::required(title, &name, "Stock Shipment Out"));
            }
        }
        for (field, title) in MOVE_NEEDS {
            if moves.iter().any(|line| line.get(field).is_none_or(Json::is_null)) {
                return Err(Failure::required(title, &name, "Stock Move"));
            }
        }
        let id = self.keep_shipment(customer, &reference, &moves, "draft", None)?;
        let effect = self.effect(self.books.record(MODEL, id)?);
        let lines = units(&self.units_of(id)?);
        self.effects
            .push(crate::sandbox::witness::Effect { lines, ..effect });
        Ok(id)
    }

    /// The shipment that a sale brings into being, waiting for stock and without a reference.
    pub(super) fn shipment_of(&mut self, sale: i64, document: &Record) -> Result<i64, Failure> {
        let mut moves = self.books.related(document, "lines", "sale.line");
        moves.retain(|line| line.get("product").is_some_and(Json::is_number));
        let customer = document.get("party").and_then(Json::as_i64).unwrap_or_default();
        self.keep_shipment(customer, &Json::Null, &moves, "waiting", Some(sale))
    }

    fn keep_shipment(
        &mut self,
        customer: i64,
        reference: &Json,
        moves: &[Record],
        state: &str,
        sale: Option<i64>,
    ) -> Result<i64, Failure> {
        let mut ids = Vec::with_capacity(moves.len());
        for line in moves {
            let product = line.get("product").cloned().unwrap_or_default();
            let product = self.books.resolve("product.product", &product)?;
            let product = product.ok_or_else(|| Failure::required("Product", "", "Stock Move"))?;
            let quantity = line.get("quantity").map(float).unwrap_or_default();
            ids.push(self.books.keep(
                "stock.move",
                json!({"product": product, "quantity": quantity, "state": "draft"}),
            ));
        }
        let number = self.books.number("SH");
        let created_ms = self.now_ms;
        Ok(self.books.keep(
            MODEL,
            json!({
                "customer": customer, "reference": reference, "number": number, "rec_name": number, "state": state,
                "moves": ids, "outgoing_moves": ids, "sale": sale, "planned_date": null, "carrier": null,
                "tracking_number": null, "created_ms": created_ms,
            }),
        ))
    }

    /// Article and quantity of each move.
    fn units_of(&self, id: i64) -> Result<Vec<(String, i64)>, Failure> {
        let shipment = self.books.record(MODEL, id)?;
        let moves = self.books.related(shipment, "moves", "stock.move");
        let unit = |line: &Record| {
            let product = line.get("product").and_then(Json::as_i64)?;
            let sku = text(self.books.record("product.product", product).ok()?, "code").to_owned();
            let quantity = line.get("quantity").and_then(decimal)?;
            Some((sku, i64::try_from(quantity.trunc().mantissa()).ok()?))
        };
        Ok(moves.iter().filter_map(unit).collect())
    }

    fn advance_shipment(&mut self, verb: &str, id: i64) -> Result<(), Failure> {
        let shipment = self.books.record(MODEL, id)?.clone();
        let state = text(&shipment, "state").to_owned();
        let lines = self.units_of(id)?;
        let (next, witnessed) = match (verb, state.as_str()) {
            ("wait", "draft") => ("waiting", false),
            ("draft", "waiting" | "cancelled") => ("draft", false),
            ("assign_try", "waiting") if self.books.stock.reserve(&lines) => ("assigned", true),
            // The one button that may be pressed again: it tries, and nothing may come of it.
            ("assign_try", "waiting" | "assigned") => return Ok(()),
            ("pick", "assigned") => ("picked", false),
            ("pack", "picked") => ("packed", false),
            ("do", "packed") => {
                self.books.stock.ship(&lines);
                ("done", true)
            }
            ("cancel", "draft" | "waiting") => ("cancelled", true),
            // Even goods that left come back on the books: the real one thinks nothing of it.
            ("cancel", "done") => {
                self.books.stock.take_back(&lines);
                ("cancelled", true)
            }
            ("cancel", "assigned" | "picked" | "packed") => {
                self.books.stock.release(&lines);
                ("cancelled", true)
            }
            _ => return self.books.not_offered(MODEL, verb, &shipment),
        };
        self.books.put(MODEL, id, "state", json!(next))?;
        if witnessed {
            let mut effect = self.effect(&shipment);
            effect.undo = verb == "cancel";
            effect.lines = units(&lines);
            self.effects.push(effect);
        }
        match shipment.get("sale").and_then(Json::as_i64) {
            Some(sale) => self.books.refresh_sale(sale),
            None => Ok(()),
        }
    }
}

fn units(lines: &[(String, i64)]) -> Vec<Units> {
    let unit = |(sku, quantity): &(String, i64)| Units {
        sku: sku.clone(),
        quantity: *quantity,
    };
    lines.iter().map(unit).collect()
}
