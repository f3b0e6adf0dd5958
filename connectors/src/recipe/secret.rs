//! Credentials, and text that refers to them without holding them.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A credential. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a credential.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The credential itself, for the one place that sends it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The credentials of one connector by the name recipes use.
pub type Secrets = BTreeMap<String, Secret>;

/// A part of some text that may stand for a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Literal text.
    Text(String),
    /// The credential of that name.
    Secret(String),
    /// The token of the session that is open when the request leaves.
    Session,
    /// The parts, written in another form once they are known.
    Encoded(Encoding, Vec<Piece>),
}

/// A form that text with credentials takes on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Base64 with padding.
    Base64,
    /// Percent-encoded, for a query or a form.
    Percent,
    /// The inside of a JSON string.
    Json,
}

impl Encoding {
    pub(super) fn apply(self, text: &str) -> String {
        match self {
            Self::Base64 => BASE64.encode(text),
            Self::Percent => percent(text),
            Self::Json => {
                let quoted = serde_json::Value::from(text).to_string();
                quoted
                    .strip_prefix('"')
                    .and_then(|inner| inner.strip_suffix('"'))
                    .unwrap_or_default()
                    .to_owned()
            }
        }
    }
}

/// `text` with everything but letters, digits and `-._~` percent-encoded.
pub(super) fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Text with credentials by reference. What it displays may be recorded; only `Masked::reveal` fills them in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Masked(pub Vec<Piece>);

/// A credential that a request needs and the connector does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret `{0}` is not configured for this connector")]
pub struct MissingSecret(pub String);

impl Masked {
    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Text without credentials.
    pub fn text(text: impl Into<String>) -> Self {
        Self(vec![Piece::Text(text.into())])
    }

    /// The text with every credential in its place.
    pub(super) fn reveal(
        &self,
        secrets: &Secrets,
        session: Option<&Secret>,
    ) -> Result<String, MissingSecret> {
        reveal(&self.0, secrets, session)
    }
}

fn reveal(pieces: &[Piece], secrets: &Secrets, session: Option<&Secret>) -> Result<String, MissingSecret> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(literal) => text.push_str(literal),
            Piece::Secret(name) => {
                let secret = secrets.get(name).ok_or_else(|| MissingSecret(name.clone()))?;
                text.push_str(secret.reveal());
            }
            Piece::Session => {
                let token = session.ok_or_else(|| MissingSecret("session.token".to_owned()))?;
                text.push_str(token.reveal());
            }
            Piece::Encoded(encoding, inner) => {
                text.push_str(&encoding.apply(&reveal(inner, secrets, session)?));
            }
        }
    }
    Ok(text)
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| write!(f, "{piece}"))
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Secret(name) => write!(f, "‹secret.{name}›"),
            Self::Session => f.write_str("‹session.token›"),
            Self::Encoded(Encoding::Base64, inner) => {
                f.write_str("base64(")?;
                inner.iter().try_for_each(|piece| write!(f, "{piece}"))?;
                f.write_str(")")
            }
            Self::Encoded(Encoding::Percent | Encoding::Json, inner) => {
                inner.iter().try_for_each(|piece| write!(f, "{piece}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Masked, Piece, Secret, Secrets};

    #[test]
    fn credentials_are_filled_in_only_when_revealed() {
        let text = Masked(vec![
            Piece::Text("Basic ".to_owned()),
            Piece::Encoded(
                Encoding::Base64,
                vec![
                    Piece::Text("amends:".to_owned()),
                    Piece::Secret("password".to_owned()),
                ],
            ),
        ]);
        let secrets = Secrets::from([("password".to_owned(), Secret::new("open sesame"))]);
        assert_eq!(text.to_string(), "Basic base64(amends:‹secret.password›)");
        assert_eq!(
            text.reveal(&secrets, None).unwrap(),
            "Basic YW1lbmRzOm9wZW4gc2VzYW1l"
        );
        assert_eq!(text.reveal(&Secrets::new(), None).unwrap_err().0, "password");
        assert!(!format!("{text:?} {secrets:?}").contains("sesame"));
    }
}
