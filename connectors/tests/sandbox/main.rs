//! The sandbox world over real HTTP: the shapes it has, the faults it can have, and what its witness counts.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
#![expect(
    clippy::indexing_slicing,
    reason = "a missing field fails the test that looks for it"
)]

mod bench;
mod erp;
mod faults;
mod listener;
mod payments;
mod storefront;
mod warehouse;
mod witness;
