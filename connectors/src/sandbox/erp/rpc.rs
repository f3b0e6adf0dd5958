//! One JSON-RPC call.

use axum::http::StatusCode;
use serde_json::{Value as Json, json};

use super::failure::Failure;
use crate::sandbox::front::request::{Reply, Request};

/// `{"id", "method", "params"}`, with the idempotency key of its request if it carried one.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) id: Json,
    pub(super) method: String,
    pub(super) params: Vec<Json>,
    pub(super) key: Option<String>,
}

impl Call {
    pub(super) fn read(request: &Request) -> Option<Self> {
        let body = request.json();
        Some(Self {
            id: body.get("id").cloned().unwrap_or_default(),
            method: body.get("method")?.as_str()?.to_owned(),
            params: body
                .get("params")
                .and_then(Json::as_array)
                .cloned()
                .unwrap_or_default(),
            key: request.key().map(str::to_owned),
        })
    }

    pub(super) fn answer(&self, result: &Json) -> Reply {
        Reply::ok(&json!({"id": self.id, "result": result}))
    }

    pub(super) fn fail(&self, failure: &Failure) -> Reply {
        if *failure == Failure::Forbidden {
            return Reply::html(StatusCode::FORBIDDEN, "403 Forbidden");
        }
        Reply::ok(&json!({"id": self.id, "error": failure.to_json()}))
    }

    /// The ids of a call whose first parameter is a list of them (or one).
    pub(super) fn ids(&self) -> Vec<i64> {
        match self.params.first() {
            Some(Json::Array(ids)) => ids.iter().filter_map(Json::as_i64).collect(),
            Some(one) => one.as_i64().into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// The list at this position; empty if there is none.
    pub(super) fn list(&self, position: usize) -> &[Json] {
        self.params
            .get(position)
            .and_then(Json::as_array)
            .map_or(&[], Vec::as_slice)
    }
}
