//! The configuration of a server: `amends.toml`, read once at start.
//!
//! A document is read as a whole: every problem is collected and names file, line and column. Each section reads
//! its own table through [`section::Section`]; each key is a [`key::Key`], from which the reference in
//! `docs/configuration.md` is generated, so the two cannot drift apart.
//!
//! Absent on purpose: overriding single keys from the environment (two places for one value), includes, reloading
//! while running (a restart is safe at any moment), and default secrets.

pub mod choice;
pub mod connector;
pub mod definitions;
pub mod duration;
pub mod effective;
pub mod gateway;
pub mod key;
pub mod log;
pub mod moment;
pub mod name;
mod nearest;
pub mod notify;
pub mod path;
pub mod problem;
pub mod reading;
pub mod reference;
pub mod rest;
pub mod retention;
pub mod routing;
pub mod secret;
pub mod section;
pub mod sensitive;
pub mod server;
pub mod setting;
pub mod shop;
pub mod size;
pub mod store;
pub mod web;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub use connector::Connector;
pub use definitions::Definitions;
pub use effective::Effective;
pub use gateway::{Gateway, TakenBy};
pub use log::Log;
pub use notify::Notify;
pub use problem::{Code, ConfigError, Problem};
pub use rest::Rest;
pub use retention::Retention;
pub use routing::{Route, Routing};
pub use secret::Secret;
pub use sensitive::Sensitive;
pub use server::Server;
pub use shop::Shop;
pub use store::Store;

use reading::Reading;
use section::Section;

/// Looks up an environment variable. A parameter, so that a test can have an environment of its own.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Everything a server is told by its owner, checked and complete.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the server listens and who may call it.
    pub server: Server,
    /// Where orders are kept.
    pub store: Store,
    /// How long raw bodies are kept.
    pub retention: Retention,
    /// What the server prints about itself.
    pub log: Log,
    /// Workflow definitions besides the shipped ones.
    pub definitions: Definitions,
    /// The storefronts, by the name that starts their root keys (`eu-shop:1042`).
    pub shops: BTreeMap<String, Shop>,
    /// The systems behind them, by name.
    pub connectors: BTreeMap<String, Connector>,
    /// Who is told when something happens, by name.
    pub notify: BTreeMap<String, Notify>,
    /// Which commands take a second person.
    pub sensitive: Sensitive,
    /// Which definition and connectors a new order gets.
    pub routing: Routing,
    effective: Vec<Effective>,
    warnings: Vec<Problem>,
}

impl Config {
    /// Reads the document at `path`; relative paths in it start at its folder.
    ///
    /// # Errors
    /// Everything that is wrong with the document, each problem with file, line and column.
    pub fn load(path: &Path, env: Env<'_>) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        Self::parse(&text, path, env)
    }

    /// Reads a document already in memory; `path` is what problems call it and where relative paths start.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path, env: Env<'_>) -> Result<Self, ConfigError> {
        let reading = Reading::new(text, path, env);
        let document = reading.document();
        let root = Section::root(&reading, document.get_ref());
        let mut config = Self::read(&root);
        root.end();
        config.server.check_literals(&reading);
        let (effective, warnings) = reading.finish()?;
        config.effective = effective;
        config.warnings = warnings;
        Ok(config)
    }

    fn read(root: &Section<'_>) -> Self {
        Self {
            server: Server::read(root),
            store: Store::read(root),
            retention: Retention::read(root),
            log: Log::read(root),
            definitions: Definitions::read(root),
            shops: root.each("shops", name::slug, Shop::read),
            connectors: root.each("connectors", name::slug, Connector::read),
            notify: root.each("notify", name::slug, Notify::read),
            sensitive: Sensitive::read(root),
            routing: Routing::read(root),
            effective: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// A complete configuration for trying Amends out: one shop and four connectors of the sandbox world, all on
    /// the loopback interface.
    pub fn sandbox() -> Self {
        Self::parse(include_str!("sandbox.toml"), Path::new("sandbox.toml"), &|_| None)
            .unwrap_or_else(|error| unreachable!("the embedded document is tested: {}", error.listing()))
    }

    /// What does not stop the server but should be put right, for example a secret others can read.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Every key with the value in force and where it came from; secrets are masked.
    pub fn effective(&self) -> &[Effective] {
        &self.effective
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::sandbox()
    }
}

#[cfg(test)]
mod tests;
