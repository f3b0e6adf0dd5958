//! The edges people and programs touch, on the real binary: the HTTP API and the command line.

#![expect(
    clippy::indexing_slicing,
    reason = "tests fail by panicking; functions outside tests do so too"
)]

mod api_errors;
mod cli_errors;
mod contract;
mod document;
mod finance;
mod find;
mod guide;
mod incidents;
mod metrics;
mod repeat;
mod roles;
mod second_person;
mod secrets;
mod server;
mod shutdown;
mod tokens;
