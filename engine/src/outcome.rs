//! How one attempt of a call ended.

use serde::{Deserialize, Serialize};

use crate::{Digest, Value};

/// The end of one attempt, as seen from our side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The effect took place; `result` holds what later steps and undos need (document numbers, amounts).
    Succeeded(Landing),
    /// The effect was accepted and settles later, for example by a callback. It counts as landed.
    Accepted(Landing),
    /// A business no: the other side understood and refused. Retrying the same request is pointless.
    Rejected(Fault),
    /// Nothing happened at the other side, for sure: the connection was refused, the answer was 429.
    Failed(Fault),
    /// The effect may have happened: a timeout after sending, a 5xx, an unreadable answer.
    Unknown(Fault),
}

/// What a landed effect left behind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Landing {
    /// The other side's own name for what it made ("SO-17", "pi_3Q…"). Two different references for one
    /// idempotency key are a duplicate effect.
    pub reference: Option<String>,
    /// Fields the recipe took from the reply, read by later expressions as `steps.<step>.<field>`.
    pub result: Value,
    /// The document existed before any attempt of ours: it is used, but never undone automatically.
    pub adopted: bool,
    /// References beyond the first that a look-up found under our key: each is a duplicate to be named.
    pub duplicates: Vec<String>,
    /// The request as sent and the reply as received, for people; secrets are referenced, not copied.
    pub exchange: Option<Digest>,
}

/// Why an attempt did not land, or may not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// A stable class: see [`FaultClass`].
    pub class: FaultClass,
    /// The other side's own code, when it gave one ("insufficient_funds", "UserError").
    pub code: Option<String>,
    /// A sentence for people; free of personal data and secrets.
    pub message: String,
    /// How long the other side asked us to wait, in milliseconds (`Retry-After`).
    pub retry_after_ms: Option<i64>,
    /// The reply was a stored one, replayed for our key: sending again under this key cannot help.
    pub replayed: bool,
    /// The request as sent and the reply as received, for people.
    pub exchange: Option<Digest>,
}

/// Classes of faults, stable and public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FaultClass {
    /// No connection could be made.
    Connect,
    /// No answer within the time allowed.
    Timeout,
    /// The connection broke after the request was sent.
    Broken,
    /// The other side asked for fewer requests (429).
    Throttled,
    /// The other side is not available (503) or failed (other 5xx).
    Server,
    /// The answer could not be read.
    Unreadable,
    /// Our credentials were refused (401, 403).
    Auth,
    /// A business rule of the other side said no.
    Business,
    /// The process stopped while the attempt was under way.
    Interrupted,
}

impl Fault {
    /// A fault without code, advice or recorded exchange.
    pub fn new(class: FaultClass, message: impl Into<String>) -> Self {
        Self {
            class,
            code: None,
            message: message.into(),
            retry_after_ms: None,
            replayed: false,
            exchange: None,
        }
    }
}

/// What looking an effect up by our own reference said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Probe {
    /// The effect took place.
    Found(Landing),
    /// The other side knows nothing under our reference.
    Absent,
    /// The look-up itself failed; nothing is known.
    Failed(Fault),
}
