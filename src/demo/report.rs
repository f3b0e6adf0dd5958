//! What the demonstration says about itself.

use serde_json::{Value, json};

use super::compare::Comparison;

/// The state of the server when it was killed.
#[derive(Debug, Clone)]
pub struct Kill {
    /// What it was in the middle of.
    pub during: &'static str,
    /// Effects under way.
    pub under_way: u64,
    /// The server's own account of itself just before.
    pub state: Value,
}

/// Everything measured.
#[derive(Debug)]
pub struct Report {
    /// What every draw came from.
    pub seed: u64,
    /// Orders made.
    pub orders: u64,
    /// From the first order to the last settled one, in milliseconds.
    pub took_ms: u64,
    /// The kills.
    pub kills: Vec<Kill>,
    /// The comparison.
    pub comparison: Comparison,
}

impl Report {
    /// Whether everything agrees.
    pub fn agrees(&self) -> bool {
        self.comparison.differences.is_empty()
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let kills: Vec<Value> = self
            .kills
            .iter()
            .map(|kill| json!({ "during": kill.during, "under_way": kill.under_way, "state": kill.state }))
            .collect();
        json!({
            "agree": self.agrees(),
            "seed": self.seed,
            "orders": self.orders,
            "took_ms": self.took_ms,
            "orders_per_second": self.orders * 1_000 / self.took_ms.max(1),
            "stages": self.comparison.stages,
            "waiting": self.comparison.waiting,
            "effects_landed": self.comparison.landed,
            "effects_witnessed": self.comparison.witnessed,
            "kills": kills,
            "differences": self.comparison.differences,
        })
    }
}
