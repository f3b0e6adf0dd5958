//! The commands that move an order that waits, as a person types them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::fields::{rows, text};

/// A command, and what it is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What follows `amends`: `orders do demo:7 retry --place invoice --reason "..."`.
    pub arguments: String,
    /// In a few words.
    pub meaning: &'static str,
}

/// How this program is started again from where it was started: `amends` if that finds it, through cargo if cargo
/// started it, by its path otherwise.
pub fn program() -> String {
    let Ok(me) = std::env::current_exe() else {
        return "amends".to_owned();
    };
    if on_path("amends").is_some_and(|found| same_file(&found, &me)) {
        return "amends".to_owned();
    }
    if std::env::var_os("CARGO_MANIFEST_DIR").is_some() {
        let release = me.components().any(|part| part.as_os_str() == "release");
        return format!("cargo run --quiet{} --", if release { " --release" } else { "" });
    }
    let here = std::env::current_dir().ok();
    let short = here.and_then(|here| me.strip_prefix(here).ok().map(|rest| Path::new(".").join(rest)));
    short.unwrap_or(me).display().to_string()
}

/// What can be done about an order, from its full view: the most likely first.
pub fn advice(order: &Value) -> Vec<Advice> {
    let root = text(order, "root");
    let mut all: Vec<Advice> = rows(order, "waits")
        .iter()
        .filter(|wait| wait.get("incident").is_some_and(|it| !it.is_null()) || waits_for_person(wait))
        .flat_map(|wait| {
            let commands = rows(wait, "commands").iter().filter_map(Value::as_str);
            commands.filter_map(|command| advise(root, command, wait.get("place").and_then(Value::as_str)))
        })
        .collect();
    let settled_otherwise = |list: &str| -> Vec<Advice> {
        let all = rows(order, list).iter();
        all.filter(|it| !waits_at(order, it))
            .filter_map(|it| it.get("number").and_then(Value::as_u64))
            .map(|number| waive(root, number))
            .collect()
    };
    all.extend(settled_otherwise("incidents"));
    all.extend(settled_otherwise("obligations"));
    if all.iter().any(|advice| advice.arguments.contains(" retry ")) {
        all.extend(advise(root, "cancel", None));
    }
    all.dedup();
    all
}

/// Whether the order waits where `incident` was opened: what is decided there settles it.
fn waits_at(order: &Value, incident: &Value) -> bool {
    let place = text(incident, "place");
    !place.is_empty()
        && rows(order, "waits")
            .iter()
            .any(|wait| text(wait, "place") == place)
}

fn waits_for_person(wait: &Value) -> bool {
    text(wait, "for").contains("a person")
}

fn advise(root: &str, command: &str, place: Option<&str>) -> Option<Advice> {
    let (meaning, reason, extra) = match command {
        "retry" => ("try again, once the cause is gone", "it is fixed over there", ""),
        "complete" => (
            "it was done by hand",
            "done by hand",
            " --reference DOCUMENT --result JSON",
        ),
        "skip" => ("go on without it", "not needed", ""),
        "resume" => ("go on as before", "looked at, all is well", ""),
        "cancel" => ("undo what can be undone", "the customer asked", ""),
        "compensate" => (
            "undo it without asking whether it still can be",
            "agreed by phone",
            "",
        ),
        "close" => (
            "end it as it is; a person has settled the rest",
            "settled by hand",
            "",
        ),
        "approve" => ("agree", "looked at, all is well", ""),
        "reject" => ("refuse; the order is undone", "not wanted", ""),
        _ => return None,
    };
    let at = match (command, place) {
        ("retry" | "complete" | "skip" | "approve" | "reject", Some(place)) => format!(" --place {place}"),
        _ => String::new(),
    };
    Some(Advice {
        arguments: format!("orders do {root} {command}{at}{extra} --reason \"{reason}\""),
        meaning,
    })
}

/// For what no step waits for: money that differs, somebody who owes something.
fn waive(root: &str, number: u64) -> Advice {
    Advice {
        arguments: format!("orders do {root} waive --number {number} --reason \"settled with the customer\""),
        meaning: "nothing more is done about it",
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn same_file(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok() == other.canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::advice;

    #[test]
    fn what_no_step_waits_for_can_be_waived() {
        let order = json!({ "root": "demo:7",
            "waits": [{ "place": "invoice", "for": "a person to decide", "incident": 2, "commands": [] }],
            "incidents": [{ "number": 1, "place": "capture" }, { "number": 2, "place": "invoice" }],
            "obligations": [{ "number": 3 }],
        });
        let arguments: Vec<String> = advice(&order).into_iter().map(|it| it.arguments).collect();
        assert_eq!(
            arguments,
            [1, 3].map(|number| format!(
                "orders do demo:7 waive --number {number} --reason \"settled with the customer\""
            ))
        );
    }

    #[test]
    fn what_a_person_decides_has_commands_and_what_moves_has_none() {
        let order = json!({ "root": "demo:7", "waits": [
            { "place": "invoice", "for": "a person to decide", "incident": 1, "commands": ["retry", "skip"] },
            { "place": "notify", "for": "storefront to let a request through", "incident": null, "commands": ["retry"] },
        ] });
        let arguments: Vec<String> = advice(&order).into_iter().map(|it| it.arguments).collect();
        assert_eq!(
            arguments,
            [
                "orders do demo:7 retry --place invoice --reason \"it is fixed over there\"",
                "orders do demo:7 skip --place invoice --reason \"not needed\"",
                "orders do demo:7 cancel --reason \"the customer asked\"",
            ]
        );
    }
}
