//! What the core may ask: definitions by digest, what a fact starts, what an operation promises.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_engine::contract::Contract;
use amends_engine::decide::{Book, Start};
use amends_engine::definition::Definition;
use amends_engine::fact::Fact;
use amends_engine::ledger::Posting;
use amends_engine::{ConnectorId, Digest, FactName, OperationName, RoleName, RootKey, Value};
use amends_workflows::document::Library;

use crate::config::Routing;
use crate::config::routing::Ask;

use super::callback;
use super::shop::Shop;

/// The book of one server.
pub struct ServerBook {
    /// Definitions, shipped and own.
    pub library: Library,
    /// Which version and connectors a new instance gets.
    pub routing: Routing,
    /// Shops by name.
    pub shops: Arc<BTreeMap<String, Shop>>,
    /// Promises by connector, role and operation.
    pub contracts: BTreeMap<(ConnectorId, RoleName, OperationName), Contract>,
}

impl Book for ServerBook {
    fn definition(&self, digest: &Digest) -> Option<Arc<Definition>> {
        self.library
            .by_digest(digest)
            .map(|loaded| Arc::clone(&loaded.definition))
    }

    fn starts(&self, root: &RootKey, fact: &Fact, subject: Option<&Value>) -> Vec<Start> {
        let Some(shop) = root
            .as_str()
            .split(':')
            .next()
            .and_then(|name| self.shops.get(name))
        else {
            return Vec::new();
        };
        let names: std::collections::BTreeSet<_> = self
            .library
            .iter()
            .filter(|loaded| loaded.definition.start == fact.name)
            .map(|loaded| loaded.definition.name.clone())
            .collect();
        names
            .iter()
            .filter_map(|name| self.start(name, shop, subject))
            .collect()
    }

    fn reports(&self, fact: &FactName, payload: &Value) -> Vec<Posting> {
        callback::postings(fact, payload)
    }

    fn contract(
        &self,
        connector: &ConnectorId,
        role: &RoleName,
        operation: &OperationName,
    ) -> Option<Contract> {
        self.contracts
            .get(&(connector.clone(), role.clone(), operation.clone()))
            .cloned()
    }
}

impl ServerBook {
    fn start(
        &self,
        name: &amends_engine::WorkflowName,
        shop: &Shop,
        subject: Option<&Value>,
    ) -> Option<Start> {
        let created_ms = subject
            .and_then(|subject| subject.get("created_ms"))
            .and_then(Value::as_int)
            .unwrap_or(0);
        let country = shop.country.as_deref().unwrap_or_default();
        let ask = Ask {
            workflow: name.as_str(),
            shop: &shop.name,
            zone: shop.zone,
            country,
            created_ms,
        };
        let route = self.routing.choose(ask);
        let loaded = match route.version {
            Some(version) => self.library.get(name, version),
            None => self.library.latest(name),
        }?;
        let mut routes: BTreeMap<RoleName, ConnectorId> = shop.routes.clone();
        routes.extend(
            route
                .connectors
                .iter()
                .map(|(role, connector)| (RoleName::new(*role), ConnectorId::new(connector.clone()))),
        );
        Some(Start {
            definition: Arc::clone(&loaded.definition),
            routes,
            settings: shop.settings.clone(),
        })
    }
}
