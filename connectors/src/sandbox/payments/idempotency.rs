//! Idempotency keys: the first answer is kept and given again, whatever it was.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::trouble::Trouble;
use crate::sandbox::front::Admission;
use crate::sandbox::front::request::{Reply, Request};

/// What is kept under a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    parameters: [u8; 32],
    /// Absent while the first request is in progress.
    reply: Option<Reply>,
}

/// The keys seen, never forgotten: the sandbox outlives no real provider's retention.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Keys(BTreeMap<String, Kept>);

impl Keys {
    /// The first use of a key is let through; another one gets the kept answer, or is told off.
    pub(crate) fn begin(&mut self, key: &str, request: &Request) -> Admission {
        let parameters = fingerprint(request);
        match self.0.get(key) {
            None => {
                let kept = Kept {
                    parameters,
                    reply: None,
                };
                self.0.insert(key.to_owned(), kept);
                Admission::Do
            }
            Some(kept) if kept.parameters != parameters => {
                Admission::Answer(Trouble::other_parameters().reply())
            }
            Some(Kept { reply: None, .. }) => Admission::Answer(Trouble::key_in_use().reply()),
            Some(Kept {
                reply: Some(reply), ..
            }) => Admission::Answer(reply.clone().with("idempotent-replayed", "true")),
        }
    }

    /// Keeps the answer; one that says the request was not understood frees the key instead.
    pub(crate) fn finish(&mut self, key: &str, reply: &Reply) {
        if is_validation(reply) {
            self.0.remove(key);
        } else if let Some(kept) = self.0.get_mut(key) {
            kept.reply = Some(reply.clone());
        }
    }
}

fn is_validation(reply: &Reply) -> bool {
    let unread = [
        StatusCode::UNAUTHORIZED,
        StatusCode::NOT_FOUND,
        StatusCode::CONFLICT,
    ];
    if unread.contains(&reply.status) {
        return true;
    }
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    body.pointer("/error/code").and_then(serde_json::Value::as_str) == Some("parameter_invalid")
}

fn fingerprint(request: &Request) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(request.method.as_str());
    hasher.update(request.uri.path());
    hasher.update([0]);
    hasher.update(&request.body);
    hasher.finalize().into()
}
