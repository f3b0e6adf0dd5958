//! Order notes; they fire no webhook and move no date.

use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::orders::Orders;

impl Orders {
    /// The newest first, as WooCommerce lists them.
    pub(super) fn notes(&self, order: i64) -> Result<Json, Failure> {
        self.get(order)?;
        let notes = self.notes.get(&order).into_iter().flatten().rev();
        Ok(Json::Array(notes.cloned().collect()))
    }

    pub(super) fn add_note(&mut self, order: i64, body: &Json, now_ms: i64) -> Result<Json, Failure> {
        self.get(order)?;
        let text = body
            .get("note")
            .and_then(Json::as_str)
            .filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Failure::invalid_param("note"))?;
        let (local, utc) = self.both(now_ms);
        let note = json!({
            "id": self.next_id(),
            "author": "system",
            "date_created": local,
            "date_created_gmt": utc,
            "note": text,
            "customer_note": body.get("customer_note").and_then(Json::as_bool).unwrap_or(false),
        });
        self.notes.entry(order).or_default().push(note.clone());
        Ok(note)
    }
}
