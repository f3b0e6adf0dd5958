//! What a reply means: the recipe's rules first, then what HTTP itself says.

use amends_engine::Value;
use amends_engine::outcome::{Fault, FaultClass, Landing, Outcome};

use super::bench::Bench;
use super::conversion::plain;
use super::document::{Defaults, Expect, Leftovers, Rule, Verdict};
use super::limits::{MESSAGE_CHARS_MAX, RETRY_AFTER_MS_MAX};
use super::reply::{Reached, Reply, Trouble};

/// What one reply means for the operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The next call may go out.
    Continue,
    /// This is how the operation ended.
    Final(Outcome, Leftovers),
}

impl Meaning {
    fn inferred(outcome: Outcome) -> Self {
        Self::Final(outcome, Leftovers::Possible)
    }
}

/// The meaning of `reply` by `rules`, then the rules in `defaults`, then its status.
///
/// `bench` already binds `reply`. An unreadable answer is no success, and an unreadable
/// 2xx is nothing at all: a proxy may have given it, or its end is missing.
pub(super) fn classify(rules: &[Rule], defaults: &Defaults, reply: &Reply, bench: &Bench<'_>) -> Meaning {
    let readable = is_readable(reply, defaults);
    if !readable && (200..300).contains(&reply.status) {
        return Meaning::inferred(by_status(reply, defaults, readable));
    }
    let rule = rules
        .iter()
        .chain(&defaults.replies)
        .find(|rule| (readable || !rule.verdict.goes_on()) && bench.holds(&rule.when));
    match rule {
        Some(rule) => apply(rule, Some(reply), defaults, bench),
        None => Meaning::inferred(by_status(reply, defaults, readable)),
    }
}

/// Whether a reply is what the recipe expects to read.
pub(super) fn is_readable(reply: &Reply, defaults: &Defaults) -> bool {
    defaults.expect == Expect::Text || reply.body.is_empty() || reply.json().is_some()
}

/// The meaning of a rule that applies.
pub(super) fn apply(rule: &Rule, reply: Option<&Reply>, defaults: &Defaults, bench: &Bench<'_>) -> Meaning {
    let outcome = match rule.verdict {
        Verdict::Continue => return Meaning::Continue,
        Verdict::Succeeded => landed(rule, bench).map_or_else(Outcome::Unknown, Outcome::Succeeded),
        Verdict::Accepted => landed(rule, bench).map_or_else(Outcome::Unknown, Outcome::Accepted),
        Verdict::Rejected => Outcome::Rejected(fault(rule, reply, defaults, bench, FaultClass::Business)),
        Verdict::Failed => Outcome::Failed(fault(rule, reply, defaults, bench, FaultClass::Server)),
        Verdict::Unknown => Outcome::Unknown(fault(rule, reply, defaults, bench, FaultClass::Server)),
    };
    Meaning::Final(outcome, rule.leftovers)
}

/// What a success left behind; a success that lacks what it promises cannot be told from none.
fn landed(rule: &Rule, bench: &Bench<'_>) -> Result<Landing, Fault> {
    let unreadable = |error: super::formula::FormulaError| {
        Fault::new(
            FaultClass::Unreadable,
            format!("the reply lacks what the recipe reads from it: {error}"),
        )
    };
    let mut fields = Vec::new();
    for (name, formula) in &rule.result {
        fields.push((name.clone(), bench.value(formula).map_err(unreadable)?));
    }
    let reference = match &rule.reference {
        Some(formula) => plain(&bench.value(formula).map_err(unreadable)?),
        None => None,
    };
    Ok(Landing {
        reference,
        result: Value::map(fields),
        ..Landing::default()
    })
}

fn fault(
    rule: &Rule,
    reply: Option<&Reply>,
    defaults: &Defaults,
    bench: &Bench<'_>,
    class: FaultClass,
) -> Fault {
    let read = |formula: &Option<super::formula::Formula>| {
        let value = bench.value(formula.as_ref()?).ok()?;
        plain(&value).filter(|text| !text.is_empty())
    };
    let status = reply.map_or(0, |reply| reply.status);
    let message = read(&rule.message).unwrap_or_else(|| format!("the other side answered {status}"));
    let mut fault = Fault::new(rule.class.unwrap_or(class), shortened(&message));
    fault.code = read(&rule.code).map(|code| shortened(&code));
    fault.retry_after_ms = rule
        .retry_after
        .as_ref()
        .and_then(|formula| bench.value(formula).ok()?.as_int())
        .map(|seconds| seconds.saturating_mul(1_000).clamp(0, RETRY_AFTER_MS_MAX))
        .or_else(|| reply.and_then(Reply::retry_after_ms));
    fault.replayed = reply.is_some_and(|reply| reply.replayed(defaults.replay.as_ref()));
    fault
}

/// `text` in one line, cut to what a fault may carry.
pub(super) fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// What the status alone says. A request that may have been carried out is never called failed, and a reply that
/// no rule explains is never a success.
pub(super) fn by_status(reply: &Reply, defaults: &Defaults, readable: bool) -> Outcome {
    let status = reply.status;
    let unreadable = || {
        let message = format!("the answer {status} is not JSON; a proxy or an error page may have given it");
        Outcome::Unknown(Fault::new(FaultClass::Unreadable, message))
    };
    let mut outcome = match status {
        401 | 403 => {
            let message =
                format!("our credentials were refused ({status}); check the secrets of this connector");
            Outcome::Failed(Fault::new(FaultClass::Auth, message))
        }
        429 => Outcome::Failed(Fault::new(
            FaultClass::Throttled,
            "the other side asks for fewer requests (429)",
        )),
        408 => Outcome::Unknown(Fault::new(
            FaultClass::Timeout,
            "the other side gave up waiting (408)",
        )),
        500..=599 => {
            let message = format!("the other side failed with {status}; the effect may have happened");
            Outcome::Unknown(Fault::new(FaultClass::Server, message))
        }
        300..=399 => {
            let message = format!(
                "the answer was a redirect ({status}), which is not followed; put the final address into base_url"
            );
            Outcome::Unknown(Fault::new(FaultClass::Unreadable, message))
        }
        400..=499 if !readable => unreadable(),
        400..=499 => {
            let mut fault = Fault::new(
                FaultClass::Business,
                format!("the other side refused with {status}"),
            );
            fault.code = Some(format!("http-{status}"));
            Outcome::Rejected(fault)
        }
        _ if !readable => unreadable(),
        _ => {
            let message = format!("no rule of the recipe explains this answer ({status})");
            Outcome::Unknown(Fault::new(FaultClass::Unreadable, message))
        }
    };
    if let Outcome::Rejected(fault) | Outcome::Failed(fault) | Outcome::Unknown(fault) = &mut outcome {
        fault.retry_after_ms = reply.retry_after_ms();
        fault.replayed = reply.replayed(defaults.replay.as_ref());
    }
    outcome
}

/// What a request without a readable reply means.
pub(super) fn of_trouble(trouble: &Trouble) -> Outcome {
    let fault = Fault::new(trouble.class, shortened(&trouble.message));
    match trouble.reached {
        Reached::Nobody => Outcome::Failed(fault),
        Reached::Perhaps => Outcome::Unknown(fault),
    }
}
