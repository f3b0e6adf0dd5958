//! Who reads an answer may go away before its end: `amends orders list | head -1`.

use std::process::{Command, Stdio};

use crate::setting::{Entry, Setting, delivery};

#[test]
fn a_reader_that_goes_away_ends_a_command_in_silence() {
    let systems = [
        ("erp", "tryton"),
        ("payments", "stripe"),
        ("warehouse", "warehouse"),
        ("storefront", "woocommerce"),
    ];
    let setting = Setting::new(&systems.map(|(name, recipe)| Entry::new(name, recipe, "http://127.0.0.1:9")));
    let mut child = Command::new(env!("CARGO_BIN_EXE_amends"))
        .args(["try", "order-to-cash", "--config", &setting.config()])
        .args(["--delivery", &delivery("09-onhold-bacs-1")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "", "{}", output.status);
    assert!(
        !output.status.success(),
        "it wrote nothing, so that nobody went away: {}",
        output.status
    );
}
