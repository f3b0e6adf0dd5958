//! Bearer tokens: 256 random bits, shown once, kept as SHA-256.
//!
//! A token of that many random bits needs no salt and no slow hash: nobody finds it from its digest by trying.

use std::fmt;

use amends_engine::{Digest, Millis};
use amends_storage::{Direction, EncodeError, Key, Kind, Prefix, ReadError, Span, Store, Write, codec};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};
use thiserror::Error;

use crate::limits::TOKENS_MAX;

const VERSION: u16 = 1;
/// Start of the names under which the store keeps tokens.
const PLACE: &str = "token/";
const NAME_MAX: usize = 64;

/// A token as it is kept: what it takes to recognise it, not to use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Who holds it; the actor of every command sent with it.
    pub name: String,
    /// SHA-256 of its text.
    pub digest: Digest,
    /// What its holder may do.
    pub rights: Rights,
    /// When it was made: Unix milliseconds, UTC; 0 for one of the configuration.
    pub created_ms: i64,
}

/// What the holder of a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rights {
    /// Look at everything but personal data.
    Read,
    /// Look, reveal, and send commands.
    Operate,
}

/// The text of a token. It shows itself only when asked to.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A new token.
#[derive(Debug)]
pub struct Created {
    /// What its holder sends. It is nowhere else.
    pub secret: Secret,
    /// What is kept.
    pub token: Token,
    /// What makes it durable.
    pub writes: Vec<Write>,
}

/// Why no token was made.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The name cannot be shown as an actor.
    #[error(
        "`{0}` cannot name a token: use 1 to {NAME_MAX} letters, digits, `-`, `_`, `.` or `@`, such as `kim.support`"
    )]
    Name(String),
    /// The name is taken.
    #[error("there is a token `{0}` already: choose another name, so that the audit trail tells them apart")]
    Exists(String),
    /// There are too many.
    #[error("there are {TOKENS_MAX} tokens, the most that are compared with each request: use one of them")]
    Full,
    /// The machine has no randomness.
    #[error("the operating system gives no random bytes: {0}")]
    Random(getrandom::Error),
    /// It cannot be stored.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Makes a token called `name`; `known` are all there are. Its writes make it durable, in a running engine through
/// its handle, in a stopped store by a commit.
///
/// # Errors
/// [`TokenError`].
pub fn create(known: &[Token], name: &str, rights: Rights, now: Millis) -> Result<Created, TokenError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.@".contains(&b);
    if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(plain) {
        return Err(TokenError::Name(name.chars().take(NAME_MAX).collect()));
    }
    if known.iter().any(|token| token.name == name) {
        return Err(TokenError::Exists(name.to_owned()));
    }
    if known.len() >= TOKENS_MAX {
        return Err(TokenError::Full);
    }
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(TokenError::Random)?;
    let secret = Secret(URL_SAFE_NO_PAD.encode(random));
    let token = Token {
        name: name.to_owned(),
        digest: Digest::of(secret.reveal().as_bytes()),
        rights,
        created_ms: now.0,
    };
    let writes = vec![Write::Put {
        key: Key::Meta(format!("{PLACE}{name}")),
        value: codec::encode(Kind::Meta, VERSION, &token)?,
    }];
    Ok(Created {
        secret,
        token,
        writes,
    })
}

/// The tokens of a store, by name.
///
/// # Errors
/// [`ReadError`] when the store failed or one is damaged.
pub fn read_tokens<S: Store>(store: &S) -> Result<Vec<Token>, ReadError> {
    let span = Span::starting(Prefix::Meta, PLACE);
    let page = store.scan(&span, TOKENS_MAX, Direction::Ascending)?;
    let tokens = page.entries.iter().map(|(key, value)| {
        let decoded = codec::decode(Kind::Meta, value);
        decoded
            .map(|(_, token)| token)
            .map_err(|error| ReadError::Damaged {
                key: key.stored(store.partition()),
                meaning: error.to_string(),
            })
    });
    tokens.collect()
}

/// The token whose text was `presented`. Takes the same time whichever it is and wherever a wrong one differs.
pub(crate) fn recognise<'t>(tokens: impl Iterator<Item = &'t Token>, presented: &str) -> Option<&'t Token> {
    let digest = Digest::of(presented.as_bytes());
    let compared: Vec<(Choice, &Token)> = tokens
        .map(|token| (token.digest.0.ct_eq(&digest.0), token))
        .collect();
    compared
        .into_iter()
        .find_map(|(same, token)| bool::from(same).then_some(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_by_its_text_alone() {
        let known = create(&[], "kim", Rights::Operate, Millis(5)).unwrap();
        let other = create(std::slice::from_ref(&known.token), "lee", Rights::Read, Millis(6)).unwrap();
        let tokens = [known.token.clone(), other.token.clone()];
        let holder = |text: &str| recognise(tokens.iter(), text).map(|token| token.name.as_str());
        assert_eq!(holder(known.secret.reveal()), Some("kim"));
        assert_eq!(holder(other.secret.reveal()), Some("lee"));
        assert_eq!(holder(&known.token.digest.to_string()), None);
        assert_eq!(holder(""), None);
        assert_eq!(known.secret.reveal().len(), 43);
        assert!(!format!("{known:?}").contains(known.secret.reveal()));
    }

    #[test]
    fn names_are_actors() {
        let known = create(&[], "kim", Rights::Read, Millis(0)).unwrap().token;
        for (name, problem) in [
            ("", "cannot name"),
            ("kim lee", "cannot name"),
            ("kim\n", "cannot name"),
            ("kim", "already"),
        ] {
            let error = create(std::slice::from_ref(&known), name, Rights::Read, Millis(0)).unwrap_err();
            assert!(error.to_string().contains(problem), "{name:?}: {error}");
        }
    }
}
