//! Every genuine signature is accepted, the foreign one is not.

use amends_connectors::woocommerce::signature::{Secret, SignatureError, verify};

use crate::fixtures::captures;

#[test]
fn genuine_deliveries_verify_on_their_raw_bytes() {
    let mut seen = [0, 0, 0];
    for capture in captures() {
        let secrets = [
            Secret::new("the one being rotated in"),
            Secret::new(&capture.secret),
        ];
        let headers = capture.headers();
        let verdict = verify(&secrets, &capture.body(), headers.signature.as_deref());
        let (expect, kind) = match capture.signature_valid {
            Some(true) => (Ok(1), 0),
            Some(false) => (Err(SignatureError::Mismatch), 1),
            None => (Err(SignatureError::Missing), 2),
        };
        assert_eq!(verdict, expect, "{}", capture.file);
        seen[kind] += 1;
    }
    assert_eq!(seen, [51, 1, 1], "valid, foreign, unsigned");
}

#[test]
fn one_flipped_bit_breaks_a_signature() {
    let capture = &captures()[3];
    let (secrets, headers) = ([Secret::new(&capture.secret)], capture.headers());
    for at in [0, 100, capture.body().len() - 1] {
        let mut body = capture.body();
        body[at] ^= 1;
        let verdict = verify(&secrets, &body, headers.signature.as_deref());
        assert_eq!(verdict, Err(SignatureError::Mismatch), "byte {at}");
    }
}
