//! Expressions: text in a definition that the core has evaluated for it.
//!
//! The core does not know the expression language. It is handed an [`Evaluator`]; the one that ships reads CEL
//! and lives in `amends-workflows`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Value;

/// The source text of one expression, checked when its definition was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Expr(pub String);

/// The names an expression may use, each with its value: the subject under its own name (`order`), `steps`
/// (results by step id with `_` for `-`), `item` inside a fan-out, `fact` where a fact is looked at, and
/// `shop` (the settings of the shop the root belongs to).
#[derive(Debug, Clone, Default)]
pub struct Scope<'a> {
    names: BTreeMap<&'a str, &'a Value>,
}

impl<'a> Scope<'a> {
    /// A scope without names.
    pub fn new() -> Self {
        Self::default()
    }

    /// This scope with `name` bound to `value`.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: &'a Value) -> Self {
        self.names.insert(name, value);
        self
    }

    /// All bound names in sorted order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + '_ {
        self.names.iter().map(|(name, value)| (*name, *value))
    }
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("`{expression}` {reason}")]
pub struct EvalError {
    /// The expression as written.
    pub expression: String,
    /// What went wrong, as the second half of a sentence: "has no field `lines`".
    pub reason: String,
}

/// Evaluates expressions: total, terminating and deterministic.
pub trait Evaluator: Send + Sync {
    /// The value of `expr` with the names of `scope`.
    ///
    /// # Errors
    /// [`EvalError`] when a name is unknown or an operation does not apply to its values.
    fn evaluate(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Value, EvalError>;
}
