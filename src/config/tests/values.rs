use std::time::Duration;

use super::super::connector::{Rate, Scalar};
use super::super::gateway::{TakenBy, Tender};
use super::*;

#[test]
fn an_empty_document_is_a_server_with_nothing_to_do() {
    let config = sound("");
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:7411");
    assert!(config.shops.is_empty() && config.connectors.is_empty());
}

#[test]
fn the_sandbox_has_a_shop_and_a_connector_for_every_role() {
    let config = Config::default();
    let shop = &config.shops["demo"];
    for role in ["erp", "payments", "warehouse", "storefront"] {
        assert!(config.connectors.contains_key(&shop.connectors[role]), "{role}");
    }
    assert_eq!(config.warnings().len(), 0, "{:?}", config.warnings());
}

#[test]
fn a_gateway_waits_as_long_as_its_money_takes() {
    let gateways = r#"
        [shops.eu.gateways]
        stripe = { taken_by = "shop-authorised" }
        bacs = { taken_by = "offline", tender = "bank" }
        klarna = { taken_by = "shop-captured", patience = "2h" }
        cod = { taken_by = "offline", tender = "cash-on-delivery", on_delivery = true }
    "#;
    let shop = &sound(&format!("{SOUND}{gateways}")).shops["eu"];
    for (name, taken_by, tender, patience_min) in [
        ("stripe", TakenBy::ShopAuthorised, Tender::Card, 60),
        ("bacs", TakenBy::Offline, Tender::Bank, 14_400),
        ("klarna", TakenBy::ShopCaptured, Tender::Card, 120),
        ("cod", TakenBy::Offline, Tender::CashOnDelivery, 14_400),
    ] {
        let gateway = shop.gateway(name).unwrap();
        assert_eq!((gateway.taken_by, gateway.tender), (taken_by, tender), "{name}");
        assert_eq!(gateway.patience, Duration::from_secs(patience_min * 60), "{name}");
        assert_eq!(gateway.on_delivery, name == "cod");
    }
    assert_eq!(shop.gateway("paypal"), None);
}

#[test]
fn the_default_is_assumed_of_a_gateway_without_an_entry() {
    let shop = &sound(&format!(
        "{SOUND}[shops.eu.gateways.default]\ntaken_by = \"offline\"\n"
    ))
    .shops["eu"];
    assert_eq!(
        shop.gateway("anything").map(|gateway| gateway.taken_by),
        Some(TakenBy::Offline)
    );
}

#[test]
fn a_connector_takes_what_its_recipe_asks_for() {
    let more = r#"
        timeout = "1m30s"
        rate = { per_second = 20 }
        settings = { company = 1, database = "prod", strict = true }
        secrets.password = { env = "KEY" }
    "#;
    let connector = &sound(&format!("{SOUND}{more}")).connectors["erp"];
    assert_eq!(connector.timeout, Duration::from_secs(90));
    assert_eq!(
        connector.rate,
        Some(Rate {
            per_second: 20,
            burst: 1
        })
    );
    assert_eq!(connector.breaker.failures, 10);
    assert_eq!(connector.settings["company"], Scalar::Int(1));
    assert_eq!(connector.settings["strict"], Scalar::Bool(true));
    assert_eq!(connector.secrets["password"].reveal(), "ck_do_not_show");
}

#[test]
fn a_literal_secret_needs_everything_on_this_machine() {
    let shop = |listen: &str, url: &str| {
        let token = "[server.tokens.ops]\ndigest = \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"";
        format!(
            "{token}\n[server]\nlisten = \"{listen}\"\npublic_url = \"https://amends.test\"\n[shops.eu]\nurl = \"{url}\"\nsecrets = [{{ literal = \"x\" }}]"
        )
    };
    for (listen, url, refused) in [
        ("127.0.0.1:1", "http://127.0.0.1:8080", false),
        ("[::1]:1", "http://localhost:8080", false),
        ("127.0.0.1:1", "https://shop.test", true),
        ("0.0.0.0:1", "http://127.0.0.1:8080", true),
        ("192.0.2.1:1", "https://shop.test", true),
    ] {
        let codes = parse(&shop(listen, url))
            .err()
            .map(|error| error.problems.iter().map(|p| p.code).collect());
        assert_eq!(
            codes,
            refused.then(|| vec![Code::SecretLiteral]),
            "{listen} {url}"
        );
    }
}

#[test]
fn secrets_that_cross_a_network_unencrypted_are_a_warning() {
    let text = SOUND.replace("https://erp.test", "http://erp.test");
    let config = sound(&format!("{text}secrets.password = {{ env = \"KEY\" }}\n"));
    assert_eq!(
        config
            .warnings()
            .iter()
            .map(|warning| warning.code)
            .collect::<Vec<_>>(),
        [Code::PlainHttp]
    );
}

#[test]
fn tokens_that_cross_a_network_unencrypted_are_a_warning() {
    let token = "[server.tokens.ops]\ndigest = \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"";
    for (server, warned) in [
        ("listen = \"0.0.0.0:1\"", true),
        (
            "listen = \"0.0.0.0:1\"\npublic_url = \"http://amends.test\"",
            true,
        ),
        (
            "listen = \"0.0.0.0:1\"\npublic_url = \"https://amends.test\"",
            false,
        ),
        ("listen = \"127.0.0.1:1\"", false),
    ] {
        let config = sound(&format!("{token}\n[server]\n{server}\n"));
        let codes: Vec<Code> = config.warnings().iter().map(|warning| warning.code).collect();
        assert_eq!(
            codes,
            if warned { vec![Code::PlainHttp] } else { vec![] },
            "{server}"
        );
    }
}
