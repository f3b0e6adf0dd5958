//! What people and programs see of an order.

mod ledger;
mod machine;
mod order;
mod preview;
mod row;
mod wait;

pub(crate) use machine::event;
pub(crate) use order::{OrderInFull, order};
pub(crate) use preview::preview;
pub(crate) use row::{AtRisk, OrderRow, amounts, row};
