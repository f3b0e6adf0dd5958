use chrono_tz::Tz;

use super::super::routing::Ask;
use super::*;

const RULES: &str = r#"
[connectors.swiss]
recipe = "tryton"
base_url = "https://ch.test"
[[routing.rule]]
shops = ["eu"]
countries = ["CH", "LI"]
from = 2027-01-01
until = 2028-01-01
version = 2
connectors = { erp = "swiss" }
[[routing.rule]]
countries = ["CH"]
version = 1
[[routing.rule]]
workflow = "return"
version = 7
"#;

/// 2026-12-31T23:30:00Z, already the new year in Zurich.
const EVE_MS: i64 = 1_798_759_800_000;

#[test]
fn the_first_rule_that_fits_decides() {
    let routing = sound(&format!("{SOUND}{RULES}")).routing;
    // From the eve, half an hour into the year in Zurich, to the end of that year.
    let year_ms = (365 * 24 * 3_600 - 1_800) * 1_000;
    let zurich = Tz::Europe__Zurich;
    for (workflow, shop, zone, country, created_ms, version) in [
        ("order-to-cash", "eu", zurich, "CH", EVE_MS, Some(2)),
        ("order-to-cash", "eu", Tz::UTC, "CH", EVE_MS, Some(1)),
        ("order-to-cash", "eu", zurich, "LI", EVE_MS + year_ms - 1, Some(2)),
        ("order-to-cash", "eu", zurich, "LI", EVE_MS + year_ms, None),
        ("order-to-cash", "us", zurich, "CH", EVE_MS, Some(1)),
        ("order-to-cash", "eu", zurich, "DE", EVE_MS, None),
        ("return", "eu", zurich, "DE", EVE_MS, Some(7)),
    ] {
        let ask = Ask {
            workflow,
            shop,
            zone,
            country,
            created_ms,
        };
        let route = routing.choose(ask);
        assert_eq!(route.version, version, "{ask:?}");
        let erp = route.connectors.get("erp").map(String::as_str);
        assert_eq!(erp, (version == Some(2)).then_some("swiss"), "{ask:?}");
    }
}
