//! Moments: "2026-01-31T00:00:00Z".

use chrono::{DateTime, SecondsFormat, Utc};
use toml::de::DeValue;

use super::problem::Code;
use super::setting::{Mistake, Node, Setting, quoted};

const WANTED: &str = "a date and time with its zone: \"2026-01-31T00:00:00Z\", \"2026-01-31T00:00:00+01:00\"";

impl Setting for DateTime<Utc> {
    const KIND: &'static str = "date and time with zone, RFC 3339 (`2026-01-31T00:00:00Z`)";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        // TOML has moments of its own; with quotes or without, people mean the same.
        let text = match node.value {
            DeValue::Datetime(moment) => moment.to_string(),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => node.text(WANTED)?.to_owned(),
        };
        let parsed = DateTime::parse_from_rfc3339(&text);
        parsed.map(|moment| moment.to_utc()).map_err(|_| {
            let message = format!("`{text}` is no date and time with its zone");
            Mistake::new(Code::BadValue, message, format!("write {WANTED}"))
        })
    }

    fn blank() -> Self {
        Self::UNIX_EPOCH
    }

    fn show(&self) -> String {
        quoted(&self.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}
