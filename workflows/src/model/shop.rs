//! What the configuration says about one shop, as far as the model needs it.

use serde::{Deserialize, Serialize};

use super::{Gateways, Rounding};

/// Settings of a shop that decide how its orders become canonical.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shop {
    /// The shop's name; first part of every key of its orders.
    pub name: String,
    /// Who takes the money of which payment method.
    #[serde(default = "Gateways::usual")]
    pub gateways: Gateways,
    /// What to do with an amount that the currency cannot carry.
    #[serde(default)]
    pub rounding: Rounding,
    /// Order meta that matters: it is shown to expressions, and a change of it counts as an edit. All other meta
    /// is ignored, because plugins rewrite it at any time.
    #[serde(default)]
    pub meta: Vec<String>,
}

impl Shop {
    /// A shop with the usual gateways, no rounding and no selected meta.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            gateways: Gateways::usual(),
            rounding: Rounding::Refuse,
            meta: Vec::new(),
        }
    }
}
