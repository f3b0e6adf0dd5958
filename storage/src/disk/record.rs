//! How a value lies in sled: as one record, or in pieces small enough that sled never makes a blob file of them.
//!
//! Record: `tag u8 | crc32 u32 | body`, the checksum over key, tag and body, so that a record that ended up under
//! another key is noticed too. Tag 1: body is the value. Tag 2: body is `length u32 | pieces u16 | crc32 u32` of the
//! value, which lies in that many records of tag 3 under `c | partition u16 | rest of the key | piece u16`, where
//! the rest of the key starts with its prefix byte.

use crate::key::StoredKey;
use crate::limits::CHUNK_BYTES;

const WHOLE: u8 = 1;
const SPLIT: u8 = 2;
const PIECE: u8 = 3;
const PIECE_PREFIX: u8 = b'c';

/// What a record turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record<'a> {
    Whole(&'a [u8]),
    Split(Split),
}

/// A value in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Split {
    bytes: u32,
    pub(super) pieces: u16,
    crc: u32,
}

/// A key with the record that lies under it.
pub(super) type Entry = (Vec<u8>, Vec<u8>);

/// The records of a value; the first lies under its own key.
pub(super) fn write(key: &StoredKey, value: &[u8]) -> Vec<Entry> {
    if value.len() <= CHUNK_BYTES {
        return vec![entry(key.as_bytes().to_vec(), WHOLE, value)];
    }
    let pieces = value.chunks(CHUNK_BYTES);
    // Values are limited to 4 MiB, 683 pieces, before they come here.
    let count = u16::try_from(pieces.len()).unwrap_or(u16::MAX);
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    let head = [
        &length.to_be_bytes()[..],
        &count.to_be_bytes(),
        &crc32fast::hash(value).to_be_bytes(),
    ]
    .concat();
    let mut entries = vec![entry(key.as_bytes().to_vec(), SPLIT, &head)];
    entries.extend(
        (0..)
            .zip(pieces)
            .map(|(index, piece)| entry(piece_key(key, index), PIECE, piece)),
    );
    entries
}

/// The key of one piece of the value under `key`.
pub(super) fn piece_key(key: &StoredKey, index: u16) -> Vec<u8> {
    let (prefix, partition, parts) = match key.as_bytes() {
        [prefix, high, low, parts @ ..] => (*prefix, [*high, *low], parts),
        other => (0, [0, 0], other),
    };
    let mut bytes = vec![PIECE_PREFIX];
    bytes.extend_from_slice(&partition);
    bytes.push(prefix);
    bytes.extend_from_slice(parts);
    bytes.extend_from_slice(&index.to_be_bytes());
    bytes
}

/// Checks the record under a value's own key.
pub(super) fn read<'a>(key: &[u8], record: &'a [u8]) -> Result<Record<'a>, String> {
    match checked(key, record)? {
        (WHOLE, body) => Ok(Record::Whole(body)),
        (SPLIT, body) => Split::parse(body)
            .map(Record::Split)
            .ok_or_else(|| "its list of pieces is cut".to_owned()),
        (tag, _) => Err(format!("its record has tag {tag}, which is none of a value")),
    }
}

/// Checks one piece.
pub(super) fn read_piece<'a>(key: &[u8], record: &'a [u8]) -> Result<&'a [u8], String> {
    match checked(key, record)? {
        (PIECE, body) => Ok(body),
        (tag, _) => Err(format!("a piece of it has tag {tag}")),
    }
}

impl Split {
    fn parse(body: &[u8]) -> Option<Self> {
        let (bytes, rest) = body.split_first_chunk()?;
        let (pieces, rest) = rest.split_first_chunk()?;
        let crc = rest.try_into().ok()?;
        Some(Self {
            bytes: u32::from_be_bytes(*bytes),
            pieces: u16::from_be_bytes(*pieces),
            crc: u32::from_be_bytes(crc),
        })
    }

    /// Whether `value` is what was split: a piece of an older value is whole in itself.
    pub(super) fn check(self, value: &[u8]) -> Result<(), String> {
        if u32::try_from(value.len()) == Ok(self.bytes) && crc32fast::hash(value) == self.crc {
            Ok(())
        } else {
            Err("its pieces do not belong together".to_owned())
        }
    }
}

fn entry(key: Vec<u8>, tag: u8, body: &[u8]) -> Entry {
    let mut record = Vec::with_capacity(5 + body.len());
    record.push(tag);
    record.extend_from_slice(&checksum(&key, tag, body).to_be_bytes());
    record.extend_from_slice(body);
    (key, record)
}

fn checked<'a>(key: &[u8], record: &'a [u8]) -> Result<(u8, &'a [u8]), String> {
    let Some((&[tag, ref stated @ ..], body)) = record.split_first_chunk::<5>() else {
        return Err(format!("its record is cut off after {} bytes", record.len()));
    };
    let (stated, found) = (u32::from_be_bytes(*stated), checksum(key, tag, body));
    if stated == found {
        Ok((tag, body))
    } else {
        Err(format!(
            "its checksum is {found:08x} where {stated:08x} was written"
        ))
    }
}

fn checksum(key: &[u8], tag: u8, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(&[tag]);
    hasher.update(body);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::{Key, Partition};

    proptest! {
        #[test]
        fn any_flip_cut_or_wrong_key_is_noticed(value in prop::collection::vec(any::<u8>(), 0..40)) {
            let key = Key::Pending("a".into()).stored(Partition::FIRST);
            let (name, record) = write(&key, &value).remove(0);
            prop_assert_eq!(read(&name, &record), Ok(Record::Whole(&value[..])));
            prop_assert!(read(b"elsewhere", &record).is_err());
            for bit in 0..record.len() * 8 {
                let mut flipped = record.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                prop_assert!(read(&name, &flipped).is_err(), "bit {}", bit);
            }
            for end in 0..record.len() {
                prop_assert!(read(&name, &record[..end]).is_err(), "cut at {}", end);
            }
        }
    }

    #[test]
    fn a_large_value_lies_in_pieces_that_sled_keeps_in_its_log() {
        let key = Key::Blob {
            root: "eu:1".to_owned(),
            digest: [7; 32],
        }
        .stored(Partition(1));
        let value: Vec<u8> = (0..CHUNK_BYTES * 2 + 5).map(|n| n.to_le_bytes()[0]).collect();
        let entries = write(&key, &value);
        assert_eq!(entries.len(), 4);
        assert!(entries.iter().all(|(_, record)| record.len() <= 7 * 1024));
        let Ok(Record::Split(split)) = read(&entries[0].0, &entries[0].1) else {
            panic!("not split")
        };
        let joined: Vec<u8> = entries[1..]
            .iter()
            .flat_map(|(key, record)| read_piece(key, record).unwrap().to_vec())
            .collect();
        assert_eq!((split.pieces, split.check(&joined)), (3, Ok(())));
        assert!(split.check(&joined[1..]).is_err());
        assert_eq!(entries[1].0[..4], [b'c', 0, 1, b'b']);
    }
}
