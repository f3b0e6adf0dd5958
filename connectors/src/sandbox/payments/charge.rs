//! The charge behind an intent: read only, for what the intent itself does not tell.

use serde_json::{Value as Json, json};

use super::Desk;
use super::ledger::{AUTHORISATION_MS, Intent, Status};
use super::trouble::Trouble;

impl Intent {
    pub(super) fn charge_json(&self) -> Json {
        let capture_before = self.authorised_ms.map(|at| (at + AUTHORISATION_MS) / 1000);
        let captured = self.status == Status::Succeeded;
        json!({
            "id": self.charge_id(),
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.received,
            "amount_refunded": self.refunded,
            "captured": captured,
            "created": self.authorised_ms.map(|at| at / 1000),
            "currency": self.currency,
            "metadata": self.metadata,
            "paid": self.status != Status::Canceled,
            "payment_intent": self.id,
            "payment_method_details": {"type": "card", "card": {"brand": "visa", "capture_before":
                if captured { None } else { capture_before }}},
            "refunded": self.refunded > 0 && self.refunded == self.received,
            "status": "succeeded",
        })
    }
}

impl Desk<'_> {
    pub(super) fn retrieve_charge(&mut self, id: &str) -> Result<Json, Trouble> {
        let intent = self
            .ledger
            .intents()
            .find(|intent| intent.charge_id().as_deref() == Some(id));
        intent
            .map(Intent::charge_json)
            .ok_or_else(|| Trouble::missing("charge", id))
    }
}
