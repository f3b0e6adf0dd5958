//! What two orders have in common when one may be the other once more.

use amends_engine::Value;

use super::Order;

impl Order {
    /// A digest over shop, buyer, cart and payment, the same for two orders of the same things by the same buyer for
    /// the same amount by the same method. The buyer is the mail address where there is one, in lower case, so that a
    /// guest and an account of one person are one buyer; empty when nothing tells the buyer from others. Lines count
    /// by article, in any order.
    pub fn likeness(&self) -> String {
        let email = self.customer.email.trim().to_lowercase();
        let buyer = match (email.is_empty(), self.customer.guest) {
            (false, _) => email,
            (true, false) => self.customer.reference.clone(),
            (true, true) => return String::new(),
        };
        let mut cart: Vec<(&str, i64)> = self
            .lines
            .iter()
            .map(|line| (line.sku.as_str(), line.quantity))
            .collect();
        cart.sort_unstable();
        let cart = cart
            .into_iter()
            .map(|(sku, quantity)| Value::List(vec![Value::text(sku), quantity.into()]));
        let looks = Value::List(vec![
            Value::text(&self.shop),
            Value::Text(buyer),
            Value::List(cart.collect()),
            Value::text(&self.currency),
            self.total.into(),
            Value::text(&self.payment.method),
        ]);
        let digest = looks.digest().to_string();
        digest.get(..LENGTH).unwrap_or(&digest).to_owned()
    }
}

/// Hexadecimal digits kept: 128 bits, so that two orders are alike by chance never.
const LENGTH: usize = 32;
