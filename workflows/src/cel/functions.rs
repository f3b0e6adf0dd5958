//! The functions expressions may call: all of them depend on their arguments alone.

use amends_engine::Value;
use amends_engine::ledger::Currency;
use rust_decimal::Decimal;

use super::number;

/// A function of the expression language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Lower,
    Trim,
    Join,
    Text,
    Int,
    Decimal,
    Sum,
    Min,
    Max,
    Seconds,
    Minutes,
    Hours,
    Days,
    Money,
}

/// What an author reads about a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    pub(crate) function: Function,
    /// Its name in expressions.
    pub name: &'static str,
    /// How it is written.
    pub usage: &'static str,
    /// What it gives.
    pub meaning: &'static str,
    pub(crate) arguments: usize,
}

const fn signature(
    function: Function,
    name: &'static str,
    arguments: usize,
    usage: &'static str,
    meaning: &'static str,
) -> Signature {
    Signature {
        function,
        name,
        usage,
        meaning,
        arguments,
    }
}

/// All functions. `has`, `or_else` and the loops (`map`, `filter`, `all`, `exists`, `exists_one`) are syntax.
pub const FUNCTIONS: &[Signature] = &[
    signature(
        Function::Size,
        "size",
        1,
        "size(list)",
        "how many elements, fields or characters",
    ),
    signature(
        Function::Contains,
        "contains",
        2,
        "text.contains('x')",
        "true when the text holds the other",
    ),
    signature(
        Function::StartsWith,
        "startsWith",
        2,
        "text.startsWith('x')",
        "true when the text begins so",
    ),
    signature(
        Function::EndsWith,
        "endsWith",
        2,
        "text.endsWith('x')",
        "true when the text ends so",
    ),
    signature(
        Function::Lower,
        "lower",
        1,
        "lower(text)",
        "the text in lower case",
    ),
    signature(
        Function::Trim,
        "trim",
        1,
        "trim(text)",
        "the text without blanks around it",
    ),
    signature(
        Function::Join,
        "join",
        2,
        "join(list, ', ')",
        "the texts of a list with a separator between",
    ),
    signature(
        Function::Text,
        "text",
        1,
        "text(value)",
        "a number, truth value or text as text",
    ),
    signature(
        Function::Int,
        "int",
        1,
        "int(value)",
        "a whole number from text or an exact decimal",
    ),
    signature(
        Function::Decimal,
        "decimal",
        1,
        "decimal(value)",
        "an exact decimal from text or a whole number",
    ),
    signature(
        Function::Sum,
        "sum",
        1,
        "sum(list)",
        "the exact sum of numbers; 0 for an empty list",
    ),
    signature(
        Function::Min,
        "min",
        1,
        "min(list)",
        "the smallest of a list that is not empty",
    ),
    signature(
        Function::Max,
        "max",
        1,
        "max(list)",
        "the largest of a list that is not empty",
    ),
    signature(
        Function::Seconds,
        "seconds",
        1,
        "seconds(30)",
        "a length of time, in milliseconds",
    ),
    signature(
        Function::Minutes,
        "minutes",
        1,
        "minutes(15)",
        "a length of time, in milliseconds",
    ),
    signature(
        Function::Hours,
        "hours",
        1,
        "hours(4)",
        "a length of time, in milliseconds",
    ),
    signature(
        Function::Days,
        "days",
        1,
        "days(3)",
        "a length of time, in milliseconds",
    ),
    signature(
        Function::Money,
        "money",
        2,
        "money(order.total_minor, order.currency)",
        "minor units as people write them: `91.89 USD`",
    ),
];

