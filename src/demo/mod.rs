//! The demonstration: a small world, a real server process, orders, faults, kills, and a comparison at the end of
//! what the witness saw with what the journal says.

pub mod books;
pub mod child;
pub mod compare;
pub mod effects;
pub mod ends;
pub mod journal;
pub mod kill;
pub mod live;
#[cfg(test)]
mod planted;
pub mod play;
pub mod report;
pub mod setting;
pub mod settle;
pub mod stage;
pub mod visit;
