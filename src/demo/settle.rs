//! When orders count as settled, and when it is given up on them.

use std::time::{Duration, Instant};

use serde_json::Value;

/// How long nothing may change before orders that still move count as stalled.
const STILL: Duration = Duration::from_mins(1);
/// How long the whole may take to settle.
const PATIENCE: Duration = Duration::from_mins(30);

/// What one look at the server's status says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Something still moves by itself.
    Moving,
    /// All orders are known, and none moves by itself any more.
    Settled,
    /// They will not settle; what is told about it.
    Stalled(String),
}

/// Orders that are waited for.
#[derive(Debug)]
pub struct Settling {
    expected: u64,
    begun: Instant,
    changed: Instant,
    last: Value,
}

impl Settling {
    /// Waits for `expected` orders from `now` on.
    pub fn begin(expected: u64, now: Instant) -> Self {
        Self {
            expected,
            begun: now,
            changed: now,
            last: Value::Null,
        }
    }

    /// What `status`, read at `now`, says, where `unpaid` orders only wait for their customers to pay.
    pub fn look(&mut self, status: &Value, unpaid: u64, now: Instant) -> Look {
        if is_settled(status, self.expected, unpaid) {
            return Look::Settled;
        }
        let counts = status.get("orders").cloned().unwrap_or_default();
        if counts != self.last {
            (self.changed, self.last) = (now, counts);
        }
        let still = now.duration_since(self.changed);
        if still <= STILL && now.duration_since(self.begun) < PATIENCE {
            return Look::Moving;
        }
        Look::Stalled(format!(
            "UNSETTLED: of {} orders some still move or never came, and nothing changed for {} s: {}",
            self.expected,
            still.as_secs(),
            self.last
        ))
    }
}

fn is_settled(status: &Value, orders: u64, unpaid: u64) -> bool {
    let count = |name: &str| {
        let count = status.pointer(&format!("/orders/{name}"));
        count.and_then(Value::as_u64).unwrap_or(0)
    };
    let all = ["idle", "moving", "stuck", "completed", "compensated", "closed"];
    let known: u64 = all.into_iter().map(count).sum();
    let pending = status.get("deliveries_pending").and_then(Value::as_u64);
    known >= orders && count("moving") == unpaid && pending == Some(0)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use serde_json::{Value, json};

    use super::{Look, PATIENCE, STILL, Settling};

    fn status(moving: u64, completed: u64, pending: u64) -> Value {
        json!({ "orders": { "moving": moving, "completed": completed }, "deliveries_pending": pending })
    }

    fn word(look: &Look) -> &str {
        match look {
            Look::Moving => "moving",
            Look::Settled => "settled",
            Look::Stalled(told) => told.split(':').next().unwrap_or_default(),
        }
    }

    #[test]
    fn orders_settle_when_all_are_known_and_none_moves() {
        let now = Instant::now();
        let mut settling = Settling::begin(3, now);
        assert_eq!(word(&settling.look(&status(0, 2, 0), 0, now)), "moving");
        assert_eq!(word(&settling.look(&status(1, 2, 0), 0, now)), "moving");
        assert_eq!(word(&settling.look(&status(0, 3, 1), 0, now)), "moving");
        assert_eq!(word(&settling.look(&json!({}), 0, now)), "moving");
        assert_eq!(word(&settling.look(&status(0, 3, 0), 0, now)), "settled");
        assert_eq!(word(&settling.look(&status(1, 2, 0), 1, now)), "settled");
        assert_eq!(word(&settling.look(&status(2, 2, 0), 1, now)), "moving");
    }

    #[test]
    fn orders_that_stand_still_or_take_for_ever_are_told() {
        let now = Instant::now();
        let mut settling = Settling::begin(3, now);
        let moving = status(1, 2, 0);
        assert_eq!(word(&settling.look(&moving, 0, now)), "moving");
        assert_eq!(word(&settling.look(&moving, 0, now + STILL)), "moving");
        let changed = now + STILL * 2;
        assert_eq!(word(&settling.look(&status(2, 1, 0), 0, changed)), "moving");
        assert_eq!(word(&settling.look(&moving, 0, changed + STILL)), "moving");
        let later = changed + STILL + STILL + STILL / 2;
        assert_eq!(word(&settling.look(&moving, 0, later)), "UNSETTLED");
        let mut restless = Settling::begin(3, now);
        assert_eq!(
            word(&restless.look(&status(2, 1, 0), 0, now + PATIENCE)),
            "UNSETTLED"
        );
    }
}
