//! Documents that must list what exists: error codes and decision records.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{files, none, read};

/// Areas of error codes; each has a table in docs/errors/README.md.
const AREAS: &[&str] = &[
    "api",
    "cli",
    "command",
    "config",
    "connector",
    "definition",
    "inbound",
    "journal",
    "recipe",
    "root",
    "webhook",
];

#[test]
fn every_error_code_has_a_row_and_every_row_a_code() {
    let used = used_codes();
    let page = read("docs/errors/README.md");
    let listed: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(ToOwned::to_owned)
        .collect();
    let mut findings: Vec<_> = used
        .iter()
        .filter(|(code, _)| !listed.contains(*code))
        .map(|(code, path)| format!("{path}: {code} has no row"))
        .collect();
    findings.extend(
        listed
            .iter()
            .filter(|code| !used.contains_key(*code))
            .map(|code| format!("no source uses {code}")),
    );
    none("docs/errors/README.md", &findings);
}

#[test]
fn decision_records_are_indexed_and_numbered_once() {
    let index = read("docs/adr/README.md");
    let mut numbers = BTreeMap::new();
    let mut findings = Vec::new();
    for file in files("docs/adr", &["md"]) {
        let name = file.path.trim_start_matches("docs/adr/");
        let Some(number) = name
            .split('-')
            .next()
            .filter(|number| number.parse::<u16>().is_ok())
        else {
            continue;
        };
        let title = file
            .text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("# ");
        if !index.contains(&format!("[{title}]({name})")) {
            findings.push(format!("{name}: the index has no [{title}]({name})"));
        }
        if let Some(other) = numbers.insert(number.to_owned(), name.to_owned()) {
            findings.push(format!("{name} has the number of {other}"));
        }
        let parts = ["Status:", "## Context", "## Decision", "## Consequences"];
        let missing = parts.iter().filter(|part| !file.text.contains(**part));
        findings.extend(missing.map(|part| format!("{name}: no {part}")));
    }
    let linked = index
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let dead = linked.filter(|link| {
        std::path::Path::new(link).extension().is_some_and(|e| e == "md") && !link.contains('/')
    });
    findings.extend(
        dead.filter(|link| !exists(link))
            .map(|link| format!("the index links {link}, which does not exist")),
    );
    none("docs/adr/README.md", &findings);
}

fn exists(link: &str) -> bool {
    crate::tree::root().join("docs/adr").join(link).is_file()
}

/// Every code outside the tests, with one file that has it: literals such as `"area/some-words"`, and in a file that
/// puts codes together from `"area/"` the literals of its `Name = "some-words",` lines.
fn used_codes() -> BTreeMap<String, String> {
    let mut codes = BTreeMap::new();
    let is_test = |path: &str| path.split('/').any(|part| part == "tests" || part == "tests.rs");
    for file in files(".", &["rs"]).iter().filter(|file| !is_test(&file.path)) {
        let whole = file
            .text
            .split('"')
            .filter(|text| is_code(text))
            .map(ToOwned::to_owned);
        let area = AREAS
            .iter()
            .find(|area| file.text.contains(&format!("\"{area}/\"")));
        let parts = area.into_iter().flat_map(|area| {
            let words = file.text.lines().filter_map(declared_word);
            words.map(move |word| format!("{area}/{word}"))
        });
        codes.extend(whole.chain(parts).map(|code| (code, file.path.clone())));
    }
    codes
}

/// `some-words` of a line `Name = "some-words",`.
fn declared_word(line: &str) -> Option<&str> {
    let (name, value) = line.trim().split_once(" = \"")?;
    let word = value.strip_suffix("\",")?;
    let is_variant =
        name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(char::is_alphanumeric);
    (is_variant && is_words(word)).then_some(word)
}

fn is_code(text: &str) -> bool {
    text.split_once('/')
        .is_some_and(|(area, rest)| AREAS.contains(&area) && is_words(rest))
}

fn is_words(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}
