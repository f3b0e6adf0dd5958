//! The guide to recipes: every key the reader knows is in it, every operation, and its example is sound.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use amends_connectors::recipe::Recipe;
use amends_workflows::catalogue::{self, Parameter, Shape};

use crate::bench::connector_with;

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/recipes.md");
const BEGIN: &str =
    "<!-- operations: written by the test guide::every_operation_is_listed, do not edit -->\n";
const END: &str = "<!-- end of operations -->\n";

/// Documents with an unknown key in every kind of table: what is refused names the keys there are.
const EVERY_TABLE: &str = r#"
zz = 1
[recipe]
zz = 1
name = "every"
version = 1
role = "warehouse"
[settings.site]
zz = 1
help = "The site"
[auth]
zz = 1
@AUTH@
[check]
zz = 1
ok = "true"
request = { zz = 1, method = "GET", path = "/" }
[defaults]
zz = 1
[defaults.replay]
zz = 1
header = "x"
[[defaults.replies]]
zz = 1
when = "false"
outcome = "failed"
[operation.release]
zz = 1
mode = "@MODE@"
request = { method = "POST", path = "/" }
end = { zz = 1, outcome = "accepted", result = { job = "'1'" } }
[operation.release.draft]
zz = 1
request = { method = "POST", path = "/" }
[operation.release.cancel]
zz = 1
request = { method = "POST", path = "/" }
[[operation.release.prepare]]
zz = 1
name = "ask"
request = { method = "POST", path = "/" }
[[operation.release.confirm]]
zz = 1
name = "last"
request = { method = "POST", path = "/" }
[[operation.release.then]]
zz = 1
name = "more"
request = { method = "POST", path = "/" }
[operation.release.probe]
zz = 1
hits = "[]"
draft = "false"
reference = "''"
result = { job = "''" }
request = { method = "GET", path = "/" }
[callback]
zz = 1
event = "''"
signature = { zz = 1, header = "x", secrets = ["callback"] }
[[callback.facts]]
zz = 1
when = "true"
name = "parcel.shipped"
id = "''"
root = "''"
"#;

const AUTHS: [&str; 6] = [
    "kind = \"none\"",
    "kind = \"basic\"\nusername = \"a\"\npassword = \"{secret.password}\"",
    "kind = \"bearer\"\ntoken = \"{secret.token}\"",
    "kind = \"header\"\nname = \"x\"\nvalue = \"{secret.token}\"",
    "kind = \"query\"\nname = \"x\"\nvalue = \"{secret.token}\"",
    "kind = \"session\"\nvalue = \"{session.token}\"\nlogin = { zz = 1, token = \"''\", request = { method = \"GET\", path = \"/\" } }",
];

/// The heading of the guide that tells of a table, by how messages call it.
fn heading(table: &str) -> String {
    if let Some(setting) = table.strip_prefix("[settings.") {
        assert!(setting.ends_with(']'), "{table}");
        return "### `[settings.NAME]`".to_owned();
    }
    match table.rsplit('.').next().unwrap() {
        "request" => "### `request`".to_owned(),
        "replies" | "end" => "### `replies`".to_owned(),
        "probe" => "### `probe`".to_owned(),
        "prepare" | "then" | "draft" | "cancel" | "confirm" => "### Calls".to_owned(),
        "replay" => "### `[defaults.replay]`".to_owned(),
        "facts" => "### `[[callback.facts]]`".to_owned(),
        _ if table.starts_with("[operation.") => "### `[operation.NAME]`".to_owned(),
        _ if table.starts_with("the recipe") => match table.rsplit_once('.') {
            None => "### `[recipe]`".to_owned(),
            Some((_, name)) => format!("### `[{name}]`"),
        },
        _ => format!("### `{table}`"),
    }
}

/// The keys of each kind of table, as the reader tells them.
fn keys() -> BTreeMap<String, BTreeSet<String>> {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for auth in AUTHS {
        for mode in ["staged", "keyed"] {
            let text = EVERY_TABLE.replace("@AUTH@", auth).replace("@MODE@", mode);
            for error in Recipe::parse(&text).unwrap_err().0 {
                let Some((table, known)) = error.message.split_once(" has no key `zz`; it has ") else {
                    continue;
                };
                let known = known.split(", ").map(str::to_owned);
                keys.entry(heading(table)).or_default().extend(known);
            }
        }
    }
    keys
}

/// The keys that have a row below a heading.
fn rows(guide: &str, heading: &str) -> BTreeSet<String> {
    let (_, section) = guide
        .split_once(&format!("\n{heading}"))
        .unwrap_or_else(|| panic!("the guide lacks {heading}"));
    let section = section.split("\n#").next().unwrap();
    let cells = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split(" | ").next().unwrap());
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_key_of_the_reader_has_a_row_and_every_row_a_key() {
    let guide = fs::read_to_string(GUIDE).unwrap();
    let keys = keys();
    assert!(keys.len() >= 15, "{keys:#?}");
    for (heading, keys) in &keys {
        assert_eq!(&rows(&guide, heading), keys, "{heading}");
    }
}

