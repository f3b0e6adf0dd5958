//! Exact arithmetic and comparison over [`Value`]s: the result is exact or an error, never rounded.

use std::cmp::Ordering;

use amends_engine::Value;
use rust_decimal::Decimal;

use super::node::Operator;

/// Scales beyond this cannot be stored in a [`Decimal`].
const SCALE_MAX: u32 = 28;

/// Whether two values are the same; whole numbers and decimals compare as numbers.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Int(_), Value::Decimal(_)) | (Value::Decimal(_), Value::Int(_)) => {
            left.as_decimal() == right.as_decimal()
        }
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|((name, value), (other_name, other_value))| {
                        name == other_name && same(value, other_value)
                    })
        }
        (left, right) => left == right,
    }
}

/// Which of two values comes first.
pub(crate) fn order(left: &Value, right: &Value) -> Result<Ordering, String> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Ok(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => Ok(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Ok(left.cmp(right)),
        (left, right) => match (left.as_decimal(), right.as_decimal()) {
            (Some(left), Some(right)) => Ok(left.cmp(&right)),
            _ => Err(format!("compares {} with {}", left.kind(), right.kind())),
        },
    }
}

/// The sum of numbers.
pub(crate) fn sum(list: &[Value]) -> Result<Value, String> {
    list.iter().try_fold(Value::Int(0), |total, value| {
        if matches!(value, Value::Int(_) | Value::Decimal(_)) {
            arithmetic(Operator::Add, &total, value)
        } else {
            Err(format!("adds up {}", value.kind()))
        }
    })
}

/// `left operator right` for `+ - * / %` over numbers. A whole number and a decimal give a decimal.
pub(crate) fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Value, String> {
    let result = match (left, right) {
        (Value::Int(left), Value::Int(right)) => whole(operator, *left, *right)?.map(Value::Int),
        (left, right) => match (left.as_decimal(), right.as_decimal()) {
            (Some(left), Some(right)) => decimal(operator, left, right)?.map(Value::Decimal),
            _ => {
                return Err(format!(
                    "uses `{}` on {} and {}",
                    operator.symbol(),
                    left.kind(),
                    right.kind()
                ));
            }
        },
    };
    result.ok_or_else(|| format!("gives a number out of range with `{}`", operator.symbol()))
}

fn whole(operator: Operator, left: i64, right: i64) -> Result<Option<i64>, String> {
    match operator {
        Operator::Add => Ok(left.checked_add(right)),
        Operator::Subtract => Ok(left.checked_sub(right)),
        Operator::Multiply => Ok(left.checked_mul(right)),
        Operator::Divide | Operator::Remainder if right == 0 => Err("divides by zero".to_owned()),
        Operator::Divide => Ok(left.checked_div(right)),
        Operator::Remainder => Ok(left.checked_rem(right)),
        Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual
        | Operator::In => Err(format!("uses `{}` as arithmetic", operator.symbol())),
    }
}

fn decimal(operator: Operator, left: Decimal, right: Decimal) -> Result<Option<Decimal>, String> {
    let (left, right) = (left.normalize(), right.normalize());
    match operator {
        Operator::Add => Ok(aligned(left, right).and_then(|(a, b, scale)| exact(a.checked_add(b)?, scale))),
        Operator::Subtract => {
            Ok(aligned(left, right).and_then(|(a, b, scale)| exact(a.checked_sub(b)?, scale)))
        }
        Operator::Multiply => Ok(left
            .mantissa()
            .checked_mul(right.mantissa())
            .and_then(|mantissa| exact(mantissa, left.scale() + right.scale()))),
        Operator::Divide
        | Operator::Remainder
        | Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual
        | Operator::In => Err("divides decimals, which is not exact; divide minor units instead".to_owned()),
    }
}

/// Both mantissas at the larger of the two scales.
fn aligned(left: Decimal, right: Decimal) -> Option<(i128, i128, u32)> {
    let scale = left.scale().max(right.scale());
    let at_scale = |number: Decimal| {
        10_i128
            .checked_pow(scale - number.scale())
            .and_then(|factor| number.mantissa().checked_mul(factor))
    };
    Some((at_scale(left)?, at_scale(right)?, scale))
}

fn exact(mut mantissa: i128, mut scale: u32) -> Option<Decimal> {
    while scale > SCALE_MAX && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    Decimal::try_from_i128_with_scale(mantissa, scale)
        .ok()
        .map(|number| number.normalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Value::Int),
            (any::<i64>(), 0_u32..8)
                .prop_map(|(mantissa, scale)| Value::Decimal(Decimal::new(mantissa, scale))),
        ]
    }

    proptest! {
        /// Adding and taking away again gives the number back, or the sum was out of range: nothing is rounded.
        #[test]
        fn addition_is_exact(a in number(), b in number()) {
            if let Ok(sum) = arithmetic(Operator::Add, &a, &b) {
                let back = arithmetic(Operator::Subtract, &sum, &b).unwrap();
                prop_assert!(same(&back, &a), "{a} + {b} - {b} = {back}");
            }
        }

        #[test]
        fn order_agrees_with_sameness(a in number(), b in number()) {
            prop_assert_eq!(order(&a, &b).unwrap() == Ordering::Equal, same(&a, &b));
            prop_assert_eq!(order(&a, &b).unwrap(), order(&b, &a).unwrap().reverse());
        }
    }

    #[test]
    fn ten_cents_thirty_times_is_three() {
        let tenth = Value::Decimal(Decimal::new(1, 1));
        assert!(same(&sum(&vec![tenth; 30]).unwrap(), &Value::Int(3)));
    }
}
