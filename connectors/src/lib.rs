//! Storefront, HTTP recipes and the sandbox world of Amends.
