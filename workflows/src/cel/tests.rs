use std::collections::BTreeMap;

use amends_engine::Value;
use amends_engine::expr::{Evaluator, Expr, Scope};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;

fn order() -> Value {
    Value::map([
        ("key", Value::text("eu:16")),
        ("total_minor", Value::Int(9189)),
        ("total", Value::Decimal(Decimal::new(9189, 2))),
        ("currency", Value::text("USD")),
        (
            "lines",
            Value::List(vec![line("TEE", 2, 2249), line("MUG", 3, 896)]),
        ),
        (
            "meta",
            Value::map([("gift", Value::text("yes")), ("empty", Value::Null)]),
        ),
        ("paid_ms", Value::Null),
    ])
}

fn line(sku: &str, quantity: i64, net_minor: i64) -> Value {
    Value::map([
        ("sku", Value::text(sku)),
        ("quantity", Value::Int(quantity)),
        ("net_minor", Value::Int(net_minor)),
    ])
}

/// The value in canonical text, or the reason why there is none.
fn result(source: &str) -> String {
    let order = order();
    let scope = Scope::new().with("order", &order);
    match CelEvaluator::new().evaluate(&Expr(source.to_owned()), &scope) {
        Ok(value) => value.to_string(),
        Err(error) => format!("! {}", error.reason),
    }
}

