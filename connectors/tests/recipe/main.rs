//! Recipes over real HTTP: what replies mean, what is sent, and the shipped ones against the sandbox.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod bench;
mod callback;
mod classify;
mod errors;
mod golden;
mod guide;
mod masking;
mod modes;
mod sandbox;
mod server;
mod transport;
