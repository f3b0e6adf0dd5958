//! What is wrong with a document, where, and under which code.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use amends_connectors::recipe::{Code, Recipe, shipped};
use proptest::prelude::*;

const SOUND: &str = r#"[recipe]
name = "plain"
version = 1
role = "warehouse"

[settings.site]
help = "The site"

[auth]
kind = "header"
name = "X-Key"
value = "{secret.key}"

[operation.release]
mode = "probed"
request = { method = "POST", path = "/{settings.site}/releases", json = { reference = "{key}", lines = "{args.lines}" } }

[[operation.release.replies]]
when = "reply.status == 201"
outcome = "accepted"
result = { job = "reply.json.job" }

[operation.release.probe]
request = { method = "GET", path = "/releases", query = { reference = "{key}" } }
hits = "reply.json"
reference = "hit.job"
result = { job = "hit.job" }
"#;

/// One change to the sound document: the code and the place it is reported at.
type Row = (&'static str, &'static str, Code, (usize, usize));

const TABLE: &[Row] = &[
    ("[recipe]", "[recipe", Code::Syntax, (1, 8)),
    (
        "version = 1",
        "version = 1\nedition = 2",
        Code::UnknownKey,
        (4, 1),
    ),
    ("name = \"plain\"\n", "", Code::MissingKey, (1, 1)),
    ("version = 1", "version = \"1\"", Code::WrongType, (3, 11)),
    ("mode = \"probed\"", "mode = \"careful\"", Code::BadValue, (15, 8)),
    (
        "mode = \"probed\"",
        "mode = \"probed\"\nsettle = \"soon\"",
        Code::BadDuration,
        (16, 10),
    ),
    (
        "role = \"warehouse\"",
        "role = \"wharf\"",
        Code::UnknownRole,
        (4, 8),
    ),
    (
        "[operation.release]\n",
        "[operation.relase]\nmode = \"idempotent\"\n\n[operation.release]\n",
        Code::UnknownOperation,
        (14, 1),
    ),
    ("{args.lines}", "{args.line}", Code::UnknownArgument, (16, 73)),
    (
        "result = { job = \"reply.json.job\" }\n",
        "",
        Code::MissingResult,
        (14, 1),
    ),
    (
        "\"reply.status == 201\"",
        "\"answer.status == 201\"",
        Code::UnknownName,
        (19, 8),
    ),
    (
        "/{settings.site}/",
        "/{settings.sight}/",
        Code::UnknownSetting,
        (16, 37),
    ),
    (
        "\"reply.status == 201\"",
        "\"steps.before.status == 201\"",
        Code::UnknownCall,
        (19, 8),
    ),
    (
        "\n[operation.release.probe]",
        "\n[[operation.release.then]]\nname = \"send\"\nrequest = { method = \"GET\", path = \"/x\" }\n\n[operation.release.probe]",
        Code::DuplicateCall,
        (23, 1),
    ),
    ("\"{key}\", lines", "\"{key\", lines", Code::BadTemplate, (16, 73)),
    (
        "\"reply.status == 201\"",
        "\"reply.status ==\"",
        Code::BadExpression,
        (19, 8),
    ),
    (
        "\"hit.job\"\nresult",
        "\"hit.job | shout\"\nresult",
        Code::BadConversion,
        (26, 13),
    ),
    (
        "json = { reference = \"{key}\", lines = \"{args.lines}\" }",
        "json = '{\"reference\": }'",
        Code::BadJson,
        (16, 73),
    ),
    (
        "path = \"/releases\"",
        "path = \"releases\"",
        Code::BadPath,
        (24, 36),
    ),
    (
        "lines = \"{args.lines}\" }",
        "lines = \"{args.lines}\" }, raw = \"x\"",
        Code::TwoBodies,
        (16, 128),
    ),
    (
        "\"{secret.key}\"",
        "\"hunter2hunter2\"",
        Code::LiteralSecret,
        (12, 9),
    ),
    (
        "{ reference = \"{key}\" }",
        "{ reference = \"{secret.key}\" }",
        Code::MisplacedSecret,
        (24, 71),
    ),
    (
        "outcome = \"accepted\"",
        "outcome = \"rejected\"",
        Code::NoSuccess,
        (14, 1),
    ),
    (
        "\n[operation.release.probe]",
        "\n[[operation.release.replies]]\nwhen = \"true\"\noutcome = \"failed\"\n\n[[operation.release.replies]]\nwhen = \"true\"\noutcome = \"failed\"\n\n[operation.release.probe]",
        Code::UnreachableRule,
        (27, 1),
    ),
    (
        "[operation.release.probe]",
        "[operation.cancel_release.probe]",
        Code::MissingProbe,
        (14, 1),
    ),
    (
        "mode = \"probed\"",
        "mode = \"staged\"",
        Code::IncompleteStaged,
        (14, 1),
    ),
];

