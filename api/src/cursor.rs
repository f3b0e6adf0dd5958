//! Where a list goes on, as an opaque text that belongs to that list alone.

use std::fmt::Debug;

use amends_engine::Digest;
use amends_runtime::find::Position;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::problem::{Code, Problem};

/// What a cursor says.
#[derive(Serialize, Deserialize)]
struct Cursor {
    /// Tells lists apart.
    list: u64,
    at: Position,
}

/// The cursor that goes on after `at` in the list asked for with `list`, its filters and order.
pub(crate) fn written(list: &impl Debug, at: &Position) -> Result<String, Problem> {
    let cursor = Cursor {
        list: name(list),
        at: at.clone(),
    };
    let text = serde_json::to_vec(&cursor).map_err(|_| Problem::internal())?;
    Ok(URL_SAFE_NO_PAD.encode(text))
}

/// The place a cursor names.
pub(crate) fn read(list: &impl Debug, cursor: &str) -> Result<Position, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let known: Option<Cursor> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(known) = known else {
        let detail =
            "it is no cursor of this server: take it from `cursor` of the page before, or start without one";
        return Err(Problem::new(Code::BadCursor, detail));
    };
    if known.list != name(list) {
        let detail = "it belongs to a list with other filters or another order: keep them for all pages, or start without a cursor";
        return Err(Problem::new(Code::BadCursor, detail));
    }
    Ok(known.at)
}

fn name(list: &impl Debug) -> u64 {
    Digest::of(format!("{list:?}").as_bytes()).leading_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_goes_on_in_its_own_list_only() {
        let at = Position {
            key: "018b".to_owned(),
            id: "eu-shop:1".to_owned(),
        };
        let cursor = written(&("stuck", 1), &at).unwrap();
        assert_eq!(read(&("stuck", 1), &cursor), Ok(at));
        assert!(!cursor.contains("eu-shop"));
        for (list, cursor) in [
            (("moving", 1), cursor.as_str()),
            (("stuck", 1), "e30"),
            (("stuck", 1), "?"),
        ] {
            let problem = read(&list, cursor).unwrap_err();
            assert_eq!(problem.code, Code::BadCursor.as_str());
        }
    }
}
