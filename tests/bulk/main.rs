//! Commands to many orders: the real binary, the sandbox around it, and kills in the middle.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking; helpers outside test functions do so too"
)]

mod agreement;
mod house;
mod outage;
mod people;
