//! What the demonstration says about itself.

use serde_json::{Value, json};

use super::compare::Comparison;
use super::kill::Kill;

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
        let kills: Vec<Value> = self.kills.iter().map(Kill::json).collect();
        json!({
            "agree": self.agrees(),
            "seed": self.seed,
            "orders": self.orders,
            "took_ms": self.took_ms,
            "orders_per_second": per_second(self.orders, self.took_ms),
            "stages": self.comparison.stages,
            "waiting": self.comparison.waiting,
            "effects_landed": self.comparison.landed,
            "effects_witnessed": self.comparison.witnessed,
            "drafts_left": self.comparison.drafts_left,
            "kills": kills,
            "differences": self.comparison.differences,
        })
    }

    /// For people, several lines.
    pub fn words(&self) -> String {
        let mut lines = vec![format!(
            "{} orders in {:.1} s ({:.1} per second), {} kills",
            self.orders,
            seconds(self.took_ms),
            per_second(self.orders, self.took_ms),
            self.kills.len()
        )];
        let found = &self.comparison;
        lines.extend(
            found
                .stages
                .iter()
                .map(|(stage, count)| format!("  {count:>6} {stage}")),
        );
        lines.extend(
            found
                .waiting
                .iter()
                .map(|(cause, count)| format!("  {count:>6} wait for a person: {cause}")),
        );
        lines.push(format!(
            "effects: {} landed by the journal; the witness saw {}, steps inside one effect counted singly",
            found.landed, found.witnessed
        ));
        if found.drafts_left > 0 {
            lines.push(format!("drafts given up at the ERP: {}", found.drafts_left));
        }
        lines.extend(
            found
                .differences
                .iter()
                .map(|difference| format!("  {difference}")),
        );
        lines.push(if self.agrees() {
            "witness and journal agree: nothing twice, nothing lost, every ledger at rest".to_owned()
        } else {
            format!(
                "THEY DO NOT AGREE: {} differences (seed {})",
                found.differences.len(),
                self.seed
            )
        });
        lines.join("\n")
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

/// Rounded to a tenth.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn per_second(orders: u64, took_ms: u64) -> f64 {
    (orders as f64 * 10_000.0 / took_ms.max(1) as f64).round() / 10.0
}
