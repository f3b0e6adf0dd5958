//! The signatures that the systems of the sandbox put on what they send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

fn hmac(secret: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// `X-WC-Webhook-Signature`: base64 of HMAC-SHA256 over the raw body.
pub(crate) fn woocommerce(secret: &str, body: &[u8]) -> String {
    STANDARD.encode(hmac(secret, &[body]))
}

/// `X-Warehouse-Signature`: `t=<unix s>,v1=<hex HMAC-SHA256 over t, a dot and the raw body>`.
pub(crate) fn warehouse(secret: &str, unix_s: i64, body: &[u8]) -> String {
    let time = unix_s.to_string();
    format!(
        "t={time},v1={}",
        hex(&hmac(secret, &[time.as_bytes(), b".", body]))
    )
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::{warehouse, woocommerce};

    #[test]
    fn signatures_are_what_other_tools_compute() {
        // printf '{}' | openssl dgst -sha256 -hmac secret -binary | base64
        assert_eq!(
            woocommerce("secret", b"{}"),
            "dzJZAsrKgS3CWXM6rNBGtzgXNyx3e42VtAJkdHRRbhM="
        );
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
        assert_eq!(
            warehouse("secret", 1_700_000_000, b"{}"),
            "t=1700000000,v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163"
        );
    }
}
