//! The orders of a shop: kept as the JSON the REST API shows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::calendar;
use super::failure::Failure;

/// What a status can be set to.
const STATUSES: [&str; 8] = [
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    "checkout-draft",
];

/// Fields of an order that a client may not write.
const READ_ONLY: [&str; 9] = [
    "id",
    "number",
    "order_key",
    "date_created",
    "date_created_gmt",
    "date_modified",
    "date_modified_gmt",
    "meta_data",
    "status",
];

/// Orders by id, with their notes and refunds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Orders {
    pub(super) utc_offset_min: i32,
    pub(super) by_id: BTreeMap<i64, Json>,
    pub(super) notes: BTreeMap<i64, Vec<Json>>,
    pub(super) refunds: BTreeMap<i64, Vec<Json>>,
    /// Status before an order was put in the trash.
    before_trash: BTreeMap<i64, String>,
    last_id: i64,
}

impl Orders {
    pub(super) fn new(utc_offset_min: i32) -> Self {
        Self {
            utc_offset_min,
            by_id: BTreeMap::new(),
            notes: BTreeMap::new(),
            refunds: BTreeMap::new(),
            before_trash: BTreeMap::new(),
            last_id: 0,
        }
    }

    /// An id that nothing has yet: orders, refunds, notes and meta share one sequence, as posts once did.
    pub(crate) fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// Puts an order on record as it is; `true` if it was not there before.
    pub(crate) fn put(&mut self, order: Json) -> Result<(i64, bool), Failure> {
        let id = order
            .get("id")
            .and_then(Json::as_i64)
            .ok_or_else(|| Failure::invalid_param("id"))?;
        self.last_id = self.last_id.max(id);
        Ok((id, self.by_id.insert(id, order).is_none()))
    }

    pub(crate) fn get(&self, id: i64) -> Result<&Json, Failure> {
        self.by_id.get(&id).ok_or_else(Failure::invalid_id)
    }

    pub(super) fn fields(&mut self, id: i64) -> Result<&mut Map<String, Json>, Failure> {
        self.by_id
            .get_mut(&id)
            .and_then(Json::as_object_mut)
            .ok_or_else(Failure::invalid_id)
    }

    /// A PUT: status, meta by key, and other fields as given. `true` if anything but the date changed.
    pub(crate) fn update(&mut self, id: i64, body: &Json, now_ms: i64) -> Result<bool, Failure> {
        let before = self.get(id)?.clone();
        if let Some(status) = body.get("status") {
            let status = status.as_str().filter(|status| STATUSES.contains(status));
            self.change_status(
                id,
                status.ok_or_else(|| Failure::invalid_param("status"))?,
                now_ms,
            )?;
        }
        for meta in body
            .get("meta_data")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
        {
            self.put_meta(id, meta)?;
        }
        let given = body.as_object().cloned().unwrap_or_default();
        let fields = self.fields(id)?;
        for (name, value) in given {
            if fields.contains_key(&name) && !READ_ONLY.contains(&name.as_str()) {
                fields.insert(name, value);
            }
        }
        let changed = self.get(id)? != &before;
        self.touch(id, now_ms)?;
        Ok(changed)
    }

    fn put_meta(&mut self, id: i64, meta: &Json) -> Result<(), Failure> {
        let fresh = self.next_id();
        let (key, value) = (
            meta.get("key").cloned(),
            meta.get("value").cloned().unwrap_or_default(),
        );
        let all = self.fields(id)?.entry("meta_data").or_insert_with(|| json!([]));
        let Some(all) = all.as_array_mut() else {
            return Ok(());
        };
        let same = |known: &&mut Json| match meta.get("id") {
            Some(id) => known.get("id") == Some(id),
            None => known.get("key") == key.as_ref(),
        };
        match all.iter_mut().find(same) {
            Some(known) => {
                if let Some(known) = known.as_object_mut() {
                    known.insert("value".into(), value);
                }
            }
            None => all.push(json!({"id": fresh, "key": key, "value": value})),
        }
        Ok(())
    }

    fn change_status(&mut self, id: i64, status: &str, now_ms: i64) -> Result<(), Failure> {
        let (local, utc) = self.both(now_ms);
        let fields = self.fields(id)?;
        let before = fields.insert("status".into(), json!(status));
        if before.as_ref().and_then(Json::as_str) == Some(status) {
            // A transition sets dates; setting what is set already is none.
            return Ok(());
        }
        let paid = matches!(status, "processing" | "completed");
        let cash =
            fields.get("payment_method").and_then(Json::as_str) == Some("cod") && status == "processing";
        if paid && !cash && fields.get("date_paid").is_none_or(Json::is_null) {
            fields.insert("date_paid".into(), json!(local));
            fields.insert("date_paid_gmt".into(), json!(utc));
        }
        if status == "completed" {
            fields.insert("date_completed".into(), json!(local));
            fields.insert("date_completed_gmt".into(), json!(utc));
        }
        fields.insert(
            "needs_payment".into(),
            json!(matches!(status, "pending" | "failed")),
        );
        Ok(())
    }

    /// Into the trash: the order stays readable, with status `trash`.
    pub(crate) fn trash(&mut self, id: i64, now_ms: i64) -> Result<(), Failure> {
        let fields = self.fields(id)?;
        let status = fields.insert("status".into(), json!("trash"));
        let status = status
            .as_ref()
            .and_then(Json::as_str)
            .unwrap_or("pending")
            .to_owned();
        self.before_trash.insert(id, status);
        self.touch(id, now_ms)
    }

    /// Out of the trash, with the status it had.
    pub(crate) fn restore(&mut self, id: i64, now_ms: i64) -> Result<(), Failure> {
        let status = self.before_trash.remove(&id).ok_or_else(Failure::invalid_id)?;
        self.fields(id)?.insert("status".into(), json!(status));
        self.touch(id, now_ms)
    }

    /// Gone for ever, without a trace.
    pub(crate) fn delete(&mut self, id: i64) -> Result<(), Failure> {
        self.by_id.remove(&id).map(|_| ()).ok_or_else(Failure::invalid_id)
    }

    /// Moves the date of modification, which has a grain of one second.
    pub(super) fn touch(&mut self, id: i64, now_ms: i64) -> Result<(), Failure> {
        let (local, utc) = self.both(now_ms);
        let fields = self.fields(id)?;
        fields.insert("date_modified".into(), json!(local));
        fields.insert("date_modified_gmt".into(), json!(utc));
        Ok(())
    }

    /// A moment in the shop's time and in UTC.
    pub(super) fn both(&self, unix_ms: i64) -> (String, String) {
        (
            calendar::text(unix_ms, self.utc_offset_min),
            calendar::text(unix_ms, 0),
        )
    }
}
