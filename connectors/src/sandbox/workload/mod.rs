//! Orders as a shop's checkout makes them, drawn from a seed.
//!
//! They have the shape of genuine ones: several lines, coupons, fees, shipping, tax per rate rounded line by line,
//! and totals for which `lines + shipping + fees + tax = total` holds to the cent.

mod basket;
mod catalogue;
mod order;
mod people;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use self::basket::Basket;
pub use self::catalogue::ARTICLES;
use super::payments::IntentSeed;
use super::random::Dice;

/// How an order is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payment {
    /// By card, charged at checkout.
    Stripe,
    /// By card, authorised at checkout, to be captured at dispatch; the order is on hold.
    StripeManual,
    /// By bank transfer, not arrived yet.
    Bacs,
    /// In cash when the goods arrive.
    Cod,
    /// Nothing to pay.
    Free,
}

/// How often each way to pay is drawn, as weights; the names are those of the shop's gateways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mix {
    /// [`Payment::Stripe`].
    pub stripe: u64,
    /// [`Payment::StripeManual`].
    pub stripe_manual: u64,
    /// [`Payment::Bacs`].
    pub bacs: u64,
    /// [`Payment::Cod`].
    pub cod: u64,
    /// [`Payment::Free`].
    pub free: u64,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            stripe: 40,
            stripe_manual: 35,
            bacs: 5,
            cod: 15,
            free: 5,
        }
    }
}

impl Mix {
    /// Only this way to pay.
    pub fn only(payment: Payment) -> Self {
        let weight = |wanted| u64::from(payment == wanted);
        Self {
            stripe: weight(Payment::Stripe),
            stripe_manual: weight(Payment::StripeManual),
            bacs: weight(Payment::Bacs),
            cod: weight(Payment::Cod),
            free: weight(Payment::Free),
        }
    }

    fn draw(self, dice: &mut Dice) -> Payment {
        let weights = [
            (Payment::Stripe, self.stripe),
            (Payment::StripeManual, self.stripe_manual),
            (Payment::Bacs, self.bacs),
            (Payment::Cod, self.cod),
            (Payment::Free, self.free),
        ];
        let mut point = dice.below(weights.iter().map(|(_, weight)| weight).sum());
        for (payment, weight) in weights {
            match point.checked_sub(weight) {
                Some(rest) => point = rest,
                None => return payment,
            }
        }
        Payment::Stripe
    }
}

/// An order, and what its checkout left at the payment provider.
#[derive(Debug, Clone)]
pub struct Made {
    /// As the REST API shows it and as webhooks carry it.
    pub order: Json,
    /// The payment intent named by its `transaction_id`, if it was paid by card.
    pub intent: Option<IntentSeed>,
}

/// A source of orders: the same seed gives the same orders.
#[derive(Debug, Clone)]
pub struct Workload {
    seed: u64,
    dice: Dice,
    mix: Mix,
    shop: String,
    utc_offset_min: i32,
}

impl Workload {
    /// Orders of this seed, for a shop called `demo` in New York.
    pub fn new(seed: u64, mix: Mix) -> Self {
        Self {
            seed,
            dice: Dice::new(seed),
            mix,
            shop: "demo".into(),
            utc_offset_min: -300,
        }
    }

    /// The same orders for another shop, whose clock is so many minutes ahead of UTC.
    pub fn in_shop(&mut self, name: &str, utc_offset_min: i32) {
        name.clone_into(&mut self.shop);
        self.utc_offset_min = utc_offset_min;
    }

    /// The next order, placed now under this id.
    pub fn order(&mut self, id: i64, now_ms: i64) -> Made {
        let payment = self.mix.draw(&mut self.dice);
        let basket = Basket::draw(&mut self.dice, payment == Payment::Free);
        order::make(self, id, now_ms, payment, &basket)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use rust_decimal::Decimal;
    use serde_json::Value as Json;

    use super::{Mix, Payment, Workload};

    fn amount(json: &Json) -> Decimal {
        json.as_str().unwrap().parse().unwrap()
    }

    fn sum(rows: &Json, fields: &[&str]) -> Decimal {
        let rows = rows.as_array().unwrap().iter();
        rows.flat_map(|row| fields.iter().map(|field| amount(&row[*field])))
            .sum()
    }

    proptest! {
        #[test]
        fn totals_add_up_to_the_cent(seed in any::<u64>()) {
            let mut workload = Workload::new(seed, Mix::default());
            for id in 1..20 {
                let made = workload.order(id, 1_800_000_000_000);
                let order = &made.order;
                let parts = sum(&order["line_items"], &["total", "total_tax"])
                    + amount(&order["shipping_total"])
                    + amount(&order["shipping_tax"])
                    + sum(&order["fee_lines"], &["total", "total_tax"]);
                assert_eq!(parts, amount(&order["total"]), "{order}");
                let taxes = sum(&order["tax_lines"], &["tax_total", "shipping_tax_total"]);
                assert_eq!(taxes, amount(&order["total_tax"]), "{order}");
                let discount = sum(&order["line_items"], &["subtotal"]) - sum(&order["line_items"], &["total"]);
                assert_eq!(discount, amount(&order["discount_total"]), "{order}");
                if let Some(intent) = made.intent {
                    assert_eq!(Decimal::new(intent.amount, 2), amount(&order["total"]));
                    assert_eq!(intent.id.as_deref(), order["transaction_id"].as_str());
                }
            }
        }
    }

    #[test]
    fn a_seed_repeats_its_orders_and_every_way_to_pay_is_met() {
        let orders = |seed| {
            let mut workload = Workload::new(seed, Mix::default());
            (1..200)
                .map(|id| workload.order(id, 1_800_000_000_000).order)
                .collect::<Vec<_>>()
        };
        let all = orders(7);
        assert_eq!(all, orders(7));
        assert_ne!(all, orders(8));
        for method in ["stripe", "stripe-manual", "bacs", "cod"] {
            assert!(
                all.iter().any(|order| order["payment_method"] == method),
                "{method}"
            );
        }
        assert!(all.iter().any(|order| order["total"] == "0.00"));
        assert!(
            all.iter()
                .any(|order| !order["coupon_lines"].as_array().unwrap().is_empty())
        );
        assert!(
            all.iter()
                .any(|order| order["shipping_lines"][0]["method_id"] == "express")
        );
    }

    #[test]
    fn authorised_orders_wait_on_hold_with_their_transaction() {
        let made = Workload::new(3, Mix::only(Payment::StripeManual)).order(5, 1_800_000_000_000);
        assert_eq!(made.order["status"], "on-hold");
        assert_eq!(made.order["date_paid"], Json::Null);
        assert!(!made.intent.unwrap().captured);
    }
}
