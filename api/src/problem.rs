//! What every error looks like: RFC 9457 problem details with a stable code.

use std::borrow::Cow;

use amends_engine::command::Refusal;
use amends_runtime::{AcceptError, IncidentError, LoadError, Stopped};
use amends_storage::{EncodeError, ReadError};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::limits::RETRY_AFTER_S;

/// Where all codes are explained: a row each.
const PAGES: &str = include_str!("../../docs/errors/README.md");

/// An error as it is answered, `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// The page that explains the code, relative to this server: `/errors/api/no-order`.
    #[serde(rename = "type")]
    pub page: String,
    /// What the code means, the same for every occurrence.
    #[schema(value_type = String)]
    pub title: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// The stable code: `api/no-order`.
    #[schema(value_type = String, pattern = "^[a-z]+/[a-z-]+$")]
    pub code: Cow<'static, str>,
    /// What is wrong this time, and what to do next.
    pub detail: String,
    /// This occurrence: the correlation id that is in the log and in `X-Request-Id`.
    #[serde(default)]
    #[schema(required = true)]
    pub instance: String,
}

macro_rules! codes {
    ($($name:ident: $code:literal, $status:ident, $title:literal;)*) => {
        /// The errors of this edge. Refused commands bring their own codes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = concat!($title, ".")] $name,)*
        }

        impl Code {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it means.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// The HTTP status it is answered with.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }
        }
    };
}

codes! {
    TokenMissing: "api/token-missing", UNAUTHORIZED, "A token is needed";
    TokenUnknown: "api/token-unknown", UNAUTHORIZED, "The token is not known";
    TokenExpired: "api/token-expired", UNAUTHORIZED, "The token has expired";
    NotPermitted: "api/not-permitted", FORBIDDEN, "The role does not allow it";
    NoRoute: "api/no-route", NOT_FOUND, "There is nothing at this path";
    NoOrder: "api/no-order", NOT_FOUND, "There is no such order";
    NoIncident: "api/no-incident", NOT_FOUND, "No such incident is open";
    NoDelivery: "api/no-delivery", NOT_FOUND, "There is no such delivery";
    NoSource: "api/no-source", NOT_FOUND, "There is no such shop or connector";
    NoBackup: "api/no-backup", NOT_FOUND, "There is no such backup";
    FeedGone: "api/feed-gone", GONE, "This part of the feed has left for archives";
    NoConnector: "api/no-connector", NOT_FOUND, "There is no such connector";
    NoToken: "api/no-token", NOT_FOUND, "Nobody of this name holds a token";
    Method: "api/method", METHOD_NOT_ALLOWED, "The path does not take this method";
    TooLarge: "api/too-large", PAYLOAD_TOO_LARGE, "The body is too large";
    TooSlow: "api/too-slow", REQUEST_TIMEOUT, "The body did not arrive in time";
    MediaType: "api/media-type", UNSUPPORTED_MEDIA_TYPE, "The body is not declared as JSON";
    BadJson: "api/bad-json", BAD_REQUEST, "The body is not JSON";
    BadBody: "api/bad-body", UNPROCESSABLE_ENTITY, "The body has a wrong or missing field";
    BadPath: "api/bad-path", BAD_REQUEST, "The path cannot be read";
    BadQuery: "api/bad-query", BAD_REQUEST, "A query parameter is wrong";
    BadCursor: "api/bad-cursor", BAD_REQUEST, "The cursor is none of ours";
    BadRequest: "api/bad-request", BAD_REQUEST, "The request cannot be understood";
    BadKey: "api/bad-key", BAD_REQUEST, "The idempotency key cannot be used";
    KeyReused: "api/key-reused", UNPROCESSABLE_ENTITY, "The idempotency key came with another request before";
    NoPending: "api/no-pending", NOT_FOUND, "No command waits under this id";
    SecondPerson: "api/second-person", FORBIDDEN, "Somebody else has to agree";
    OtherEvidence: "api/other-evidence", CONFLICT, "The command would no longer do what was shown";
    NoBulk: "api/no-bulk", NOT_FOUND, "There is no such bulk command";
    BulkOver: "api/bulk-over", CONFLICT, "The bulk command was cancelled";
    TooManyOrders: "api/too-many-orders", CONFLICT, "The command is about too many orders";
    UnknownCommand: "api/unknown-command", UNPROCESSABLE_ENTITY, "There is no such command";
    InstanceNeeded: "api/instance-needed", CONFLICT, "The command must name an instance";
    PlaceNeeded: "api/place-needed", CONFLICT, "The command must name a place";
    TokenName: "api/token-name", UNPROCESSABLE_ENTITY, "A token cannot have this name";
    TokenExists: "api/token-exists", CONFLICT, "A token of this name exists";
    TokenConfigured: "api/token-configured", CONFLICT, "The token stands in the configuration";
    BackupRunning: "api/backup-running", CONFLICT, "A backup is being written";
    TokensFull: "api/tokens-full", CONFLICT, "There are too many tokens";
    Store: "api/store", INTERNAL_SERVER_ERROR, "The store cannot be read";
    Internal: "api/internal", INTERNAL_SERVER_ERROR, "Something is broken in the server";
    Unavailable: "api/unavailable", SERVICE_UNAVAILABLE, "Nothing can be made durable";
    HookUnknownShop: "webhook/unknown-shop", NOT_FOUND, "No shop of this name is configured";
    HookUnknownConnector: "webhook/unknown-connector", NOT_FOUND, "No connector of this name takes callbacks";
    HookUnsigned: "webhook/unsigned", UNAUTHORIZED, "The body is not signed";
    HookBadSignature: "webhook/bad-signature", UNAUTHORIZED, "The signature fits no secret";
    HookMethod: "webhook/method", METHOD_NOT_ALLOWED, "Deliveries are sent with POST";
    HookOversized: "webhook/oversized", PAYLOAD_TOO_LARGE, "The delivery is too large";
    HookUnavailable: "webhook/unavailable", SERVICE_UNAVAILABLE, "The delivery cannot be made durable";
}

