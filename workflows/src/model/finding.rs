//! What a person should look at before an order runs.

use std::fmt;

/// A reason to stop, with a sentence for people. The sentence carries no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule spoke.
    pub code: Code,
    /// What it saw.
    pub text: String,
}

/// The rules, by stable public code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The parts do not add up to the total.
    TotalsDiffer,
    /// The currency is none that ISO 4217 knows.
    CurrencyUnknown,
    /// An amount cannot be charged in its currency.
    CurrencyPrecision,
    /// A line has no article number.
    SkuMissing,
    /// A line's quantity is not a whole number above zero.
    QuantityInvalid,
    /// The goods have nowhere to go.
    AddressIncomplete,
    /// Nothing was ordered.
    NoLines,
    /// Money had already gone back when the order was first seen.
    RefundedBeforeStart,
    /// The order was already cancelled when it was first seen.
    CancelledBeforeStart,
    /// The configuration does not say who takes the money of this payment method.
    GatewayUnknown,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 10] = [
        Self::TotalsDiffer,
        Self::CurrencyUnknown,
        Self::CurrencyPrecision,
        Self::SkuMissing,
        Self::QuantityInvalid,
        Self::AddressIncomplete,
        Self::NoLines,
        Self::RefundedBeforeStart,
        Self::CancelledBeforeStart,
        Self::GatewayUnknown,
    ];

    /// The public spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TotalsDiffer => "totals-differ",
            Self::CurrencyUnknown => "currency-unknown",
            Self::CurrencyPrecision => "currency-precision",
            Self::SkuMissing => "sku-missing",
            Self::QuantityInvalid => "quantity-invalid",
            Self::AddressIncomplete => "address-incomplete",
            Self::NoLines => "no-lines",
            Self::RefundedBeforeStart => "refunded-before-start",
            Self::CancelledBeforeStart => "cancelled-before-start",
            Self::GatewayUnknown => "gateway-unknown",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
