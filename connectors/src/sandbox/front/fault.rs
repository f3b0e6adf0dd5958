//! The faults a system can be told to have (the ids are those of the failure matrix).

use serde::{Deserialize, Serialize};

const HOLD_MS: u64 = 20_000;

fn hold_ms() -> u64 {
    HOLD_MS
}

fn reorder_ms() -> u64 {
    2_000
}

fn half() -> u64 {
    50
}

/// What an error hidden in an HTTP 200 says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorInside {
    /// The request will never be accepted as it is.
    #[default]
    User,
    /// Confirm and send again.
    Warning,
    /// Somebody else changed the document; read again and retry.
    Concurrency,
    /// A mistake in the other system, told as bare text.
    Bug,
}

/// One kind of trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fault {
    /// F3: done, but the answer is an error 500.
    DoneThenError,
    /// F3: done, but no answer comes: the connection is held, then closed.
    DoneThenTimeout {
        /// How long the connection is held.
        #[serde(default = "hold_ms")]
        hold_ms: u64,
    },
    /// F3: done, but the connection is closed without a byte.
    DoneThenHangUp,
    /// F3 and F9: done, but half of the answer's JSON is missing.
    TruncatedJson,
    /// F4: not done; the connection is held, then closed.
    Timeout {
        /// How long the connection is held.
        #[serde(default = "hold_ms")]
        hold_ms: u64,
    },
    /// F4: not done; the connection is closed without a byte.
    HangUp,
    /// F9: not done, 429.
    TooManyRequests {
        /// Seconds to announce in `Retry-After`; without it the header is missing.
        #[serde(default)]
        retry_after_s: Option<u64>,
    },
    /// F9: not done, 503 with a short text.
    Unavailable,
    /// F9: not done, 502 with an HTML page.
    HtmlError,
    /// F9: not done, 200 with an error inside where the system speaks so; elsewhere its 400.
    ErrorInside {
        /// What it says.
        #[serde(default)]
        says: ErrorInside,
    },
    /// F9: not done, 500; under an idempotency key it is replayed for ever.
    PermanentError,
    /// F10: whatever would take something back is refused.
    RefuseUndo,
    /// A capture takes only part of what was asked for.
    CaptureLess {
        /// How much of it, in percent.
        #[serde(default = "half")]
        percent: u64,
    },
    /// A payment is declined with 402.
    Decline,
    /// F5: a callback or webhook is sent twice.
    DuplicateCallback,
    /// F5: a callback or webhook is delayed behind later ones.
    ReorderCallback {
        /// The longest delay.
        #[serde(default = "reorder_ms")]
        within_ms: u64,
    },
    /// F16: a webhook is never sent.
    DropCallback,
}

/// What a client gets for a request that is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instead {
    /// Nothing for so long, then a closed connection.
    Hold {
        ms: u64,
    },
    HangUp,
    TooMany {
        retry_after_s: Option<u64>,
    },
    Unavailable,
    Html,
}

/// How the answer to a request that was done gets lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    Hold { ms: u64 },
    HangUp,
    Half,
}

/// Where in a request's life a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Instead of doing it, before the system sees the request.
    Before(Instead),
    /// Instead of doing it, in the system's own words and seen by its idempotency.
    Refused,
    /// It is done in another way than asked for.
    Twisted,
    /// It is done, and the system itself then fails.
    DoneThenError,
    /// On the way back.
    After(Lost),
    /// Not in a request, but in what the system sends.
    Sending,
}

impl Fault {
    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::Timeout { hold_ms } => Stage::Before(Instead::Hold { ms: *hold_ms }),
            Self::HangUp => Stage::Before(Instead::HangUp),
            Self::TooManyRequests { retry_after_s } => Stage::Before(Instead::TooMany {
                retry_after_s: *retry_after_s,
            }),
            Self::Unavailable => Stage::Before(Instead::Unavailable),
            Self::HtmlError => Stage::Before(Instead::Html),
            Self::ErrorInside { .. } | Self::PermanentError | Self::RefuseUndo => Stage::Refused,
            Self::CaptureLess { .. } | Self::Decline => Stage::Twisted,
            Self::DoneThenError => Stage::DoneThenError,
            Self::DoneThenTimeout { hold_ms } => Stage::After(Lost::Hold { ms: *hold_ms }),
            Self::DoneThenHangUp => Stage::After(Lost::HangUp),
            Self::TruncatedJson => Stage::After(Lost::Half),
            Self::DuplicateCallback | Self::ReorderCallback { .. } | Self::DropCallback => Stage::Sending,
        }
    }

    /// The name it is counted under.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::DoneThenError => "done-then-error",
            Self::DoneThenTimeout { .. } => "done-then-timeout",
            Self::DoneThenHangUp => "done-then-hang-up",
            Self::TruncatedJson => "truncated-json",
            Self::Timeout { .. } => "timeout",
            Self::HangUp => "hang-up",
            Self::TooManyRequests { .. } => "too-many-requests",
            Self::Unavailable => "unavailable",
            Self::HtmlError => "html-error",
            Self::ErrorInside { .. } => "error-inside",
            Self::PermanentError => "permanent-error",
            Self::RefuseUndo => "refuse-undo",
            Self::CaptureLess { .. } => "capture-less",
            Self::Decline => "decline",
            Self::DuplicateCallback => "duplicate-callback",
            Self::ReorderCallback { .. } => "reorder-callback",
            Self::DropCallback => "drop-callback",
        }
    }

    /// Whether it can strike a request of this nature.
    pub(crate) fn applies_to(&self, operation: &Operation) -> bool {
        match self {
            Self::DoneThenError
            | Self::DoneThenTimeout { .. }
            | Self::DoneThenHangUp
            | Self::PermanentError
            | Self::ErrorInside { .. } => operation.nature != Nature::Read,
            Self::RefuseUndo => operation.nature == Nature::Undo,
            Self::CaptureLess { .. } => operation.name.ends_with("capture"),
            Self::Decline => operation.name.ends_with("capture") || operation.name.ends_with("confirm"),
            Self::TruncatedJson
            | Self::Timeout { .. }
            | Self::HangUp
            | Self::TooManyRequests { .. }
            | Self::Unavailable
            | Self::HtmlError
            | Self::DuplicateCallback
            | Self::ReorderCallback { .. }
            | Self::DropCallback => true,
        }
    }
}

/// What a request would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Changes nothing.
    Read,
    /// Does something.
    Effect,
    /// Takes something back.
    Undo,
}

/// The operation a request asks for.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    /// In the words of the system; what is counted and what fault rules match.
    pub(crate) name: String,
    pub(crate) nature: Nature,
}

impl Operation {
    pub(crate) fn new(name: impl Into<String>, nature: Nature) -> Self {
        Self {
            name: name.into(),
            nature,
        }
    }
}
