//! The evidence file as a page to print: everything in it, in the order a person reads it. It needs nothing from
//! elsewhere, so that it can be kept.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value gives null where there is nothing"
)]

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use crate::words;

const STYLE: &str = "
body{font:14px/1.45 system-ui,sans-serif;color:#1b1b1f;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem;border-bottom:2px solid #1b1b1f;padding-bottom:.2rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0}th{text-align:left;font-weight:600;color:#55555f}
th,td{padding:.25rem .75rem .25rem 0;border-bottom:1px solid #dcdce0;vertical-align:top;overflow-wrap:anywhere}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td.t{white-space:nowrap;color:#55555f}
p.sub{color:#55555f;margin:.2rem 0}tr,h2{break-inside:avoid}h2{break-after:avoid}
.none{color:#77777f}@media print{body{margin:0;max-width:none;font-size:11px}}@page{margin:18mm}
";

/// The page.
pub(crate) fn page(file: &Value) -> String {
    let order = &file["order"];
    let title = format!("Order {}", text(&order["root"]));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p.sub { "State: " (text(&order["summary"]["state"])) " · total " (money(&order["summary"]["total_minor"], &order["summary"]["currency"])) }
                p.sub { "Taken " (text(&file["taken"]["at"])) " by " (text(&file["taken"]["by"])) ", personal data " (text(&file["taken"]["personal_data"])) }
                p.sub { "Journal of store " (text(&file["journal"]["store"])) ": " (text(&file["journal"]["frames"])) " frames, head " (text(&file["journal"]["head"])) }
                @if file["journal"]["complete"] == Value::Bool(false) {
                    p { strong { "This order has more history than one file holds: take the rest from the API." } }
                }
                (steps(order))
                (ledger(order))
                (open(order))
                (history(file))
                (requests(file))
                (content(order))
            }
        }
    };
    page.into_string()
}

fn steps(order: &Value) -> Markup {
    html! {
        h2 { "Steps" }
        @for instance in list(&order["instances"]) {
            p.sub { (text(&instance["workflow"])) ": " (text(&instance["stage_words"])) ", since " (text(&instance["started"])) }
            table {
                tr { th { "Step" } th { "State" } th { "Document" } }
                @for step in list(&instance["steps"]) {
                    tr { td { (text(&step["title"])) } td { (text(&step["state"])) } td { (text(&step["reference"])) } }
                }
            }
        }
    }
}

fn ledger(order: &Value) -> Markup {
    html! {
        h2 { "Money and stock" }
        table {
            tr { th { "Account" } th { "Line" } th.n { "Landed" } th.n { "Open" } }
            @for row in list(&order["ledger"]) {
                tr {
                    td { (text(&row["account"])) }
                    td { (text(&row["line"])) }
                    td.n { (amount(row, "landed")) }
                    td.n { (amount(row, "open")) }
                }
            }
        }
    }
}

fn open(order: &Value) -> Markup {
    let rows = [
        ("Incident", &order["incidents"]),
        ("Obligation", &order["obligations"]),
    ];
    html! {
        h2 { "Open" }
        @if rows.iter().all(|(_, rows)| list(rows).is_empty()) { p.none { "Nothing." } } @else {
            table {
                tr { th { "What" } th { "Cause" } th { "Message" } th { "Since" } }
                @for (kind, rows) in rows {
                    @for row in list(rows) {
                        tr {
                            td { (kind) " " (text(&row["number"])) }
                            td { (text(&row["cause"])) (money(&row["amount_minor"], &row["currency"])) }
                            td { (text(&row["message"])) (text(&row["reason"])) }
                            td.t { (text(&row["since"])) }
                        }
                    }
                }
            }
        }
    }
}

fn history(file: &Value) -> Markup {
    html! {
        h2 { "History" }
        table {
            tr { th.n { "Nr" } th { "When" } th { "What" } }
            @for entry in list(&file["history"]["history"]) {
                tr { td.n { (text(&entry["sequence"])) } td.t { (text(&entry["at"])) } td { (text(&entry["words"])) } }
            }
        }
    }
}

fn requests(file: &Value) -> Markup {
    html! {
        h2 { "Requests" }
        table {
            tr { th { "When" } th { "To" } th { "Step" } th { "Outcome" } th { "Digest" } }
            @for request in list(&file["requests"]) {
                tr {
                    td.t { (text(&request["at"])) }
                    td { (text(&request["connector"])) " " (text(&request["operation"])) }
                    td { (text(&request["place"])) ", attempt " (text(&request["attempt"])) }
                    td { (text(&request["outcome"])) }
                    td { (text(&request["digest"]).chars().take(16).collect::<String>()) }
                }
            }
        }
    }
}

/// The order's own content: name and value, as it is.
fn content(order: &Value) -> Markup {
    html! {
        h2 { "Content of the order" }
        table {
            @if let Value::Object(fields) = &order["subject"] {
                @for (name, value) in fields {
                    tr { th { (name) } td { (plain(value)) } }
                }
            }
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A value of the content: maps and lists of them in lines.
fn plain(value: &Value) -> Markup {
    match value {
        Value::Object(fields) => html! {
            @for (name, value) in fields { div { (name) ": " (plain(value)) } }
        },
        Value::Array(elements) => html! {
            @for element in elements { div { (plain(element)) } }
        },
        Value::Null | Value::String(_) | Value::Bool(_) | Value::Number(_) => html! { (text(value)) },
    }
}

/// Accounts that count pieces; the others count money.
const PIECES: [&str; 9] = [
    "ordered",
    "cancelled units",
    "reserved",
    "released",
    "shipped",
    "returned",
    "restocked",
    "scrapped",
    "sent back",
];

/// One amount of a line of the ledger: pieces, or money in the currency its line begins with.
fn amount(row: &Value, name: &str) -> String {
    let (account, line) = (text(&row["account"]), text(&row["line"]));
    let code = line.split(' ').next().unwrap_or_default();
    match row[name].as_i64() {
        Some(minor) if !PIECES.contains(&account.as_str()) => words::money(minor, code),
        Some(_) | None => text(&row[name]),
    }
}

fn money(minor: &Value, currency: &Value) -> String {
    let (Some(minor), Some(code)) = (minor.as_i64(), currency.as_str()) else {
        return String::new();
    };
    words::money(minor, code)
}
