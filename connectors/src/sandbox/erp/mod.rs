//! An ERP that speaks Tryton's JSON-RPC and has its habits: every answer is HTTP 200, errors are inside; nothing
//! is unique on `reference`, so two creates make two documents; assigning stock answers null and one has to look.
//!
//! Leniencies against a real Tryton: articles come into being when they are looked for, unless
//! [`Options::default_stock`](super::Options::default_stock) is none; an allocated payment pays its invoice without a
//! statement; and, unless [`Repeat::Refused`] is asked for, a button may be pressed twice. What both refuse and answer
//! alike is compared by the test of real counterparts.

mod books;
mod control;
mod domain;
mod entry;
mod failure;
mod invoice;
mod party;
mod rpc;
mod sale;
mod session;
mod shipment;
mod stock;
mod table;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{Method, StatusCode};
use serde_json::{Value as Json, json};

use self::books::Books;
pub use self::books::Repeat;
pub(crate) use self::control::router as control_router;
use self::failure::Failure;
use self::rpc::Call;
use self::session::Sessions;
use super::front::fault::{Fault, Nature, Operation};
use super::front::request::{Reply, Request};
use super::front::{Done, System};
use super::memory::Remember;

/// The one user the ERP knows.
#[derive(Debug, Clone)]
pub struct Login {
    /// Name, for Basic authorisation and `common.db.login`.
    pub user: String,
    /// Password.
    pub password: String,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            user: "admin".into(),
            password: "sandbox-password".into(),
        }
    }
}

/// The ERP.
#[derive(Debug)]
pub(crate) struct Erp {
    login: Login,
    sessions: Mutex<Sessions>,
    books: Mutex<Books>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Erp {
    pub(crate) fn new(
        login: Login,
        default_stock: i64,
        stock: &BTreeMap<String, i64>,
        repeat: Repeat,
    ) -> Self {
        Self {
            login,
            sessions: Mutex::default(),
            books: Mutex::new(Books::new(default_stock, stock, repeat)),
        }
    }

    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        locked(&self.books)
    }

    pub(super) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        locked(&self.sessions)
    }

    fn log_in(&self, call: &Call) -> Reply {
        let user = call.params.first().and_then(Json::as_str).unwrap_or_default();
        let password = call.params.get(1).and_then(|given| given.get("password"));
        if user != self.login.user || password.and_then(Json::as_str) != Some(&self.login.password) {
            return Reply::html(StatusCode::UNAUTHORIZED, "401 Unauthorized");
        }
        let token = locked(&self.sessions).open();
        call.answer(&json!([session::USER_ID, token, null]))
    }

    fn knows(&self, request: &Request) -> bool {
        if let Some((user, password)) = request.basic() {
            return user == self.login.user && password == self.login.password;
        }
        request
            .header("authorization")
            .is_some_and(|value| locked(&self.sessions).accepts(value))
    }
}

impl Remember for Erp {
    fn remember(&self) -> Json {
        self.books().remember()
    }

    fn recall(&self, records: &Json) -> Result<(), serde_json::Error> {
        self.books().recall(records)
    }
}

impl System for Erp {
    fn operation(&self, request: &Request) -> Operation {
        let method = Call::read(request).map(|call| call.method).unwrap_or_default();
        let name = method.strip_prefix("model.").unwrap_or(&method);
        let verb = name.rsplit('.').next().unwrap_or_default();
        let nature = match verb {
            "cancel" => Nature::Undo,
            "create" | "write" | "quote" | "confirm" | "process" | "draft" | "wait" | "assign_try"
            | "pick" | "pack" | "do" | "post" | "submit" | "succeed" | "delete" => Nature::Effect,
            _ => Nature::Read,
        };
        Operation::new(if name.is_empty() { "unknown" } else { name }, nature)
    }

    fn perform(&self, request: &Request, _fault: Option<&Fault>, now_ms: i64) -> Done {
        let Some(call) = Call::read(request) else {
            return Done::only(Reply::html(StatusCode::BAD_REQUEST, "400 Bad Request"));
        };
        if request.method != Method::POST
            || !matches!(request.segments().as_slice(), ["shop"] | ["shop", "rpc"])
        {
            return Done::only(Reply::html(StatusCode::NOT_FOUND, "404 Not Found"));
        }
        if call.method == "common.db.login" {
            return Done::only(self.log_in(&call));
        }
        if !self.knows(request) {
            // What Tryton answers once a session has expired: nothing but the status.
            return Done::only(Reply::raw(StatusCode::UNAUTHORIZED, "text/html", ""));
        }
        let (result, effects) = self.books().call(&call, now_ms);
        let reply = match result {
            Ok(result) => call.answer(&result),
            Err(failure) => call.fail(&failure),
        };
        Done { reply, effects }
    }

    fn refuse(&self, request: &Request, fault: &Fault) -> Reply {
        let Some(call) = Call::read(request) else {
            return Reply::html(StatusCode::BAD_REQUEST, "400 Bad Request");
        };
        if let Fault::ErrorInside { says } = fault {
            return call.fail(&Failure::on_purpose(*says));
        }
        if matches!(fault, Fault::RefuseUndo) {
            let verb = call.method.rsplit('.').next().unwrap_or_default();
            return call.fail(&Failure::not_allowed(verb, "document", "Sandbox"));
        }
        Reply::html(StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error")
    }
}
