//! House rules as tests: which crate may know which, what the core must not touch, how long a file may be, and that
//! every code, decision record and fixture is where it says it is.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a tree or document that is not as expected fails the test"
)]

mod crates;
mod documents;
mod fixtures;
mod limits;
mod purity;
mod sources;
mod tree;
