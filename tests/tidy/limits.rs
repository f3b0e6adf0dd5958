//! The page of limits lists every bound with its number and reason, taken from the code.

use std::fmt::Write as _;

use crate::tree::{File, files, read, root};

const PAGE: &str = "docs/limits.md";
/// What stands above this line is written by hand.
const MARK: &str = "## Every bound";

/// Where bounds are, and what they bound.
const PLACES: &[(&str, &str)] = &[
    ("engine/src/limits.rs", "The core"),
    ("storage/src/limits.rs", "The store"),
    ("runtime/src/retention", "Retention"),
    ("api/src/limits.rs", "The HTTP edge"),
    ("connectors/src/recipe/limits.rs", "Recipes"),
    ("workflows/src/cel/limits.rs", "Expressions"),
];

/// A constant with its reason.
#[derive(Debug)]
struct Bound {
    name: String,
    value: String,
    reason: String,
}

#[test]
fn the_page_of_limits_is_what_the_code_says() {
    let page = read(PAGE);
    let (by_hand, _) = page.split_once(MARK).unwrap_or((&page, ""));
    let wanted = format!("{by_hand}{MARK}\n{}", tables());
    if std::env::var("AMENDS_WRITE_DOCS").is_ok() {
        std::fs::write(root().join(PAGE), &wanted).unwrap();
        return;
    }
    assert!(
        page == wanted,
        "{PAGE} is stale: AMENDS_WRITE_DOCS=1 cargo test --test tidy limits"
    );
}

fn tables() -> String {
    let mut tables = String::new();
    for (place, title) in PLACES {
        let mut rows = String::new();
        for file in sources(place) {
            for bound in bounds(&file.text) {
                let Bound { name, value, reason } = bound;
                writeln!(rows, "| `{name}` | {value} | {reason} |").unwrap();
            }
        }
        assert!(!rows.is_empty(), "{place} has no bounds");
        write!(
            tables,
            "\n### {title}\n\nFrom `{place}`.\n\n| bound | number | reason |\n|---|---|---|\n{rows}"
        )
        .unwrap();
    }
    tables
}

fn sources(place: &str) -> Vec<File> {
    if root().join(place).is_file() {
        let text = read(place);
        let path = place.to_owned();
        return vec![File { path, text }];
    }
    let mut sources = files(place, &["rs"]);
    sources.retain(|file| !file.path.contains("/tests"));
    sources
}

/// Numbers and times that say why they are what they are.
fn bounds(text: &str) -> Vec<Bound> {
    let (mut bounds, mut reason) = (Vec::new(), String::new());
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("///") {
            reason.push_str(comment);
            continue;
        }
        if let Some((name, value)) = constant(line)
            && !reason.is_empty()
        {
            let reason = reason
                .trim()
                .replace('|', "\\|")
                .replace("[`", "`")
                .replace("`]", "`");
            bounds.push(Bound { name, value, reason });
        }
        reason.clear();
    }
    bounds
}

/// Name and value of a line that declares a number or a time; a layout's version is no bound.
fn constant(line: &str) -> Option<(String, String)> {
    let (_, declared) = line.split_once("const ")?;
    let (name, rest) = declared.split_once(": ")?;
    let (kind, value) = rest.strip_suffix(';')?.split_once(" = ")?;
    let known = ["usize", "u64", "i64", "u32", "u16", "u8", "Duration"].contains(&kind);
    (known && name != "VERSION").then(|| (name.to_owned(), told(value)))
}

fn told(value: &str) -> String {
    for (call, unit) in [("from_secs(", "s"), ("from_millis(", "ms"), ("from_mins(", "min")] {
        if let Some((_, number)) = value.split_once(call) {
            return format!("{} {unit}", number.trim_end_matches(')'));
        }
    }
    let factors = value
        .split('*')
        .map(|factor| factor.trim().replace('_', "").parse::<u64>());
    factors
        .product::<Result<u64, _>>()
        .map_or_else(|_| format!("`{value}`"), grouped)
}

/// 4194304 as 4,194,304.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
