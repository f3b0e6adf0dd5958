//! One storefront.

use std::collections::BTreeMap;
use std::time::Duration;

use amends_connectors::woocommerce::source::site;
use chrono_tz::Tz;
use url::Url;

use super::choice::choice;
use super::connector::ConnectorName;
use super::key::{Entry, Key};
use super::nearest::nearest;
use super::problem::Code;
use super::section::Section;
use super::setting::{Mistake, Node, Setting, quoted};
use super::{Gateway, Rest, Secret, name, web};

const DAY: u64 = 24 * 60 * 60 * 1_000;

const URL: Key<Url> = Key::required(
    "url",
    "Address of the shop's front page; REST requests start here.",
);
const SOURCE_HOST: Key<String> = Key::optional(
    "source_host",
    "that of `url`",
    "Site that deliveries name as their source: host, and port and path where there are any. Another one stops the shop's ingest, because it is most likely a staging copy.",
);
const SECRETS: Key<WebhookSecrets> = Key::required(
    "secrets",
    "Webhook secrets, one or two. Two are for changing them: add the new one, change the webhooks, drop the old one.",
);
const CONFIRM: Key<Confirm> = Key::new(
    "confirm",
    "\"doubt\"",
    "When an order is read again by REST: only when a delivery leaves a doubt, or at every change.",
);
const ZONE: Key<Tz> = Key::new(
    "zone",
    "\"UTC\"",
    "IANA time zone in which days begin, for routing by date and business hours.",
);
const COUNTRY: Key<Country> = Key::optional(
    "country",
    "expressions see an empty text",
    "Country the shop sells from, ISO 3166 with two letters; `shop.country` in expressions.",
);
const ROUNDING: Key<Rounding> = Key::new(
    "rounding",
    "\"hold\"",
    "What happens to amounts finer than the currency's smallest coin: the order is held, or rounded and the difference posted.",
);
const SEVERAL_CAPTURES: Key<bool> = Key::new(
    "several_captures",
    "false",
    "The payment provider lets one authorisation be captured in parts, so each parcel captures its share, and what is in no parcel is captured at the end. Otherwise the first parcel captures all. At Stripe the shop has to ask for it when it authorises (`request_multicapture`).",
);
const DUPLICATE_WINDOW: Key<Duration> = Key::new(
    "duplicate_window",
    "\"10m\"",
    "Two orders of the same buyer with the same cart and payment, placed no further apart than this: the later one is held as `possible-duplicate`. `0s` holds none.",
)
.within(0, DAY);

/// Keys of `[shops.NAME]`.
pub const KEYS: &[Entry] = &[
    URL.entry(),
    SOURCE_HOST.entry(),
    SECRETS.entry(),
    CONFIRM.entry(),
    ZONE.entry(),
    COUNTRY.entry(),
    ROUNDING.entry(),
    SEVERAL_CAPTURES.entry(),
    DUPLICATE_WINDOW.entry(),
];

/// What every key of a role says.
const ROLE: &str = "no definition may call the role for this shop";
const ERP: Key<ConnectorName> = Key::optional(
    "erp",
    ROLE,
    "Connector that keeps sales orders, stock and invoices.",
);
const PAYMENTS: Key<ConnectorName> = Key::optional("payments", ROLE, "Connector of the payment provider.");
const WAREHOUSE: Key<ConnectorName> = Key::optional("warehouse", ROLE, "Connector that packs and ships.");
const STOREFRONT: Key<ConnectorName> = Key::optional(
    "storefront",
    ROLE,
    "Connector that writes status and documents back to the shop.",
);

/// Keys of `[shops.NAME.connectors]` and of a routing rule's `connectors`: the roles.
pub const ROLE_KEYS: &[Entry] = &[
    ERP.entry(),
    PAYMENTS.entry(),
    WAREHOUSE.entry(),
    STOREFRONT.entry(),
];

choice! {
    /// When an order is read again by REST.
    Confirm {
        /// At every change.
        Changes = "changes",
        /// Only when a delivery leaves a doubt.
        Doubt = "doubt",
    }
}

choice! {
    /// What happens to amounts finer than the currency's smallest coin.
    Rounding {
        /// The order is held for a person.
        Hold = "hold",
        /// Half a coin goes to the even neighbour.
        HalfEven = "half-even",
    }
}

/// `[shops.NAME]`
#[derive(Debug, Clone)]
pub struct Shop {
    /// Address of the shop's front page.
    pub url: Url,
    /// Site that deliveries name as their source.
    pub source_host: String,
    /// Webhook secrets: one, or two while they are being changed.
    pub secrets: Vec<Secret>,
    /// When an order is read again by REST.
    pub confirm: Confirm,
    /// Time zone in which days begin.
    pub zone: Tz,
    /// Country the shop sells from, two letters.
    pub country: Option<String>,
    /// What happens to amounts finer than the currency's smallest coin.
    pub rounding: Rounding,
    /// The payment provider lets one authorisation be captured in parts.
    pub several_captures: bool,
    /// How far apart two orders are placed that may be one; zero for never.
    pub duplicate_window: Duration,
    /// How the REST interface is read; without it there is no sweep and nothing is confirmed.
    pub rest: Option<Rest>,
    /// Connector by role.
    pub connectors: BTreeMap<&'static str, String>,
    gateways: BTreeMap<String, Gateway>,
}

