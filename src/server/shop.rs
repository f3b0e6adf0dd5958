//! One storefront as the running server knows it.

use std::collections::BTreeMap;

use amends_connectors::woocommerce::delivery::Limits;
use amends_connectors::woocommerce::signature::Secret;
use amends_connectors::woocommerce::source::site;
use amends_engine::{ConnectorId, RoleName, Value};
use amends_workflows::mirror::Confirm;
use amends_workflows::model;
use chrono_tz::Tz;

use crate::config;

/// One storefront.
pub struct Shop {
    /// The first part of every key of its orders.
    pub name: String,
    /// What the model needs of the configuration.
    pub model: model::Shop,
    /// Webhook secrets.
    pub secrets: Vec<Secret>,
    /// The one form of the site deliveries must come from.
    pub site: String,
    /// When an order is read before it is believed.
    pub confirm: Confirm,
    /// Time zone in which days begin.
    pub zone: Tz,
    /// Country it sells from.
    pub country: Option<String>,
    /// How far apart two orders are placed that may be one, in milliseconds; 0 for never.
    pub duplicate_window_ms: i64,
    /// Connectors by role.
    pub routes: BTreeMap<RoleName, ConnectorId>,
    /// What expressions read as `shop`.
    pub settings: Value,
}

impl Shop {
    /// What the edge expects of a delivery.
    pub fn limits(&self) -> Limits {
        Limits {
            sources: vec![self.site.clone()],
            ..Limits::default()
        }
    }

    /// The shop called `name` as `config` describes it.
    pub fn new(name: &str, config: &config::Shop) -> Self {
        let routes = config.connectors.iter();
        let country = config.country.clone().unwrap_or_default();
        Self {
            name: name.to_owned(),
            model: model(name, config),
            secrets: config
                .secrets
                .iter()
                .map(|secret| Secret::new(secret.reveal()))
                .collect(),
            site: site(&config.source_host),
            confirm: confirm(config),
            zone: config.zone,
            country: config.country.clone(),
            duplicate_window_ms: i64::try_from(config.duplicate_window.as_millis()).unwrap_or(i64::MAX),
            routes: routes
                .map(|(role, id)| (RoleName::new(*role), ConnectorId::new(id.clone())))
                .collect(),
            settings: Value::map([
                ("name", Value::text(name)),
                ("country", Value::text(country)),
                ("several_captures", Value::Bool(config.several_captures)),
            ]),
        }
    }
}

fn confirm(config: &config::Shop) -> Confirm {
    match (&config.rest, config.confirm) {
        (None, _) => Confirm::Impossible,
        (Some(_), config::shop::Confirm::Changes) => Confirm::Changes,
        (Some(_), config::shop::Confirm::Doubt) => Confirm::Doubt,
    }
}

fn model(name: &str, config: &config::Shop) -> model::Shop {
    let methods = config
        .gateways()
        .iter()
        .map(|(method, gateway)| (method.clone(), self::gateway(gateway)));
    let default = config.gateway("default").map(gateway);
    model::Shop {
        name: name.to_owned(),
        gateways: model::Gateways {
            default: default.unwrap_or_else(|| model::Gateways::usual().default),
            methods: methods.filter(|(method, _)| method != "default").collect(),
        },
        rounding: match config.rounding {
            config::shop::Rounding::Hold => model::Rounding::Refuse,
            config::shop::Rounding::HalfEven => model::Rounding::HalfEven,
        },
        meta: Vec::new(),
    }
}

fn gateway(config: &config::Gateway) -> model::Gateway {
    model::Gateway {
        taken_by: match config.taken_by {
            config::TakenBy::ShopCaptured => model::TakenBy::ShopCaptured,
            config::TakenBy::ShopAuthorised => model::TakenBy::ShopAuthorised,
            config::TakenBy::Offline => model::TakenBy::Offline,
        },
        tender: config.tender.as_str().to_owned(),
        patience_ms: i64::try_from(config.patience.as_millis()).unwrap_or(i64::MAX),
        on_delivery: config.on_delivery,
    }
}
