//! What moved on one day: the read model behind the trial balance.
//!
//! One row per day and order, written with the frame that moves something, so that sums over days, what a sum is made
//! of, and the journal can never disagree. Days are UTC. It is derived: a rebuild makes it again from the frames
//! (docs/adr/0012-day-books.md).

mod day;
mod list;
mod movement;
mod row;
mod tax;

pub use day::Day;
pub use list::{DayOrder, DayRow, DaysError, days, orders};
pub(crate) use movement::{KeepError, Keeper, add, kept, moves_money};
pub use row::{Row, Sum};
pub use tax::TaxSum;

/// The name of the index that holds the rows: its value is `shop/day`.
const INDEX: &str = "day";

/// Raised with every change of a stored row.
const VERSION: u16 = 1;

fn index_value(shop: &str, day: Day) -> String {
    format!("{shop}/{day}")
}
