//! What moves in the ledger.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An ISO 4217 currency code, for example `EUR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Parses a code of three upper-case letters that ISO 4217 knows.
    pub fn parse(code: &str) -> Option<Self> {
        iso_currency::Currency::from_code(code)?;
        code.as_bytes().try_into().ok().map(Self)
    }

    /// The code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// How many decimal places an amount in this currency can be charged with: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn exponent(&self) -> u32 {
        iso_currency::Currency::from_code(self.code())
            .and_then(iso_currency::Currency::exponent)
            .map_or(2, u32::from)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What an amount is an amount of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Account {
    /// T: what buyer and shop agreed on.
    Agreed,
    /// K: agreed, then cancelled before it was invoiced.
    CancelledUninvoiced,
    /// I: invoiced.
    Invoiced,
    /// N: credited against invoices.
    Credited,
    /// X: what rounding to minor units left over.
    Rounding,
    /// Agreed to be paid later, on delivery or on invoice: what the buyer may still owe at rest without anything being wrong.
    Due,
    /// A: authorised at the provider, per tender.
    Authorized,
    /// V: authorised, then let go, per tender.
    Voided,
    /// C: taken, by us, by the shop or offline, per tender.
    Captured,
    /// R: paid back, per tender.
    Refunded,
    /// D: taken back by the card holder's bank, per tender.
    ChargedBack,
    /// Units the buyer ordered.
    Ordered,
    /// Units cancelled before they left.
    CancelledUnits,
    /// Units set aside.
    Reserved,
    /// Units let go of again without shipping.
    Released,
    /// Units handed to a carrier.
    Shipped,
    /// Units that came back.
    Returned,
    /// Returned units put back on the shelf.
    Restocked,
    /// Returned units thrown away.
    Scrapped,
    /// Returned units sent back to the buyer.
    SentBack,
}

/// Which line of an account moves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Line {
    /// Money in minor units of one currency; `tender` only for accounts kept per tender.
    Money {
        /// The currency.
        currency: Currency,
        /// How it is paid: `card`, `gift-card`, `bank`, `cash-on-delivery`.
        tender: Option<String>,
    },
    /// Units of one article.
    Stock {
        /// The article.
        sku: String,
    },
}

/// Whether an amount has landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// Released, in doubt, or claimed by the shop and not verified: counts against us, never for us.
    Open,
    /// Happened, as the other side said.
    Landed,
}

/// One movement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Posting {
    /// What moves.
    pub account: Account,
    /// Which line of it.
    pub line: Line,
    /// Minor units or pieces; never negative.
    pub amount: i64,
    /// Whether it has landed.
    pub phase: Phase,
}
