//! Mistakes in a recipe, as whoever writes it sees them.

use crate::setting::{Entry, Setting, amends, delivery};

const SHIPPED: &str = include_str!("../../connectors/recipes/stripe.toml");

/// A configuration whose payment provider is spoken to by this recipe.
fn setting(recipe: &str) -> Setting {
    let here = "http://127.0.0.1:1";
    let setting = Setting::new(&[
        Entry::new("erp", "tryton", here),
        Entry {
            recipe: "provider.toml",
            ..Entry::new("payments", "stripe", here)
        },
        Entry::new("warehouse", "warehouse", here),
        Entry::new("storefront", "woocommerce", here),
    ]);
    setting.file("provider.toml", recipe);
    setting
}

/// The codes of recipe mistakes in a text, in order.
fn codes(text: &str) -> Vec<&str> {
    let words = text.split([' ', '\n']).filter_map(|word| word.strip_suffix(':'));
    words.filter(|word| word.starts_with("recipe/")).collect()
}

#[test]
fn every_command_shows_file_line_and_column_of_each_mistake() {
    let broken = SHIPPED
        .replacen("mode = \"keyed\"", "mode = \"kept\"", 1)
        .replacen("outcome = \"succeeded\"", "outcome = \"fine\"", 1);
    let place = |needle: &str| {
        let (line, text) = broken
            .lines()
            .enumerate()
            .find(|(_, line)| line.contains(needle))
            .unwrap();
        format!("provider.toml:{}:{}:", line + 1, text.find('"').unwrap() + 1)
    };
    let setting = setting(&broken);
    let (config, order) = (setting.config(), delivery("03-paid"));
    for command in [
        ["config", "check"].as_slice(),
        &["connector", "check"],
        &["try", "order-to-cash", "--delivery", &order],
    ] {
        let args: Vec<&str> = command.iter().copied().chain(["--config", &config]).collect();
        let said = amends(&args);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{command:?}");
        assert!(said.err.contains("connector payments"), "{}", said.err);
        for needle in ["\"fine\"", "\"kept\""] {
            assert!(
                said.err.contains(&place(needle)),
                "{}\n{}",
                place(needle),
                said.err
            );
        }
        // One mistake is told once, without what follows from it.
        assert_eq!(
            codes(&said.err),
            ["recipe/bad-value", "recipe/bad-value"],
            "{}",
            said.err
        );
    }
}

#[test]
fn a_sound_recipe_of_ones_own_is_taken_without_a_word() {
    let setting = setting(SHIPPED);
    let said = amends(&["config", "check", "--config", &setting.config()]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{}", said.err);
}

#[test]
fn what_a_recipe_wants_of_the_configuration_is_told() {
    let here = "http://127.0.0.1:1";
    let entry = |more: &str| Entry {
        more: format!("secrets = {{ {more} }}\n"),
        ..Entry::new("payments", "stripe", here)
    };
    for (payments, told) in [
        (entry(""), "needs the secret `api_key`"),
        (
            entry("api_key = { literal = \"short\" }"),
            "shorter than 8 characters",
        ),
        (
            Entry {
                more:
                    "secrets = { api_key = { literal = \"sk_sandbox\" } }\nsettings = { colour = \"red\" }\n"
                        .to_owned(),
                ..Entry::new("payments", "stripe", here)
            },
            "no setting `colour`",
        ),
        (Entry::new("payments", "strpe", here), "strpe"),
    ] {
        let setting = Setting::new(&[
            Entry::new("erp", "tryton", here),
            payments,
            Entry::new("warehouse", "warehouse", here),
            Entry::new("storefront", "woocommerce", here),
        ]);
        let said = amends(&["config", "check", "--config", &setting.config()]);
        let words = said
            .err
            .replace('│', " ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(said.code == 1 && words.contains(told), "{told}:\n{}", said.err);
    }
}
