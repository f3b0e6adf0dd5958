//! The expressions of the golden workflow: paths, whole numbers, `count(list) >= path`, `path == true`.

use amends_engine::Value;
use amends_engine::expr::{EvalError, Evaluator, Expr, Scope};

#[derive(Debug)]
pub(crate) struct Paths;

impl Evaluator for Paths {
    fn evaluate(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Value, EvalError> {
        value(&expr.0, scope).ok_or_else(|| EvalError {
            expression: expr.0.clone(),
            reason: "has no value".to_owned(),
        })
    }
}

fn value(text: &str, scope: &Scope<'_>) -> Option<Value> {
    if let Some((left, right)) = text.split_once(" >= ") {
        let enough = value(left, scope)?.as_int()? >= value(right, scope)?.as_int()?;
        return Some(Value::Bool(enough));
    }
    if let Some(list) = text
        .strip_prefix("count(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        let elements = i64::try_from(value(list, scope)?.as_list()?.len()).ok()?;
        return Some(Value::Int(elements));
    }
    if let Ok(number) = text.parse() {
        return Some(Value::Int(number));
    }
    let (name, path) = text.split_once('.').unwrap_or((text, ""));
    let (_, root) = scope.iter().find(|(known, _)| *known == name)?;
    if path.is_empty() {
        return Some(root.clone());
    }
    root.path(path).cloned()
}
