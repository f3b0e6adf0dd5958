//! Who buys: invented people at invented doors.

use serde_json::{Value as Json, json};

use crate::sandbox::random::Dice;

const FIRST: [&str; 8] = [
    "Ana", "Ben", "Chloé", "Dmitri", "Eun-ji", "Fatima", "Günther", "Ñusta",
];
const LAST: [&str; 8] = [
    "Ruiz", "O'Neill", "Lefèvre", "Iwanow", "Kim", "Haddad", "Müller", "Quispe",
];
const STREETS: [&str; 4] = ["Market St", "Mission St", "Valencia St", "Castro St"];

/// A buyer.
#[derive(Debug)]
pub(super) struct Buyer {
    /// 0 for a guest.
    pub(super) customer_id: u64,
    pub(super) billing: Json,
    pub(super) shipping: Json,
}

impl Buyer {
    /// One of a few thousand customers, or a guest.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let number = dice.below(4000);
        let customer_id = if dice.percent(30) { 0 } else { number + 2 };
        // The same number is always the same person.
        let mut person = Dice::new(number);
        let (first, last) = (*person.pick(&FIRST), *person.pick(&LAST));
        let street = format!("{} {}", person.between(1, 2999), person.pick(&STREETS));
        let address = json!({
            "first_name": first, "last_name": last, "company": "", "address_1": street, "address_2": "",
            "city": "San Francisco", "state": "CA", "postcode": format!("941{:02}", person.between(2, 34)),
            "country": "US",
        });
        let with = |address: &Json, email: Option<String>, phone: &str| {
            let mut address = address.clone();
            if let Some(fields) = address.as_object_mut() {
                fields.extend(email.map(|email| ("email".to_owned(), json!(email))));
                fields.insert("phone".into(), json!(phone));
            }
            address
        };
        Self {
            customer_id,
            billing: with(
                &address,
                Some(format!("buyer{number}@example.test")),
                "+14155550100",
            ),
            shipping: with(&address, None, ""),
        }
    }
}
