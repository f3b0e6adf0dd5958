//! The expression language of definitions: CEL's grammar over the core's values.
//!
//! The crate `cel` parses; what an expression *means* is decided here, over [`Value`]s themselves (ADR 0004).
//! That keeps decimals exact, maps sorted and subjects unconverted, and lets every evaluation end: each step
//! costs fuel. What differs from CEL, all of it by refusing more or by being exact:
//!
//! - There is one kind of whole number (signed, 64 bits) and one of decimal (exact); `22.49` is a decimal, `1u`
//!   is refused. Mixed arithmetic gives a decimal; a result that would have to be rounded is an error.
//! - The functions are those of [`FUNCTIONS`], `has`, `or_else` and the loops. None reads a clock or is random.
//! - Names of a map are text, and loops over a map visit them in sorted order.

mod eval;
mod functions;
mod infer;
mod limits;
mod lower;
mod node;
mod number;
mod parse;
mod references;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use amends_engine::Value;
use amends_engine::expr::{EvalError, Evaluator, Expr, Scope};

pub use functions::{FUNCTIONS, Signature};
pub use infer::NameError;
pub use node::Span;
pub use parse::{SyntaxError, SyntaxFault};
pub use references::Reference;

use crate::catalogue::Shape;

/// A compiled expression.
#[derive(Debug)]
pub struct Program {
    source: String,
    root: node::Node,
}

impl Program {
    /// Compiles `source`.
    ///
    /// # Errors
    /// [`SyntaxError`] with the place and, where known, what to write instead.
    pub fn compile(source: &str) -> Result<Self, SyntaxError> {
        Ok(Self {
            source: source.to_owned(),
            root: parse::parse(source)?,
        })
    }

    /// The value with the names of `scope`.
    ///
    /// # Errors
    /// [`EvalError`] when a name or field is missing, an operation does not apply, or it takes too long.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        eval::evaluate(&self.root, scope).map_err(|failure| EvalError {
            expression: self.source.clone(),
            reason: failure.reason().to_owned(),
        })
    }

    /// The paths read from the scope, in the order written: `order.payment.method`, `steps.sales_order.order`.
    pub fn references(&self) -> Vec<Reference> {
        references::of(&self.root)
    }

    /// What the expression gives, as far as the shapes of the names in scope tell, and every name or field that
    /// none of them has.
    pub fn infer(&self, names: &BTreeMap<String, Shape>) -> (Shape, Vec<NameError>) {
        infer::infer(&self.root, names)
    }
}

/// Evaluates expressions, each compiled once.
#[derive(Debug, Default)]
pub struct CelEvaluator {
    programs: RwLock<BTreeMap<String, Arc<Program>>>,
}

impl CelEvaluator {
    /// An evaluator that has compiled nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The program of `source`, compiled now if it was not before. Definitions call this when they are read, so
    /// that nothing is compiled while orders run.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn program(&self, source: &str) -> Result<Arc<Program>, SyntaxError> {
        if let Some(program) = self.compiled(source) {
            return Ok(program);
        }
        let program = Arc::new(Program::compile(source)?);
        let mut programs = self.programs.write().unwrap_or_else(PoisonError::into_inner);
        if programs.len() < limits::PROGRAMS_MAX {
            programs.insert(source.to_owned(), Arc::clone(&program));
        }
        Ok(program)
    }

    fn compiled(&self, source: &str) -> Option<Arc<Program>> {
        let programs = self.programs.read().unwrap_or_else(PoisonError::into_inner);
        programs.get(source).cloned()
    }
}

impl Evaluator for CelEvaluator {
    fn evaluate(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Value, EvalError> {
        let program = self.program(&expr.0).map_err(|error| EvalError {
            expression: expr.0.clone(),
            reason: format!("cannot be read: {error}"),
        })?;
        program.evaluate(scope)
    }
}