/// Words that a message lists behind `before`.
fn listed(text: &str, before: &str) -> Vec<String> {
    let errors = Recipe::parse(text).unwrap_err().to_string();
    let (_, rest) = errors.split_once(before).unwrap_or_else(|| panic!("{errors}"));
    let words = rest.lines().next().unwrap().split(", ");
    words.map(str::to_owned).collect()
}

#[test]
fn every_conversion_and_every_word_to_choose_is_explained() {
    let guide = fs::read_to_string(GUIDE).unwrap();
    let text = EVERY_TABLE.replace("@AUTH@", AUTHS[0]).replace("@MODE@", "keyed");
    let mut words = listed(
        &text.replace("outcome = \"failed\"", "outcome = \"zz\""),
        "\"zz\"; it is one of ",
    );
    words.extend(listed(
        &text.replace("\"keyed\"", "\"zz\""),
        "\"zz\"; it is one of ",
    ));
    words.extend(listed(
        &text.replace(AUTHS[0], "kind = \"zz\""),
        "\"zz\"; it is one of ",
    ));
    assert_eq!(words.len(), 17, "{words:?}");
    for word in words {
        assert!(guide.contains(&format!("`{word}`")), "{word}");
    }
    let conversions = listed(
        &text.replace("when = \"false\"", "when = \"1 | zz\""),
        "`zz`; there are ",
    );
    assert_eq!(conversions.len(), 10, "{conversions:?}");
    for name in conversions {
        let explained = guide.lines().any(|line| {
            line.starts_with(&format!("| `{name} ")) || line.starts_with(&format!("| `{name}` |"))
        });
        assert!(explained, "{name}");
    }
}

fn word(shape: &Shape) -> String {
    match shape {
        Shape::Any => "anything".to_owned(),
        Shape::Bool => "true or false".to_owned(),
        Shape::Int => "whole number".to_owned(),
        Shape::Decimal => "decimal".to_owned(),
        Shape::Text => "text".to_owned(),
        Shape::List(element) => format!("list of {}", word(element)),
        Shape::Record(fields) => {
            let names: Vec<_> = fields.keys().map(String::as_str).collect();
            format!("{{{}}}", names.join(", "))
        }
        Shape::Dictionary(of) => format!("{} by name", word(of)),
        Shape::Optional(inner) => format!("{} or nothing", word(inner)),
    }
}

fn parameters(list: &[Parameter]) -> String {
    let told = list.iter().map(|parameter| {
        let optional = if parameter.required {
            ""
        } else {
            ", may be left out"
        };
        format!("`{}` {}{optional}", parameter.name, word(&(parameter.shape)()))
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() {
        "none".to_owned()
    } else {
        told.join("; ")
    }
}

#[test]
fn every_operation_is_listed() {
    let mut expected = String::new();
    for role in catalogue::roles() {
        write!(
            expected,
            "\n### Role `{role}`\n\n| Operation | Arguments | Result |\n|---|---|---|\n"
        )
        .unwrap();
        for operation in catalogue::operations_of(role) {
            let (arguments, result) = (parameters(operation.arguments), parameters(operation.result));
            writeln!(expected, "| `{}` | {arguments} | {result} |", operation.name).unwrap();
        }
    }
    expected.push('\n');
    let guide = fs::read_to_string(GUIDE).unwrap();
    let (before, rest) = guide.split_once(BEGIN).unwrap();
    let (listed, after) = rest.split_once(END).unwrap();
    if listed != expected && std::env::var_os("AMENDS_WRITE_DOCS").is_some() {
        fs::write(GUIDE, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert_eq!(
            listed, expected,
            "docs/recipes.md is stale: AMENDS_WRITE_DOCS=1 cargo test -p amends-connectors --test recipe guide"
        );
    }
}

#[test]
fn the_example_is_sound_and_asks_for_what_it_says() {
    let guide = fs::read_to_string(GUIDE).unwrap();
    let blocks = guide
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    let examples: Vec<_> = blocks.filter(|block| block.starts_with("[recipe]")).collect();
    let [example] = examples.as_slice() else {
        panic!("{} examples", examples.len());
    };
    let recipe = Recipe::parse(example).unwrap_or_else(|errors| panic!("{errors}"));
    let operations: Vec<_> = recipe.operations().collect();
    assert_eq!(operations, ["cancel_order", "create_order"]);
    let settings = [("tenant".to_owned(), "eu".into())].into();
    let erp = connector_with(
        example,
        "http://127.0.0.1:1",
        &[("password", "open sesame")],
        settings,
    );
    let args = crate::golden::arguments();
    let requests = erp.render("create_order", &args, "k/1").unwrap();
    let calls: Vec<_> = requests.iter().map(|request| request.call.as_str()).collect();
    assert_eq!(calls, ["probe", "articles", "draft", "total", "confirm"]);
}
