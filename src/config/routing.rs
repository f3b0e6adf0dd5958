//! Which definition and connectors a new order gets.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use toml::de::DeValue;

use super::key::{Entry, Key};
use super::problem::Code;
use super::section::Section;
use super::setting::{Mistake, Node, Setting, quoted};
use super::shop::{self, Country};

const SHOPS: Key<Vec<ShopName>> = Key::new("shops", "[]", "Shops the rule is for; empty for all.");
const COUNTRIES: Key<Vec<Country>> = Key::new(
    "countries",
    "[]",
    "Countries the order ships to, ISO 3166 with two letters; empty for all.",
);
const FROM: Key<Day> = Key::optional(
    "from",
    "no beginning",
    "First day the rule holds, by the order's creation in the shop's zone.",
);
const UNTIL: Key<Day> = Key::optional("until", "no end", "First day the rule no longer holds.");
const WORKFLOW: Key<String> = Key::new(
    "workflow",
    "\"order-to-cash\"",
    "Workflow whose instances it is about.",
);
const VERSION: Key<u32> = Key::optional(
    "version",
    "the newest",
    "Version of the definition that new instances get.",
)
.within(1, 1_000_000);

/// Keys of `[[routing.rule]]`.
pub const KEYS: &[Entry] = &[
    SHOPS.entry(),
    COUNTRIES.entry(),
    FROM.entry(),
    UNTIL.entry(),
    WORKFLOW.entry(),
    VERSION.entry(),
];

/// `[[routing.rule]]`, in the order of the document: the first that fits decides.
#[derive(Debug, Clone, Default)]
pub struct Routing {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    shops: Vec<String>,
    countries: Vec<String>,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    workflow: String,
    version: Option<u32>,
    connectors: BTreeMap<&'static str, String>,
}

/// A new instance in need of a definition and connectors.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Name of the workflow that starts.
    pub workflow: &'a str,
    /// Name of the shop.
    pub shop: &'a str,
    /// The shop's time zone.
    pub zone: Tz,
    /// Country the order ships to, two letters.
    pub country: &'a str,
    /// When the order was created, in milliseconds since the Unix epoch, UTC.
    pub created_ms: i64,
}

/// What a new instance gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// Version of the definition; `None` for the newest.
    pub version: Option<u32>,
    /// Connectors by role that replace those of the shop.
    pub connectors: BTreeMap<&'static str, String>,
}

impl Routing {
    /// Reads `[routing]`.
    pub(super) fn read(root: &Section<'_>) -> Self {
        let section = root.table("routing");
        let rules = section.list("rule", Rule::read);
        section.end();
        Self { rules }
    }

    /// The route of the first rule that fits; the newest definition and the shop's own connectors when none does.
    pub fn choose(&self, ask: Ask<'_>) -> Route {
        let fitting = self.rules.iter().find(|rule| rule.fits(ask));
        fitting.map_or_else(Route::default, |rule| Route {
            version: rule.version,
            connectors: rule.connectors.clone(),
        })
    }
}

impl Rule {
    fn read(section: &Section<'_>) -> Self {
        let rule = Self {
            shops: section.get(&SHOPS).into_iter().map(|shop| shop.0).collect(),
            countries: section
                .get(&COUNTRIES)
                .into_iter()
                .map(|country| country.0)
                .collect(),
            from: section.optional(&FROM).map(|day| day.0),
            until: section.optional(&UNTIL).map(|day| day.0),
            workflow: section.get(&WORKFLOW),
            version: section.optional(&VERSION),
            connectors: shop::roles(section),
        };
        if let (Some(from), Some(until)) = (rule.from, rule.until)
            && from >= until
        {
            let message = format!("the rule ends on {until}, before it begins on {from}");
            section.refuse(
                &UNTIL,
                Mistake::new(Code::Contradiction, message, "write a day after `from`"),
            );
        }
        rule
    }

    fn fits(&self, ask: Ask<'_>) -> bool {
        let created = DateTime::from_timestamp_millis(ask.created_ms);
        let day = created.map(|at| at.with_timezone(&ask.zone).date_naive());
        self.workflow == ask.workflow
            && covers(&self.shops, ask.shop)
            && covers(&self.countries, ask.country)
            && self.from.is_none_or(|from| day.is_some_and(|day| day >= from))
            && self.until.is_none_or(|until| day.is_some_and(|day| day < until))
    }
}

/// Whether `name` is in `list`; an empty list holds every name.
fn covers(list: &[String], name: &str) -> bool {
    list.is_empty() || list.iter().any(|known| known == name)
}

/// The name of a shop that the document defines.
#[derive(Debug)]
pub(super) struct ShopName(pub(super) String);

impl Setting for ShopName {
    const KIND: &'static str = "name of a shop";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let text = node.text("the name of a shop in quotes")?;
        node.reading.known("shops", text).map(|()| Self(text.to_owned()))
    }

    fn blank() -> Self {
        Self(String::new())
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}

/// A calendar day.
#[derive(Debug)]
pub(super) struct Day(pub(super) NaiveDate);

impl Setting for Day {
    const KIND: &'static str = "date (`2027-01-01`)";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let wanted = "a date without quotes: 2027-01-01";
        let DeValue::Datetime(written) = node.value else {
            return Err(node.wrong_type(wanted));
        };
        let (Some(date), None) = (written.date, written.time) else {
            return Err(node.wrong_type(wanted));
        };
        NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day))
            .map(Self)
            .ok_or_else(|| node.wrong_type(wanted))
    }

    fn blank() -> Self {
        Self(NaiveDate::MIN)
    }

    fn show(&self) -> String {
        self.0.to_string()
    }
}
