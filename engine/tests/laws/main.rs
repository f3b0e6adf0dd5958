//! The laws of the core, held against a world in memory that goes wrong in every way it promises to survive.

#![expect(
    clippy::unwrap_used,
    reason = "tests fail by panicking; helpers outside test functions do so too"
)]

#[path = "../world/mod.rs"]
mod world;

mod chaos;
mod corners;
mod course;
mod moves;
mod outcome;
mod race;
mod reach;
mod sla;
mod small;
mod stories;
mod table;
