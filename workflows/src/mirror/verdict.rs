//! What a comparison comes to.

use std::fmt;

use amends_engine::Value;
use amends_engine::fact::Fact;
use serde::{Deserialize, Serialize};

use super::Mirror;

/// When a push needs a read of the order before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    /// Whenever it holds anything new. Costs one read for each change and makes every order of deliveries end alike.
    #[default]
    Changes,
    /// Only when something is odd: a tie, a step back, a vanished refund, a bare id.
    Doubt,
    /// Never: the shop has no REST access.
    Impossible,
}

/// What a comparison comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// There is news.
    Accept {
        /// What to know from now on.
        mirror: Box<Mirror>,
        /// What happened, in the order to record it. Facts of earlier comparisons may be among them.
        facts: Vec<Fact>,
        /// The order as expressions see it, when what is known of it changed.
        subject: Option<Value>,
    },
    /// Nothing new.
    Unchanged,
    /// Only a read begun from now on can tell.
    NeedsRead {
        /// What was odd.
        why: Why,
    },
    /// Nothing from this shop may be believed until a person looked.
    StopIngest {
        /// What is wrong.
        why: Stop,
    },
}

/// Why a read is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The push holds an order we do not know.
    New,
    /// The push differs from what we know.
    Changed,
    /// The push differs although nothing says that it is later.
    Tie,
    /// The push differs and says that it is earlier.
    StepBack,
    /// A refund we know is missing in the push.
    RefundVanished,
    /// The push holds no more than an id.
    Bare,
    /// The push holds an order that we know as gone.
    Returned,
    /// Two reads begun in one millisecond differ.
    Clash,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "a new order was pushed",
            Self::Changed => "a change was pushed",
            Self::Tie => "another content was pushed for the same second",
            Self::StepBack => "an older content was pushed",
            Self::RefundVanished => "a refund is missing in what was pushed",
            Self::Bare => "only an id was pushed",
            Self::Returned => "an order that was gone was pushed",
            Self::Clash => "two reads of one moment differ",
        })
    }
}

/// Why a shop's ingest stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The id belongs to another order than before: the shop was restored from a copy, or two shops are mixed up.
    OtherOrder,
    /// The order comes from another site than before.
    OtherSite {
        /// The site we know.
        known: String,
        /// The site it came from.
        seen: String,
    },
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherOrder => f.write_str(
                "the order's id came back with another order key: the shop was restored from a copy, or a second \
                 shop delivers here",
            ),
            Self::OtherSite { known, seen } => {
                write!(f, "the order is known from {known} and now comes from {seen}")
            }
        }
    }
}
