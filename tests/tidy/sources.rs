//! What a source file looks like.

use crate::tree::{File, files, none};

/// Lines of a source file. Past it a file has more than one noun, and nobody reads it to the end; the median here is
/// a third of it.
const LINES_MAX: usize = 500;

/// Words that put something off. What is absent is written down as absent; what is missing is an issue.
const POSTPONED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("HA", "CK"),
    concat!("to", "do!("),
    concat!("unimpl", "emented!("),
    concat!("db", "g!("),
    concat!("for ", "now,"),
    concat!("not yet ", "implemented"),
    concat!("coming ", "soon"),
    concat!("in a real ", "system"),
];

/// Names that say nothing about what is inside.
const NAMELESS: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "manager"];

#[test]
fn no_file_is_too_long_to_read() {
    let long = rust()
        .into_iter()
        .map(|file| (file.lines().count(), file.path))
        .filter(|(lines, _)| *lines > LINES_MAX);
    none(
        &format!("more than {LINES_MAX} lines: split it by noun"),
        &long
            .map(|(lines, path)| format!("{path}: {lines}"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn nothing_is_put_off_in_a_comment() {
    let texts = files(".", &["rs", "toml", "md", "yml", "sh"]);
    let found = texts.iter().flat_map(|file| {
        file.lines().flat_map(move |(number, line)| {
            let words = POSTPONED.iter().filter(move |word| line.contains(**word));
            words.map(move |word| format!("{}:{number}: {word}", file.path))
        })
    });
    none("do it, or file it", &found.collect::<Vec<_>>());
}

#[test]
fn no_test_is_skipped_without_a_reason() {
    let mark = concat!("#[ig", "nore]");
    let found = rust()
        .into_iter()
        .filter(|file| file.text.contains(mark))
        .map(|file| file.path);
    none("write #[ignore = \"why\"]", &found.collect::<Vec<_>>());
}

#[test]
fn every_waiver_of_a_lint_has_a_reason() {
    let mut findings = Vec::new();
    for file in rust() {
        for open in ["[allow(", "[expect("] {
            for (at, _) in file
                .text
                .match_indices(open)
                .filter(|(at, _)| is_attribute(&file.text, *at))
            {
                let rest = file.text.get(at..).unwrap_or_default();
                let waiver = rest.split(")]").next().unwrap_or_default();
                if !waiver.contains("reason = ") {
                    let line = file.text.get(..at).unwrap_or_default().matches('\n').count() + 1;
                    findings.push(format!("{}:{line}", file.path));
                }
            }
        }
    }
    none("write #[expect(..., reason = \"...\")]", &findings);
}

#[test]
fn modules_are_named_after_what_is_inside() {
    let nameless = |path: &String| path.split(['/', '.']).any(|part| NAMELESS.contains(&part));
    none(
        "name it after what is inside",
        &rust()
            .into_iter()
            .map(|file| file.path)
            .filter(nameless)
            .collect::<Vec<_>>(),
    );
}

fn rust() -> Vec<File> {
    files(".", &["rs"])
}

/// Whether the bracket at `at` opens an attribute: `#[` or `#![`.
fn is_attribute(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    before.ends_with('#') || before.ends_with("#!")
}
