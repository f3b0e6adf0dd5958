//! Errors as WordPress tells them: `{"code", "message", "data": {"status"}}`.

use axum::http::StatusCode;
use serde_json::json;

use super::php;
use crate::sandbox::front::request::Reply;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Failure {
    fn new(status: StatusCode, code: &'static str, message: &str) -> Self {
        Self {
            status,
            code,
            message: message.to_owned(),
        }
    }

    pub(super) fn cannot_view() -> Self {
        let message = "Sorry, you cannot list resources.";
        Self::new(StatusCode::UNAUTHORIZED, "woocommerce_rest_cannot_view", message)
    }

    /// The order was deleted for good, or never was.
    pub(super) fn invalid_id() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "woocommerce_rest_shop_order_invalid_id",
            "Invalid ID.",
        )
    }

    pub(super) fn no_route() -> Self {
        let message = "No route was found matching the URL and request method.";
        Self::new(StatusCode::NOT_FOUND, "rest_no_route", message)
    }

    pub(super) fn invalid_param(name: &str) -> Self {
        let message = format!("Invalid parameter(s): {name}");
        Self::new(StatusCode::BAD_REQUEST, "rest_invalid_param", &message)
    }

    /// WordPress's page for a fatal error in some plugin.
    pub(super) fn critical() -> Self {
        let message = "There has been a critical error on this website.";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_server_error",
            message,
        )
    }

    /// A refund that is more than what is left: a 500 that is permanent.
    pub(super) fn cannot_refund() -> Self {
        let code = "woocommerce_rest_cannot_create_order_refund";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, "Invalid refund amount.")
    }

    pub(super) fn body(&self) -> serde_json::Value {
        let status = self.status.as_u16();
        json!({"code": self.code, "message": self.message, "data": {"status": status}})
    }

    pub(super) fn reply(&self) -> Reply {
        php::reply(self.status, &self.body())
    }
}
