//! Requests sent twice under one `Idempotency-Key`: the second gets the answer of the first.
//!
//! A key is kept in two steps. Before the command runs, *begun* becomes durable with where the order stood; after it,
//! the *answer*. A crash between the two leaves *begun*, and then the order's own journal says whether the command
//! was accepted: the same actor, command and reason behind that point.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use amends_engine::event::Event;
use amends_engine::{Digest, Millis, RootKey};
use amends_runtime::history;
use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store, Write, codec};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

use crate::limits::{FRAMES_MAX, KEPT_KEYS_MS, KEY_LENGTH_MAX, KEYS_FORGOTTEN};
use crate::problem::{Code, Problem};
use crate::reader::Reader;

const VERSION: u16 = 1;
/// Start of the names under which the store keeps keys.
const KEYS: &str = "key/";
/// Start of the names that order them by time.
const TIMES: &str = "key-time/";
/// Requests that may be under way at once under different keys; a key always has the same lane.
const LANES: usize = 64;

/// The header a sender repeats.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    /// Digest of the request.
    digest: Digest,
    /// When it first came: Unix milliseconds, UTC.
    at_ms: i64,
    /// Frames of the order before it.
    frames: u64,
    /// The answer; `None` while the command runs.
    answer: Option<Given>,
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Given {
    /// HTTP status.
    pub(crate) status: u16,
    /// JSON.
    pub(crate) body: String,
}

impl Given {
    pub(crate) fn new(status: StatusCode, body: &Value) -> Self {
        Self {
            status: status.as_u16(),
            body: body.to_string(),
        }
    }

    /// A refusal is an answer like any other; trouble of the server is none, and may be tried again.
    pub(crate) fn of(result: Result<Self, Problem>) -> Result<Self, Problem> {
        match result {
            Err(problem) if problem.status < 500 => Ok(Self {
                status: problem.status,
                body: serde_json::to_string(&problem).unwrap_or_default(),
            }),
            other => other,
        }
    }
}

