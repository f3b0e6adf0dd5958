//! Refunds that staff made in the shop.

use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::orders::Orders;

fn amount(json: Option<&Json>) -> Decimal {
    json.and_then(Json::as_str)
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

impl Orders {
    /// The newest first.
    pub(super) fn refunds(&self, order: i64) -> Result<Json, Failure> {
        self.get(order)?;
        let refunds = self.refunds.get(&order).into_iter().flatten().rev();
        Ok(Json::Array(refunds.cloned().collect()))
    }

    /// Replaces the refunds of an order; `listed` has the newest first.
    pub(crate) fn record_refunds(&mut self, order: i64, listed: Vec<Json>) {
        self.refunds.insert(order, listed.into_iter().rev().collect());
    }

    /// Refunds an amount without lines; once all of the total is refunded, the order is `refunded`.
    pub(crate) fn refund(
        &mut self,
        order: i64,
        given: &str,
        reason: &str,
        now_ms: i64,
    ) -> Result<i64, Failure> {
        let total = amount(self.get(order)?.get("total"));
        let done: Decimal = self
            .refunds
            .get(&order)
            .into_iter()
            .flatten()
            .map(|refund| amount(refund.get("amount")))
            .sum();
        let more: Decimal = given.parse().map_err(|_| Failure::invalid_param("amount"))?;
        if more <= Decimal::ZERO || done + more > total {
            return Err(Failure::cannot_refund());
        }
        let id = self.next_id();
        let (local, utc) = self.both(now_ms);
        self.refunds.entry(order).or_default().push(json!({
            "id": id,
            "date_created": local,
            "date_created_gmt": utc,
            "amount": given,
            "reason": reason,
            "refunded_by": 1,
            "refunded_payment": false,
            "meta_data": [],
            "line_items": [],
            "shipping_lines": [],
            "tax_lines": [],
            "fee_lines": [],
        }));
        let full = done + more == total;
        let fields = self.fields(order)?;
        let shown = fields.entry("refunds").or_insert_with(|| json!([]));
        if let Some(shown) = shown.as_array_mut() {
            shown.insert(
                0,
                json!({"id": id, "reason": reason, "total": format!("-{given}"), "total_tax": "0.00"}),
            );
        }
        if full {
            fields.insert("status".into(), json!("refunded"));
        }
        self.touch(order, now_ms)?;
        Ok(id)
    }

    /// Deletes a refund: no webhook, and the date does not move.
    pub(crate) fn delete_refund(&mut self, order: i64, refund: i64) -> Result<(), Failure> {
        let keep = |row: &Json| row.get("id").and_then(Json::as_i64) != Some(refund);
        self.refunds.entry(order).or_default().retain(keep);
        let fields = self.fields(order)?;
        if let Some(shown) = fields.get_mut("refunds").and_then(Json::as_array_mut) {
            shown.retain(keep);
        }
        Ok(())
    }
}