#[test]
fn expressions_give_what_they_say() {
    for (source, expected) in [
        ("order.total_minor > 0", "true"),
        ("order.total_minor > 0 && order.currency == 'USD'", "true"),
        (
            "order.lines.map(l, {'sku': l.sku, 'n': l.quantity})",
            r#"[{"n":2,"sku":"TEE"},{"n":3,"sku":"MUG"}]"#,
        ),
        ("order.lines.map(l, l.quantity > 2, l.sku)", r#"["MUG"]"#),
        ("order.lines.filter(l, l.quantity > 2)[0].sku", r#""MUG""#),
        ("sum(order.lines.map(l, l.quantity * l.net_minor))", "7186"),
        ("order.lines.all(l, l.quantity > 0)", "true"),
        ("order.lines.exists(l, l.sku == 'CAP')", "false"),
        ("order.lines.exists_one(l, l.sku == 'TEE')", "true"),
        ("order.meta.map(name, name)", r#"["empty","gift"]"#),
        ("{'b': 1, 'a': 2}.map(name, name)", r#"["a","b"]"#),
        ("has(order.meta.gift)", "true"),
        ("has(order.meta.none)", "false"),
        ("or_else(order.meta.none, 'no')", r#""no""#),
        ("or_else(order.meta.empty, 'no')", r#""no""#),
        ("or_else(order.nothing.at.all, 1)", "1"),
        (
            "or_else(order.key + 1, 1)",
            "! uses `+` on text and a whole number",
        ),
        ("order.meta['gift']", r#""yes""#),
        ("'gift' in order.meta", "true"),
        ("2 in [1, 2]", "true"),
        ("order.total == 91.89", "true"),
        ("91.890 == order.total", "true"),
        ("1 == 1.0", "true"),
        ("0.1 + 0.2 == 0.3", "true"),
        ("22.49 * 2", r#"{"$decimal":"44.98"}"#),
        (
            "1.0 / 3",
            "! divides decimals, which is not exact; divide minor units instead",
        ),
        (
            "0.0000000000000001 * 0.0000000000000001",
            "! gives a number out of range with `*`",
        ),
        (
            "9223372036854775807 + 1",
            "! gives a number out of range with `+`",
        ),
        ("7 / 2", "3"),
        ("-7 % 4", "-3"),
        ("1 / 0", "! divides by zero"),
        ("order.paid_ms == null", "true"),
        ("order.paid_ms.x", "! reads `x` of nothing"),
        ("order.total_minor.x", "! reads `x` of a whole number"),
        ("order.lines[7]", "! has no element 7"),
        ("missing > 1", "! reads `missing`, which is not there"),
        ("missing > 1 || true", "true"),
        ("false && missing > 1", "false"),
        (
            "order.total_minor ? 1 : 2",
            "! needs true or false where it has a whole number",
        ),
        ("minutes(15) + hours(4) + days(3) + seconds(1)", "274501000"),
        ("money(order.total_minor, order.currency)", r#""91.89 USD""#),
        ("money(500, 'JPY')", r#""500 JPY""#),
        ("join(order.lines.map(l, l.sku), ', ')", r#""TEE, MUG""#),
        ("text(order.total) + ' ' + order.currency", r#""91.89 USD""#),
        ("size('é🙂')", "2"),
        ("'a'.size() + size([1]) + size(order.meta)", "4"),
        ("int('12') + int(3.0)", "15"),
        ("int('x')", "! cannot read a whole number from text"),
        ("max([1, 3, 2]) - min([4, 2])", "1"),
        ("sum([])", "0"),
        ("[1, 2].map(a, [3, 4].map(b, a * b))", "[[3,4],[6,8]]"),
        ("{'a': 1, 'a': 2}", "! gives the field `a` twice"),
        ("{1: 2}", "! uses a whole number as a field name"),
        (r"'it\'s'", r#""it's""#),
    ] {
        assert_eq!(result(source), expected, "{source}");
    }
}

#[test]
fn what_cannot_be_read_is_located() {
    for (source, fault, at, words) in [
        (
            "order.total_minor >",
            SyntaxFault::Syntax,
            19,
            "missing at the end",
        ),
        (
            "order.total_minor ==",
            SyntaxFault::Syntax,
            20,
            "missing at the end",
        ),
        ("order.total_minor = 1", SyntaxFault::Syntax, 18, "two signs"),
        ("a and b", SyntaxFault::Syntax, 2, "&&"),
        ("", SyntaxFault::Syntax, 0, "for example"),
        ("siez(order)", SyntaxFault::UnknownFunction, 4, "size"),
        ("now()", SyntaxFault::UnknownFunction, 3, "there are"),
        (
            "timestamp('2026-01-01T00:00:00Z')",
            SyntaxFault::UnknownFunction,
            9,
            "",
        ),
        ("1u + 2u", SyntaxFault::Syntax, 0, "write 1"),
        ("b'x'", SyntaxFault::Syntax, 0, "text"),
        ("order.?x", SyntaxFault::Syntax, 5, ""),
        ("Thing{a: 1}", SyntaxFault::Syntax, 5, "map"),
        ("size(1, 2)", SyntaxFault::Syntax, 4, "size(list)"),
        ("'é' + siez('x')", SyntaxFault::UnknownFunction, 11, "size"),
    ] {
        let error = Program::compile(source).unwrap_err();
        assert_eq!(error.fault, fault, "{source}: {error:?}");
        assert_eq!(error.span.start, at, "{source}: {error:?}");
        assert!(
            error.help.as_deref().unwrap_or_default().contains(words),
            "{source}: {error:?}"
        );
    }
}

#[test]
fn spans_cover_the_whole_path() {
    let program =
        Program::compile("'é' == order.shop && order.lines.map(l, l.sku + order.key)[0] == steps.so.order")
            .unwrap();
    let found: Vec<(String, String)> = program
        .references()
        .into_iter()
        .map(|reference| {
            (
                reference.path.join("."),
                program.source[reference.span.start..reference.span.end].to_owned(),
            )
        })
        .collect();
    for (path, text) in &found {
        assert_eq!(path, text);
    }
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        ["order.shop", "order.lines", "order.key", "steps.so.order"]
    );
}

#[test]
fn misspelt_names_are_found_without_evaluating() {
    let names = BTreeMap::from([("order".to_owned(), crate::catalogue::subject("order").unwrap())]);
    for (source, expected) in [
        ("order.totl_minor > 0", Some("did you mean `total_minor`?")),
        ("oder.total_minor > 0", Some("did you mean `order`?")),
        ("order.lines.map(l, l.skuu)", Some("did you mean `sku`?")),
        ("order.lines[0].quantty", Some("did you mean `quantity`?")),
        (
            "order.lines.filter(l, true).exists(l, l.nett > 0)",
            Some("did you mean `net`?"),
        ),
        ("order.meta.anything_goes", None),
        ("order.customer.email.lower()", None),
        ("has(order.paymnt.method)", Some("did you mean `payment`?")),
        (
            "order.lines.sku",
            Some("only a map has fields; use `.map(item, ...)` to visit a list"),
        ),
    ] {
        let (_, errors) = Program::compile(source).unwrap().infer(&names);
        assert_eq!(
            errors.first().map(|error| error.help.as_str()),
            expected,
            "{source}"
        );
    }
}

#[test]
fn hostile_expressions_end_without_taking_the_process_down() {
    let deep = |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    let chain = |link: &str, n: usize| format!("1{}", link.repeat(n));
    for source in [
        deep("(", ")", 16),
        deep("(", ")", 900),
        format!("{}{}", deep("[-", "]", 15), " + 1".repeat(150)),
        deep("-", "", 900),
        deep("!", "", 900),
        chain(" + 1", 190),
        chain(" + 1", 490),
        chain("?1:1", 90),
        chain("?1:1", 400),
        chain(" && true", 190),
        format!("order{}", ".a".repeat(190)),
        format!("order{}", "[0]".repeat(120)),
        format!("x{}", ".map(x,x)".repeat(60)),
        "[1,2,3,4,5,6,7,8,9,0].map(a, [1,2,3,4,5,6,7,8,9,0].map(b, [1,2,3,4,5,6,7,8,9,0].map(c, [1,2,3,4,5,6,7,8,9,0].map(d, [1,2,3,4,5,6,7,8,9,0].map(e, [1,2,3,4,5,6,7,8,9,0].map(f, order))))))".to_owned(),
        "[1,2,3,4,5,6,7,8,9,0].exists(a, [1,2,3,4,5,6,7,8,9,0].all(b, [1,2,3,4,5,6,7,8,9,0].exists(c, [1,2,3,4,5,6,7,8,9,0].all(d, [1,2,3,4,5,6,7,8,9,0].exists(e, [1,2,3,4,5,6,7,8,9,0].all(f, [1,2,3,4,5,6,7,8,9,0].exists(g, x)))))))".to_owned(),
        "\u{0}".repeat(50),
        "`".repeat(300),
        "'".repeat(301),
        "🙂".repeat(300),
    ] {
        // The main purpose is that this returns at all.
        assert!(!result(&source).is_empty());
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (any::<i64>(), 0_u32..20).prop_map(|(mantissa, scale)| Value::Decimal(Decimal::new(mantissa, scale))),
        ".{0,12}".prop_map(Value::Text),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            prop::collection::btree_map(".{0,6}", inner, 0..5).prop_map(Value::Map),
        ]
    })
}

/// Text that is an expression often enough: tokens in any order.
fn scrap() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "order",
        ".lines",
        ".total",
        ".key",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'a'",
        "1",
        "0",
        "2.5",
        "true",
        "null",
        "+",
        "-",
        "*",
        "/",
        "%",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        "!",
        "?",
        ":",
        ",",
        ".map(x,",
        "x",
        "size(",
        "sum(",
        "or_else(",
        "has(",
        " in ",
        ".filter(y,",
        "y",
        ".",
        "..",
        "\\",
        "\"",
        "`",
        "\n",
        "é",
        "🙂",
        "@",
        "1u",
        "b'",
    ]);
    prop::collection::vec(token, 0..30).prop_map(|tokens| tokens.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A value goes in and comes out as it is, alone and inside lists and maps.
    #[test]
    fn values_pass_through_unchanged(value in value()) {
        let scope = Scope::new().with("x", &value);
        let evaluator = CelEvaluator::new();
        let eval = |source: &str| evaluator.evaluate(&Expr(source.to_owned()), &scope).unwrap();
        prop_assert_eq!(eval("x"), value.clone());
        prop_assert_eq!(eval("[x].map(y, y)[0]"), value.clone());
        prop_assert_eq!(eval("{'a': x}.a").to_string(), value.to_string());
        prop_assert_eq!(eval("x == x"), Value::Bool(true));
    }

    #[test]
    fn no_text_panics_and_equal_input_gives_equal_output(source in prop_oneof![scrap(), ".{0,60}"]) {
        prop_assert_eq!(result(&source), result(&source));
    }

    /// Where the crate's own interpreter speaks of the same types, it agrees.
    #[test]
    fn whole_numbers_agree_with_the_reference_interpreter(source in whole_number_expression(), x in -5_i64..5) {
        let bound = Value::Int(x);
        let ours = CelEvaluator::new().evaluate(&Expr(source.clone()), &Scope::new().with("x", &bound));
        let mut context = ::cel::Context::default();
        context.add_variable_from_value("x", x);
        let theirs = ::cel::Program::compile(&source).unwrap().execute(&context);
        match (ours, theirs) {
            (Ok(Value::Int(ours)), Ok(::cel::Value::Int(theirs))) => prop_assert_eq!(ours, theirs, "{}", source),
            (Ok(Value::Bool(ours)), Ok(::cel::Value::Bool(theirs))) => prop_assert_eq!(ours, theirs, "{}", source),
            (Err(_), Err(_)) => {}
            (ours, theirs) => prop_assert!(false, "{source}: {ours:?} and {theirs:?}"),
        }
    }
}

fn whole_number_expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![Just("x".to_owned()), (-9_i64..9).prop_map(|n| format!("({n})"))];
    let number = leaf.prop_recursive(2, 6, 2, |inner| {
        let operator = prop::sample::select(vec!["+", "-", "*", "/", "%"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("({a} > {b} ? {c} : {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}].filter(y, y > x).size()")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("[{a}, {b}].map(y, y + x)[1]")),
        ]
    });
    let truth = |joint: &'static str| {
        move |(a, b, c): (String, String, String)| {
            format!("{a} < {b} {joint} [{b}, {c}].exists(y, y / x > {a})")
        }
    };
    prop_oneof![
        number.clone(),
        (number.clone(), number.clone(), number.clone()).prop_map(truth("&&")),
        (number.clone(), number.clone(), number).prop_map(truth("||")),
    ]
}
