//! Recipes over real HTTP: what replies mean, what is sent, and the shipped ones against the sandbox.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod bench;
mod sandbox;
