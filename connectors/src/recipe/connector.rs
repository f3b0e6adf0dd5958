//! One configured outside system.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use amends_engine::contract::Contract;
use amends_engine::expr::Evaluator;
use amends_engine::{ConnectorId, OperationName, Value};
use thiserror::Error;

use super::document::{Operation, Recipe, SettingError};
use super::limits::SECRET_CHARS_MIN;
use super::mask::Mask;
use super::render::{Inputs, RenderError, Rendered, render};
use super::secret::Secrets;
use super::session::Sessions;
use super::transport::{Pool, Transport, TransportError};

/// Evaluates expressions for a connector, from any thread.
pub type SharedEvaluator = Arc<dyn Evaluator + Send + Sync>;

/// What the configuration says about a connector.
#[derive(Debug, Clone)]
pub struct ConnectorSettings {
    /// Its name in the configuration.
    pub id: ConnectorId,
    /// Where the outside system is: `https://erp.example.com/shop`.
    pub base_url: String,
    /// How it is spoken to.
    pub recipe: Arc<Recipe>,
    /// Credentials by the name the recipe uses.
    pub secrets: Secrets,
    /// Settings the recipe declares.
    pub settings: BTreeMap<String, Value>,
    /// The longest one request may take, in milliseconds; the recipe's `timeout` if absent.
    pub timeout_ms: Option<i64>,
    /// Connections.
    pub pool: Pool,
}

/// Why a connector cannot work with its configuration.
#[derive(Debug, Error)]
pub enum ConnectorError {
    /// A setting is missing or unknown.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A secret is missing.
    #[error(
        "the recipe `{recipe}` needs the secret `{name}`; name a file or an environment variable that holds it"
    )]
    SecretMissing {
        /// The recipe.
        recipe: String,
        /// The secret.
        name: String,
    },
    /// A secret is too short to be told from other text.
    #[error(
        "the secret `{0}` is shorter than {SECRET_CHARS_MIN} characters and could not be kept out of records"
    )]
    SecretShort(String),
    /// HTTP cannot be set up.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// One configured outside system, ready to be called from several tasks at once.
pub struct Connector {
    pub(super) id: ConnectorId,
    pub(super) recipe: Arc<Recipe>,
    pub(super) secrets: Secrets,
    pub(super) settings: Value,
    pub(super) timeout_ms: i64,
    pub(super) transport: Transport,
    pub(super) sessions: Sessions,
    pub(super) mask: Mask,
    pub(super) evaluator: SharedEvaluator,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("id", &self.id)
            .field("recipe", &self.recipe.name)
            .field("base_url", &self.transport.base())
            .field("secrets", &self.secrets)
            .finish_non_exhaustive()
    }
}

impl Connector {
    /// A connector with these settings. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ConnectorError`] when settings or secrets do not fit the recipe, or the address cannot be used.
    pub fn new(settings: ConnectorSettings, evaluator: SharedEvaluator) -> Result<Self, ConnectorError> {
        let recipe = settings.recipe;
        let complete = recipe.complete_settings(&settings.settings)?;
        if let Some(name) = recipe
            .secrets()
            .find(|name| !settings.secrets.contains_key(*name))
        {
            return Err(ConnectorError::SecretMissing {
                recipe: recipe.name.clone(),
                name: name.to_owned(),
            });
        }
        if let Some(callback) = &recipe.callback {
            let signing = &callback.signature.secrets;
            if !signing.iter().any(|name| settings.secrets.contains_key(name)) {
                return Err(ConnectorError::SecretMissing {
                    recipe: recipe.name.clone(),
                    name: signing.first().cloned().unwrap_or_default(),
                });
            }
        }
        for (name, secret) in &settings.secrets {
            if secret.reveal().chars().count() < SECRET_CHARS_MIN {
                return Err(ConnectorError::SecretShort(name.clone()));
            }
        }
        Ok(Self {
            id: settings.id,
            timeout_ms: settings.timeout_ms.unwrap_or(recipe.defaults.timeout_ms),
            transport: Transport::new(&settings.base_url, &settings.pool)?,
            sessions: Sessions::default(),
            mask: Mask::new(&settings.secrets),
            secrets: settings.secrets,
            settings: complete,
            recipe,
            evaluator,
        })
    }

    /// Its name in the configuration.
    pub fn id(&self) -> &ConnectorId {
        &self.id
    }

    /// Where the outside system is, without a slash at its end.
    pub fn base_url(&self) -> &str {
        self.transport.base()
    }

    /// The recipe it works by.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// What `operation` promises here. What it moves in the ledger is the role's affair, not the recipe's: the
    /// caller puts the catalogue's postings in.
    pub fn contract(&self, operation: &str) -> Option<Contract> {
        let plan = self.operation(operation)?;
        Some(Contract {
            connector: self.id.clone(),
            role: self.recipe.role.clone(),
            operation: OperationName::new(operation),
            mode: plan.mode,
            settle_ms: plan.settle_ms,
            probe: plan.probe.is_some(),
            recipe: self.recipe.digest,
            postings: Vec::new(),
        })
    }

    /// The requests of `operation` without sending any: see [`render`].
    ///
    /// # Errors
    /// As [`render`].
    pub fn render(&self, operation: &str, args: &Value, key: &str) -> Result<Vec<Rendered>, RenderError> {
        let inputs = Inputs {
            settings: &self.settings,
            args,
            key,
        };
        render(&self.recipe, operation, inputs, self.evaluator.as_ref())
    }

    pub(super) fn operation(&self, name: &str) -> Option<&Operation> {
        self.recipe.operations.get(name)
    }
}
