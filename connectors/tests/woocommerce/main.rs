//! The WooCommerce edge over genuine deliveries.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a broken fixture fails the test it belongs to"
)]

mod answers;
mod classification;
mod convergence;
mod echo;
mod edge_list;
mod fixtures;
mod orders;
mod poison;
mod rest;
mod signatures;
mod totals;
