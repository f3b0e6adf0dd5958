//! Text inside keys: terminated and escaped, so that byte order is text order and no key is the start of another.
//!
//! A zero byte becomes `00 FF`, the end is `00 01`. Nothing sorts between a text's end and its continuation.

const END: [u8; 2] = [0x00, 0x01];
const ZERO: [u8; 2] = [0x00, 0xFF];

/// Appends `text` and its end.
pub(crate) fn push(bytes: &mut Vec<u8>, text: &str) {
    push_open(bytes, text);
    bytes.extend_from_slice(&END);
}

/// Appends `text` without its end: the start of every text that begins with it.
pub(crate) fn push_open(bytes: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        if byte == 0 {
            bytes.extend_from_slice(&ZERO);
        } else {
            bytes.push(byte);
        }
    }
}

/// Splits a text from the front of `bytes`; `None` if there is none.
pub(crate) fn split(bytes: &[u8]) -> Option<(String, &[u8])> {
    let mut text = Vec::new();
    let mut rest = bytes;
    loop {
        match rest {
            [0x00, 0x01, tail @ ..] => return Some((String::from_utf8(text).ok()?, tail)),
            [0x00, 0xFF, tail @ ..] => {
                text.push(0);
                rest = tail;
            }
            [0x00, ..] | [] => return None,
            [byte, tail @ ..] => {
                text.push(*byte);
                rest = tail;
            }
        }
    }
}
