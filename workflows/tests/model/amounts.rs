//! Rounding loses nothing and invents nothing.

use amends_workflows::model::{AMOUNT_MAX, Order, Rounding, Shop, to_minor};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::drafts::{charge, dec, draft, line};

#[test]
fn half_to_even_in_the_currency_s_own_places() {
    for (amount, exponent, expect) in [
        ("22.49", 2, 2249),
        ("4553.75", 0, 4554),
        ("0.5", 0, 0),
        ("1.5", 0, 2),
        ("2.5", 0, 2),
        ("-0.005", 2, 0),
        ("-0.015", 2, -2),
        ("1.2345", 3, 1234),
    ] {
        assert_eq!(
            to_minor(dec(amount), exponent),
            Some(expect),
            "{amount} to {exponent} places"
        );
    }
    assert_eq!(to_minor(AMOUNT_MAX, 4), Some(100_000_000_000_000_000));
    assert_eq!(to_minor(Decimal::MAX, 2), None);
}

fn rounded(parts: &[&str], total: &str) -> Order {
    let mut draft = draft();
    draft.currency = "JPY".into();
    draft.total = dec(total);
    draft.lines = (1..)
        .zip(parts)
        .map(|(id, net)| line(id, "A", "1", net, "0"))
        .collect();
    draft.shipping_lines = Vec::new();
    draft.fees = Vec::new();
    (draft.shipping_total, draft.shipping_tax) = (dec("0"), dec("0"));
    Order::from_draft(
        draft,
        &Shop {
            rounding: Rounding::HalfEven,
            ..Shop::named("jp")
        },
    )
}

#[test]
fn what_parts_lack_is_kept_apart_and_what_they_have_too_much_is_taken_off() {
    let check = |parts: &[&str], total, minor: &[i64], rounding| {
        let order = rounded(parts, total);
        let lines: Vec<i64> = order.lines.iter().map(|line| line.net_minor).collect();
        assert_eq!(
            (lines.as_slice(), order.rounding_minor),
            (minor, rounding),
            "{parts:?} of {total}"
        );
        assert_eq!(order.findings, []);
    };
    check(&["10.4", "10.4", "10.4"], "31.2", &[10, 10, 10], 1);
    check(&["10.6", "10.7", "10.6"], "31.9", &[10, 11, 11], 0);
    check(&["10.5", "11.5"], "22", &[10, 12], 0);
    check(&["10", "11"], "22", &[10, 11], 1);
}

#[test]
fn rounding_explains_no_more_than_one_unit_a_part() {
    let order = rounded(&["10", "11"], "27");
    assert_eq!(order.rounding_minor, 0);
    assert_eq!(
        order.findings.first().unwrap().text,
        "Lines, shipping, fees and taxes add up to 21 JPY, but the total is 27."
    );
}

proptest! {
    #[test]
    fn the_parts_and_the_remainder_make_the_total(
        amounts in prop::collection::vec((-200_000_i64..5_000_000, -100_i64..100_000), 1..12),
        exponent in prop::sample::select(vec![("JPY", 0), ("EUR", 2), ("KWD", 3)]),
    ) {
        let (currency, places) = exponent;
        let mut draft = draft();
        draft.currency = currency.into();
        let part = |thousandths: i64| Decimal::new(thousandths, 3).to_string();
        draft.lines = (1..)
            .zip(&amounts)
            .map(|(id, (net, tax))| line(id, "A", "1", &part(*net), &part(*tax)))
            .collect();
        draft.shipping_lines = vec![charge(90, "5.00", "0.95")];
        draft.fees = Vec::new();
        draft.total = amounts.iter().map(|(net, tax)| Decimal::new(net + tax, 3)).sum::<Decimal>() + dec("5.95");
        let total = draft.total;
        let order = Order::from_draft(draft, &Shop { rounding: Rounding::HalfEven, ..Shop::named("eu") });
        let lines: i64 = order.lines.iter().map(|line| line.net_minor).sum();
        let parts = lines + order.shipping_minor + order.tax_minor;
        prop_assert_eq!(parts + order.rounding_minor, order.total_minor);
        prop_assert!(order.rounding_minor >= 0);
        let off = (Decimal::new(order.total_minor, places) - total).abs();
        prop_assert!(off <= Decimal::new(5, places + 1), "{} is {} off", order.total_minor, off);
    }
}
