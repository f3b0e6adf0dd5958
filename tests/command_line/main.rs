//! Commands for whoever connects Amends to other systems, on the real binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod check;
mod pipe;
mod recipe;
mod rehearse;
mod setting;
mod tls;