impl Function {
    /// The signature of the function called `name`.
    pub(crate) fn named(name: &str) -> Option<&'static Signature> {
        FUNCTIONS.iter().find(|signature| signature.name == name)
    }

    /// The function's name.
    pub(crate) fn name(self) -> &'static str {
        FUNCTIONS
            .iter()
            .find(|signature| signature.function == self)
            .map_or("", |signature| signature.name)
    }

    /// Applies the function to as many arguments as its signature says.
    pub(crate) fn apply(self, arguments: &[&Value]) -> Result<Value, String> {
        match (self, arguments) {
            (Self::Size, [value]) => size(value),
            (Self::Contains, [text, part]) => Ok(Value::Bool(as_text(text)?.contains(as_text(part)?))),
            (Self::StartsWith, [text, part]) => Ok(Value::Bool(as_text(text)?.starts_with(as_text(part)?))),
            (Self::EndsWith, [text, part]) => Ok(Value::Bool(as_text(text)?.ends_with(as_text(part)?))),
            (Self::Lower, [text]) => Ok(Value::Text(as_text(text)?.to_lowercase())),
            (Self::Trim, [text]) => Ok(Value::text(as_text(text)?.trim())),
            (Self::Join, [list, between]) => join(as_list(list)?, as_text(between)?),
            (Self::Text, [value]) => to_text(value),
            (Self::Int, [value]) => to_int(value),
            (Self::Decimal, [value]) => to_decimal(value),
            (Self::Sum, [list]) => number::sum(as_list(list)?),
            (Self::Min, [list]) => extreme(as_list(list)?, std::cmp::Ordering::Less),
            (Self::Max, [list]) => extreme(as_list(list)?, std::cmp::Ordering::Greater),
            (Self::Seconds, [count]) => span(count, 1_000),
            (Self::Minutes, [count]) => span(count, 60_000),
            (Self::Hours, [count]) => span(count, 3_600_000),
            (Self::Days, [count]) => span(count, 86_400_000),
            (Self::Money, [amount, currency]) => money(amount, currency),
            (function, _) => Err(format!(
                "calls `{}` with the wrong number of values",
                function.name()
            )),
        }
    }
}

fn as_text(value: &Value) -> Result<&str, String> {
    value
        .as_text()
        .ok_or_else(|| format!("needs text where it has {}", value.kind()))
}

fn as_list(value: &Value) -> Result<&[Value], String> {
    value
        .as_list()
        .ok_or_else(|| format!("needs a list where it has {}", value.kind()))
}

fn as_int(value: &Value) -> Result<i64, String> {
    value
        .as_int()
        .ok_or_else(|| format!("needs a whole number where it has {}", value.kind()))
}

fn size(value: &Value) -> Result<Value, String> {
    let count = match value {
        Value::Text(text) => text.chars().count(),
        Value::List(elements) => elements.len(),
        Value::Map(fields) => fields.len(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Decimal(_) => {
            return Err(format!("asks for the size of {}", value.kind()));
        }
    };
    i64::try_from(count)
        .map(Value::Int)
        .map_err(|_| "counts too many".to_owned())
}

fn join(list: &[Value], between: &str) -> Result<Value, String> {
    let texts = list.iter().map(as_text).collect::<Result<Vec<_>, _>>()?;
    Ok(Value::Text(texts.join(between)))
}

fn to_text(value: &Value) -> Result<Value, String> {
    match value {
        Value::Text(text) => Ok(Value::Text(text.clone())),
        Value::Int(number) => Ok(Value::Text(number.to_string())),
        Value::Decimal(number) => Ok(Value::Text(number.to_string())),
        Value::Bool(truth) => Ok(Value::Text(truth.to_string())),
        Value::Null | Value::List(_) | Value::Map(_) => Err(format!("cannot write {} as text", value.kind())),
    }
}

fn to_int(value: &Value) -> Result<Value, String> {
    let parsed = match value {
        Value::Text(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Decimal(_) | Value::List(_) | Value::Map(_) => {
            value.as_int()
        }
    };
    parsed
        .map(Value::Int)
        .ok_or_else(|| format!("cannot read a whole number from {}", value.kind()))
}

fn to_decimal(value: &Value) -> Result<Value, String> {
    let parsed = match value {
        Value::Text(text) => Decimal::from_str_exact(text).ok(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Decimal(_) | Value::List(_) | Value::Map(_) => {
            value.as_decimal()
        }
    };
    parsed
        .map(Value::Decimal)
        .ok_or_else(|| format!("cannot read a decimal from {}", value.kind()))
}

fn extreme(list: &[Value], wanted: std::cmp::Ordering) -> Result<Value, String> {
    let (first, rest) = list
        .split_first()
        .ok_or("asks for the smallest or largest of an empty list")?;
    let mut best = first;
    for value in rest {
        if number::order(value, best)? == wanted {
            best = value;
        }
    }
    Ok(best.clone())
}

fn span(count: &Value, unit_ms: i64) -> Result<Value, String> {
    as_int(count)?
        .checked_mul(unit_ms)
        .map(Value::Int)
        .ok_or_else(|| "is too long a time".to_owned())
}

fn money(amount: &Value, currency: &Value) -> Result<Value, String> {
    let code = as_text(currency)?;
    let exponent = Currency::parse(code).map_or(2, |currency| currency.exponent());
    let amount = Decimal::try_from_i128_with_scale(i128::from(as_int(amount)?), exponent)
        .map_err(|_| "is too large an amount".to_owned())?;
    Ok(Value::Text(format!("{amount} {code}")))
}
