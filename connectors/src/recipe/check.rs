//! Trying a connector out: one harmless question.

use std::time::Instant;

use amends_engine::Value;
use amends_engine::outcome::{Fault, FaultClass};

use super::connector::Connector;
use super::document::Check;
use super::lookup::fault_of;
use super::render::{Purpose, request};
use super::reply::Reply;
use super::run::{Request, Run, Sending};

/// How the try went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckReport {
    /// It answered as it should.
    Well {
        /// How long that took, in milliseconds, a login included.
        took_ms: u64,
    },
    /// The recipe has no question to ask.
    Untried,
    /// It answered otherwise, or not at all.
    Bad {
        /// What is wrong.
        what: String,
        /// What to do about it.
        next: &'static str,
    },
}

impl CheckReport {
    /// Whether nothing speaks against it.
    pub fn is_well(&self) -> bool {
        !matches!(self, Self::Bad { .. })
    }
}

impl Connector {
    /// Asks the recipe's harmless question: whether the address answers and takes the credentials.
    pub async fn check(&self) -> CheckReport {
        let Some(check) = &self.recipe.check else {
            return CheckReport::Untried;
        };
        let args = Value::default();
        let asked = Request {
            operation: "check",
            key: "check",
            args: &args,
            timeout_ms: self.timeout_ms,
            correlation_id: "check",
            traceparent: None,
            sending: Sending::Again,
        };
        let mut run = Run::new(self, &asked);
        let steps = Value::default();
        let rendered = match request(
            &self.recipe,
            &check.request,
            "check",
            Purpose::Check,
            &run.bench(&steps, None),
        ) {
            Ok(rendered) => rendered,
            Err(error) => {
                return CheckReport::Bad {
                    what: error.to_string(),
                    next: "check the settings of this connector against its recipe",
                };
            }
        };
        let started = Instant::now();
        match run.deliver(&rendered).await {
            Err(outcome) => {
                let fault = fault_of(outcome);
                CheckReport::Bad {
                    what: self.mask.text(&fault.message),
                    next: after(&fault),
                }
            }
            Ok(reply) => {
                let seen = reply.value();
                if run.bench(&steps, None).with("reply", &seen).holds(&check.ok) {
                    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                    CheckReport::Well { took_ms }
                } else {
                    otherwise(&reply, check)
                }
            }
        }
    }
}

/// An answer that is not the one hoped for.
fn otherwise(reply: &Reply, check: &Check) -> CheckReport {
    let status = reply.status;
    let (what, next) = match status {
        401 | 403 => (
            format!("it refused our credentials ({status})"),
            "check the secrets of this connector",
        ),
        404 => (
            "it has nothing at this address (404)".to_owned(),
            "check the path in base_url and the settings of this connector",
        ),
        300..=399 => (
            format!("it answered with a redirect ({status}), which is not followed"),
            "put the final address into base_url",
        ),
        500..=599 => (
            format!("it failed ({status})"),
            "look into its own log, then check again",
        ),
        _ => (
            format!("it answered {status}, and `{}` does not hold", check.ok.source),
            "check that base_url is the address of this system",
        ),
    };
    CheckReport::Bad { what, next }
}

/// What to do about a question that was not answered.
fn after(fault: &Fault) -> &'static str {
    match fault.class {
        FaultClass::Connect if fault.message.contains("certificate") => {
            "name the authority that signed its certificate as extra_ca of this connector"
        }
        FaultClass::Connect if fault.message.contains("corrupt message") => {
            "it does not speak TLS there: check the port in base_url, and whether it is http:// or https://"
        }
        FaultClass::Connect => {
            "check host and port in base_url, and whether the system is up and reachable from here"
        }
        FaultClass::Timeout => "check host and port in base_url, or raise the timeout of this connector",
        FaultClass::Auth => "check user, secrets and settings of this connector",
        FaultClass::Broken | FaultClass::Unreadable => {
            "check that base_url is the address of this system, and whether it is http:// or https://"
        }
        FaultClass::Throttled | FaultClass::Server | FaultClass::Business | FaultClass::Interrupted => {
            "look into its own log, then check again"
        }
    }
}
