use std::fs;

use super::*;

/// The example names files of a real server; the test lays them out below a folder of its own.
#[test]
fn the_example_is_a_sound_configuration() {
    let example = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/amends.example.toml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("recipes")).unwrap();
    fs::write(folder.path().join("recipes/packers.toml"), "").unwrap();
    for secret in [
        "eu-shop.consumer-key",
        "eu-shop.consumer-secret",
        "tryton.password",
    ] {
        let path = folder.path().join(secret);
        fs::write(&path, "do_not_show\n").unwrap();
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    let text = example.replace("/etc/amends/", "");
    let config = Config::parse(&text, &folder.path().join("amends.toml"), &|name| {
        name.starts_with("AMENDS_").then(|| "do_not_show".to_owned())
    });
    let config = config.unwrap_or_else(|error| panic!("{}", error.listing()));
    assert_eq!(config.warnings().len(), 0, "{:?}", config.warnings());
    assert_eq!(config.shops["eu-shop"].secrets.len(), 2);
    assert_eq!(config.shops["eu-shop"].connectors.len(), 4);
    assert!(!format!("{config:?}").contains("do_not_show"));
}

#[test]
fn the_example_has_no_secret_in_it() {
    let example = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/amends.example.toml")).unwrap();
    assert!(!example.contains("literal"));
}