impl IntoResponse for Given {
    fn into_response(self) -> Response {
        let problem: Option<Problem> = serde_json::from_str(&self.body).ok();
        if let Some(problem) = problem.filter(|_| self.status >= 400) {
            return problem.into_response();
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        (status, [(header::CONTENT_TYPE, "application/json")], self.body).into_response()
    }
}

/// An answer that was given before.
pub(crate) fn replayed(answer: Given) -> Response {
    let mut response = answer.into_response();
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// A request under a key.
#[derive(Debug, Clone)]
pub(crate) struct Repeatable {
    name: String,
    digest: Digest,
}

impl Repeatable {
    /// The key in `headers` of a request of `caller` with this `content`; `None` when it has none.
    pub(crate) fn of(headers: &HeaderMap, caller: &str, content: &str) -> Result<Option<Self>, Problem> {
        let Some(key) = headers.get(IDEMPOTENCY_KEY) else {
            return Ok(None);
        };
        let plain = |key: &&str| {
            (1..=KEY_LENGTH_MAX).contains(&key.len())
                && key.bytes().all(|b| b.is_ascii_graphic() && b != b'/')
        };
        let key = key.to_str().ok().filter(plain).ok_or_else(|| {
            let detail = format!(
                "`Idempotency-Key` has 1 to {KEY_LENGTH_MAX} visible characters of ASCII without `/`, such as a UUID"
            );
            Problem::new(Code::BadKey, detail)
        })?;
        Ok(Some(Self {
            name: format!("{caller}/{key}"),
            digest: Digest::of(content.as_bytes()),
        }))
    }

    fn place(&self) -> Key {
        Key::Meta(format!("{KEYS}{}", self.name))
    }

    fn place_in_time(&self, at_ms: i64) -> Key {
        Key::Meta(format!("{TIMES}{at_ms:020}/{}", self.name))
    }

    /// What is known of the key.
    ///
    /// # Errors
    /// A problem when it came with another request before.
    pub(crate) fn known(&self, store: &Reader) -> Result<Option<Known>, Problem> {
        let Some(value) = store.get(&self.place())? else {
            return Ok(None);
        };
        let decoded = codec::decode::<Known>(Kind::Meta, &value);
        let (_, known) = decoded.map_err(|error| ReadError::Damaged {
            key: self.place().stored(store.partition()),
            meaning: error.to_string(),
        })?;
        if known.digest == self.digest {
            Ok(Some(known))
        } else {
            let detail =
                "this `Idempotency-Key` came with another request before: take a new key for a new request";
            Err(Problem::new(Code::KeyReused, detail))
        }
    }

    /// What is known of a key that comes for the first time, with so many frames of the order before it.
    pub(crate) fn begun(&self, frames: u64, now: Millis) -> Known {
        Known {
            digest: self.digest,
            at_ms: now.0,
            frames,
            answer: None,
        }
    }

    /// What makes *begun* durable, and forgets some keys that are older than a day.
    pub(crate) fn begin(&self, store: &Reader, begun: &Known) -> Result<Vec<Write>, Problem> {
        let mut writes = forget(store, Millis(begun.at_ms))?;
        writes.push(self.put(begun)?);
        writes.push(Write::Put {
            key: self.place_in_time(begun.at_ms),
            value: codec::encode(Kind::Meta, VERSION, &self.name)?,
        });
        Ok(writes)
    }

    /// What makes the answer durable.
    pub(crate) fn end(&self, mut known: Known, answer: Given) -> Result<Vec<Write>, EncodeError> {
        known.answer = Some(answer);
        Ok(vec![self.put(&known)?])
    }

    fn put(&self, known: &Known) -> Result<Write, EncodeError> {
        Ok(Write::Put {
            key: self.place(),
            value: codec::encode(Kind::Meta, VERSION, known)?,
        })
    }
}

impl Known {
    /// The answer that was given.
    pub(crate) fn answer(&self) -> Option<&Given> {
        self.answer.as_ref()
    }

    /// After a crash: whether the journal of the order has the command since.
    pub(crate) fn accepted(
        &self,
        store: &Reader,
        root: &RootKey,
        same: impl Fn(&Event) -> bool,
    ) -> Result<bool, Problem> {
        let since = history(store, root, self.frames, FRAMES_MAX)?;
        Ok(since.iter().flat_map(|(_, _, events)| events).any(same))
    }
}

/// Keys older than a day, a few with every new one, so that they never outnumber a day's commands for long.
fn forget(store: &Reader, now: Millis) -> Result<Vec<Write>, Problem> {
    let page = store.scan(
        &Span::starting(Prefix::Meta, TIMES),
        KEYS_FORGOTTEN,
        Direction::Ascending,
    )?;
    let mut writes = Vec::new();
    for (key, _) in page.entries {
        let Key::Meta(name) = &key else { continue };
        let Some((at, of)) = name.strip_prefix(TIMES).and_then(|rest| rest.split_once('/')) else {
            continue;
        };
        if at.parse().is_ok_and(|at: i64| at + KEPT_KEYS_MS < now.0) {
            writes.push(Write::Delete {
                key: Key::Meta(format!("{KEYS}{of}")),
            });
            writes.push(Write::Delete { key });
        }
    }
    Ok(writes)
}

/// One request at a time under one key: the second waits for the answer of the first.
pub(crate) struct Lanes(Vec<Mutex<()>>);

impl Default for Lanes {
    fn default() -> Self {
        Self((0..LANES).map(|_| Mutex::new(())).collect())
    }
}

impl Lanes {
    /// The lane of a key, once it is free.
    pub(crate) async fn enter(&self, request: &Repeatable) -> Option<MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        request.name.hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() % LANES as u64).unwrap_or_default();
        match self.0.get(lane) {
            Some(lane) => Some(lane.lock().await),
            None => None,
        }
    }
}
