//! docs/api.md is run: every command on a real server, every answer compared with the one shown.

use std::process::Command;

use serde_json::Value;

use crate::server::{Home, token};

const GUIDE: &str = include_str!("../../docs/api.md");

/// A block of commands, and the answer shown below it.
struct Example {
    commands: String,
    answer: Option<Value>,
}

fn examples() -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut blocks = GUIDE.split("```").skip(1).step_by(2);
    for block in &mut blocks {
        if let Some(commands) = block.strip_prefix("sh\n") {
            examples.push(Example {
                commands: commands.to_owned(),
                answer: None,
            });
        } else if let Some(shown) = block.strip_prefix("json\n") {
            let shown = serde_json::from_str(shown).unwrap_or_else(|error| panic!("{error}: {shown}"));
            examples.last_mut().expect("an answer follows commands").answer = Some(shown);
        }
    }
    examples
}

/// Whether `answer` has everything that is shown; `…` stands for anything.
fn shows(shown: &Value, answer: &Value) -> bool {
    match (shown, answer) {
        (Value::String(any), _) if any == "…" => !answer.is_null(),
        (Value::Object(shown), Value::Object(answer)) => shown
            .iter()
            .all(|(name, value)| answer.get(name).is_some_and(|given| shows(value, given))),
        (Value::Array(shown), Value::Array(answer)) => {
            shown.len() == answer.len() && shown.iter().zip(answer).all(|(shown, given)| shows(shown, given))
        }
        _ => shown == answer,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_guide_works_as_shown() {
    let home = Home::new();
    let server = home.serve().with_order("eu-shop").await;
    let examples = examples();
    assert!(examples.len() >= 15, "{} examples", examples.len());
    for example in examples
        .iter()
        .filter(|example| example.commands.contains("curl"))
    {
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &example.commands])
            .current_dir(home.folder.path())
            .env("AMENDS_URL", &server.url)
            .env("AMENDS_TOKEN", token("admin"))
            .output()
            .expect("bash runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{}{}",
            example.commands,
            String::from_utf8_lossy(&output.stderr)
        );
        if let Some(shown) = &example.answer {
            let answer: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
            assert!(shows(shown, &answer), "{}answered {answer:#}", example.commands);
        } else {
            assert!(
                !said.contains("\"type\":\"/errors/"),
                "{}answered {said}",
                example.commands
            );
        }
    }
}
