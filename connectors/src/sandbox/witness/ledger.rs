//! The rows of the witness and what they add up to.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// So many units of an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Units {
    /// The article.
    pub sku: String,
    /// How many.
    pub quantity: i64,
}

/// One thing that took place at an outside system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Effect {
    /// `erp`, `payments`, `warehouse` or the name of a shop.
    pub system: String,
    /// What was done, in the words of that system: `sale.sale.create`, `payment_intents.capture`.
    pub operation: String,
    /// The idempotency key of the request, or our reference on the document; what duplicates are counted by.
    pub key: String,
    /// The reference of the document it was done to, as that system knows it.
    pub reference: String,
    /// The money it moved, in minor units, if it moves money.
    pub amount_minor: Option<i64>,
    /// The currency of the money, in capitals.
    pub currency: Option<String>,
    /// The order it was for, where the request tells: `eu-shop:16`.
    pub order_key: Option<String>,
    /// Whether it takes something back.
    pub undo: bool,
    /// The stock it moved or reserved, if any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Units>,
}

/// An effect that took place more than once under one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// The system it happened at.
    pub system: String,
    /// What happened.
    pub operation: String,
    /// The key it happened under.
    pub key: String,
    /// How often.
    pub times: u64,
}

/// Count and money of one operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// How often it took place.
    pub times: u64,
    /// The money it moved, in minor units, by currency.
    pub amounts_minor: BTreeMap<String, i64>,
}

/// What the rows of a witness add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many effects took place.
    pub effects: u64,
    /// Those that took place more than once under one key of one operation.
    pub repeated: Vec<Repeated>,
    /// Totals by `system/operation`.
    pub totals: BTreeMap<String, Total>,
}

/// The file and its rows.
#[derive(Debug)]
pub(super) struct Ledger {
    file: File,
    rows: Vec<Effect>,
    /// Every how many rows one is forgotten on purpose; 0 is none.
    drop_every: u64,
    reported: u64,
}

impl Ledger {
    /// Opens the file and reads what it already holds.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        let mut rows = Vec::new();
        for line in BufReader::new(&file).lines() {
            rows.push(serde_json::from_str(&line?)?);
        }
        Ok(Self {
            file,
            rows,
            drop_every: 0,
            reported: 0,
        })
    }

    /// Writes one row and flushes it.
    pub(super) fn append(&mut self, effect: Effect) -> io::Result<()> {
        self.reported += 1;
        if self.drop_every > 0 && self.reported.is_multiple_of(self.drop_every) {
            return Ok(());
        }
        let mut line = serde_json::to_vec(&effect)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.flush()?;
        self.rows.push(effect);
        Ok(())
    }

    pub(super) fn drop_every(&mut self, every: u64) {
        self.drop_every = every;
        self.reported = 0;
    }

    pub(super) fn effects(&self) -> &[Effect] {
        &self.rows
    }

    pub(super) fn summary(&self) -> Summary {
        let mut times: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
        let mut totals: BTreeMap<String, Total> = BTreeMap::new();
        for row in &self.rows {
            *times.entry((&row.system, &row.operation, &row.key)).or_default() += 1;
            let total = totals
                .entry(format!("{}/{}", row.system, row.operation))
                .or_default();
            total.times += 1;
            if let (Some(amount), Some(currency)) = (row.amount_minor, &row.currency) {
                *total.amounts_minor.entry(currency.clone()).or_default() += amount;
            }
        }
        let repeated = times.into_iter().filter(|(_, times)| *times > 1);
        Summary {
            effects: self.rows.len() as u64,
            repeated: repeated
                .map(|((system, operation, key), times)| Repeated {
                    system: system.to_owned(),
                    operation: operation.to_owned(),
                    key: key.to_owned(),
                    times,
                })
                .collect(),
            totals,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect, Ledger};

    fn effect(operation: &str, key: &str, amount_minor: i64) -> Effect {
        Effect {
            system: "payments".into(),
            operation: operation.into(),
            key: key.into(),
            amount_minor: Some(amount_minor),
            currency: Some("USD".into()),
            ..Effect::default()
        }
    }

    #[test]
    fn a_key_counts_twice_only_within_one_operation() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&folder.path().join("w")).unwrap();
        for (operation, key) in [
            ("capture", "a"),
            ("refund", "a"),
            ("capture", "b"),
            ("capture", "b"),
        ] {
            ledger.append(effect(operation, key, 100)).unwrap();
        }
        let summary = ledger.summary();
        let repeated: Vec<_> = summary
            .repeated
            .iter()
            .map(|r| (r.key.as_str(), r.times))
            .collect();
        assert_eq!(repeated, [("b", 2)]);
        assert_eq!(summary.totals["payments/capture"].amounts_minor["USD"], 300);
    }

    #[test]
    fn the_file_is_continued_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w");
        Ledger::open(&path)
            .unwrap()
            .append(effect("capture", "a", 5))
            .unwrap();
        let mut again = Ledger::open(&path).unwrap();
        again.append(effect("capture", "a", 5)).unwrap();
        assert_eq!(Ledger::open(&path).unwrap().effects(), again.effects());
        assert_eq!(again.effects().len(), 2);
    }

    #[test]
    fn the_switch_forgets_every_nth_row() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&folder.path().join("w")).unwrap();
        ledger.drop_every(3);
        for nth in 0..9 {
            ledger.append(effect("capture", &nth.to_string(), 1)).unwrap();
        }
        assert_eq!(ledger.effects().len(), 6);
    }
}
