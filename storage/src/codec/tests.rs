use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sample {
    name: String,
    amounts: Vec<i64>,
    note: Option<String>,
}

fn sample() -> impl Strategy<Value = Sample> {
    (
        ".{0,40}",
        prop::collection::vec(any::<i64>(), 0..20),
        prop::option::of(".{0,10}"),
    )
        .prop_map(|(name, amounts, note)| Sample { name, amounts, note })
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(value in sample()) {
        let bytes = encode(Kind::Meta, 1, &value).unwrap();
        prop_assert!(is_sealed(&bytes));
        prop_assert_eq!(decode::<Sample>(Kind::Meta, &bytes), Ok((1, value)));
    }

    #[test]
    fn any_cut_is_refused(value in sample()) {
        let bytes = encode(Kind::Meta, 1, &value).unwrap();
        for end in 0..bytes.len() {
            prop_assert!(open(Kind::Meta, &bytes[..end]).is_err(), "cut at {}", end);
        }
    }

    #[test]
    fn any_flipped_bit_is_refused(value in sample()) {
        let bytes = encode(Kind::Meta, 1, &value).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(open(Kind::Meta, &flipped).is_err(), "bit {}", bit);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(sealed) = seal(Kind::Meta, 1, &bytes) {
            let _ = decode::<Sample>(Kind::Meta, &sealed);
        }
        prop_assert!(open(Kind::Meta, &bytes).is_err());
    }
}

#[test]
fn whole_but_unreadable_envelopes_say_why() {
    let refusal = |bytes: &[u8]| open(Kind::Meta, bytes).unwrap_err().to_string();
    let newer = refusal(&seal(Kind::Meta, 9, b"x").unwrap());
    assert!(
        newer.contains("version 9 of store value is newer than 1"),
        "{newer}"
    );
    assert!(newer.contains("upgrade"), "{newer}");
    let other = refusal(&seal(Kind::Audit, 1, b"x").unwrap());
    assert!(
        other.contains("a audit line lies where a store value belongs"),
        "{other}"
    );

    let mut unknown = seal(Kind::Meta, 1, b"x").unwrap();
    unknown[1] = 0xEE;
    let crc = {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&unknown[..8]);
        hasher.update(b"x");
        hasher.finalize()
    };
    unknown[8..12].copy_from_slice(&crc.to_be_bytes());
    assert!(
        refusal(&unknown).contains("kind 238 is unknown"),
        "{}",
        refusal(&unknown)
    );
}

#[test]
fn a_hostile_length_allocates_nothing() {
    // A varint u64 length of 2^62 elements, then nothing.
    let payload = [&[253_u8][..], &(1_u64 << 62).to_be_bytes()].concat();
    let bytes = seal(Kind::Meta, 1, &payload).unwrap();
    let error = decode::<Vec<u64>>(Kind::Meta, &bytes).unwrap_err();
    assert!(matches!(error, DecodeError::Malformed { .. }), "{error}");
}

#[test]
fn bytes_after_the_value_are_refused() {
    let bytes = seal(Kind::Meta, 1, &[1, 2]).unwrap();
    let error = decode::<u8>(Kind::Meta, &bytes).unwrap_err();
    assert!(error.to_string().contains("1 bytes follow"), "{error}");
}

#[test]
fn what_is_too_large_is_refused() {
    let error = seal(Kind::Blob, 1, &vec![0; VALUE_BYTES_MAX]).unwrap_err();
    assert!(matches!(error, EncodeError::TooLarge { .. }), "{error}");
}
