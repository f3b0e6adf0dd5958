//! Storefront, HTTP recipes and the sandbox world of Amends.

pub mod sandbox;
pub mod woocommerce;
