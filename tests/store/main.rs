//! The store under the real binary: backup and restore, retention and archives, against the sandbox world, whose witness
//! counts every effect.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the finding"
)]

mod restore;
mod retention;
mod witness;
mod world;
