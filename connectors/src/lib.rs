//! Storefront, HTTP recipes and the sandbox world of Amends.

pub mod recipe;
pub mod sandbox;
pub mod woocommerce;