#[test]
fn each_mistake_has_a_code_and_a_place() {
    Recipe::parse(SOUND).unwrap();
    let mut seen = BTreeSet::new();
    for (from, to, code, place) in TABLE {
        let changed = SOUND.replacen(from, to, 1);
        assert_ne!(changed, SOUND, "{from} is in the document");
        let errors = Recipe::parse(&changed).unwrap_err().0;
        let found = errors.iter().find(|error| error.code == *code);
        let error = found.unwrap_or_else(|| panic!("{}: {errors:#?}", code.as_str()));
        assert_eq!((error.line, error.column), *place, "{error}");
        assert!(
            error.message.len() > 10 && error.to_string().contains(code.as_str()),
            "{error}"
        );
        seen.insert(*code);
    }
    let long = format!("{SOUND}\n# {}", "x".repeat(300_000));
    assert_eq!(
        Recipe::parse(&long).unwrap_err().0.first().unwrap().code,
        Code::TooLarge
    );
    let call = "[[operation.release.then]]\nname = \"c\"\nrequest = { method = \"GET\", path = \"/\" }\n\n"
        .repeat(12);
    let chain = SOUND.replacen(
        "[operation.release.probe]",
        &format!("{call}[operation.release.probe]"),
        1,
    );
    let errors = Recipe::parse(&chain).unwrap_err().0;
    assert!(
        errors.iter().any(|error| error.code == Code::TooManyCalls),
        "{errors:#?}"
    );
    assert_eq!(seen.len() + 2, 28, "every code is shown once");
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_text() {
    let broken = SOUND
        .replace("version = 1", "version = -1")
        .replace("\"{secret.key}\"", "\"hunter2hunter2\"")
        .replace("{args.lines}", "{args.line}")
        .replace("outcome = \"accepted\"", "outcome = \"fine\"")
        .replace("hits = \"reply.json\"", "hits = \"reply.jsom\"");
    let errors = Recipe::parse(&broken).unwrap_err();
    insta::assert_snapshot!("all_mistakes_at_once", errors.to_string());
}

#[test]
fn what_an_author_reads() {
    let mut text = String::new();
    for (from, to, code, _) in TABLE {
        let errors = Recipe::parse(&SOUND.replacen(from, to, 1)).unwrap_err().0;
        let error = errors.iter().find(|error| error.code == *code).unwrap();
        writeln!(text, "{error}").unwrap();
    }
    insta::assert_snapshot!("messages", text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_damaged_document_is_refused_or_read_but_never_panics(at in 0_usize..11_000, with in "[ -~\n]{0,3}", cut in 0_usize..40) {
        for name in ["tryton", "stripe"] {
            let text = shipped::text(name).unwrap();
            let (start, end) = (at.min(text.len()), (at + cut).min(text.len()));
            if !text.is_char_boundary(start) || !text.is_char_boundary(end) {
                continue;
            }
            let damaged = format!("{}{with}{}", text.get(..start).unwrap(), text.get(end..).unwrap());
            if let Err(errors) = Recipe::parse(&damaged) {
                prop_assert!(!errors.0.is_empty());
                let lines = damaged.lines().count() + 1;
                prop_assert!(errors.0.iter().all(|error| error.line >= 1 && error.line <= lines), "{}", errors);
            }
        }
    }
}
