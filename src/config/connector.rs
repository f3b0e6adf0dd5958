//! One system behind the shops, reached over HTTP by a recipe.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;
use url::Url;

use super::key::{Entry, Key};
use super::nearest::suggestion;
use super::path::{ExistingFile, absent};
use super::problem::Code;
use super::section::Section;
use super::setting::{Mistake, Node, Setting, quoted};
use super::{Secret, name, web};

const SECOND: u64 = 1_000;
const HOUR: u64 = 60 * 60 * SECOND;

const RECIPE: Key<Recipe> = Key::required(
    "recipe",
    "How the system is spoken to: the name of a shipped recipe, or the path of one, which ends in `.toml`.",
);
const BASE_URL: Key<Url> = Key::required("base_url", "Address that the recipe's paths are added to.");
const TIMEOUT: Key<Duration> = Key::new(
    "timeout",
    "\"30s\"",
    "How long one request may take as a whole. Past it the outcome is unknown, not failed.",
)
.within(100, HOUR);
const CONCURRENCY: Key<u32> = Key::new(
    "concurrency",
    "8",
    "Requests under way at once, a number of requests.",
)
.within(1, 1_024);
const EXTRA_CA: Key<ExistingFile> = Key::optional(
    "extra_ca",
    "only public authorities are trusted",
    "Certificate of a further authority to trust, PEM; for systems inside a company.",
);

/// Keys of `[connectors.NAME]`.
pub const KEYS: &[Entry] = &[
    RECIPE.entry(),
    BASE_URL.entry(),
    TIMEOUT.entry(),
    CONCURRENCY.entry(),
    EXTRA_CA.entry(),
];

const PER_SECOND: Key<u32> = Key::required(
    "per_second",
    "Requests started in a second, on average, a number of requests.",
)
.within(1, 100_000);
const BURST: Key<u32> = Key::new(
    "burst",
    "1",
    "Requests that may start together after a pause, a number of requests.",
)
.within(1, 100_000);

/// Keys of `[connectors.NAME.rate]`.
pub const RATE_KEYS: &[Entry] = &[PER_SECOND.entry(), BURST.entry()];

const FAILURES: Key<u32> = Key::new(
    "failures",
    "10",
    "Failures in a row after which no more requests start, a number of requests. A refusal for a business reason is no failure.",
)
.within(1, 1_000);
const OPEN_FOR: Key<Duration> = Key::new(
    "open_for",
    "\"15s\"",
    "How long nothing starts before a single request tries again.",
)
.within(SECOND, 24 * HOUR);

/// Keys of `[connectors.NAME.breaker]`.
pub const BREAKER_KEYS: &[Entry] = &[FAILURES.entry(), OPEN_FOR.entry()];

/// `[connectors.NAME]`
#[derive(Debug, Clone)]
pub struct Connector {
    /// How the system is spoken to.
    pub recipe: Recipe,
    /// Address that the recipe's paths are added to.
    pub base_url: Url,
    /// Credentials by the name the recipe knows them by.
    pub secrets: BTreeMap<String, Secret>,
    /// What else the recipe wants to know, by name.
    pub settings: BTreeMap<String, Scalar>,
    /// How long one request may take as a whole.
    pub timeout: Duration,
    /// Requests under way at once.
    pub concurrency: u32,
    /// How many requests start in a second; `None` for as many as there are.
    pub rate: Option<Rate>,
    /// When to stop sending to a system that fails.
    pub breaker: Breaker,
    /// Certificate of a further authority to trust.
    pub extra_ca: Option<ExistingFile>,
}

/// `[connectors.NAME.rate]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests started in a second, on average.
    pub per_second: u32,
    /// Requests that may start together after a pause.
    pub burst: u32,
}

/// `[connectors.NAME.breaker]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Failures in a row after which no more requests start.
    pub failures: u32,
    /// How long nothing starts before a single request tries again.
    pub open_for: Duration,
}

/// The document that says how to speak to a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipe {
    /// One that ships with Amends, by name.
    Shipped(String),
    /// One of the owner's.
    File(PathBuf),
}

