//! Definitions as documents: TOML that reads aloud, checked as a whole before anything runs.
//!
//! ```toml
//! name = "order-to-cash"              # lower case with dashes
//! version = 1                         # raised with every change
//! subject = "order"                   # what expressions call the subject
//! start = "order.placed"              # the fact that starts an instance
//! key = "order.key"                   # only where a root may have several instances
//!
//! [policy.erp]                        # how calls are repeated
//! timeout = "30s"
//! retry = { first = "2s", factor = 2.0, max = "5m", give_up_after = "4h" }
//!
//! [[step]]                            # comes after the step written before it, unless `after` says otherwise
//! id = "reserve-stock"
//! call = "erp.reserve_stock"          # or wait = "FACT", or approve = "what is shown"
//! with.order = "steps.sales_order.order"
//! with.lines = "order.lines.map(line, {'sku': line.sku, 'quantity': line.quantity})"
//! undo = [{ call = "erp.release_stock", with = { reservation = "landed.reservation", lines = "landed.lines" } }]
//! policy = "erp"
//! on.rejected = "hold"                # retry, hold, compensate, escalate, skip
//!
//! [[watch]]
//! fact = "order.edited"
//! do = "hold"
//!
//! [[sample]]                          # every expression is tried on every sample
//! name = "paid by card"
//! [sample.subject]
//! total_minor = 9189
//! ```
//!
//! Further keys of a step: `title`, `kind` (compensatable, pivot, retriable), `after`, `when`, `each` with `item_key`,
//! `each_fact` with `until` and `deadline`, `deadline` (`"3d"` or an expression in milliseconds), `critical`,
//! `sla` (`"4h"` from the moment it is reached; late steps are told to listeners, nothing else follows). A whole
//! definition may have an `sla` as well.
//! Everything that is wrong is reported at once, each with a [`Code`], its place and what to write instead.

mod build;
mod check;
mod duration;
mod expression;
mod graph;
mod library;
mod parse;
mod parse_policy;
mod parse_step;
mod problem;
mod sample;
mod source;
pub mod syntax;
mod table;

use std::sync::Arc;

use amends_engine::definition::Definition;

pub use library::{Library, LibraryError, SHIPPED};
pub use problem::{Code, Problem, Problems};
pub use sample::GuardSeen;
pub use source::{Located, Written};

use crate::cel::CelEvaluator;
use check::Checker;
use source::Source;

/// A definition with the document it was read from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What runs.
    pub definition: Arc<Definition>,
    /// The document as written, with places.
    pub document: syntax::Document,
    /// The text the digest names.
    pub text: String,
    /// For each guard, whether the samples show it true and false.
    pub guards: Vec<GuardSeen>,
}

/// Reads the definition in `text`, which people know as `file`. All its expressions are compiled into `evaluator`.
///
/// # Errors
/// [`Problems`] with everything that is wrong.
pub fn read(file: &str, text: &str, evaluator: &CelEvaluator) -> Result<Loaded, Problems> {
    let source = Arc::new(Source::new(file, text));
    let (document, mut problems) = parse::parse(&source);
    if problems.iter().any(|problem| problem.code == Code::Syntax) {
        return Err(Problems::new(source.file(), problems));
    }
    let mut checker = Checker::new(&document, &source, evaluator);
    let graph = checker.check();
    let uses = expression::uses(&document, &graph);
    checker.names(&uses, &graph);
    let guards = checker.samples(&uses, &graph);
    problems.append(&mut checker.problems);
    if !problems.is_empty() {
        return Err(Problems::new(source.file(), problems));
    }
    Ok(Loaded {
        definition: Arc::new(build::build(&document, &graph, text)),
        document,
        text: text.to_owned(),
        guards,
    })
}
