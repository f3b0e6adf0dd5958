//! Tax within what was invoiced and credited, by rate.

use amends_engine::Value;
use amends_engine::ledger::Currency;
use serde::{Deserialize, Serialize};

/// Tax of one rate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TaxSum {
    /// The currency.
    pub currency: Currency,
    /// The shop's own code of the rate: `DE-VAT-1`.
    pub rate: String,
    /// What buyers read: `VAT`.
    pub label: String,
    /// The rate in per cent, as the shop writes it.
    pub percent: String,
    /// Within invoices, in minor units.
    pub invoiced_minor: i64,
    /// Within credit notes, in minor units.
    pub credited_minor: i64,
}

/// What a tax is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Document {
    Invoice,
    CreditNote,
}

impl TaxSum {
    pub(super) fn is_of(&self, other: &Self) -> bool {
        let rate = |tax: &Self| {
            (
                tax.currency,
                tax.rate.clone(),
                tax.label.clone(),
                tax.percent.clone(),
            )
        };
        rate(self) == rate(other)
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.invoiced_minor = self.invoiced_minor.saturating_add(other.invoiced_minor);
        self.credited_minor = self.credited_minor.saturating_add(other.credited_minor);
    }
}

/// The taxes within `amount` of an order with this content, all of its rates; exact for the whole order, by largest
/// remainder for a part of it, so that they always add up to the part's share of all tax.
pub(super) fn within(order: &Value, amount: i64, currency: Currency, document: Document) -> Vec<TaxSum> {
    let whole = |name: &str| order.get(name).and_then(Value::as_int);
    let (Some(total), Some(taxes)) = (whole("total_minor"), order.get("taxes").and_then(Value::as_list))
    else {
        return Vec::new();
    };
    let amounts: Vec<i64> = taxes.iter().map(|tax| int(tax, "amount_minor")).collect();
    let shares = shares(&amounts, amount, total);
    let taxes = taxes.iter().zip(shares).map(|(tax, share)| {
        let (invoiced_minor, credited_minor) = match document {
            Document::Invoice => (share, 0),
            Document::CreditNote => (0, share),
        };
        TaxSum {
            currency,
            rate: text(tax, "rate"),
            label: text(tax, "label"),
            percent: text(tax, "percent"),
            invoiced_minor,
            credited_minor,
        }
    });
    taxes.collect()
}

fn int(tax: &Value, name: &str) -> i64 {
    tax.get(name).and_then(Value::as_int).unwrap_or(0)
}

fn text(tax: &Value, name: &str) -> String {
    match tax.get(name) {
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Decimal(number)) => number.to_string(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// `part / whole` of each amount in whole units; together they are the rounded share of the sum. What the parts lack
/// goes to those that lost most by rounding down, the first of equals.
fn shares(amounts: &[i64], part: i64, whole: i64) -> Vec<i64> {
    if whole <= 0 {
        return vec![0; amounts.len()];
    }
    let (part, whole) = (i128::from(part), i128::from(whole));
    let exact: Vec<i128> = amounts.iter().map(|amount| i128::from(*amount) * part).collect();
    let all: i128 = exact.iter().sum();
    let wanted = (2 * all + whole).div_euclid(2 * whole);
    let mut shares: Vec<i128> = exact.iter().map(|exact| exact.div_euclid(whole)).collect();
    let mut lost: Vec<usize> = (0..shares.len()).collect();
    lost.sort_by_key(|index| std::cmp::Reverse(exact.get(*index).map(|exact| exact.rem_euclid(whole))));
    let missing = wanted - shares.iter().sum::<i128>();
    for index in lost.into_iter().take(usize::try_from(missing).unwrap_or(0)) {
        if let Some(share) = shares.get_mut(index) {
            *share += 1;
        }
    }
    shares
        .into_iter()
        .map(|share| i64::try_from(share).unwrap_or(i64::MAX))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rate_is_written_as_people_write_it() {
        let percent: rust_decimal::Decimal = "7.25".parse().unwrap();
        let tax = Value::map([
            ("rate", Value::text("US-CA-1")),
            ("label", Value::text("CA Tax")),
            ("percent", percent.into()),
            ("amount_minor", Value::Int(945)),
        ]);
        let order = Value::map([
            ("total_minor", Value::Int(14_159)),
            ("taxes", Value::List(vec![tax])),
        ]);
        let usd = Currency::parse("USD").unwrap();
        let taxes = within(&order, 14_159, usd, Document::Invoice);
        let tax = taxes.first().unwrap();
        assert_eq!((tax.percent.as_str(), tax.invoiced_minor), ("7.25", 945));
    }

    #[test]
    fn a_part_has_its_share_to_the_cent() {
        assert_eq!(shares(&[1900, 70], 11_970, 11_970), [1900, 70]);
        assert_eq!(shares(&[100, 100, 100], 1, 2), [50, 50, 50]);
        // A third of 10, 10 and 10 is 10: the first takes the cent that is left.
        assert_eq!(shares(&[10, 10, 10], 1, 3), [4, 3, 3]);
        assert_eq!(shares(&[10], 5, 0), [0]);
    }

    proptest! {
        #[test]
        fn shares_add_up_and_none_is_off_by_a_cent(
            amounts in prop::collection::vec(0_i64..1_000_000, 1..6),
            part in 0_i64..10_000_000,
            whole in 1_i64..10_000_000,
        ) {
            let got = shares(&amounts, part, whole);
            let all: i128 = amounts.iter().map(|amount| i128::from(*amount)).sum();
            let sum: i128 = got.iter().map(|share| i128::from(*share)).sum();
            let twice = 2 * all * i128::from(part);
            prop_assert!((2 * sum * i128::from(whole) - twice).abs() <= i128::from(whole));
            for (amount, share) in amounts.iter().zip(&got) {
                let off = i128::from(*share) * i128::from(whole) - i128::from(*amount) * i128::from(part);
                prop_assert!(off.abs() < i128::from(whole), "{share} of {amount}");
            }
        }
    }
}
