//! A place in the feed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A place in the feed: after the notice with this number in the frame with this sequence. Its text is
/// `SEQUENCE.NUMBER`; who consumes the feed keeps the text and gives it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cursor {
    /// The frame's sequence; 0 is before the first.
    pub sequence: u64,
    /// Notices of the frame that lie before.
    pub number: u32,
}

/// It is no place in the feed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is no cursor: give back an `id` or `next` of the feed as it was, or leave it out to begin at the start"
)]
pub struct CursorError(String);

impl Cursor {
    /// Before everything.
    pub const START: Self = Self {
        sequence: 0,
        number: 0,
    };

    /// After all notices of the frame with `sequence`.
    pub fn behind(sequence: u64) -> Self {
        Self {
            sequence,
            number: u32::MAX,
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            u32::MAX => write!(f, "{}.end", self.sequence),
            number => write!(f, "{}.{number}", self.sequence),
        }
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let parse = || {
            let (sequence, number) = text.split_once('.')?;
            let number = match number {
                "end" => u32::MAX,
                number => number.parse().ok()?,
            };
            Some(Self {
                sequence: sequence.parse().ok()?,
                number,
            })
        };
        parse().ok_or_else(|| CursorError(text.chars().take(40).collect()))
    }
}

impl TryFrom<String> for Cursor {
    type Error = CursorError;

    fn try_from(text: String) -> Result<Self, CursorError> {
        text.parse()
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(sequence: u64, number: u32) {
            let cursor = Cursor { sequence, number };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn nothing_else_is_a_cursor(text in "[0-9a-z.-]{0,12}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }
    }

    #[test]
    fn the_end_of_a_frame_is_behind_its_notices() {
        assert!("7.3".parse::<Cursor>().unwrap() < Cursor::behind(7));
        assert!(Cursor::behind(7) < "8.0".parse().unwrap());
        assert!(
            "".parse::<Cursor>()
                .unwrap_err()
                .to_string()
                .contains("leave it out")
        );
    }
}
