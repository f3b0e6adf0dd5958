//! The configured outside systems, each with its recipe.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_connectors::recipe::{
    self, Connector, ConnectorSettings, Pool, Recipe, RecipeErrors, Secret, Secrets, shipped,
};
use amends_engine::contract::Contract;
use amends_engine::{ConnectorId, OperationName, RoleName, Value};
use amends_storage::{Commit, CommitError, EncodeError, Kind, Log, Write};
use amends_workflows::catalogue;
use amends_workflows::cel::CelEvaluator;
use thiserror::Error;

use crate::config::connector::Scalar;
use crate::config::{self, Config};

/// Why a connector cannot be used.
#[derive(Debug, Error)]
pub enum ConnectorError {
    /// Its recipe does not exist.
    #[error("connector {connector}: no recipe `{recipe}` ships with Amends; the shipped ones are {known}")]
    NoRecipe {
        /// The connector.
        connector: String,
        /// The recipe.
        recipe: String,
        /// The shipped ones.
        known: String,
    },
    /// A file cannot be read.
    #[error("connector {connector}: {path} cannot be read: {source}")]
    File {
        /// The connector.
        connector: String,
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Its recipe is wrong.
    #[error(
        "connector {connector}: its recipe cannot be used\n{}",
        listing(recipe, errors)
    )]
    Recipe {
        /// The connector.
        connector: String,
        /// The shipped recipe, or the file.
        recipe: String,
        /// Every mistake, with its place.
        errors: RecipeErrors,
    },
    /// Its settings do not fit.
    #[error("connector {connector}: {source}")]
    Settings {
        /// The connector.
        connector: String,
        /// Why.
        source: Box<recipe::ConnectorError>,
    },
    /// The store failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A recipe is too large for the store.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// One line per mistake: `recipes/erp.toml:12:8: recipe/bad-value: …`.
fn listing(recipe: &str, errors: &RecipeErrors) -> String {
    let lines: Vec<_> = errors.0.iter().map(|error| format!("{recipe}:{error}")).collect();
    lines.join("\n")
}

/// The configured outside systems by name.
pub struct Connectors {
    by_name: BTreeMap<String, Arc<Connector>>,
}

impl Connectors {
    /// All connectors of `config`. Recipes are kept by digest in `log` while any instance may name them.
    ///
    /// # Errors
    /// [`ConnectorError`] for the first that cannot be used.
    pub fn new<L: Log>(
        config: &Config,
        evaluator: &Arc<CelEvaluator>,
        log: &mut L,
    ) -> Result<Self, ConnectorError> {
        let mut commit = Commit::default();
        let mut by_name = BTreeMap::new();
        for (name, connector) in &config.connectors {
            let (text, connector) = build(name, connector, evaluator)?;
            commit
                .writes
                .push(Write::document(Kind::Recipe, text.as_bytes())?.0);
            by_name.insert(name.clone(), Arc::new(connector));
        }
        log.commit(&commit)?;
        Ok(Self { by_name })
    }

    /// All connectors of `config`, for looking and trying without a store.
    ///
    /// # Errors
    /// [`ConnectorError`] for the first that cannot be used.
    pub fn without_store(config: &Config, evaluator: &Arc<CelEvaluator>) -> Result<Self, ConnectorError> {
        let built = config.connectors.iter().map(|(name, connector)| {
            let (_, connector) = build(name, connector, evaluator)?;
            Ok((name.clone(), Arc::new(connector)))
        });
        Ok(Self {
            by_name: built.collect::<Result<_, ConnectorError>>()?,
        })
    }

    /// The connector called `name`.
    pub fn get(&self, name: &str) -> Option<&Arc<Connector>> {
        self.by_name.get(name)
    }

    /// All connectors by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<Connector>)> {
        self.by_name
            .iter()
            .map(|(name, connector)| (name.as_str(), connector))
    }

    /// What every operation of every connector promises, with the postings of the catalogue.
    pub fn contracts(&self) -> BTreeMap<(ConnectorId, RoleName, OperationName), Contract> {
        let mut contracts = BTreeMap::new();
        for connector in self.by_name.values() {
            let role = connector.recipe().role.clone();
            for name in connector.recipe().operations() {
                let Some(contract) = connector.contract(name) else {
                    continue;
                };
                let operation = catalogue::operation(role.as_str(), name);
                let postings = operation.map(catalogue::Operation::postings).unwrap_or_default();
                let key = (connector.id().clone(), role.clone(), OperationName::new(name));
                contracts.insert(key, Contract { postings, ..contract });
            }
        }
        contracts
    }
}

fn build(
    name: &str,
    config: &config::Connector,
    evaluator: &Arc<CelEvaluator>,
) -> Result<(String, Connector), ConnectorError> {
    let text = text(name, &config.recipe)?;
    let recipe = Recipe::parse(&text).map_err(|errors| ConnectorError::Recipe {
        connector: name.to_owned(),
        recipe: match &config.recipe {
            config::connector::Recipe::Shipped(recipe) => recipe.clone(),
            config::connector::Recipe::File(path) => path.display().to_string(),
        },
        errors,
    })?;
    let secrets: Secrets = config
        .secrets
        .iter()
        .map(|(name, secret)| (name.clone(), Secret::new(secret.reveal())))
        .collect();
    let settings = ConnectorSettings {
        id: ConnectorId::new(name),
        base_url: config.base_url.to_string(),
        recipe: Arc::new(recipe),
        secrets,
        settings: config
            .settings
            .iter()
            .map(|(name, value)| (name.clone(), scalar(value)))
            .collect(),
        timeout_ms: i64::try_from(config.timeout.as_millis()).ok(),
        pool: pool(name, config)?,
    };
    let connector =
        Connector::new(settings, evaluator.clone()).map_err(|source| ConnectorError::Settings {
            connector: name.to_owned(),
            source: Box::new(source),
        })?;
    Ok((text, connector))
}

fn text(name: &str, recipe: &config::connector::Recipe) -> Result<String, ConnectorError> {
    match recipe {
        config::connector::Recipe::Shipped(recipe) => {
            shipped::text(recipe).ok_or_else(|| ConnectorError::NoRecipe {
                connector: name.to_owned(),
                recipe: recipe.clone(),
                known: shipped::NAMES.join(", "),
            })
        }
        config::connector::Recipe::File(path) => {
            std::fs::read_to_string(path).map_err(|source| ConnectorError::File {
                connector: name.to_owned(),
                path: path.display().to_string(),
                source,
            })
        }
    }
}

fn pool(name: &str, config: &config::Connector) -> Result<Pool, ConnectorError> {
    let Some(file) = &config.extra_ca else {
        return Ok(Pool::default());
    };
    let pem = std::fs::read(file).map_err(|source| ConnectorError::File {
        connector: name.to_owned(),
        path: file.as_ref().display().to_string(),
        source,
    })?;
    Ok(Pool {
        ca_pem: Some(pem),
        ..Pool::default()
    })
}

fn scalar(value: &Scalar) -> Value {
    match value {
        Scalar::Text(text) => Value::text(text.clone()),
        Scalar::Int(number) => Value::Int(*number),
        Scalar::Bool(truth) => Value::Bool(*truth),
    }
}
