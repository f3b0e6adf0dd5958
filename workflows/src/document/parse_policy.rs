//! `[policy.NAME]`.

use amends_engine::definition::Policy as Rules;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use toml::Spanned;
use toml::de::DeValue;

use super::duration;
use super::problem::Code;
use super::syntax::Policy;
use super::table::{Reader, Table, span_of};

pub(super) fn policies<'t>(reader: &mut Reader, value: &'t Spanned<DeValue<'t>>) -> Vec<Policy> {
    let Some(table) = reader.table(value, "policy") else {
        return Vec::new();
    };
    let mut policies = Vec::new();
    for (name, value) in table.rest() {
        if let Some(table) = reader.table(value, "policy") {
            policies.push(Policy {
                name: name.value,
                policy: policy(reader, table),
            });
        }
    }
    policies
}

fn policy(reader: &mut Reader, mut table: Table<'_>) -> Rules {
    let mut rules = Rules::default();
    fixed(reader, table.take("timeout"), &mut rules.timeout_ms);
    if let Some(mut retry) = table.take("retry").and_then(|value| reader.table(value, "retry")) {
        fixed(reader, retry.take("first"), &mut rules.first_ms);
        fixed(reader, retry.take("max"), &mut rules.max_ms);
        fixed(reader, retry.take("give_up_after"), &mut rules.give_up_after_ms);
        if let Some(value) = retry.take("factor") {
            factor(reader, value, &mut rules.factor_milli);
        }
        if let Some(value) = retry.take("attempts") {
            rules.attempts_max = reader.whole(value, "1 or more").map(|attempts| attempts.value);
        }
        retry.finish(reader);
    }
    table.finish(reader);
    rules
}

fn fixed(reader: &mut Reader, value: Option<&Spanned<DeValue<'_>>>, into: &mut i64) {
    if let Some(ms) = value.and_then(|value| length(reader, value)) {
        *into = ms;
    }
}

/// A length of time in milliseconds, more than none.
pub(super) fn length(reader: &mut Reader, value: &Spanned<DeValue<'_>>) -> Option<i64> {
    let DeValue::String(text) = value.get_ref() else {
        reader.wrong_type(value, "a length of time in quotes: \"30s\"");
        return None;
    };
    match duration::parse(text) {
        Some(ms) if ms > 0 => Some(ms),
        Some(_) | None => {
            let message = format!("`{text}` is not a length of time");
            reader.report(
                Code::BadDuration,
                span_of(value),
                message,
                "write a number and a unit: \"30s\", \"4h\", \"3d\"",
            );
            None
        }
    }
}

fn factor(reader: &mut Reader, value: &Spanned<DeValue<'_>>, into: &mut i64) {
    let Some(written) = reader.decimal(value) else {
        return;
    };
    let milli = written
        .checked_mul(Decimal::from(1_000))
        .and_then(|milli| milli.to_i64());
    match milli {
        Some(milli) if (1_000..=100_000).contains(&milli) => *into = milli,
        Some(_) | None => {
            let message = format!("pauses cannot grow by {written}");
            reader.report(
                Code::OutOfRange,
                span_of(value),
                message,
                "write a number from 1 to 100, for example 2.0",
            );
        }
    }
}
