//! The one rounding: exact decimals to minor units of a currency.

use amends_engine::ledger::Currency;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// The largest amount, in major units, that the edge lets in. A million times the largest order we can imagine,
/// and still far from the end of minor units in 64 bits.
pub const AMOUNT_MAX: Decimal = Decimal::from_parts(1_316_134_912, 2_328, 0, false, 0);

/// What to do with an amount finer than its currency's smallest coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// Stop with `currency-precision`: a person decides. Amounts are still shown rounded half to even.
    #[default]
    Refuse,
    /// Round half to even; what the parts then lack of the total goes to the rounding account.
    HalfEven,
}

/// `amount` in minor units of a currency with `exponent` decimal places, rounded half to even. `None` when the
/// amount is beyond [`AMOUNT_MAX`] and would not fit.
pub fn to_minor(amount: Decimal, exponent: u32) -> Option<i64> {
    scaled(amount, exponent).and_then(|minor| {
        let rounded = minor.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
        i64::try_from(rounded).ok()
    })
}

fn scaled(amount: Decimal, exponent: u32) -> Option<Decimal> {
    Decimal::from(10_i64.checked_pow(exponent)?).checked_mul(amount)
}

/// Parts of an order and their total, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settled {
    /// The parts, in the order given.
    pub(super) parts: Vec<i64>,
    /// The total.
    pub(super) total: i64,
    /// Total minus parts when rounding caused it, never negative; otherwise 0.
    pub(super) rounding: i64,
    /// Parts and total differ by more than rounding explains.
    pub(super) differ: bool,
}

/// Decimal places of the currency called `code`; 2 for one that nobody knows, which is a finding of its own.
pub(super) fn exponent_of(code: &str) -> u32 {
    Currency::parse(code).map_or(2, |currency| currency.exponent())
}

/// Whether `amount` can be charged as it is.
pub(super) fn is_exact(amount: Decimal, exponent: u32) -> bool {
    amount.normalize().scale() <= exponent
}

/// `amount` in minor units, at the end of the range when it does not fit: the edge refuses such amounts first.
pub(super) fn minor(amount: Decimal, exponent: u32) -> i64 {
    to_minor(amount, exponent).unwrap_or(if amount.is_sign_negative() {
        i64::MIN
    } else {
        i64::MAX
    })
}

/// Rounds `parts` and `total`. Under [`Rounding::HalfEven`] a difference of at most one unit a part (finer
/// amounts, or a shop that rounds its tax over the whole order) is rounding: what the parts lack is kept apart,
/// and what they have too much is taken off the parts that rounding raised most, so that the rounding account
/// never needs a negative amount.
pub(super) fn settle(parts: &[Decimal], total: Decimal, exponent: u32, rounding: Rounding) -> Settled {
    let exact: Decimal = parts.iter().sum();
    let mut units: Vec<i64> = parts.iter().map(|part| minor(*part, exponent)).collect();
    let total_minor = minor(total, exponent);
    let lack = units
        .iter()
        .fold(total_minor, |left, part| left.saturating_sub(*part));
    let explained = lack.unsigned_abs() <= parts.len() as u64;
    if rounding == Rounding::Refuse || !explained {
        return Settled {
            parts: units,
            total: total_minor,
            rounding: 0,
            differ: exact != total,
        };
    }
    take_off(&mut units, parts, exponent, lack.min(0).unsigned_abs());
    Settled {
        parts: units,
        total: total_minor,
        rounding: lack.max(0),
        differ: false,
    }
}

/// Takes one unit off each of the `count` parts that rounding raised most; of equals, the first.
fn take_off(units: &mut [i64], parts: &[Decimal], exponent: u32, count: u64) {
    let mut raised: Vec<(Decimal, usize)> = units
        .iter()
        .zip(parts)
        .enumerate()
        .map(|(index, (unit, part))| {
            (
                scaled(*part, exponent).unwrap_or_default() - Decimal::from(*unit),
                index,
            )
        })
        .collect();
    raised.sort();
    for (_, index) in raised
        .into_iter()
        .take(usize::try_from(count).unwrap_or(usize::MAX))
    {
        if let Some(unit) = units.get_mut(index) {
            *unit = unit.saturating_sub(1);
        }
    }
}
