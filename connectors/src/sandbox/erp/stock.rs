//! How many units of each article there are, and how many of them are promised.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Units of one article.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Level {
    /// In the warehouse.
    pub(crate) on_hand: i64,
    /// Of these, assigned to shipments that have not left.
    pub(crate) reserved: i64,
}

/// The levels of all articles.
#[derive(Debug, Clone)]
pub(super) struct Stock {
    default_level: i64,
    levels: BTreeMap<String, Level>,
}

impl Stock {
    /// Articles never heard of start with `default_level` units.
    pub(super) fn new(default_level: i64) -> Self {
        Self {
            default_level,
            levels: BTreeMap::new(),
        }
    }

    fn level(&mut self, sku: &str) -> &mut Level {
        let on_hand = self.default_level;
        self.levels
            .entry(sku.to_owned())
            .or_insert(Level { on_hand, reserved: 0 })
    }

    /// A stock count: so many are in the warehouse now.
    pub(super) fn put_level(&mut self, sku: &str, on_hand: i64) {
        self.level(sku).on_hand = on_hand;
    }

    /// These levels, and no others.
    pub(super) fn put_levels(&mut self, levels: BTreeMap<String, Level>) {
        self.levels = levels;
    }

    /// Reserves all of the units or, if some are not available, none.
    pub(super) fn reserve(&mut self, units: &[(String, i64)]) -> bool {
        let mut wanted: BTreeMap<&str, i64> = BTreeMap::new();
        for (sku, quantity) in units {
            *wanted.entry(sku).or_default() += quantity;
        }
        let enough = wanted.iter().all(|(sku, quantity)| {
            let level = self.level(sku);
            level.on_hand - level.reserved >= *quantity
        });
        if enough {
            for (sku, quantity) in wanted {
                self.level(sku).reserved += quantity;
            }
        }
        enough
    }

    pub(super) fn release(&mut self, units: &[(String, i64)]) {
        for (sku, quantity) in units {
            self.level(sku).reserved -= quantity;
        }
    }

    /// Reserved units leave.
    pub(super) fn ship(&mut self, units: &[(String, i64)]) {
        self.release(units);
        for (sku, quantity) in units {
            self.level(sku).on_hand -= quantity;
        }
    }

    /// Whether every article there could be is on hand.
    pub(super) fn is_boundless(&self) -> bool {
        self.default_level > 0
    }

    /// Units that had left are in the warehouse again.
    pub(super) fn take_back(&mut self, units: &[(String, i64)]) {
        for (sku, quantity) in units {
            self.level(sku).on_hand += quantity;
        }
    }

    pub(super) fn levels(&self) -> &BTreeMap<String, Level> {
        &self.levels
    }
}

#[cfg(test)]
mod tests {
    use super::Stock;

    #[test]
    fn a_reservation_takes_all_or_nothing() {
        let mut stock = Stock::new(0);
        stock.put_level("TEE", 5);
        stock.put_level("MUG", 1);
        let units = |tee: i64, mug: i64| vec![("TEE".to_owned(), tee), ("MUG".to_owned(), mug)];
        assert!(!stock.reserve(&units(2, 2)));
        assert_eq!(stock.levels()["TEE"].reserved, 0);
        assert!(stock.reserve(&units(5, 1)));
        assert!(!stock.reserve(&units(1, 0)));
        stock.release(&units(2, 1));
        stock.ship(&units(3, 0));
        assert_eq!(
            (stock.levels()["TEE"].on_hand, stock.levels()["TEE"].reserved),
            (2, 0)
        );
        stock.take_back(&units(3, 0));
        assert_eq!(stock.levels()["TEE"].on_hand, 5);
    }
}
