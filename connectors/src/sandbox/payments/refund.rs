//! Refunds: never more than was received.

use serde_json::{Value as Json, json};

use super::Desk;
use super::form::Form;
use super::ledger::{Refund, Status};
use super::trouble::Trouble;
use crate::sandbox::front::request::first;

impl Desk<'_> {
    pub(super) fn create_refund(&mut self, form: &Form) -> Result<Json, Trouble> {
        let id = match (form.get("payment_intent"), form.get("charge")) {
            (Some(intent), _) => intent.to_owned(),
            (None, Some(charge)) => charge.replacen("ch_", "pi_", 1),
            (None, None) => {
                let message = "One of the following params should be provided: payment_intent or charge.";
                return Err(Trouble::parameter("payment_intent", message));
            }
        };
        let asked = form.amount("amount")?;
        let intent = self.ledger.intent(&id)?;
        if intent.status != Status::Succeeded {
            let message = format!("This PaymentIntent ({id}) does not have a successful charge to refund.");
            return Err(Trouble::unexpected_state(&message));
        }
        let left = intent.received - intent.refunded;
        let amount = asked.unwrap_or(left);
        if left == 0 {
            return Err(Trouble::already_refunded());
        }
        if amount > left {
            let message =
                format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
            return Err(Trouble::too_large(&message));
        }
        intent.refunded += amount;
        let (currency, order) = (intent.currency.clone(), intent.order_key().map(str::to_owned));
        let refund = Refund {
            id: self.ledger.fresh_id("re"),
            intent: id,
            amount,
            currency,
            reason: form.get("reason").map(str::to_owned),
            metadata: form.map("metadata"),
            created_ms: self.now_ms,
        };
        let body = refund.json();
        self.witness(
            "refunds.create",
            &refund.id,
            amount,
            &refund.currency,
            order.as_deref(),
        );
        self.ledger.keep_refund(refund);
        Ok(body)
    }

    pub(super) fn retrieve_refund(&mut self, id: &str) -> Result<Json, Trouble> {
        self.ledger.refund(id).map(Refund::json)
    }

    pub(super) fn list_refunds(&self, query: &[(String, String)]) -> Json {
        let wanted = first(query, "payment_intent");
        let refunds = self.ledger.refunds().rev();
        let data: Vec<Json> = refunds
            .filter(|refund| wanted.is_none_or(|intent| refund.intent == intent))
            .take(100)
            .map(Refund::json)
            .collect();
        json!({"object": "list", "url": "/v1/refunds", "has_more": false, "data": data})
    }
}
