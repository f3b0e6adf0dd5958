//! The comparison: what is news, what is not, and that the order of news does not matter.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod convergence;
mod echo;
mod facts;
mod orders;
mod rules;