impl Problem {
    /// A problem of this edge.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        let text = code.as_str();
        Self {
            page: page(text),
            title: Cow::Borrowed(code.title()),
            status: code.status().as_u16(),
            code: Cow::Borrowed(text),
            detail: detail.into(),
            instance: String::new(),
        }
    }

    pub(crate) fn internal() -> Self {
        Self::new(
            Code::Internal,
            "look in the log for the correlation id in `instance`, and report it with that part of the log",
        )
    }

    pub(crate) fn no_order(root: &str) -> Self {
        let detail = format!(
            "nothing is known about `{root}`: `GET /api/v1/orders` lists orders, `?number=` finds one"
        );
        Self::new(Code::NoOrder, detail)
    }

    pub(crate) fn no_source(source: &str) -> Self {
        let detail = format!("`{source}` is no shop or connector of the configuration");
        Self::new(Code::NoSource, detail)
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

fn page(code: &str) -> String {
    format!("/errors/{code}")
}

/// The page of a code, Markdown: its row of docs/errors/README.md, a line per column.
pub(crate) fn explain(code: &str) -> Option<String> {
    let mut columns = Vec::new();
    for line in PAGES.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if cells.first() == Some(&"Code") {
            columns = cells;
        } else if cells
            .first()
            .and_then(|cell| cell.strip_prefix('`')?.strip_suffix('`'))
            == Some(code)
        {
            let rows = columns.iter().zip(cells).skip(1);
            let rows: Vec<String> = rows.map(|(column, cell)| format!("{column}: {cell}\n")).collect();
            return Some(format!("# {code}\n\n{}", rows.join("\n")));
        }
    }
    None
}

impl From<Stopped> for Problem {
    fn from(stopped: Stopped) -> Self {
        Self::new(Code::Unavailable, stopped.to_string())
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        Self::new(Code::Store, error.to_string())
    }
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        Self::new(Code::Store, error.to_string())
    }
}

impl From<EncodeError> for Problem {
    fn from(error: EncodeError) -> Self {
        Self::new(Code::BadBody, error.to_string())
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Stopped(stopped) => stopped.into(),
            AcceptError::Encode(error) => Self::new(Code::TooLarge, error.to_string()),
        }
    }
}

impl From<IncidentError> for Problem {
    fn from(error: IncidentError) -> Self {
        match error {
            IncidentError::Stopped(stopped) => stopped.into(),
            IncidentError::Read(error) => error.into(),
            IncidentError::Encode(error) => error.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, title) = match &refusal {
            Refusal::Stale { .. } => (409, "The order changed after it was looked at"),
            Refusal::NoInstance(_) => (404, "The order has no such instance"),
            Refusal::NothingThere(_) => (409, "Nothing waits at this place"),
            Refusal::Ended(_) => (409, "The instance has ended"),
            Refusal::NotNow { .. } => (409, "The command does not apply in this state"),
            Refusal::NoArgument { .. } => (422, "The call has no such argument"),
            Refusal::NoSuchNumber(_) => (404, "Nothing open has this number"),
            Refusal::NoReason => (422, "A reason is missing"),
            Refusal::MirrorMoved { .. } => (409, "The record moved while it was compared"),
            Refusal::LimitReached { .. } => (409, "The order has reached a limit"),
        };
        let code = refusal.code();
        Self {
            page: page(code),
            title: Cow::Borrowed(title),
            status,
            code: Cow::Borrowed(code),
            detail: refusal.to_string(),
            instance: String::new(),
        }
    }
}

/// The body is written by the outermost layer, which knows the correlation id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED.as_u16() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE.as_u16() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_with_its_status() {
        for code in Code::ALL {
            let page = explain(code.as_str()).unwrap_or_default();
            let status = format!("Status: {}\n", code.status().as_u16());
            assert!(
                page.contains(&status) && page.contains("What to do: "),
                "{code:?}: {page}"
            );
        }
        assert_eq!(explain("none"), None);
        assert_eq!(explain("Code"), None);
    }
}
