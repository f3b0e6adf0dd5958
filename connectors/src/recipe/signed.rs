//! Callbacks of a connector: verified on their raw bytes, then read as facts.

use std::collections::BTreeMap;

use amends_engine::expr::Scope;
use amends_engine::{FactName, RootKey, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use thiserror::Error;

use super::bench::{Bench, Phase};
use super::callback::{CallbackRules, Digits, FactRule, Layout, Signature};
use super::connector::Connector;
use super::formula::{Formula, FormulaError};
use super::json;

/// What a callback reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackEvent {
    /// The other side's own id of the report.
    pub event: String,
    /// What happened.
    pub fact: FactName,
    /// What it happened to.
    pub id: String,
    /// The order.
    pub root: RootKey,
    /// What expressions read as `fact`.
    pub payload: Value,
}

/// Why a callback is not believed or not understood.
#[derive(Debug, Error)]
pub enum CallbackError {
    /// The recipe takes none.
    #[error("the recipe `{0}` takes no callbacks")]
    None(String),
    /// It carries no signature.
    #[error("the header `{0}` with the signature is missing")]
    Missing(String),
    /// The signature cannot be read.
    #[error("the header `{0}` is no signature of the declared layout")]
    Malformed(String),
    /// It was signed too long ago, or in the future.
    #[error("it was signed {age_s} s ago; {tolerance_s} s are allowed: compare the clocks of both sides")]
    Stale {
        /// Its age in seconds.
        age_s: i64,
        /// What is allowed, in seconds.
        tolerance_s: i64,
    },
    /// It fits no secret.
    #[error(
        "the signature fits none of the connector's secrets: configure the one the other side signs with"
    )]
    Mismatch,
    /// The body is no JSON.
    #[error("the body is no JSON: {0}")]
    Body(#[from] serde_json::Error),
    /// An expression of the recipe has no value on it.
    #[error(transparent)]
    Formula(#[from] FormulaError),
    /// An expression gives something else than text.
    #[error("`{0}` does not give text")]
    NotText(String),
}

impl Connector {
    /// Whether a callback was signed by the other side.
    ///
    /// # Errors
    /// [`CallbackError`] says why not.
    pub fn verify_callback(
        &self,
        headers: &[(String, String)],
        body: &[u8],
        now_ms: i64,
    ) -> Result<(), CallbackError> {
        let signature = &self.callbacks()?.signature;
        let name = &signature.header;
        let header = headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name));
        let (_, value) = header.ok_or_else(|| CallbackError::Missing(name.clone()))?;
        let (signed, macs) = match signature.layout {
            Layout::Plain => (body.to_vec(), vec![value.as_str()]),
            Layout::Timestamped => timestamped(signature, value, body, now_ms)?,
        };
        let macs: Vec<Vec<u8>> = macs
            .into_iter()
            .filter_map(|mac| digits(signature.encoding, mac))
            .collect();
        if macs.is_empty() {
            return Err(CallbackError::Malformed(name.clone()));
        }
        let fits = self
            .secrets_of(signature)
            .any(|secret| macs.iter().any(|mac| fits(secret, &signed, mac)));
        if fits {
            Ok(())
        } else {
            Err(CallbackError::Mismatch)
        }
    }

    /// What a callback says; `None` when the recipe has no rule for it.
    ///
    /// # Errors
    /// [`CallbackError`] when it cannot be read.
    pub fn read_callback(
        &self,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Option<CallbackEvent>, CallbackError> {
        let rules = self.callbacks()?;
        let body = json::parse(body)?;
        let headers = Value::map(
            headers
                .iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), Value::text(value))),
        );
        let scope = Scope::new()
            .with("settings", &self.settings)
            .with("body", &body)
            .with("headers", &headers);
        let bench = Bench {
            evaluator: self.evaluator.as_ref(),
            scope,
            phase: Phase::Live,
        };
        let Some(rule) = rules.facts.iter().find(|rule| bench.holds(&rule.when)) else {
            return Ok(None);
        };
        Ok(Some(CallbackEvent {
            event: text(&bench, &rules.event)?,
            fact: FactName::new(rule.name.clone()),
            id: text(&bench, &rule.id)?,
            root: RootKey::new(text(&bench, &rule.root)?),
            payload: payload(&bench, rule)?,
        }))
    }

    fn callbacks(&self) -> Result<&CallbackRules, CallbackError> {
        self.recipe
            .callback
            .as_ref()
            .ok_or_else(|| CallbackError::None(self.recipe.name.clone()))
    }

    fn secrets_of<'c>(&'c self, signature: &'c Signature) -> impl Iterator<Item = &'c str> {
        signature
            .secrets
            .iter()
            .filter_map(|name| self.secrets.get(name))
            .map(super::secret::Secret::reveal)
    }
}

/// `t=<seconds>,v1=<mac>[,v1=<mac>]` over `<seconds>.<body>`, within the tolerance
/// (<https://docs.stripe.com/webhooks#verify-manually>).
fn timestamped<'h>(
    signature: &Signature,
    header: &'h str,
    body: &[u8],
    now_ms: i64,
) -> Result<(Vec<u8>, Vec<&'h str>), CallbackError> {
    let malformed = || CallbackError::Malformed(signature.header.clone());
    let parts: Vec<(&str, &str)> = header
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
        .collect();
    let time = parts
        .iter()
        .find(|(name, _)| *name == "t")
        .map(|(_, value)| *value)
        .ok_or_else(malformed)?;
    let signed_s: i64 = time.parse().map_err(|_| malformed())?;
    let age_ms = now_ms.saturating_sub(signed_s.saturating_mul(1_000));
    if age_ms.abs() > signature.tolerance_ms {
        return Err(CallbackError::Stale {
            age_s: age_ms / 1_000,
            tolerance_s: signature.tolerance_ms / 1_000,
        });
    }
    let mut signed = time.as_bytes().to_vec();
    signed.push(b'.');
    signed.extend_from_slice(body);
    Ok((
        signed,
        parts
            .into_iter()
            .filter(|(name, _)| *name == "v1")
            .map(|(_, mac)| mac)
            .collect(),
    ))
}

fn digits(encoding: Digits, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Digits::Base64 => BASE64.decode(text).ok(),
        Digits::Hex => {
            let pairs = text.as_bytes().chunks(2);
            pairs
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                .collect()
        }
    }
}

/// Compares in constant time.
fn fits(secret: &str, signed: &[u8], mac: &[u8]) -> bool {
    let Ok(mut expected) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return false;
    };
    expected.update(signed);
    expected.verify_slice(mac).is_ok()
}

fn text(bench: &Bench<'_>, formula: &Formula) -> Result<String, CallbackError> {
    match bench.value(formula)? {
        Value::Text(text) => Ok(text),
        Value::Int(number) => Ok(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Decimal(_) | Value::List(_) | Value::Map(_) => {
            Err(CallbackError::NotText(formula.source.clone()))
        }
    }
}

fn payload(bench: &Bench<'_>, rule: &FactRule) -> Result<Value, CallbackError> {
    let fields = rule
        .payload
        .iter()
        .map(|(name, formula)| Ok((name.clone(), bench.value(formula)?)));
    Ok(Value::Map(
        fields.collect::<Result<BTreeMap<_, _>, FormulaError>>()?,
    ))
}
