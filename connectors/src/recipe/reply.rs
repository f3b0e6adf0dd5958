//! A reply as rules read it.

use std::collections::BTreeMap;

use amends_engine::Value;
use amends_engine::outcome::FaultClass;
use chrono::DateTime;

use super::document::Replay;
use super::json;
use super::limits::RETRY_AFTER_MS_MAX;

/// What came back for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers by name in lower case; of several with one name the last.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why nothing readable came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// How far the request got.
    pub reached: Reached,
    /// What happened.
    pub class: FaultClass,
    /// A sentence for people.
    pub message: String,
}

/// How far a request got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// It never left.
    Nobody,
    /// It may have arrived.
    Perhaps,
}

impl Reply {
    /// The body as JSON, if it is JSON.
    pub(super) fn json(&self) -> Option<Value> {
        json::parse(&self.body).ok()
    }

    /// What expressions read as `reply`.
    pub(super) fn value(&self) -> Value {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), Value::text(value)));
        Value::map([
            ("status", Value::Int(i64::from(self.status))),
            ("headers", Value::map(headers)),
            ("json", self.json().unwrap_or_default()),
            (
                "text",
                Value::Text(String::from_utf8_lossy(&self.body).into_owned()),
            ),
        ])
    }

    /// How long the other side asks us to wait: seconds, or a date that is compared with the reply's own.
    pub(super) fn retry_after_ms(&self) -> Option<i64> {
        let text = self.headers.get("retry-after")?.trim();
        let wait_ms = if let Ok(seconds) = text.parse::<i64>() {
            seconds.saturating_mul(1_000)
        } else {
            let until = DateTime::parse_from_rfc2822(text).ok()?;
            let now = DateTime::parse_from_rfc2822(self.headers.get("date")?).ok()?;
            (until - now).num_milliseconds()
        };
        Some(wait_ms.clamp(0, RETRY_AFTER_MS_MAX))
    }

    /// Whether the reply says that it is a stored one.
    pub(super) fn replayed(&self, replay: Option<&Replay>) -> bool {
        replay.is_some_and(|replay| {
            self.headers
                .get(&replay.header)
                .is_some_and(|value| value.eq_ignore_ascii_case(&replay.value))
        })
    }
}
