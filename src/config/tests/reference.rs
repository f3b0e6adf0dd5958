use std::collections::BTreeSet;
use std::fs;

use super::super::reference::{TABLES, render};
use super::*;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
const BEGIN: &str = "<!-- keys: written by the test config::tests::reference, do not edit -->\n";
const END: &str = "<!-- end of keys -->\n";

/// A document in which every table of the reference is present, so that the reader asks for every key.
const EVERY_TABLE: &str = r#"
[sensitive]
support.EUR = 1
finance.EUR = 1
admin.EUR = 1
[server.tls]
[server.tokens.ops]
digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
[shops.eu]
url = "https://shop.test"
secrets = [{ env = "HOOK" }]
rest = { consumer_key = { env = "KEY" }, consumer_secret = { env = "KEY" } }
gateways.default = { taken_by = "offline" }
[connectors.erp]
recipe = "tryton"
base_url = "https://erp.test"
rate.per_second = 1
[notify.oncall]
url = "https://oncall.test"
secret = { env = "KEY" }
[[routing.rule]]
"#;

#[test]
fn the_reference_has_the_keys_the_reader_asks_for_and_no_other() {
    let reading = Reading::new(EVERY_TABLE, Path::new("amends.toml"), &env);
    let document = reading.document();
    let root = Section::root(&reading, document.get_ref());
    let _ = Config::read(&root);
    let documented = TABLES
        .iter()
        .flat_map(|table| table.keys.iter().map(|key| (table.path.to_owned(), key.name)));
    assert_eq!(documented.collect::<BTreeSet<_>>(), reading.asked());
}

#[test]
fn the_page_has_the_reference() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page
        .split_once(BEGIN)
        .expect("the page marks where the keys begin");
    let (keys, after) = rest.split_once(END).expect("the page marks where the keys end");
    let expected = format!("\n{}\n", render());
    if keys != expected && std::env::var_os("AMENDS_WRITE_DOCS").is_some() {
        fs::write(PAGE, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert_eq!(
            keys, expected,
            "docs/configuration.md is stale: AMENDS_WRITE_DOCS=1 cargo test --lib reference"
        );
    }
}

#[test]
fn every_row_says_what_a_key_means_and_its_unit() {
    for (table, key) in TABLES
        .iter()
        .flat_map(|table| table.keys.iter().map(move |key| (table, key)))
    {
        let at = format!("{}.{}", table.path, key.name);
        assert!(
            key.about.ends_with('.') && !key.about.contains('|'),
            "{at}: {}",
            key.about
        );
        let counts = ["number of", "MiB", "Days"]
            .iter()
            .any(|unit| key.about.contains(unit));
        assert!(
            key.kind != "whole number" || counts || key.name == "version",
            "{at} counts something: say what"
        );
    }
}
