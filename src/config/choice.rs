//! Settings that take one of a few words.

/// Declares an enum whose variants are words in a document.
macro_rules! choice {
    (
        $(#[$meta:meta])* $name:ident {
            $(#[$first_doc:meta])* $first:ident = $first_word:literal,
            $($(#[$doc:meta])* $variant:ident = $word:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $(#[$first_doc])* $first,
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// The words of a document, one for each choice.
            pub const WORDS: &'static [&'static str] = &[$first_word, $($word,)*];

            /// The word a document says.
            pub fn as_str(self) -> &'static str {
                match self { Self::$first => $first_word, $(Self::$variant => $word,)* }
            }
        }

        impl $crate::config::setting::Setting for $name {
            const KIND: &'static str = concat!("one of `", $first_word, "`" $(, ", `", $word, "`")*);

            fn read(
                node: &$crate::config::setting::Node<'_>,
            ) -> Result<Self, $crate::config::setting::Mistake> {
                match node.text(Self::KIND)? {
                    $first_word => Ok(Self::$first),
                    $($word => Ok(Self::$variant),)*
                    other => Err($crate::config::choice::not_a_choice(other, Self::WORDS)),
                }
            }

            fn blank() -> Self {
                Self::$first
            }

            fn show(&self) -> String {
                $crate::config::setting::quoted(self.as_str())
            }
        }
    };
}

pub(super) use choice;

use super::nearest::{listed, nearest};
use super::problem::Code;
use super::setting::Mistake;

/// The mistake of a word that is none of `words`.
pub(super) fn not_a_choice(written: &str, words: &[&str]) -> Mistake {
    let help = match nearest(written, words.iter().copied()) {
        Some(word) => format!("did you mean `{word}`? it takes {}", listed(words)),
        None => format!("it takes {}", listed(words)),
    };
    Mistake::new(
        Code::NotAChoice,
        format!("`{written}` is not a choice here"),
        help,
    )
}
