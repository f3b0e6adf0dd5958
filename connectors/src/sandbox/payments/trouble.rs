//! Errors as the provider tells them: a status and `{"error": {"type", "code", "message"}}`.

use axum::http::StatusCode;
use serde_json::{Value as Json, json};

use crate::sandbox::front::request::{Reply, Request};

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    status: StatusCode,
    error: Json,
}

impl Trouble {
    fn new(status: StatusCode, kind: &str, code: &str, message: &str) -> Self {
        Self {
            status,
            error: json!({"type": kind, "code": code, "message": message}),
        }
    }

    pub(super) fn unauthorised() -> Self {
        let error = json!({"type": "invalid_request_error", "message": "Invalid API Key provided"});
        Self {
            status: StatusCode::UNAUTHORIZED,
            error,
        }
    }

    pub(super) fn unknown_url(request: &Request) -> Self {
        let message = format!(
            "Unrecognized request URL ({}: {}).",
            request.method,
            request.uri.path()
        );
        let error = json!({"type": "invalid_request_error", "message": message});
        Self {
            status: StatusCode::NOT_FOUND,
            error,
        }
    }

    pub(super) fn missing(kind: &str, id: &str) -> Self {
        let message = format!("No such {kind}: '{id}'");
        Self::new(
            StatusCode::NOT_FOUND,
            "invalid_request_error",
            "resource_missing",
            &message,
        )
    }

    /// A parameter is absent or wrong; such an answer is not kept under the idempotency key.
    pub(super) fn parameter(name: &str, message: &str) -> Self {
        let mut trouble = Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_request_error",
            "parameter_invalid",
            message,
        );
        if let Some(error) = trouble.error.as_object_mut() {
            error.insert("param".into(), json!(name));
        }
        trouble
    }

    pub(super) fn too_large(message: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_request_error",
            "amount_too_large",
            message,
        )
    }

    pub(super) fn already_refunded() -> Self {
        let message = "Charge has already been refunded.";
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_request_error",
            "charge_already_refunded",
            message,
        )
    }

    pub(super) fn unexpected_state(message: &str) -> Self {
        let code = "payment_intent_unexpected_state";
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", code, message)
    }

    pub(super) fn declined() -> Self {
        let mut trouble = Self::new(
            StatusCode::PAYMENT_REQUIRED,
            "card_error",
            "card_declined",
            "Your card was declined.",
        );
        if let Some(error) = trouble.error.as_object_mut() {
            error.insert("decline_code".into(), json!("generic_decline"));
        }
        trouble
    }

    /// The same key with other parameters.
    pub(super) fn other_parameters() -> Self {
        let message = "Keys for idempotent requests can only be used with the same parameters they were first used with.";
        let error = json!({"type": "idempotency_error", "message": message});
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
        }
    }

    /// The same key while its first request is still in progress.
    pub(super) fn key_in_use() -> Self {
        let message = "There is currently another in-progress request using this idempotency key.";
        Self::new(
            StatusCode::CONFLICT,
            "idempotency_error",
            "idempotency_key_in_use",
            message,
        )
    }

    pub(super) fn reply(&self) -> Reply {
        Reply::json(self.status, &json!({"error": self.error}))
    }
}
