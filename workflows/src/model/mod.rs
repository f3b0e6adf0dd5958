//! The canonical retail model: what every storefront's order becomes before anything acts on it.
//!
//! A storefront adapter fills a [`Draft`] with exact decimals and never judges. [`Order::from_draft`] makes it
//! canonical: amounts become minor units by one explicit rounding, gateways say who took the money, and whatever
//! a person should look at before the order runs becomes a [`Finding`]. [`Order::to_value`] is the `order` that
//! expressions read.

mod address;
mod canonical;
mod content;
mod convert;
mod draft;
mod finding;
mod gateway;
mod likeness;
mod money;
mod order;
mod shop;

pub use address::{Address, Customer};
pub use content::Content;
pub use draft::{Draft, DraftCharge, DraftCoupon, DraftLine, DraftPayment, DraftRefund, DraftTax};
pub use finding::{Code, Finding};
pub use gateway::{Gateway, Gateways, TakenBy};
pub use money::{AMOUNT_MAX, Rounding, to_minor};
pub use order::{Charge, Clearance, Coupon, Line, Order, Payment, Refund, Standing, Tax};
pub use shop::Shop;
