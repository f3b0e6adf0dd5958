//! What we know of each order in the storefront, compared with what the storefront says now.
//!
//! Deliveries come late, twice, in any order, or never; a body is what the order was when the delivery left. So a
//! push is a hint, and only the comparison with the [`Mirror`] makes news: [`compare`] is a pure function from what
//! we knew and what was seen to facts with natural ids, each of which counts once however often it is derived.
//!
//! **What wins.** A read that began after a push was received is newer than the push. Of two reads the one that
//! began later wins. With [`Confirm::Changes`] no push is ever believed, only read after, and so every order of
//! deliveries ends alike. With [`Confirm::Doubt`] a push is believed unless something is odd about it. With
//! [`Confirm::Impossible`], for shops without REST, the later date of change wins; inside one second the content
//! further along in the order's life wins, then the one with more refunds, then the larger digest: arbitrary, but
//! the same for every order of arrival. Only there can a bin that was emptied before the order was ever seen go
//! unnoticed: the late push looks like an order taken out of the bin.
//!
//! **What is no news.** An own write that comes back ([`OwnWrite`]), a save without a change, meta that nobody
//! selected. An own write that landed is what the order is known as from then on; one that may have landed is an echo
//! if it comes back and nothing if it does not. Whatever else changed in the same delivery is news.

mod changes;
mod compare;
mod facts;
mod hint;
mod known;
mod observation;
mod own;
mod verdict;

pub use compare::compare;
pub use facts::duplicate;
pub use hint::Hint;
pub use known::{Gone, KnownLine, Mirror};
pub use observation::{Observation, Seen, Source};
pub use own::OwnWrite;
pub use verdict::{Comparison, Confirm, Stop, Why};
