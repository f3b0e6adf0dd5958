//! Recipes that ship with Amends.

/// Their names. The `sandbox-` ones are the others, with a world in mind that settles within a second.
pub const NAMES: [&str; 8] = [
    "tryton",
    "stripe",
    "warehouse",
    "woocommerce",
    "sandbox-erp",
    "sandbox-payments",
    "sandbox-warehouse",
    "sandbox-storefront",
];

/// The document called `name`; `None` when none ships under that name.
pub fn text(name: &str) -> Option<String> {
    let (document, sandbox) = match name {
        "tryton" => (include_str!("../../recipes/tryton.toml"), false),
        "stripe" => (include_str!("../../recipes/stripe.toml"), false),
        "warehouse" => (include_str!("../../recipes/warehouse.toml"), false),
        "woocommerce" => (include_str!("../../recipes/woocommerce.toml"), false),
        "sandbox-erp" => (include_str!("../../recipes/tryton.toml"), true),
        "sandbox-payments" => (include_str!("../../recipes/stripe.toml"), true),
        "sandbox-warehouse" => (include_str!("../../recipes/warehouse.toml"), true),
        "sandbox-storefront" => (include_str!("../../recipes/woocommerce.toml"), true),
        _ => return None,
    };
    Some(if sandbox {
        SETTLES.iter().fold(document.to_owned(), |text, settle| {
            text.replace(settle, SETTLE_SANDBOX)
        })
    } else {
        document.to_owned()
    })
}

const SETTLES: [&str; 2] = ["settle = \"2m\"", "settle = \"30s\""];
const SETTLE_SANDBOX: &str = "settle = \"1s\"";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;

    #[test]
    fn every_shipped_recipe_is_sound() {
        for name in NAMES {
            let text = text(name).unwrap();
            if let Err(errors) = Recipe::parse(&text) {
                panic!("{name}:\n{errors}");
            }
        }
        assert_eq!(text("nothing"), None);
    }

    #[test]
    fn a_sandbox_settles_within_a_second() {
        for name in NAMES.into_iter().filter(|name| name.starts_with("sandbox-")) {
            let text = text(name).unwrap();
            let settles: Vec<&str> = text.lines().filter(|line| line.starts_with("settle")).collect();
            assert_eq!(settles, [SETTLE_SANDBOX], "{name}");
        }
    }
}