impl Shop {
    /// Name of the entry that stands for every gateway without one of its own.
    pub const DEFAULT_GATEWAY: &'static str = "default";

    /// Reads one shop.
    pub(super) fn read(section: &Section<'_>) -> Self {
        let url = section.get(&URL);
        let literals = section.reading().literals();
        let shop = Self {
            source_host: section
                .optional(&SOURCE_HOST)
                .unwrap_or_else(|| site(url.as_str())),
            secrets: section.get(&SECRETS).0,
            confirm: section.get(&CONFIRM),
            zone: section.get(&ZONE),
            country: section.optional(&COUNTRY).map(|country| country.0),
            rounding: section.get(&ROUNDING),
            several_captures: section.get(&SEVERAL_CAPTURES),
            duplicate_window: section.get(&DUPLICATE_WINDOW),
            rest: Rest::read(section, &url),
            connectors: roles(section),
            gateways: section.each("gateways", name::word, Gateway::read),
            url,
        };
        shop.check(section);
        if !web::is_loopback(&shop.url) {
            section
                .reading()
                .refuse_literals(literals, "the shop is not on this machine");
        }
        shop
    }

    /// What is known or, by the entry `default`, assumed about the gateway called `name`.
    pub fn gateway(&self, name: &str) -> Option<&Gateway> {
        self.gateways
            .get(name)
            .or_else(|| self.gateways.get(Self::DEFAULT_GATEWAY))
    }

    /// The gateways the document names, `default` among them.
    pub fn gateways(&self) -> &BTreeMap<String, Gateway> {
        &self.gateways
    }

    fn check(&self, section: &Section<'_>) {
        if self.confirm == Confirm::Changes && self.rest.is_none() {
            section.refuse(
                &CONFIRM,
                Mistake::new(
                    Code::NeedsRest,
                    "orders cannot be read again without REST credentials",
                    "add the table `rest` with consumer_key and consumer_secret, or write confirm = \"doubt\"",
                ),
            );
        }
    }
}

/// Reads the table `connectors`: connector by role.
pub(super) fn roles(section: &Section<'_>) -> BTreeMap<&'static str, String> {
    let table = section.table("connectors");
    let roles = [&ERP, &PAYMENTS, &WAREHOUSE, &STOREFRONT];
    let found = roles
        .into_iter()
        .filter_map(|key| Some((key.entry().name, table.optional(key)?.0)))
        .collect();
    table.end();
    found
}

/// One or two secrets.
#[derive(Debug)]
struct WebhookSecrets(Vec<Secret>);

impl Setting for WebhookSecrets {
    const KIND: &'static str = "list of one or two secrets";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        if node.value.as_str().is_some() {
            node.reading.veil(node.bytes.clone());
        }
        let secrets = Vec::<Secret>::read(node)?;
        match secrets.len() {
            1 | 2 => Ok(Self(secrets)),
            count => Err(Mistake::new(
                Code::SecretCount,
                format!("there are {count} secrets"),
                "write one, or two while changing them: [{ env = \"NEW\" }, { env = \"OLD\" }]",
            )),
        }
    }

    fn blank() -> Self {
        Self(Vec::new())
    }

    fn show(&self) -> String {
        self.0.show()
    }
}

/// An ISO 3166 country code.
#[derive(Debug)]
pub(super) struct Country(pub(super) String);

impl Setting for Country {
    const KIND: &'static str = "two capital letters";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let text = node.text("a country code in quotes: \"DE\"")?;
        if text.len() == 2 && text.chars().all(|c| c.is_ascii_uppercase()) {
            return Ok(Self(text.to_owned()));
        }
        let message = format!("`{text}` is not a country code");
        Err(Mistake::new(
            Code::BadValue,
            message,
            "write two capital letters: \"DE\", \"US\"",
        ))
    }

    fn blank() -> Self {
        Self(String::new())
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}

impl Setting for Tz {
    const KIND: &'static str = "IANA time zone (`Europe/Berlin`)";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let text = node.text("a time zone in quotes: \"Europe/Berlin\"")?;
        text.parse().map_err(|_| {
            let near = nearest(text, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
            let help = match near {
                Some(zone) => format!("did you mean `{zone}`?"),
                None => "write an IANA name: \"Europe/Berlin\", \"America/New_York\", \"UTC\"".to_owned(),
            };
            Mistake::new(Code::BadValue, format!("`{text}` is not a time zone"), help)
        })
    }

    fn blank() -> Self {
        Self::UTC
    }

    fn show(&self) -> String {
        quoted(self.name())
    }
}
