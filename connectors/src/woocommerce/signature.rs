//! Proof that a body comes from the shop: base64 of HMAC-SHA256 over the raw bytes.
//!
//! WooCommerce decodes HTML entities in the secret before it signs (`wp_specialchars_decode` with `ENT_QUOTES`),
//! so a secret typed as `a&b` signs as `a&b` although the shop's database may hold `a&amp;b`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// A webhook secret. It never shows itself.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// The secret as somebody copied it from the shop, plain or with HTML entities.
    pub fn new(text: &str) -> Self {
        Self(html_decoded(text).into_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a signature does not prove anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header is absent.
    #[error("the header X-WC-Webhook-Signature is missing: is this a WooCommerce webhook with a secret?")]
    Missing,
    /// The header is not base64 of 32 bytes.
    #[error("the header X-WC-Webhook-Signature is not base64 of a SHA-256 HMAC")]
    Malformed,
    /// No configured secret signed this body.
    #[error(
        "the signature fits none of the shop's secrets: compare the secret in WooCommerce > Settings > Advanced > \
         Webhooks with the configuration; while you change it, configure the old and the new one together"
    )]
    Mismatch,
    /// No secret is configured.
    #[error("the shop has no webhook secret configured")]
    Unconfigured,
}

/// Checks `header` over the raw `body` against every secret and says which one, counted from 0, signed it. Takes
/// the same time whichever secret fits and wherever a wrong one differs.
///
/// # Errors
/// When the header is missing or no HMAC, or when no secret fits.
pub fn verify(secrets: &[Secret], body: &[u8], header: Option<&str>) -> Result<usize, SignatureError> {
    let header = header.ok_or(SignatureError::Missing)?;
    let claimed = STANDARD
        .decode(header.trim())
        .map_err(|_| SignatureError::Malformed)?;
    if claimed.len() != 32 {
        return Err(SignatureError::Malformed);
    }
    if secrets.is_empty() {
        return Err(SignatureError::Unconfigured);
    }
    let fits: Vec<Choice> = secrets
        .iter()
        .map(|secret| digest(secret, body).ct_eq(&claimed))
        .collect();
    fits.into_iter()
        .position(bool::from)
        .ok_or(SignatureError::Mismatch)
}

/// What WooCommerce would put into `X-WC-Webhook-Signature` for `body`.
pub fn sign(secret: &Secret, body: &[u8]) -> String {
    STANDARD.encode(digest(secret, body))
}

fn digest(secret: &Secret, body: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).expect("HMAC takes keys of any length");
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

/// `wp_specialchars_decode($text, ENT_QUOTES)`: one pass, so that `&amp;lt;` becomes `&lt;`.
fn html_decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('&') {
        decoded.push_str(before);
        let entity = from
            .split_once(';')
            .and_then(|(name, after)| Some((character(name)?, after)));
        if let Some((character, after)) = entity {
            decoded.push(character);
            rest = after;
        } else {
            decoded.push('&');
            rest = from;
        }
    }
    decoded.push_str(rest);
    decoded
}

/// The entities that WordPress decodes, and no others.
fn character(name: &str) -> Option<char> {
    match name {
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "amp" => return Some('&'),
        "quot" => return Some('"'),
        _ => {}
    }
    let number = name.strip_prefix('#')?;
    if let Some(hex) = number.strip_prefix(['x', 'X']) {
        match hex.trim_start_matches('0') {
            "22" => Some('"'),
            "26" => Some('&'),
            "27" => Some('\''),
            _ => None,
        }
    } else {
        match number.trim_start_matches('0') {
            "34" => Some('"'),
            "38" => Some('&'),
            "39" => Some('\''),
            "60" => Some('<'),
            "62" => Some('>'),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_wordpress_decodes() {
        for (stored, expect) in [
            ("plain", "plain"),
            ("a&b", "a&b"),
            ("a&amp;b", "a&b"),
            ("&lt;&gt;&quot;&#039;&#39;&#x27;&#X0027;", "<>\"''''"),
            ("&amp;lt;", "&lt;"),
            ("&apos;&nbsp;&#65;", "&apos;&nbsp;&#65;"),
            ("tail&", "tail&"),
            ("&&amp;;", "&&;"),
        ] {
            assert_eq!(html_decoded(stored), expect, "{stored}");
        }
    }

    #[test]
    fn encoded_and_plain_secret_sign_alike() {
        let body = br#"{"id":16}"#;
        let header = sign(&Secret::new("it's <a>"), body);
        let secrets = [Secret::new("other"), Secret::new("it&#039;s &lt;a&gt;")];
        assert_eq!(verify(&secrets, body, Some(&header)), Ok(1));
    }

    #[test]
    fn every_failure_has_its_name() {
        let secrets = [Secret::new("s")];
        let check = |header, expect| assert_eq!(verify(&secrets, b"x", header), Err(expect), "{header:?}");
        check(None, SignatureError::Missing);
        check(Some("not base64!"), SignatureError::Malformed);
        check(Some("c2hvcnQ="), SignatureError::Malformed);
        check(Some(&sign(&Secret::new("t"), b"x")), SignatureError::Mismatch);
        let header = sign(&Secret::new("s"), b"x");
        assert_eq!(
            verify(&[], b"x", Some(&header)),
            Err(SignatureError::Unconfigured)
        );
        assert_eq!(
            verify(&secrets, b"y", Some(&header)),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn secrets_do_not_show() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }
}
