//! The records of one model.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use super::domain;
use super::failure::Failure;
use super::wire::Record;

/// Records by id, with an index on `reference`: what every probe looks for among very many documents.
#[derive(Debug, Default)]
pub(super) struct Table {
    last: i64,
    rows: BTreeMap<i64, Record>,
    referenced: BTreeMap<String, BTreeSet<i64>>,
}

impl Table {
    /// Keeps a record under the next id, which it returns.
    pub(super) fn insert(&mut self, mut record: Record) -> i64 {
        self.last += 1;
        record.insert("id".into(), json!(self.last));
        self.index(self.last, record.get("reference"));
        self.rows.insert(self.last, record);
        self.last
    }

    /// Everything in it.
    pub(super) fn remember(&self) -> Json {
        json!({"last": self.last, "rows": self.rows})
    }

    /// A table with what [`Table::remember`] gave.
    pub(super) fn recall(records: &Json) -> Result<Self, serde_json::Error> {
        #[derive(serde::Deserialize)]
        struct Kept {
            last: i64,
            rows: BTreeMap<i64, Record>,
        }
        let Kept { last, rows } = Kept::deserialize(records)?;
        let mut table = Self {
            last,
            ..Self::default()
        };
        for (id, record) in rows {
            table.index(id, record.get("reference"));
            table.rows.insert(id, record);
        }
        Ok(table)
    }

    pub(super) fn get(&self, id: i64) -> Option<&Record> {
        self.rows.get(&id)
    }

    /// Changes one field of a record that is there.
    pub(super) fn put(&mut self, id: i64, field: &str, value: Json) {
        if field == "reference" {
            self.index(id, Some(&value));
        }
        if let Some(record) = self.rows.get_mut(&id) {
            record.insert(field.to_owned(), value);
        }
    }

    /// Puts a record back as it was; its id is never given again.
    pub(super) fn put_back(&mut self, id: i64, before: Option<Record>) {
        match before {
            Some(record) => self.rows.insert(id, record),
            None => self.rows.remove(&id),
        };
    }

    /// Entries of a changed reference stay behind; the domain is asked again anyway.
    fn index(&mut self, id: i64, reference: Option<&Json>) {
        if let Some(Json::String(reference)) = reference {
            self.referenced.entry(reference.clone()).or_default().insert(id);
        }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (i64, &Record)> {
        self.rows.iter().map(|(id, record)| (*id, record))
    }

    /// The ids of the records that satisfy the domain, oldest first.
    pub(super) fn search(&self, wanted: &[Json]) -> Result<Vec<i64>, Failure> {
        let mut ids = Vec::new();
        let rows: &mut dyn Iterator<Item = (i64, &Record)> = match reference_in(wanted) {
            Some(reference) => {
                let known = self.referenced.get(reference).into_iter().flatten();
                &mut known.filter_map(|id| Some((*id, self.rows.get(id)?)))
            }
            None => &mut self.rows(),
        };
        for (id, record) in rows {
            if domain::matches(record, wanted)? {
                ids.push(id);
            }
        }
        Ok(ids)
    }
}

/// The reference that a domain of clauses which all must hold asks for.
fn reference_in(wanted: &[Json]) -> Option<&str> {
    if wanted.first().is_some_and(Json::is_string) {
        return None;
    }
    let clause = wanted
        .iter()
        .find(|clause| clause.get(0) == Some(&json!("reference")))?;
    if clause.get(1) != Some(&json!("=")) {
        return None;
    }
    clause.get(2)?.as_str()
}
