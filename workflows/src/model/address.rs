//! Where goods and papers go, and who ordered.

use std::fmt;

use amends_engine::Digest;

/// A postal address with the ways to reach the person there.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// First and last name, joined by one space.
    pub name: String,
    /// Company, or empty.
    pub company: String,
    /// Street and number.
    pub line1: String,
    /// Flat, floor, anything else.
    pub line2: String,
    /// Town.
    pub city: String,
    /// State or province, as the shop writes it.
    pub state: String,
    /// Postal code.
    pub postcode: String,
    /// Two-letter country code.
    pub country: String,
    /// Mail address; storefronts keep it on the billing side only.
    pub email: String,
    /// Telephone number.
    pub phone: String,
}

/// Personal data stays out of logs: only the country shows.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.country)
    }
}

impl Address {
    /// Whether nothing at all tells where it is. Storefronts send such a shipping address when it equals the
    /// billing address.
    pub fn is_blank(&self) -> bool {
        [
            &self.line1,
            &self.line2,
            &self.city,
            &self.state,
            &self.postcode,
            &self.country,
        ]
        .iter()
        .all(|part| part.trim().is_empty())
    }

    /// The parts without which no carrier takes a parcel, in words, when they are missing.
    pub fn missing(&self) -> Vec<&'static str> {
        [
            ("street", &self.line1),
            ("town", &self.city),
            ("country", &self.country),
        ]
        .into_iter()
        .filter(|(_, part)| part.trim().is_empty())
        .map(|(name, _)| name)
        .collect()
    }
}

/// Who ordered.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Customer {
    /// Stable reference for matching in other systems; see [`Customer::reference_of`].
    pub reference: String,
    /// Ordered without an account.
    pub guest: bool,
    /// Mail address, as written.
    pub email: String,
    /// Name on the bill.
    pub name: String,
    /// Company on the bill.
    pub company: String,
    /// Telephone number.
    pub phone: String,
}

/// Personal data stays out of logs: only the reference shows.
impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Customer({})", self.reference)
    }
}

impl Customer {
    /// `{shop}:customer:{id}` for an account; for a guest `{shop}:email:{sha256 of the lower-cased mail address,
    /// 16 hex digits}`, so that one guest is one customer; without a mail address `{shop}:order:{order id}`.
    pub fn reference_of(shop: &str, account: i64, email: &str, order: i64) -> String {
        let email = email.trim().to_lowercase();
        if account > 0 {
            format!("{shop}:customer:{account}")
        } else if email.is_empty() {
            format!("{shop}:order:{order}")
        } else {
            let digest = Digest::of(email.as_bytes());
            format!("{shop}:email:{:016x}", digest.leading_u64())
        }
    }
}
