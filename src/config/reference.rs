//! The reference of all keys, from the same declarations the reader uses.

use super::key::{Entry, Fallback};
use super::setting::Setting;
use super::{
    connector, definitions, duration, gateway, log, notify, rest, retention, routing, sensitive, server,
    shop, size, store,
};

/// One table of a document.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its header; `NAME` stands for a name of the author's choice.
    pub path: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its keys; empty where the names of the keys are the author's too.
    pub keys: &'static [Entry],
}

/// A value whose name the author chooses.
const CHOSEN_SECRET: &[Entry] = &[Entry {
    name: "NAME",
    kind: <super::Secret as Setting>::KIND,
    fallback: Fallback::Absent("the recipe does without, or is refused"),
    bounds: None,
    about: "A credential, by the name the recipe asks for.",
}];
const CHOSEN_SETTING: &[Entry] = &[Entry {
    name: "NAME",
    kind: <connector::Scalar as Setting>::KIND,
    fallback: Fallback::Absent("the recipe's own default"),
    bounds: None,
    about: "Anything else the recipe asks for: a company, a price list, a journal.",
}];

const CHOSEN_LIMIT: &[Entry] = &[Entry {
    name: "NAME",
    kind: <u32 as Setting>::KIND,
    fallback: Fallback::Absent("a currency without a limit may not be moved alone once another has one"),
    bounds: None,
    about: "By the three letters of a currency: the most that one command may move, a number of minor units.",
}];

/// Every table a document may have, in the order of the reference.
pub const TABLES: &[Table] = &[
    table(
        "server",
        "Where the server listens and who may call it.",
        server::KEYS,
    ),
    table(
        "server.tls",
        "The server's own certificate. Without this table it speaks plain HTTP, for a proxy that encrypts.",
        server::TLS_KEYS,
    ),
    table(
        "server.tokens.NAME",
        "Who may call the API. The name is what the journal records as actor.",
        server::TOKEN_KEYS,
    ),
    table(
        "sensitive",
        "Which commands take a second person.",
        sensitive::KEYS,
    ),
    table(
        "sensitive.support",
        "What the role `support` may move alone; no limit without this table.",
        CHOSEN_LIMIT,
    ),
    table("sensitive.finance", "The same for `finance`.", CHOSEN_LIMIT),
    table("sensitive.admin", "The same for `admin`.", CHOSEN_LIMIT),
    table("store", "Where orders are kept.", store::KEYS),
    table("retention", "For how long what is kept.", retention::KEYS),
    table(
        "log",
        "What the server prints about itself, on standard error.",
        log::KEYS,
    ),
    table(
        "definitions",
        "Workflow definitions besides the shipped ones.",
        definitions::KEYS,
    ),
    table(
        "shops.NAME",
        "One storefront. The name begins the key of its orders (`eu-shop:1042`): never change it.",
        shop::KEYS,
    ),
    table(
        "shops.NAME.rest",
        "How the shop's REST interface is read. Without this table there is no sweep.",
        rest::KEYS,
    ),
    table(
        "shops.NAME.connectors",
        "Which system plays which role for the shop's orders.",
        shop::ROLE_KEYS,
    ),
    table(
        "shops.NAME.gateways.NAME",
        "One payment gateway, by its id in the shop (`stripe`, `bacs`, `cod`). An order of a gateway without a table is held as \
         `gateway-unknown`; `default` says what is assumed of it when a person lets it go on.",
        gateway::KEYS,
    ),
    table("connectors.NAME", "One system behind the shops.", connector::KEYS),
    table(
        "connectors.NAME.secrets",
        "Credentials of the system.",
        CHOSEN_SECRET,
    ),
    table(
        "connectors.NAME.settings",
        "What else the recipe asks for.",
        CHOSEN_SETTING,
    ),
    table(
        "connectors.NAME.rate",
        "How many requests start in a second. Without this table: as many as there are.",
        connector::RATE_KEYS,
    ),
    table(
        "connectors.NAME.breaker",
        "When to stop sending to a system that fails.",
        connector::BREAKER_KEYS,
    ),
    table(
        "notify.NAME",
        "Somebody who is told when something happens (docs/feed.md). The name is shown where a listener does not answer.",
        notify::KEYS,
    ),
    table(
        "routing.rule",
        "`[[routing.rule]]`, in order: the first that fits a new order decides.",
        routing::KEYS,
    ),
    table(
        "routing.rule.connectors",
        "Systems that replace those of the shop.",
        shop::ROLE_KEYS,
    ),
];

const fn table(path: &'static str, about: &'static str, keys: &'static [Entry]) -> Table {
    Table { path, about, keys }
}

/// The reference as Markdown: one section a table, one row a key.
pub fn render() -> String {
    TABLES.iter().map(render_table).collect::<Vec<_>>().join("\n")
}

fn render_table(table: &Table) -> String {
    let rows: String = table.keys.iter().map(render_row).collect();
    format!(
        "### `[{}]`\n\n{}\n\n| Key | Value and unit | Default | Meaning |\n|---|---|---|---|\n{rows}",
        table.path, table.about
    )
}

fn render_row(key: &Entry) -> String {
    let bounds = key
        .bounds
        .map(|bounds| render_bounds(key.kind, bounds))
        .unwrap_or_default();
    let default = match key.fallback {
        Fallback::Required => "required".to_owned(),
        Fallback::Value(text) => format!("`{text}`"),
        Fallback::Absent(without) => format!("none: {without}"),
    };
    format!(
        "| `{}` | {}{bounds} | {default} | {} |\n",
        key.name, key.kind, key.about
    )
}

fn render_bounds(kind: &str, (low, high): (u64, u64)) -> String {
    let show = match kind {
        <std::time::Duration as Setting>::KIND => duration_bound,
        <size::Size as Setting>::KIND => <size::Size as Setting>::show_magnitude,
        _ => |bound: u64| bound.to_string(),
    };
    format!(", {} to {}", show(low), show(high))
}

fn duration_bound(milliseconds: u64) -> String {
    duration::show(std::time::Duration::from_millis(milliseconds))
}
