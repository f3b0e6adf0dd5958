//! Path, query and body, each with an error that says what is wrong with it.

use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::limits::{BODY_TIME, COMMAND_BYTES_MAX, PAGE_DEFAULT, PAGE_MAX};
use crate::problem::{Code, Problem};

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = axum::Json::<T>::from_request(request, state);
        let Ok(read) = tokio::time::timeout(BODY_TIME, read).await else {
            return Err(too_slow());
        };
        match read {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(bad_body(&rejection)),
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is open: axum may add to it"
)]
fn bad_body(rejection: &JsonRejection) -> Problem {
    let text = rejection.body_text();
    match rejection {
        JsonRejection::JsonSyntaxError(_) => Problem::new(Code::BadJson, text),
        JsonRejection::MissingJsonContentType(_) => Problem::new(
            Code::MediaType,
            "send the body as JSON with the header `Content-Type: application/json`",
        ),
        JsonRejection::BytesRejection(bytes) => unreadable(bytes, COMMAND_BYTES_MAX),
        // Fields of the wrong type, and whatever a newer axum tells apart.
        _ => Problem::new(Code::BadBody, text),
    }
}

/// Why a body could not be read at all.
pub(crate) fn unreadable(rejection: &BytesRejection, max: usize) -> Problem {
    if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(Code::TooLarge, format!("the body may have {max} bytes at most"))
    } else {
        let detail = format!("{}: send it again", rejection.body_text());
        Problem::new(Code::BadRequest, detail)
    }
}

pub(crate) fn too_slow() -> Problem {
    let detail = format!(
        "the body has to arrive within {} s: send it again",
        BODY_TIME.as_secs()
    );
    Problem::new(Code::TooSlow, detail)
}

/// Query parameters.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(query) = Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::new(Code::BadQuery, rejection.body_text()))?;
        Ok(Self(query))
    }
}

/// Parts of the path.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(named) = Path::<T>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::new(Code::BadPath, rejection.body_text()))?;
        Ok(Self(named))
    }
}

/// A position to go on behind: what `after` of the page before says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct After(pub(crate) u64);

impl TryFrom<u64> for After {
    type Error = &'static str;

    fn try_from(position: u64) -> Result<Self, &'static str> {
        if i64::try_from(position).is_ok() {
            Ok(Self(position))
        } else {
            Err("`after` is what the page before says")
        }
    }
}

/// How many entries a page has at the most: 1 to [`PAGE_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "usize")]
pub(crate) struct Limit(usize);

impl TryFrom<usize> for Limit {
    type Error = String;

    fn try_from(limit: usize) -> Result<Self, String> {
        if (1..=PAGE_MAX).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(format!("`limit` is a whole number from 1 to {PAGE_MAX}"))
        }
    }
}

impl Limit {
    /// The number asked for, or the usual one.
    pub(crate) fn or_default(limit: Option<Self>) -> usize {
        limit.map_or(PAGE_DEFAULT, |limit| limit.0)
    }
}
