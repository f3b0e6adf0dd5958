//! WooCommerce: webhooks in, orders read over REST.
//!
//! A delivery goes through these doors, in this order: [`signature`] over the raw bytes, [`delivery::classify`]
//! by the shape of the body (the topic header is unsigned), the [`answer`] the shop gets, and later, behind the
//! durable log, [`order::parse`]. Nothing here decides what an order does; that is `amends_workflows::mirror`.

pub mod answer;
pub mod delivery;
mod node;
pub mod order;
pub mod rest;
pub mod signature;
pub mod source;

pub use node::NodeError;
