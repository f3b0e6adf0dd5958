//! What a recipe says, once it is read and checked.

use std::collections::BTreeMap;

use amends_engine::contract::Mode;
use amends_engine::outcome::FaultClass;
use amends_engine::{Digest, RoleName, Value};

use super::body::{Body, Field};
use super::callback::CallbackRules;
use super::formula::Formula;
use super::template::Template;

/// A recipe: how the operations of one role are carried out over HTTP.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Its name, for people: `tryton`.
    pub name: String,
    /// Raised with every change of the document.
    pub version: u32,
    /// The role it serves.
    pub role: RoleName,
    /// The digest of the document's bytes.
    pub digest: Digest,
    pub(super) settings: BTreeMap<String, Setting>,
    pub(super) auth: Auth,
    pub(super) defaults: Defaults,
    pub(super) operations: BTreeMap<String, Operation>,
    pub(super) callback: Option<CallbackRules>,
    pub(super) check: Option<Check>,
    pub(super) secrets: Vec<String>,
}

/// A value the configuration of a connector may or must give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What it is for.
    pub help: String,
    /// Used when the configuration says nothing; without one the configuration must.
    pub default: Option<Value>,
}

/// How requests prove who sends them.
#[derive(Debug, Clone)]
pub(super) enum Auth {
    None,
    Basic { username: Template, password: Template },
    Bearer { token: Template },
    Header { name: String, value: Template },
    Query { name: String, value: Template },
    Session(Box<Session>),
}

/// A token is fetched by a login request, kept, and fetched anew when the other side no longer takes it.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) login: Request,
    pub(super) ok: Option<Formula>,
    pub(super) token: Formula,
    pub(super) header: String,
    pub(super) value: Template,
}

/// What holds for every call that does not say otherwise.
#[derive(Debug, Clone)]
pub(super) struct Defaults {
    pub(super) headers: Vec<Field>,
    pub(super) timeout_ms: i64,
    pub(super) expect: Expect,
    pub(super) replies: Vec<Rule>,
    pub(super) replay: Option<Replay>,
}

/// What a reply has to be to count as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    Json,
    Text,
}

/// The header by which the other side says that a reply is a stored one.
#[derive(Debug, Clone)]
pub(super) struct Replay {
    pub(super) header: String,
    pub(super) value: String,
}

/// One operation.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) mode: Mode,
    pub(super) settle_ms: i64,
    pub(super) plan: Plan,
    pub(super) probe: Option<Lookup>,
}

/// In what order an operation's requests go out.
#[expect(
    clippy::large_enum_variant,
    reason = "a recipe has a dozen of them, made once"
)]
#[derive(Debug, Clone)]
pub(super) enum Plan {
    /// One after the other, until one gives an outcome.
    Chain(Chain),
    /// A draft first, then the confirmation of the oldest. What the draft has to know is asked before it.
    Staged {
        prepare: Vec<Call>,
        draft: Call,
        cancel: Call,
        confirm: Chain,
    },
}

/// Calls in order. The first final outcome ends the chain; `end` is the outcome when all calls are done.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) calls: Vec<Call>,
    pub(super) end: Option<Rule>,
}

/// One request and what its replies mean.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) when: Option<Formula>,
    pub(super) reach: Reach,
    pub(super) request: Request,
    pub(super) replies: Vec<Rule>,
}

/// Whether a call can leave something behind at the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// A question asked before the effect, to know what to write into it.
    Question,
    /// Questions about the effect, and moving a draft along.
    Harmless,
    Counts,
}

impl Reach {
    /// Whether the call leaves nothing behind.
    pub(super) fn is_harmless(self) -> bool {
        match self {
            Self::Question | Self::Harmless => true,
            Self::Counts => false,
        }
    }
}

/// One HTTP request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: Template,
    pub(super) query: Vec<Field>,
    pub(super) headers: Vec<Field>,
    pub(super) body: Body,
}

/// What a reply means when `when` is true of it.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) when: Formula,
    pub(super) verdict: Verdict,
    pub(super) class: Option<FaultClass>,
    pub(super) code: Option<Formula>,
    pub(super) message: Option<Formula>,
    pub(super) retry_after: Option<Formula>,
    pub(super) result: Vec<(String, Formula)>,
    pub(super) reference: Option<Formula>,
    pub(super) leftovers: Leftovers,
}

/// What a rule says a reply means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Succeeded,
    Accepted,
    Rejected,
    Failed,
    Unknown,
    /// Go on with the next call of the chain.
    Continue,
}

impl Verdict {
    /// Whether the reply counts as what was hoped for.
    pub(super) fn goes_on(self) -> bool {
        match self {
            Self::Succeeded | Self::Accepted | Self::Continue => true,
            Self::Rejected | Self::Failed | Self::Unknown => false,
        }
    }
}

/// Whether earlier calls of the chain may have left something behind when this rule ends it without success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leftovers {
    /// They may: a failure after an effect is Unknown.
    Possible,
    /// The rule vouches that there are none.
    None,
}

/// How an effect is looked up by our reference.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    pub(super) call: Call,
    pub(super) absent: Option<Formula>,
    pub(super) hits: Formula,
    pub(super) landed: Option<Formula>,
    pub(super) draft: Option<Formula>,
    pub(super) reference: Formula,
    pub(super) result: Vec<(String, Formula)>,
}

/// A harmless request that shows whether the other side is there and takes our credentials.
#[derive(Debug, Clone)]
pub(super) struct Check {
    pub(super) request: Request,
    pub(super) ok: Formula,
}

impl Recipe {
    /// The settings a connector may or must give.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.settings
            .iter()
            .map(|(name, setting)| (name.as_str(), setting))
    }

    /// The names of the secrets a connector must have.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(String::as_str)
    }

    /// The operations it carries out.
    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.operations.keys().map(String::as_str)
    }

    /// Whether the other side calls back.
    pub fn calls_back(&self) -> bool {
        self.callback.is_some()
    }

    /// The settings a connector works with: those given, and defaults for the others.
    ///
    /// # Errors
    /// The name of a setting that is missing, or of one the recipe does not declare.
    pub fn complete_settings(&self, given: &BTreeMap<String, Value>) -> Result<Value, SettingError> {
        if let Some(name) = given.keys().find(|name| !self.settings.contains_key(*name)) {
            let known: Vec<_> = self.settings.keys().map(String::as_str).collect();
            return Err(SettingError::Unknown {
                name: name.clone(),
                known: known.join(", "),
            });
        }
        let mut complete = BTreeMap::new();
        for (name, setting) in &self.settings {
            let value = given.get(name).or(setting.default.as_ref());
            let value = value.ok_or_else(|| SettingError::Missing {
                name: name.clone(),
                help: setting.help.clone(),
            })?;
            complete.insert(name.clone(), value.clone());
        }
        Ok(Value::Map(complete))
    }
}

/// Settings that do not fit a recipe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// One is missing.
    #[error("the recipe needs the setting `{name}`: {help}")]
    Missing {
        /// Its name.
        name: String,
        /// What it is for.
        help: String,
    },
    /// The recipe does not know it.
    #[error("the recipe has no setting `{name}`; it has {known}")]
    Unknown {
        /// Its name.
        name: String,
        /// Those it knows.
        known: String,
    },
}