/// A value a recipe wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// True or false.
    Bool(bool),
}

/// The name of a connector that the document defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorName(pub String);

impl Connector {
    /// Reads one connector.
    pub(super) fn read(section: &Section<'_>) -> Self {
        let base_url = section.get(&BASE_URL);
        let literals = section.reading().literals();
        let connector = Self {
            recipe: section.get(&RECIPE),
            secrets: section.values("secrets", name::word),
            settings: section.values("settings", name::word),
            timeout: section.get(&TIMEOUT),
            concurrency: section.get(&CONCURRENCY),
            rate: Rate::read(section),
            breaker: Breaker::read(section),
            extra_ca: section.optional(&EXTRA_CA),
            base_url,
        };
        if !web::is_loopback(&connector.base_url) {
            section
                .reading()
                .refuse_literals(literals, "the connector is not on this machine");
        }
        if web::is_plain(&connector.base_url) && !connector.secrets.is_empty() {
            let message = format!("secrets are sent to {} unencrypted", connector.base_url);
            section.warn(
                &BASE_URL,
                Mistake::new(Code::PlainHttp, message, "write an https:// address"),
            );
        }
        connector
    }
}

impl Rate {
    fn read(connector: &Section<'_>) -> Option<Self> {
        let section = connector.table("rate");
        let rate = section.is_present().then(|| Self {
            per_second: section.get(&PER_SECOND),
            burst: section.get(&BURST),
        });
        section.end();
        rate
    }
}

impl Breaker {
    fn read(connector: &Section<'_>) -> Self {
        let section = connector.table("breaker");
        let breaker = Self {
            failures: section.get(&FAILURES),
            open_for: section.get(&OPEN_FOR),
        };
        section.end();
        breaker
    }
}

impl Setting for Recipe {
    const KIND: &'static str = "name or path";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let text = node.text("the name of a recipe, or the path of one")?;
        let is_path = PathBuf::from(text)
            .extension()
            .is_some_and(|extension| extension == "toml");
        if !is_path {
            return name::word(text).map(|()| Self::Shipped(text.to_owned()));
        }
        let path = node.reading.resolve(text);
        if path.is_file() {
            Ok(Self::File(path))
        } else {
            Err(absent("recipe", &path))
        }
    }

    fn blank() -> Self {
        Self::Shipped(String::new())
    }

    fn show(&self) -> String {
        match self {
            Self::Shipped(name) => quoted(name),
            Self::File(path) => path.show(),
        }
    }
}

impl Setting for Scalar {
    const KIND: &'static str = "text, whole number, or true or false";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        match node.value {
            DeValue::String(text) => Ok(Self::Text(text.to_string())),
            DeValue::Boolean(truth) => Ok(Self::Bool(*truth)),
            DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
                .map(Self::Int)
                .map_err(|_| {
                    Mistake::new(
                        Code::OutOfRange,
                        format!("{digits} is too large"),
                        "write it as text, in quotes",
                    )
                }),
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                Err(node.wrong_type("text in quotes, a whole number, true or false"))
            }
        }
    }

    fn blank() -> Self {
        Self::Bool(false)
    }

    fn show(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Int(number) => number.to_string(),
            Self::Bool(truth) => truth.to_string(),
        }
    }
}

impl Setting for ConnectorName {
    const KIND: &'static str = "name of a connector";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let text = node.text("the name of a connector in quotes")?;
        node.reading
            .known("connectors", text)
            .map(|()| Self(text.to_owned()))
    }

    fn blank() -> Self {
        Self(String::new())
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}

/// The mistake of a name that the document does not define.
pub(super) fn unknown(table: &str, name: &str, known: &[String]) -> Mistake {
    let words: Vec<_> = known.iter().map(String::as_str).collect();
    let help = suggestion(name, &words).unwrap_or_else(|| format!("define it: [{table}.{name}]"));
    Mistake::new(
        Code::UnknownReference,
        format!("the document defines no [{table}.{name}]"),
        help,
    )
}
