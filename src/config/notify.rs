//! Who is told when something happens.

use std::time::Duration;

use amends_api::feed::Kind;
use url::Url;

use super::Secret;
use super::choice::not_a_choice;
use super::key::{Entry, Key};
use super::routing::ShopName;
use super::section::Section;
use super::setting::{Mistake, Node, Setting, quoted};

const SECOND: u64 = 1_000;
const DAY: u64 = 24 * 60 * 60 * SECOND;

const URL: Key<Url> = Key::required("url", "Where notices are posted to, one JSON object each.");
const SECRET: Key<Secret> = Key::required(
    "secret",
    "Signs each notice (Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`); `whsec_` and base64, or any text.",
);
const KINDS: Key<Vec<Kind>> = Key::new(
    "kinds",
    "[\"incident.opened\", \"incident.cleared\", \"obligation.opened\"]",
    "Kinds of notices, as docs/feed.md lists them; empty for all.",
);
const SHOPS: Key<Vec<ShopName>> = Key::new("shops", "[]", "Shops it is told about; empty for all.");
const TIMEOUT: Key<Duration> = Key::new(
    "timeout",
    "\"10s\"",
    "How long the other side may take to answer 2xx; then the same notice is sent again.",
)
.within(SECOND, 60 * SECOND);
const GIVE_UP_AFTER: Key<Duration> = Key::new(
    "give_up_after",
    "\"3d\"",
    "How long one notice is tried before it is passed over, so that one that the other side never takes does not hold back the rest.",
)
.within(SECOND, 30 * DAY);

/// Keys of `[notify.NAME]`.
pub const KEYS: &[Entry] = &[
    URL.entry(),
    SECRET.entry(),
    KINDS.entry(),
    SHOPS.entry(),
    TIMEOUT.entry(),
    GIVE_UP_AFTER.entry(),
];

/// `[notify.NAME]`: somebody who is told.
#[derive(Debug, Clone)]
pub struct Notify {
    /// Where notices are posted to.
    pub url: Url,
    /// What signs them.
    pub secret: Secret,
    /// Kinds; empty for all.
    pub kinds: Vec<Kind>,
    /// Shops; empty for all.
    pub shops: Vec<String>,
    /// How long the other side may take.
    pub timeout: Duration,
    /// How long one notice is tried.
    pub give_up_after: Duration,
}

impl Notify {
    /// Reads `[notify.NAME]`.
    pub(super) fn read(section: &Section<'_>) -> Self {
        Self {
            url: section.get(&URL),
            secret: section.get(&SECRET),
            kinds: section.get(&KINDS),
            shops: section.get(&SHOPS).into_iter().map(|name| name.0).collect(),
            timeout: section.get(&TIMEOUT),
            give_up_after: section.get(&GIVE_UP_AFTER),
        }
    }
}

impl Setting for Kind {
    const KIND: &'static str = "kind of notice";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let text = node.text("a kind in quotes: \"incident.opened\"")?;
        let known = Self::ALL.iter().find(|kind| kind.name() == text);
        known.copied().ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|kind| kind.name()).collect();
            not_a_choice(text, &names)
        })
    }

    fn blank() -> Self {
        Self::IncidentOpened
    }

    fn show(&self) -> String {
        quoted(self.name())
    }
}
