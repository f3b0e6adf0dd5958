//! The documentation says what the code does.

use std::collections::BTreeSet;

use amends_connectors::woocommerce::answer::{ALL, table};

#[test]
fn the_documented_table_is_the_one_in_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/webhooks.md");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(
        page.contains(&table()),
        "docs/webhooks.md must contain this table:\n\n{}",
        table()
    );
}

#[test]
fn cases_have_one_name_each_and_business_trouble_is_never_an_error() {
    let names: BTreeSet<&str> = ALL.iter().map(|answer| answer.case).collect();
    assert_eq!(names.len(), ALL.len());
    let errors: Vec<(&str, u16)> = ALL
        .iter()
        .filter(|answer| answer.status > 302)
        .map(|answer| (answer.case, answer.status))
        .collect();
    let expect = [
        ("unsigned", 401),
        ("bad-signature", 401),
        ("unknown-shop", 404),
        ("method", 405),
        ("oversized", 413),
        ("unavailable", 503),
    ];
    assert_eq!(errors, expect);
}
