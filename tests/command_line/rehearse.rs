//! `amends try`: every request of a definition, none sent.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;

use crate::setting::{Entry, Said, Setting, amends, delivery};

/// Systems that take note of whoever calls, and the configuration that names them.
struct Silence {
    setting: Setting,
    listeners: Vec<TcpListener>,
}

impl Silence {
    fn new() -> Self {
        let listeners: Vec<_> = (0..4)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let systems = [
            ("erp", "tryton"),
            ("payments", "stripe"),
            ("warehouse", "warehouse"),
            ("storefront", "woocommerce"),
        ];
        let entries: Vec<_> = systems
            .iter()
            .zip(&listeners)
            .map(|((name, recipe), listener)| {
                Entry::new(name, recipe, format!("http://{}", listener.local_addr().unwrap()))
            })
            .collect();
        Self {
            setting: Setting::new(&entries),
            listeners,
        }
    }

    fn rehearse(&self, definition: &str, prefix: &str) -> Said {
        let config = self.setting.config();
        amends(&[
            "try",
            definition,
            "--config",
            &config,
            "--delivery",
            &delivery(prefix),
        ])
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.set_nonblocking(true).unwrap();
            let called = listener.accept().map(|(_, from)| from);
            assert_eq!(
                called.map_err(|error| error.kind()),
                Err(ErrorKind::WouldBlock),
                "somebody was called"
            );
        }
    }
}

/// Whether a reader of a hundred columns sees the whole line; what stands for an unknown value is not broken.
fn fits(line: &str) -> bool {
    line.chars().count() <= 100 || line.contains('‹')
}

#[test]
fn every_request_of_order_to_cash_is_rendered_and_none_is_sent() {
    let silence = Silence::new();
    let paid = [
        "erp.match_customer",
        "payments.verify_payment",
        "erp.create_order",
        "erp.reserve_stock",
        "warehouse.release",
        "erp.post_delivery",
        "erp.post_invoice",
        "erp.register_payment",
        "storefront.write_back",
        "storefront.notify",
    ];
    for (prefix, calls) in [
        ("03-paid", paid.as_slice()),
        ("07-created-paid-1", &paid),
        (
            "10-onhold-to-processing",
            &["erp.create_order", "erp.register_payment"],
        ),
        ("15-edited-after-paid-1", &paid),
        ("14-zero-total-1", &["erp.create_order", "warehouse.release"]),
        (
            "40-storefront-guest-cod-2",
            &["erp.create_order", "warehouse.release"],
        ),
    ] {
        let said = silence.rehearse("order-to-cash", prefix);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{prefix}:\n{}", said.out);
        let mut from = 0;
        for call in calls {
            let found = said.out.get(from..).unwrap().find(&format!("  {call} over "));
            from += found.unwrap_or_else(|| panic!("{prefix} lacks {call} at its place:\n{}", said.out));
        }
        assert!(said.out.contains("none was sent."), "{}", said.out);
        for line in said.out.lines() {
            assert!(fits(line), "{prefix}: {line}");
        }
        for secret in ["sandbox-password", "sk_sandbox", "cs_sandbox", "sandbox-key"] {
            assert!(!said.out.contains(secret), "{prefix} shows {secret}");
        }
    }
}

/// The shipped definition as it would be without what its first call requires, in a file of its own.
fn careless(folder: &Path) -> String {
    let text = include_str!("../../workflows/definitions/order-to-cash.toml");
    let (head, rest) = text
        .split_once("[[step.require]]")
        .expect("something is required");
    let (_, tail) = rest.split_once("[[step]]").expect("a step follows");
    let file = folder.join("careless.toml");
    std::fs::write(&file, format!("{head}[[step]]{tail}")).expect("the file is written");
    file.display().to_string()
}

#[test]
fn a_call_that_cannot_be_written_is_named_and_fails_the_command() {
    let folder = tempfile::tempdir().unwrap();
    // Paid by card, but without the provider's id of the payment.
    let said = Silence::new().rehearse(&careless(folder.path()), "28-de-tax-inclusive-1");
    assert_eq!(said.code, 1, "{}", said.out);
    let words = words(&said.out);
    assert!(
        words.contains("CANNOT BE RENDERED: `args.transaction` comes out empty in the path"),
        "{}",
        said.out
    );
    assert!(words.contains("1 of them cannot be rendered"), "{}", said.out);
}

