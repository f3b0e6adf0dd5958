//! `amends connector check`: whether other systems answer and take the credentials.

use std::net::TcpListener;

use crate::setting::{Entry, Said, Setting, World, amends};

fn check(setting: &Setting, only: &[&str]) -> Said {
    let config = setting.config();
    let mut args = vec!["connector", "check", "--config", &config];
    args.extend(only);
    amends(&args)
}

fn systems(world: &World) -> [Entry<'static>; 4] {
    [
        Entry::new("erp", "tryton", world.url("erp")),
        Entry::new("payments", "stripe", world.url("payments")),
        Entry::new("warehouse", "warehouse", world.url("warehouse")),
        Entry::new("storefront", "woocommerce", world.url("demo")),
    ]
}

/// The lines about one connector.
fn about(said: &Said, name: &str) -> String {
    let lines = said.out.lines().skip_while(|line| !line.starts_with(name));
    let mut lines = lines.peekable();
    let first = lines
        .next()
        .unwrap_or_else(|| panic!("nothing about {name}:\n{}", said.out));
    let more: Vec<_> = lines
        .take_while(|line| line.starts_with(' '))
        .map(str::trim)
        .collect();
    format!("{first} {}", more.join(" "))
}

#[test]
fn systems_that_answer_are_told_in_aligned_lines() {
    let world = World::start();
    let said = check(&Setting::new(&systems(&world)), &[]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    assert_eq!(said.out.lines().count(), 4, "{}", said.out);
    for line in said.out.lines() {
        assert_eq!(line.find("  ok  "), Some("storefront".len()), "{line}");
        assert!(line.contains("answered in ") && line.len() <= 100, "{line}");
    }
    let said = check(&Setting::new(&systems(&world)), &["payments"]);
    assert!(said.code == 0 && said.out.lines().count() == 1, "{}", said.out);
    let said = check(&Setting::new(&systems(&world)), &["stock"]);
    assert!(
        said.code == 1 && said.err.contains("no connector `stock`"),
        "{}",
        said.err
    );
}

#[test]
fn whatever_is_wrong_is_told_with_what_to_do() {
    let world = World::start();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let [erp, payments, warehouse, storefront] = systems(&world);
    let wrong = |entry: Entry<'static>| Entry {
        more: entry
            .more
            .replace("sandbox-password", "not-the-password")
            .replace("sk_sandbox", "sk_not_this"),
        ..entry
    };
    let (erp_url, payments_url) = (world.url("erp"), world.url("payments"));
    let entries = [
        wrong(erp),
        wrong(payments),
        warehouse,
        Entry {
            base_url: format!("http://{free}"),
            ..storefront
        },
        Entry::new("erp-path", "tryton", format!("{erp_url}/nowhere")),
        Entry::new(
            "shop-path",
            "woocommerce",
            format!("{}/nowhere", world.url("demo")),
        ),
        Entry::new("tls", "stripe", payments_url.replace("http:", "https:")),
    ];
    let said = check(&Setting::new(&entries), &[]);
    assert_eq!((said.code, said.err.as_str()), (1, ""), "{}", said.out);
    for (name, what, next) in [
        ("erp ", "the login was refused (401)", "check user, secrets"),
        ("payments", "refused our credentials (401)", "check the secrets"),
        ("storefront", "no connection", "check host and port in base_url"),
        ("erp-path", "no login at this address (404)", "settings"),
        (
            "shop-path",
            "nothing at this address (404)",
            "check the path in base_url",
        ),
        ("tls", "no connection", "http:// or https://"),
    ] {
        let told = about(&said, name);
        assert!(
            told.contains("WRONG") && told.contains(what) && told.contains(next),
            "{name}: {told}\n{}",
            said.out
        );
    }
    assert!(about(&said, "warehouse").contains("  ok  "), "{}", said.out);
    assert!(
        said.out.ends_with("6 of 7 cannot be used like this.\n"),
        "{}",
        said.out
    );
    for line in said.out.lines() {
        assert!(line.len() <= 100 && !line.contains("Fault"), "{line}");
    }
    for secret in ["not-the-password", "sk_not_this", "sandbox-key"] {
        assert!(!said.out.contains(secret), "it shows {secret}");
    }
}
