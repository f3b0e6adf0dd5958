//! Reading orders over WooCommerce's REST interface (`wc/v3`).
//!
//! An answer is judged by the shop's own error `code`, not by its status: a shop says 500 for things that will
//! never work, and hosts and firewalls in front of it say 403, 429 and 503 with pages of HTML.

mod access;
mod client;
mod fault;
mod walk;

pub use access::{Access, AccessError};
pub use client::{Client, Entry, Looked, Page};
pub use fault::RestError;
pub use walk::{Ask, PAGE_SIZE, SECOND_MAX, STEPS_MAX, Shelf, Walk};
