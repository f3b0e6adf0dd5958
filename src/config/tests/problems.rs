use std::collections::BTreeSet;
use std::fs;

use super::*;

/// Documents with one thing wrong, and the line of the listing that must name it. `|` in a document marks the
/// reported place.
const CASES: &[(&str, &str)] = &[
    (
        "[server]\n|lissten = \"127.0.0.1:1\"",
        "there is no key `server.lissten` [config/unknown-key]; did you mean `listen`?",
    ),
    (
        "[|sever]\nlisten = \"127.0.0.1:1\"",
        "there is no key `sever` [config/unknown-key]; did you mean `server`?",
    ),
    (
        "[server]\nlisten = |\"localhost\"",
        "`server.listen`: `localhost` is not an address to listen on [config/bad-value]; write an IP address and a port: \"127.0.0.1:7411\"",
    ),
    (
        "[server]\nlisten = |7411",
        "`server.listen`: this is a whole number [config/wrong-type]; write an IP address and a port: \"127.0.0.1:7411\"",
    ),
    (
        "[server]\nlisten = |\"0.0.0.0:7411\"",
        "0.0.0.0:7411 can be reached from other machines, and no token protects it [config/open-server]; make one with `amends token create` and add its [server.tokens.NAME], or listen on 127.0.0.1",
    ),
    (
        "[server]\nbody_max = |\"2MB\"",
        "`server.body_max`: `2MB` is not a size [config/bad-value]; write a size in quotes, with its unit: \"512KiB\", \"2MiB\", \"1GiB\"",
    ),
    (
        "[server]\nbody_max = |\"1KiB\"",
        "`server.body_max` is 1KiB [config/out-of-range]; write 16KiB to 64MiB",
    ),
    (
        "[server.tokens.ops]\ndigest = |\"amd_mytoken\"",
        "`server.tokens.ops.digest`: this is not the digest of a token [config/bad-value]; write \"sha256:\" and the 64 digits that `amends token create` printed, never the token",
    ),
    (
        "server = |3",
        "this is a whole number [config/wrong-type]; write a table: [server]",
    ),
    (
        "[store]\ncache_mb = |1",
        "`store.cache_mb` is 1 [config/out-of-range]; write 16 to 65536",
    ),
    (
        "[store]\ncache_mb = |-1",
        "`store.cache_mb`: -1 is not a number from 0 to 4294967295 [config/out-of-range]; write a smaller or a positive one",
    ),
    (
        "[store]\ncache_mb = |1.5",
        "`store.cache_mb`: this is a number with a fraction [config/wrong-type]; write a whole number, without quotes",
    ),
    (
        "[log]\nlevel = |\"inof\"",
        "`log.level`: `inof` is not a choice here [config/not-a-choice]; did you mean `info`? it takes `error`, `warn`, `info`, `debug` and `trace`",
    ),
    (
        "[log]\nformat = |\"xml\"",
        "`log.format`: `xml` is not a choice here [config/not-a-choice]; it takes `text` and `json`",
    ),
    (
        "[definitions]\nfolder = |\"no/such\"",
        "`definitions.folder`: there is no folder no/such [config/file-missing]; relative paths start at the folder of this document",
    ),
    (
        "[log]\nlevel = |",
        "string values must be quoted, expected literal string [config/syntax]; the document is TOML 1.0; text is quoted: key = \"text\"",
    ),
    (
        "[log]\nlevel = \"info\"\n|level = \"warn\"",
        "duplicate key [config/syntax]; the document is TOML 1.0; text is quoted: key = \"text\"",
    ),
    (
        "|[shops.eu]\nurl = \"https://shop.test\"",
        "`shops.eu.secrets` is missing [config/missing-key]; add secrets = ... (list of one or two secrets)",
    ),
    (
        "[shops.|EU_Shop]\nurl = \"https://shop.test\"\nsecrets = [{ env = \"HOOK\" }]",
        "`EU_Shop` cannot be a name [config/bad-name]; use lower-case letters, digits and dashes, a letter first, at most 24 characters: eu-shop",
    ),
    (
        "[shops.eu]\nurl = |\"shop.test\"\nsecrets = [{ env = \"HOOK\" }]",
        "`shops.eu.url`: this is not a URL: relative URL without a base [config/bad-value]; write a URL with its scheme: \"https://shop.example\"",
    ),
    (
        "[shops.eu]\nurl = |\"ftp://shop.test\"\nsecrets = [{ env = \"HOOK\" }]",
        "`shops.eu.url`: `ftp` is not a web address [config/bad-value]; write a URL with its scheme: \"https://shop.example\"",
    ),
    (
        "[shops.eu]\nurl = |\"https://ck_do_not_show:x@shop.test\"\nsecrets = [{ env = \"HOOK\" }]",
        "`shops.eu.url`: a URL must not carry a user name or password [config/secret-form]; take them out of the URL and give them as secrets",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = |[]",
        "`shops.eu.secrets`: there are 0 secrets [config/secret-count]; write one, or two while changing them: [{ env = \"NEW\" }, { env = \"OLD\" }]",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = |[{ env = \"HOOK\" }, { env = \"HOOK\" }, { env = \"HOOK\" }]",
        "`shops.eu.secrets`: there are 3 secrets [config/secret-count]; write one, or two while changing them: [{ env = \"NEW\" }, { env = \"OLD\" }]",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [|\"whsec_do_not_show\"]",
        "`shops.eu.secrets`: a secret does not stand in the document itself [config/secret-form]; write { file = \"path\" } or { env = \"VARIABLE\" }; { literal = \"...\" } serves sandboxes only",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ |fiel = \"x\" }]",
        "`shops.eu.secrets`: a secret does not come from `fiel` [config/secret-form]; did you mean `file`?",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ env = |\"UNSET\" }]",
        "`shops.eu.secrets`: the environment variable UNSET is not set [config/secret-missing]; set it for the server's process, or use { file = \"path\" }",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ env = |\"EMPTY\" }]",
        "`shops.eu.secrets`: the secret in `env` is empty [config/secret-missing]; put the credential there, without blank lines",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ file = |\"no/such\" }]",
        "`shops.eu.secrets`: there is no file no/such [config/secret-missing]; relative paths start at the folder of this document",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ literal = |\"do_not_show\" }]",
        "a secret stands in the document, and the shop is not on this machine [config/secret-literal]; move it: { file = \"path\" } or { env = \"VARIABLE\" }",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ env = \"HOOK\" }]\nconfirm = |\"changes\"",
        "orders cannot be read again without REST credentials [config/needs-rest]; add the table `rest` with consumer_key and consumer_secret, or write confirm = \"doubt\"",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ env = \"HOOK\" }]\nzone = |\"Europe/Berln\"",
        "`shops.eu.zone`: `Europe/Berln` is not a time zone [config/bad-value]; did you mean `Europe/Berlin`?",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ env = \"HOOK\" }]\ncountry = |\"Germany\"",
        "`shops.eu.country`: `Germany` is not a country code [config/bad-value]; write two capital letters: \"DE\", \"US\"",
    ),
    (
        "[shops.eu]\nurl = \"http://shop.test\"\nsecrets = [{ env = \"HOOK\" }]\n[shops.eu.rest]\nconsumer_key = { env = \"KEY\" }\nconsumer_secret = |{ env = \"KEY\" }",
        "the REST secret would be sent to http://shop.test/ unencrypted, and WooCommerce takes it over TLS only [config/plain-http]; write an https:// address as the shop's url",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ env = \"HOOK\" }]\nrest = { consumer_key = { env = \"KEY\" }, consumer_secret = { env = \"KEY\" }, sweep_every = |\"5min\" }",
        "`shops.eu.rest.sweep_every`: `min` is not a unit of time [config/bad-duration]; write a duration in quotes, with its unit: \"30s\", \"5m\", \"4h\", \"7d\"",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ env = \"HOOK\" }]\nrest = { consumer_key = { env = \"KEY\" }, consumer_secret = { env = \"KEY\" }, page = |101 }",
        "`shops.eu.rest.page` is 101 [config/out-of-range]; write 1 to 100",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ env = \"HOOK\" }]\nconnectors = { erp = |\"wawi\" }\n[connectors.erp]\nrecipe = \"tryton\"\nbase_url = \"https://erp.test\"",
        "`shops.eu.connectors.erp`: the document defines no [connectors.wawi] [config/unknown-reference]; known are `erp`",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ env = \"HOOK\" }]\nconnectors = { |warehous = \"x\" }",
        "there is no key `shops.eu.connectors.warehous` [config/unknown-key]; did you mean `warehouse`?",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ env = \"HOOK\" }]\ngateways.stripe = |{ tender = \"card\" }",
        "`shops.eu.gateways.stripe.taken_by` is missing [config/missing-key]; add taken_by = ... (one of `shop-captured`, `shop-authorised`, `offline`)",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ env = \"HOOK\" }]\ngateways.stripe = { taken_by = |\"shop-authorized\" }",
        "`shops.eu.gateways.stripe.taken_by`: `shop-authorized` is not a choice here [config/not-a-choice]; did you mean `shop-authorised`? it takes `shop-captured`, `shop-authorised` and `offline`",
    ),
    (
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ env = \"HOOK\" }]\ngateways.cod = { taken_by = \"shop-captured\", on_delivery = |true }",
        "money that comes with the goods cannot be `shop-captured` [config/contradiction]; write taken_by = \"offline\", or take on_delivery out",
    ),
    (
        "[connectors.erp]\nrecipe = |\"no/such.toml\"\nbase_url = \"https://erp.test\"",
        "`connectors.erp.recipe`: there is no recipe no/such.toml [config/file-missing]; relative paths start at the folder of this document",
    ),
    (
        "[connectors.erp]\nrecipe = \"tryton\"\nbase_url = |\"https://erp.test?key=do_not_show\"",
        "`connectors.erp.base_url`: a base URL has no query and no fragment [config/bad-value]; write a URL with its scheme: \"https://shop.example\"",
    ),
    (
        "[connectors.erp]\nrecipe = \"tryton\"\nbase_url = \"https://erp.test\"\nsettings = { company = |[1] }",
        "`connectors.erp.settings.company`: this is a list [config/wrong-type]; write text in quotes, a whole number, true or false",
    ),
    (
        "[connectors.erp]\nrecipe = \"tryton\"\nbase_url = \"https://erp.test\"\nextra_ca = |\"no/such.pem\"",
        "`connectors.erp.extra_ca`: there is no file no/such.pem [config/file-missing]; relative paths start at the folder of this document",
    ),
    (
        "[connectors.erp]\nrecipe = \"tryton\"\nbase_url = \"https://erp.test\"\nrate = |{ burst = 3 }",
        "`connectors.erp.rate.per_second` is missing [config/missing-key]; add per_second = ... (whole number)",
    ),
    (
        "[[routing.rule]]\nshops = [|\"us\"]",
        "`routing.rule[0].shops`: the document defines no [shops.us] [config/unknown-reference]; define it: [shops.us]",
    ),
    (
        "[[routing.rule]]\nfrom = 2027-01-02\nuntil = |2027-01-01",
        "the rule ends on 2027-01-01, before it begins on 2027-01-02 [config/contradiction]; write a day after `from`",
    ),
    (
        "[[routing.rule]]\nfrom = |\"2027-01-01\"",
        "`routing.rule[0].from`: this is text [config/wrong-type]; write a date without quotes: 2027-01-01",
    ),
];

#[test]
fn each_problem_is_named_and_placed() {
    let (mut told, mut wanted) = (Vec::new(), Vec::new());
    for (marked, expected) in CASES {
        let place = marked.find('|').expect("a case marks the place");
        let text = marked.replacen('|', "", 1);
        let line = marked[..place].matches('\n').count() + 1;
        let column = place - marked[..place].rfind('\n').map_or(0, |at| at + 1) + 1;
        told.push(parse(&text).expect_err(&text).listing());
        wanted.push(format!("amends.toml:{line}:{column}: {expected}"));
    }
    assert_eq!(told, wanted);
}

#[test]
fn no_credential_is_printed_with_a_problem() {
    for (marked, _) in CASES {
        let report = printed(&marked.replacen('|', "", 1));
        assert!(!report.contains("do_not_show"), "{report}");
    }
    // A document that is not TOML shows its lines, and nobody knows which of them hold a credential.
    let report =
        printed("[shops.eu]\nsecrets = [{ literal = \"do_not_show\" ]\nurl = 'it is \"do_not_show\"'");
    assert!(!report.contains("do_not_show"), "{report}");
    let report = printed(
        "[shops.eu]\nurl = \"https://shop.test\"\nsecrets = [{ literal = \"do_not_show\" }]\nsecret = \"do_not_show\"",
    );
    assert!(!report.contains("do_not_show"), "{report}");
}

#[test]
fn a_report_shows_the_line_and_the_code() {
    let report = printed("[server]\nlissten = 1");
    for part in [
        "config/unknown-key",
        "amends.toml:2:1",
        "did you mean `listen`?",
        "1 problem",
    ] {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
}

#[test]
fn all_problems_of_a_document_are_told_at_once() {
    let text = "[server]\nlissten = 1\nbody_max = 3\n[log]\nlevel = \"loud\"\n[shops.EU]\n";
    let listing = parse(text).expect_err(text).listing();
    let places: Vec<_> = listing
        .lines()
        .map(|line| line.split(": ").next().unwrap_or_default())
        .collect();
    let expected = [
        "amends.toml:2:1",
        "amends.toml:3:12",
        "amends.toml:5:9",
        "amends.toml:6:1",
        "amends.toml:6:1",
        "amends.toml:6:8",
    ];
    assert_eq!(places, expected, "{listing}");
}

#[test]
fn every_code_is_reached() {
    let reached = CASES.iter().flat_map(|(_, expected)| expected.split(['[', ']']));
    let mut reached: BTreeSet<_> = reached.filter(|part| part.starts_with("config/")).collect();
    // These two have tests of their own.
    reached.extend(["config/unreadable", "config/secret-file-open"]);
    let all: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(reached, all);
}

#[test]
fn a_document_that_cannot_be_read_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absent.toml");
    let listing = Config::load(&path, &env)
        .expect_err("there is no document")
        .listing();
    assert!(
        listing.contains("[config/unreadable]") && listing.contains("absent.toml"),
        "{listing}"
    );
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (secret, document) = (folder.path().join("hook"), folder.path().join("amends.toml"));
    fs::write(&secret, "whsec_do_not_show\n").unwrap();
    fs::write(
        &document,
        SOUND.replace("{ env = \"HOOK\" }", "{ file = \"hook\" }"),
    )
    .unwrap();
    for (mode, codes) in [
        (0o600, vec![]),
        (0o640, vec![]),
        (0o644, vec![Code::SecretFileOpen]),
    ] {
        fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).unwrap();
        let config = Config::load(&document, &env).unwrap();
        assert_eq!(
            config
                .warnings()
                .iter()
                .map(|warning| warning.code)
                .collect::<Vec<_>>(),
            codes,
            "{mode:o}"
        );
        assert_eq!(config.shops["eu"].secrets[0].reveal(), "whsec_do_not_show");
    }
}

fn printed(text: &str) -> String {
    let error = parse(text).expect_err(text);
    let mut report = String::new();
    miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor())
        .render_report(&mut report, &error)
        .unwrap();
    report
}
