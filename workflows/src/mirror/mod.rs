//! What we know of each order in the storefront, compared with what the storefront says now.

mod hint;

pub use hint::Hint;
