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
use crate::role::{Role, Shops};

const VERSION: u16 = 1;
/// Start of the names under which the store keeps tokens.
const PLACE: &str = "token/";
const NAME_MAX: usize = 64;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A token as it is kept: what it takes to recognise it, not to use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Who holds it; the actor of every command sent with it.
    pub name: String,
    /// SHA-256 of its text.
    pub digest: Digest,
    /// What its holder is here for.
    pub role: Role,
    /// Shops it shows; all when empty.
    pub shops: Vec<String>,
    /// When it was made: Unix milliseconds, UTC; 0 for one of the configuration.
    pub created_ms: i64,
    /// Who made it; empty for one of the configuration.
    pub created_by: String,
    /// From when on it is no longer accepted: Unix milliseconds, UTC; `None` for never.
    pub expires_ms: Option<i64>,
}

impl Token {
    /// Whether it is no longer accepted at `now`.
    pub fn is_expired(&self, now: Millis) -> bool {
        self.expires_ms.is_some_and(|at| at <= now.0)
    }

    /// The shops it shows.
    pub fn shown(&self) -> Shops {
        Shops::named(&self.shops)
    }
}

/// A token as it is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Who will hold it.
    pub name: String,
    /// What its holder is here for.
    pub role: Role,
    /// Shops it shows; all when empty.
    pub shops: Vec<String>,
    /// Days after which it is no longer accepted; `None` for never.
    pub days: Option<u64>,
}

impl Wanted {
    /// A token of a role for all shops that never expires.
    pub fn new(name: &str, role: Role) -> Self {
        Self {
            name: name.to_owned(),
            role,
            shops: Vec::new(),
            days: None,
        }
    }
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

/// Makes the token `wanted`, on behalf of `by`; `known` are all there are. Its writes make it durable, in a running
/// engine through its handle, in a stopped store by a commit.
///
/// # Errors
/// [`TokenError`].
pub fn create(known: &[Token], wanted: &Wanted, by: &str, now: Millis) -> Result<Created, TokenError> {
    let name = &wanted.name;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.@".contains(&b);
    if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(plain) {
        return Err(TokenError::Name(name.chars().take(NAME_MAX).collect()));
    }
    if known.iter().any(|token| token.name == *name) {
        return Err(TokenError::Exists(name.clone()));
    }
    if known.len() >= TOKENS_MAX {
        return Err(TokenError::Full);
    }
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(TokenError::Random)?;
    let secret = Secret(URL_SAFE_NO_PAD.encode(random));
    let token = Token {
        name: name.clone(),
        digest: Digest::of(secret.reveal().as_bytes()),
        role: wanted.role,
        shops: wanted.shops.clone(),
        created_ms: now.0,
        created_by: by.to_owned(),
        expires_ms: wanted.days.map(|days| {
            now.plus(i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(DAY_MS))
                .0
        }),
    };
    let writes = vec![Write::Put {
        key: place(name),
        value: codec::encode(Kind::Meta, VERSION, &token)?,
    }];
    Ok(Created {
        secret,
        token,
        writes,
    })
}

/// What takes the token `name` out of the store. Its name is free again; the audit trail tells the two apart by time.
pub fn revoke(name: &str) -> Vec<Write> {
    vec![Write::Delete { key: place(name) }]
}

fn place(name: &str) -> Key {
    Key::Meta(format!("{PLACE}{name}"))
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
        let known = create(&[], &Wanted::new("kim", Role::Support), "ops", Millis(5)).unwrap();
        let lee = Wanted::new("lee", Role::Viewer);
        let other = create(std::slice::from_ref(&known.token), &lee, "ops", Millis(6)).unwrap();
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
        let wanted = |name: &str| Wanted::new(name, Role::Viewer);
        let known = create(&[], &wanted("kim"), "ops", Millis(0)).unwrap().token;
        for (name, problem) in [
            ("", "cannot name"),
            ("kim lee", "cannot name"),
            ("kim\n", "cannot name"),
            ("kim", "already"),
        ] {
            let error = create(std::slice::from_ref(&known), &wanted(name), "ops", Millis(0)).unwrap_err();
            assert!(error.to_string().contains(problem), "{name:?}: {error}");
        }
    }

    #[test]
    fn a_token_expires_after_its_days() {
        let wanted = Wanted {
            days: Some(2),
            ..Wanted::new("kim", Role::Viewer)
        };
        let token = create(&[], &wanted, "ops", Millis(1_000)).unwrap().token;
        let end = 1_000 + 2 * DAY_MS;
        assert_eq!(token.expires_ms, Some(end));
        assert!(!token.is_expired(Millis(end - 1)) && token.is_expired(Millis(end)));
    }
}
