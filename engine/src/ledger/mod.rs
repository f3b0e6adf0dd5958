//! Money and stock of one root.

mod posting;

pub use posting::{Account, Currency, Line, Phase, Posting};
