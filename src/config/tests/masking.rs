use super::*;

#[test]
fn no_way_of_printing_a_configuration_shows_a_secret() {
    let config = sound(&format!(
        "{SOUND}secrets = {{ password = {{ env = \"KEY\" }} }}\n[shops.eu.rest]\nconsumer_key = {{ env = \"KEY\" }}\nconsumer_secret = {{ env = \"KEY\" }}\n"
    ));
    let effective = effective::render(config.effective());
    for printed in [format!("{config:?}"), format!("{config:#?}"), effective] {
        assert!(!printed.contains("do_not_show"), "{printed}");
        assert!(
            printed.contains("env = "),
            "the place a secret comes from is shown: {printed}"
        );
    }
    assert_eq!(config.shops["eu"].secrets[0].reveal(), "whsec_do_not_show");
}

#[test]
fn a_literal_secret_is_masked_too() {
    let config = Config::sandbox();
    let printed = format!("{config:?}{}", effective::render(config.effective()));
    assert!(!printed.contains("sandbox-webhook-secret"), "{printed}");
    assert!(printed.contains("{ literal = \"***\" }"), "{printed}");
}

#[test]
fn the_effective_configuration_is_a_document_with_every_value_and_its_origin() {
    let config = sound(SOUND);
    let printed = effective::render(config.effective());
    let document: toml::Table = printed
        .parse()
        .unwrap_or_else(|error| panic!("{error}\n{printed}"));
    assert_eq!(document["server"]["listen"].as_str(), Some("127.0.0.1:7411"));
    assert!(
        printed.contains("listen = \"127.0.0.1:7411\"  # default\n"),
        "{printed}"
    );
    assert!(printed.contains("\nurl = \"https://shop.test/\"\n"), "{printed}");
}
