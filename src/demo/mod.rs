//! The demonstration: a small world, a real server process, orders, faults, kills, and a comparison at the end of
//! what the witness saw with what the journal says.

pub mod child;
pub mod compare;
pub mod play;
pub mod report;
