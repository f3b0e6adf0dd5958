//! The whole server in one process, without the systems behind it: what people and programs are told.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking; helpers outside test functions do so too"
)]

mod brakes;
mod feed;
mod house;
mod listener;
mod oversize;
