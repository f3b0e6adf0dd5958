//! The trial balance: what moved in which account, by shop, day and currency, as tables and as CSV.

mod balance;
mod csv;

pub(crate) use balance::{Balance, balances};
pub(crate) use csv::written;
