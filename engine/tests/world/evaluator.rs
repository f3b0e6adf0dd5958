//! A tiny language for tests: literals, paths, `sum(list, field)`, `first(list).field`, one comparison.

use amends_engine::Value;
use amends_engine::expr::{EvalError, Evaluator, Expr, Scope};

/// Reads `order.total`, `'text'`, `42`, `true`, `[]`, `sum(facts, quantity) >= order.units`, `a == b`, `a != b`.
#[derive(Debug)]
pub(crate) struct Tiny;

impl Evaluator for Tiny {
    fn evaluate(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Value, EvalError> {
        compare(&expr.0, scope).map_err(|reason| EvalError {
            expression: expr.0.clone(),
            reason,
        })
    }
}

fn compare(text: &str, scope: &Scope<'_>) -> Result<Value, String> {
    for operator in ["==", "!=", ">=", "<"] {
        if let Some((left, right)) = text.split_once(operator) {
            let (left, right) = (term(left.trim(), scope)?, term(right.trim(), scope)?);
            return Ok(Value::Bool(match operator {
                "==" => left == right,
                "!=" => left != right,
                ">=" => number(&left)? >= number(&right)?,
                _ => number(&left)? < number(&right)?,
            }));
        }
    }
    term(text.trim(), scope)
}

fn number(value: &Value) -> Result<i64, String> {
    value
        .as_int()
        .ok_or_else(|| format!("compares {} as a number", value.kind()))
}

fn term(text: &str, scope: &Scope<'_>) -> Result<Value, String> {
    if let Ok(number) = text.parse::<i64>() {
        return Ok(Value::Int(number));
    }
    if let Some(quoted) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Ok(Value::text(quoted));
    }
    if let Some(inner) = text.strip_prefix("sum(").and_then(|rest| rest.strip_suffix(')')) {
        let (list, field) = inner.split_once(',').ok_or("needs two arguments for sum")?;
        return sum(&term(list.trim(), scope)?, field.trim()).map(Value::Int);
    }
    match text {
        "true" => Ok(Value::Bool(true)),
        "false" => Ok(Value::Bool(false)),
        "null" => Ok(Value::Null),
        "[]" => Ok(Value::List(Vec::new())),
        path => lookup(path, scope),
    }
}

fn sum(list: &Value, field: &str) -> Result<i64, String> {
    let elements = list.as_list().ok_or("sums something that is no list")?;
    let amounts = elements
        .iter()
        .map(|element| element.path(field).and_then(Value::as_int));
    amounts
        .map(|amount| amount.ok_or_else(|| format!("finds no number `{field}`")))
        .sum()
}

fn lookup(path: &str, scope: &Scope<'_>) -> Result<Value, String> {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let (_, value) = scope
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| format!("has no name `{name}`"))?;
    if rest.is_empty() {
        return Ok(value.clone());
    }
    value
        .path(rest)
        .cloned()
        .ok_or_else(|| format!("has no field `{rest}` in `{name}`"))
}
