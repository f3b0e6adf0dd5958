//! What the `amends` binary is composed of and its tests share: the configuration, the server, the command line.
//!
//! The library exists for the binary and the whole-system tests; it is not published and promises nothing to
//! other crates.

pub mod advice;
pub mod cli;
pub mod config;
pub mod demo;
mod fields;
pub mod rehearsal;
pub mod server;
