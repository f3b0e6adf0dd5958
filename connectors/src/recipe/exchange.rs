//! Requests as sent and replies as received, for people: credentials masked, bodies cut.

use serde::Serialize;

use super::limits::{EXCHANGE_BYTES_MAX, EXCHANGE_CALLS_MAX};
use super::mask::Mask;
use super::render::{Purpose, Rendered};
use super::reply::{Reply, Trouble};

/// All requests of one attempt. It may hold personal data and belongs into the blob store, never into the journal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Exchange {
    /// Each request with its answer, in the order sent.
    pub turns: Vec<Turn>,
}

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// The call of the recipe.
    pub call: String,
    /// `look-up`, `effect`, `draft`, `login`, `check`.
    pub purpose: &'static str,
    /// `POST https://erp.example.test/rpc/`.
    pub line: String,
    /// Headers of the request.
    pub headers: Vec<(String, String)>,
    /// Body of the request.
    pub body: Excerpt,
    /// What came back.
    pub answer: Answer,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// What came back for a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// A reply.
    Reply {
        /// The status.
        status: u16,
        /// Headers by name.
        headers: Vec<(String, String)>,
        /// The body.
        body: Excerpt,
    },
    /// Nothing readable, and why.
    Nothing(String),
    /// A login answered; its reply holds a credential and is not kept.
    Withheld {
        /// The status.
        status: u16,
    },
}

/// Text of at most [`EXCHANGE_BYTES_MAX`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Excerpt {
    /// The text, or its beginning.
    pub text: String,
    /// How many bytes there were.
    pub bytes: usize,
}

impl Excerpt {
    fn new(text: &str, bytes: usize) -> Self {
        let mut end = text.len().min(EXCHANGE_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self {
            text: text.get(..end).unwrap_or_default().to_owned(),
            bytes,
        }
    }

    /// Whether the end is missing.
    pub fn is_cut(&self) -> bool {
        self.text.len() >= EXCHANGE_BYTES_MAX
    }
}

/// Headers whose values are credentials of a conversation.
const UNTOLD: [&str; 3] = ["set-cookie", "cookie", "www-authenticate"];

impl Exchange {
    /// Adds a request and what came of it.
    pub(super) fn record(
        &mut self,
        base: &str,
        rendered: &Rendered,
        answer: Result<&Reply, &Trouble>,
        mask: &Mask,
        took_ms: u64,
    ) {
        if self.turns.len() >= EXCHANGE_CALLS_MAX {
            return;
        }
        let masked = |(name, value): (&String, String)| {
            let value = if UNTOLD.contains(&name.as_str()) {
                "…".to_owned()
            } else {
                mask.text(&value)
            };
            (name.clone(), value)
        };
        let body = rendered.body.to_string();
        self.turns.push(Turn {
            call: rendered.call.clone(),
            purpose: purpose(rendered.purpose),
            line: mask.text(&format!("{} {base}{}", rendered.method, rendered.target)),
            headers: rendered
                .headers
                .iter()
                .map(|(name, value)| masked((name, value.to_string())))
                .collect(),
            body: Excerpt::new(&mask.text(&body), body.len()),
            answer: match answer {
                Ok(reply) if rendered.purpose == Purpose::Login => Answer::Withheld { status: reply.status },
                Ok(reply) => Answer::Reply {
                    status: reply.status,
                    headers: reply
                        .headers
                        .iter()
                        .map(|(name, value)| masked((name, value.clone())))
                        .collect(),
                    body: Excerpt::new(
                        &mask.text(&String::from_utf8_lossy(&reply.body)),
                        reply.body.len(),
                    ),
                },
                Err(trouble) => Answer::Nothing(mask.text(&trouble.message)),
            },
            took_ms,
        });
    }
}

fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Lookup => "look-up",
        Purpose::Effect => "effect",
        Purpose::Draft => "draft",
        Purpose::Login => "login",
        Purpose::Check => "check",
    }
}
