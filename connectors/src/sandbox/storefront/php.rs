//! JSON as PHP writes it: slashes and everything beyond ASCII escaped.
//!
//! Signatures are over these bytes, so whoever re-serialises a body before verifying it is found out here.

use std::fmt::Write as _;

use axum::http::StatusCode;
use serde_json::Value as Json;

use crate::sandbox::front::request::Reply;

/// The text of a value.
pub(crate) fn encode(json: &Json) -> String {
    let plain = json.to_string();
    let mut text = String::with_capacity(plain.len() + plain.len() / 16);
    for character in plain.chars() {
        match character {
            '/' => text.push_str("\\/"),
            ascii if ascii.is_ascii() => text.push(ascii),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text
}

/// A reply of WordPress's REST API.
pub(super) fn reply(status: StatusCode, json: &Json) -> Reply {
    Reply::raw(status, "application/json; charset=UTF-8", encode(json))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::encode;

    #[test]
    fn slashes_and_non_ascii_are_escaped() {
        let text = encode(&json!({"note": "a/b \u{f1} \u{6f22} \u{1f600} \"q\""}));
        assert_eq!(text, r#"{"note":"a\/b \u00f1 \u6f22 \ud83d\ude00 \"q\""}"#);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap()["note"],
            "a/b ñ 漢 😀 \"q\""
        );
    }
}
