//! Errors as Tryton tells them: inside an HTTP 200.

use serde_json::{Value as Json, json};

use crate::sandbox::front::fault::ErrorInside;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// A rule of the business refuses it.
    User(String),
    /// It may be repeated once the warning has been confirmed.
    Warning { name: String, message: String },
    /// Somebody else wrote in between.
    Concurrency(String),
    /// The server stumbled; also what an unknown field or model gives.
    Bug(String),
    /// No such method on the model; the one failure that is told by the status.
    Forbidden,
}

impl Failure {
    pub(super) fn required(field: &str, record: &str, model: &str) -> Self {
        Self::User(format!(
            "A value is required for field \"{field}\" in record \"{record}\" of \"{model}\"."
        ))
    }

    /// A button that the document's state does not offer, one pressed already included.
    pub(super) fn not_allowed(verb: &str, record: &str, model: &str) -> Self {
        Self::User(format!(
            "You can not call \"{verb}\" on \"{record}\" of \"{model}\"."
        ))
    }

    pub(super) fn missing(id: i64, model: &str) -> Self {
        Self::User(format!(
            "You are trying to read records \"{id}\" of \"{model}\" that don't exist."
        ))
    }

    pub(super) fn on_purpose(says: ErrorInside) -> Self {
        match says {
            ErrorInside::User => Self::User("The accounting period is closed.".into()),
            ErrorInside::Warning => Self::Warning {
                name: "sandbox_warning".into(),
                message: "The customer exceeds the credit limit.".into(),
            },
            ErrorInside::Concurrency => Self::Concurrency("Another user has modified the record.".into()),
            ErrorInside::Bug => Self::Bug("'nope'".into()),
        }
    }

    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::User(message) => json!(["UserError", [message, "", null]]),
            Self::Warning { name, message } => json!(["UserWarning", [name, message, ""]]),
            Self::Concurrency(message) => json!(["ConcurrencyException", [message]]),
            Self::Bug(text) => json!([text, ""]),
            Self::Forbidden => Json::Null,
        }
    }
}
