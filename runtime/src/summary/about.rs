//! What the order's content says that lists are searched by.

use amends_engine::Value;
use amends_engine::event::Event;
use amends_engine::kernel::Frame;

use crate::alike::looks;
use crate::find::EmailKey;

/// What the order's content says that lists are searched by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct About {
    /// The number the shop shows.
    pub(crate) number: String,
    /// Digest of the buyer's e-mail address; empty when there is none.
    pub(crate) email: String,
    /// The digest of who ordered what for how much, and when: Unix milliseconds, UTC, by the shop's clock.
    pub(crate) looks: Option<(String, i64)>,
}

impl About {
    /// Reads it from the canonical order.
    pub(crate) fn of(subject: &Value, key: &EmailKey) -> Self {
        let text = |part: &Value, name: &str| part.get(name).and_then(Value::as_text).map(str::to_owned);
        let email = ["customer", "billing"]
            .into_iter()
            .filter_map(|part| text(subject.get(part)?, "email"))
            .find(|email| !email.trim().is_empty());
        Self {
            number: text(subject, "number").unwrap_or_default(),
            email: email.map_or_else(String::new, |email| key.digest(&email)),
            looks: looks(subject),
        }
    }

    /// What a frame says of it; `None` when the content did not change.
    pub(crate) fn revised(frame: &Frame, key: &EmailKey) -> Option<Self> {
        let subject = frame.events.iter().rev().find_map(|event| match event {
            Event::SubjectRevised { subject } => Some(subject),
            Event::Observed { .. }
            | Event::FactRecorded { .. }
            | Event::IncidentOpened { .. }
            | Event::IncidentClosed { .. }
            | Event::ObligationOpened { .. }
            | Event::ObligationClosed { .. }
            | Event::Posted { .. }
            | Event::Commanded { .. }
            | Event::Noted { .. }
            | Event::Of { .. } => None,
        })?;
        Some(Self::of(frame.values.get(subject)?, key))
    }
}
