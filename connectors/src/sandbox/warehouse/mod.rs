//! A warehouse that works for others: it accepts releases, picks and ships them in its own time, and reports
//! parcels by signed callback until somebody answers with 2xx.

mod control;
mod courier;
mod depot;
mod floor;
mod release;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

pub(crate) use self::control::router as control_router;
use self::depot::{Cancelled, Depot};
pub(crate) use self::floor::Floor;
use super::front::fault::{Fault, Nature, Operation};
use super::front::request::{Reply, Request, first};
use super::front::{Admission, Done, System};
use super::memory::Remember;

/// When releases leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dispatch {
    /// By itself: picked so long after it was accepted, shipped so long after that. Express takes half.
    Automatic {
        /// From accepted to picked.
        pick_ms: u64,
        /// From picked to shipped, and between the parcels of one release.
        ship_ms: u64,
    },
    /// When the control API says so.
    OnCommand,
}

impl Default for Dispatch {
    fn default() -> Self {
        Self::Automatic {
            pick_ms: 200,
            ship_ms: 300,
        }
    }
}

/// Kept under an idempotency key.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    body: [u8; 32],
    reply: Option<Reply>,
}

/// The warehouse.
#[derive(Debug)]
pub(crate) struct Warehouse {
    api_key: String,
    floor: Floor,
    keys: Mutex<BTreeMap<String, Kept>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn error(status: StatusCode, code: &str) -> Reply {
    Reply::json(status, &json!({"error": code}))
}

impl Warehouse {
    pub(crate) fn new(api_key: String, floor: Floor) -> Self {
        Self {
            api_key,
            floor,
            keys: Mutex::default(),
        }
    }

    pub(crate) fn floor(&self) -> &Floor {
        &self.floor
    }

    fn depot(&self) -> MutexGuard<'_, Depot> {
        self.floor.depot()
    }

    fn release(&self, request: &Request, now_ms: i64) -> Done {
        let Ok(wish) = serde_json::from_slice::<release::Wish>(&request.body) else {
            return Done::only(error(StatusCode::BAD_REQUEST, "invalid_release"));
        };
        if wish.lines.is_empty() || wish.lines.iter().any(|line| line.quantity < 1) {
            return Done::only(error(StatusCode::UNPROCESSABLE_ENTITY, "no_lines"));
        }
        let key = request.key().map(str::to_owned);
        let (job, effect) = self.depot().accept(wish, key, now_ms);
        self.floor.expect(&job, now_ms);
        let reply = Reply::json(StatusCode::ACCEPTED, &json!({"job": job, "state": "accepted"}));
        Done {
            reply,
            effects: vec![effect],
        }
    }

    fn cancel(&self, job: &str, request: &Request) -> Done {
        match self.depot().cancel(job, request.key()) {
            Cancelled::Now(effect) => Done {
                reply: Reply::ok(&json!({"job": job, "state": "cancelled"})),
                effects: vec![effect],
            },
            Cancelled::Before => Done::only(Reply::ok(&json!({"job": job, "state": "cancelled"}))),
            Cancelled::TooLate => Done::only(error(StatusCode::CONFLICT, "already_picked")),
            Cancelled::Unknown => Done::only(error(StatusCode::NOT_FOUND, "unknown_job")),
        }
    }

    fn list(&self, request: &Request) -> Json {
        let query = request.query();
        let releases = self
            .depot()
            .find(first(&query, "reference"), first(&query, "order_key"));
        json!({"releases": releases})
    }
}

impl Remember for Warehouse {
    fn remember(&self) -> Json {
        json!({"keys": *locked(&self.keys), "floor": self.floor.remember()})
    }

    fn recall(&self, records: &Json) -> Result<(), serde_json::Error> {
        let part = |name: &str| records.get(name).unwrap_or(&Json::Null);
        let keys = BTreeMap::deserialize(part("keys"))?;
        self.floor.recall(part("floor"))?;
        *locked(&self.keys) = keys;
        Ok(())
    }
}

impl System for Warehouse {
    fn operation(&self, request: &Request) -> Operation {
        match (request.method.as_str(), request.segments().as_slice()) {
            ("POST", ["releases"]) => Operation::new("releases.create", Nature::Effect),
            ("POST", ["releases", _, "cancel"]) => Operation::new("releases.cancel", Nature::Undo),
            ("GET", ["releases"]) => Operation::new("releases.list", Nature::Read),
            ("GET", ["releases", _]) => Operation::new("releases.retrieve", Nature::Read),
            _ => Operation::new("unknown", Nature::Read),
        }
    }

    /// Only releases honour keys here.
    fn admit(&self, request: &Request) -> Admission {
        let (Some(key), ["releases"]) = (request.key(), request.segments().as_slice()) else {
            return Admission::Do;
        };
        let body: [u8; 32] = Sha256::digest(&request.body).into();
        let mut keys = locked(&self.keys);
        match keys.get(key) {
            Some(kept) if kept.body != body => Admission::Answer(error(StatusCode::CONFLICT, "key_reused")),
            Some(Kept { reply: None, .. }) => Admission::Answer(error(StatusCode::CONFLICT, "key_in_use")),
            Some(Kept {
                reply: Some(reply), ..
            }) => Admission::Answer(reply.clone().with("idempotent-replayed", "true")),
            None => {
                keys.insert(key.to_owned(), Kept { body, reply: None });
                Admission::Do
            }
        }
    }

    fn perform(&self, request: &Request, _fault: Option<&Fault>, now_ms: i64) -> Done {
        if request.header("x-api-key") != Some(&self.api_key) {
            return Done::only(error(StatusCode::UNAUTHORIZED, "unknown_api_key"));
        }
        match (request.method.as_str(), request.segments().as_slice()) {
            ("POST", ["releases"]) => self.release(request, now_ms),
            ("POST", ["releases", job, "cancel"]) => self.cancel(job, request),
            ("GET", ["releases"]) => Done::only(Reply::ok(&self.list(request))),
            ("GET", ["releases", job]) => Done::only(match self.depot().get(job) {
                Some(release) => Reply::ok(&json!(release)),
                None => error(StatusCode::NOT_FOUND, "unknown_job"),
            }),
            _ => Done::only(error(StatusCode::NOT_FOUND, "unknown_path")),
        }
    }

    fn refuse(&self, _request: &Request, fault: &Fault) -> Reply {
        if matches!(fault, Fault::RefuseUndo) {
            return error(StatusCode::CONFLICT, "already_picked");
        }
        if matches!(fault, Fault::ErrorInside { .. }) {
            return Reply::ok(&json!({"error": "address_rejected"}));
        }
        error(StatusCode::INTERNAL_SERVER_ERROR, "internal")
    }

    /// Server errors free the key here: the next try may succeed, or find that the first one did.
    fn settle(&self, request: &Request, _reply: &Reply) {
        let (Some(key), ["releases"]) = (request.key(), request.segments().as_slice()) else {
            return;
        };
        let mut keys = locked(&self.keys);
        match self.depot().accepted_under(key) {
            Some(job) => {
                let again = Reply::json(StatusCode::ACCEPTED, &json!({"job": job, "state": "accepted"}));
                if let Some(kept) = keys.get_mut(key) {
                    kept.reply = Some(again);
                }
            }
            None => {
                keys.remove(key);
            }
        }
    }
}
