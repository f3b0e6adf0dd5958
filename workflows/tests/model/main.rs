//! The canonical order: amounts, findings, content.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod amounts;
mod content;
mod drafts;
mod edge_cases;
mod likeness;