#[test]
fn a_call_whose_requirement_does_not_hold_waits_for_a_person() {
    let said = Silence::new().rehearse("order-to-cash", "28-de-tax-inclusive-1");
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    assert!(said.out.contains("transaction-missing"), "{}", said.out);
    assert!(!said.out.contains("payments.verify_payment over"), "{}", said.out);
}

/// Text as one line, whatever it was broken and framed by.
fn words(text: &str) -> String {
    let words = text
        .split_whitespace()
        .filter(|word| !["│", "×", "╰─▶"].contains(word));
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn an_order_that_stops_says_what_it_waits_for() {
    let silence = Silence::new();
    let said = silence.rehearse("order-to-cash", "09-onhold-bacs-1");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("waits for the fact order.cleared"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("0 calls, 0 requests: none was sent."),
        "{}",
        said.out
    );
    let said = silence.rehearse("order-to-cash", "27-jpy-1");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("needs a person"), "{}", said.out);
    assert!(said.out.contains("currency-precision"), "{}", said.out);
}

#[test]
fn what_holds_no_order_is_refused_with_what_to_take_instead() {
    let silence = Silence::new();
    for prefix in ["01-ping", "51-trash"] {
        let said = silence.rehearse("order-to-cash", prefix);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{prefix}");
        let words = words(&said.err);
        assert!(words.contains("holds no whole order"), "{prefix}: {}", said.err);
        assert!(words.contains("order.updated"), "{prefix}: {}", said.err);
    }
    let said = silence.rehearse("order-to-cheese", "03-paid");
    assert_eq!(said.code, 1);
    assert!(said.err.contains("no shipped definition"), "{}", said.err);
    let config = silence.setting.config();
    let order = delivery("03-paid");
    let said = amends(&[
        "try",
        "order-to-cash",
        "--config",
        &config,
        "--delivery",
        "no-such-file",
    ]);
    assert!(
        said.code == 1 && said.err.contains("cannot read the delivery no-such-file"),
        "{}",
        said.err
    );
    let said = amends(&[
        "try",
        "order-to-cash",
        "--config",
        &config,
        "--delivery",
        &order,
        "--shop",
        "eu",
    ]);
    assert!(
        said.code == 1 && said.err.contains("there are demo"),
        "{}",
        said.err
    );
}

#[test]
fn a_broken_definition_is_shown_with_its_place() {
    let silence = Silence::new();
    let shipped = include_str!("../../workflows/definitions/order-to-cash.toml");
    let broken = shipped.replacen("erp.create_order", "erp.create_ordre", 1);
    assert_ne!(broken, shipped);
    let file = silence.setting.file("mine.toml", &broken);
    let line = broken
        .lines()
        .position(|line| line.contains("create_ordre"))
        .unwrap()
        + 1;
    let said = silence.rehearse(&file, "03-paid");
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.err.contains("definition/unknown-operation"), "{}", said.err);
    assert!(said.err.contains(&format!("mine.toml:{line}:")), "{}", said.err);
    assert!(said.err.contains("create_order"), "{}", said.err);
}

#[test]
fn a_recipe_that_does_not_fit_is_named_and_fails_the_command() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let entries = [
        Entry::new("erp", "erp.toml", url.as_str()),
        Entry::new("payments", "stripe", url.as_str()),
        Entry::new("warehouse", "warehouse", url.as_str()),
        Entry::new("storefront", "woocommerce", url.as_str()),
    ];
    let setting = Setting::new(&entries);
    let shipped = include_str!("../../connectors/recipes/tryton.toml");
    let (sound, _) = shipped.split_once("[operation.create_order]").unwrap();
    setting.file("erp.toml", sound);
    let config = setting.config();
    let said = amends(&[
        "try",
        "order-to-cash",
        "--config",
        &config,
        "--delivery",
        &delivery("03-paid"),
    ]);
    assert_eq!(said.code, 1, "{}", said.out);
    let words = words(&said.out);
    assert!(
        words.contains("no connector of this shop can do erp.create_order"),
        "{}",
        said.out
    );
    assert!(words.contains("Some calls lack a connector"), "{}", said.out);
}
