//! Trying a connector out: one harmless question.

use std::fmt;

use amends_engine::Value;

use super::connector::Connector;
use super::render::{Purpose, request};
use super::run::{Request, Run, Sending};

/// How the try went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckReport {
    /// It answered as it should.
    Well,
    /// The recipe has no question to ask.
    Untried,
    /// It answered otherwise, or not at all.
    Bad(String),
}

impl CheckReport {
    /// Whether nothing speaks against it.
    pub fn is_well(&self) -> bool {
        !matches!(self, Self::Bad(_))
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well => f.write_str("well"),
            Self::Untried => f.write_str("not tried: its recipe has no [check]"),
            Self::Bad(why) => write!(f, "BAD: {why}"),
        }
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
            Err(error) => return CheckReport::Bad(error.to_string()),
        };
        match run.deliver(&rendered).await {
            Err(outcome) => CheckReport::Bad(self.mask.text(&format!("{outcome:?}"))),
            Ok(reply) => {
                let seen = reply.value();
                if run.bench(&steps, None).with("reply", &seen).holds(&check.ok) {
                    CheckReport::Well
                } else {
                    CheckReport::Bad(format!(
                        "it answered {}, and `{}` does not hold",
                        reply.status, check.ok.source
                    ))
                }
            }
        }
    }
}
