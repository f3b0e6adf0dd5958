//! What a document may say and what it is told when it may not.

mod example;
mod masking;
mod problems;
mod reference;
mod routes;
mod values;

use std::path::Path;

use super::*;

/// A document with a shop and a connector that are in order, for tests of everything else.
const SOUND: &str = r#"
[shops.eu]
url = "https://shop.test"
secrets = [{ env = "HOOK" }]

[connectors.erp]
recipe = "tryton"
base_url = "https://erp.test"
"#;

/// The environment of tests: three variables.
fn env(name: &str) -> Option<String> {
    match name {
        "HOOK" => Some("whsec_do_not_show".to_owned()),
        "KEY" => Some("ck_do_not_show".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("amends.toml"), &env)
}

/// A document whose code says it is sound.
fn sound(text: &str) -> Config {
    parse(text).unwrap_or_else(|error| panic!("{}", error.listing()))
}
