//! What comes from the shop, through the real endpoint into a running server, with the outside world played around it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking; helpers outside test functions do so too"
)]

mod amounts;
mod breaker;
mod duplicates;
mod echo;
mod house;
mod incidents;
mod on_call;
mod parcels;
mod patrol;
mod payment;
mod redrive;
mod since;
mod stop;
