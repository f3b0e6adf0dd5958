use super::*;
use crate::codec::{self, Kind};
use crate::commit::Write;
use crate::frame::Head;
use crate::key::Prefix;
use crate::limits::CHUNK_BYTES;
use crate::options::Options;

fn store(folder: &Path) -> Sled {
    let identity = Identity::new("k3x9aaaa", 1_000).unwrap();
    Sled::open_or_create(folder, &Options::default(), identity).unwrap()
}

fn put(key: Key, bytes: usize) -> Commit {
    let value = codec::seal(Kind::Meta, 1, &vec![7; bytes]).unwrap();
    Commit {
        writes: vec![Write::Put { key, value }],
        ..Commit::default()
    }
}

fn raw_entries(store: &Sled) -> usize {
    store.shared.db.len()
}

#[test]
fn pieces_go_with_their_value() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let key = Key::Meta("large".into());
    let empty = raw_entries(&store);
    for (bytes, records) in [
        (5 * CHUNK_BYTES, 7),
        (2 * CHUNK_BYTES, 4),
        (10, 1),
        (3 * CHUNK_BYTES, 5),
    ] {
        store.commit(&put(key.clone(), bytes)).unwrap();
        assert_eq!(raw_entries(&store) - empty, records, "{bytes} bytes");
        assert_eq!(
            store.get(&key).unwrap().unwrap().len(),
            bytes + codec::HEADER_BYTES
        );
    }
    let page = store
        .scan(&Span::all(Prefix::Meta), 10, Direction::Ascending)
        .unwrap();
    assert_eq!(page.entries.len(), 2, "identity and value, no piece");
    store
        .commit(&Commit {
            writes: vec![Write::Delete { key }],
            ..Commit::default()
        })
        .unwrap();
    assert_eq!(raw_entries(&store), empty);
}

#[test]
fn the_largest_values_never_become_blob_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    for n in 0..4 {
        store
            .commit(&put(
                Key::Meta(n.to_string()),
                crate::limits::VALUE_BYTES_MAX - 100,
            ))
            .unwrap();
    }
    store.shared.folder.refuse_blobs().unwrap();
}

#[test]
fn a_failed_sync_is_final() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let reader = store.reader();
    store.commit(&put(Key::Meta("kept".into()), 10)).unwrap();
    let good = std::mem::replace(&mut store.barrier, Barrier::failing());
    let frame = Head::default().next(1, "eu-shop:1", 5, Vec::new());
    let error = store
        .commit(&Commit {
            frames: vec![frame],
            ..Commit::default()
        })
        .unwrap_err();
    assert!(matches!(error, CommitError::Fatal { .. }), "{error}");
    assert!(error.to_string().contains("fdatasync"), "{error}");

    // A sync that works again proves nothing: the pages that failed are gone.
    store.barrier = good;
    let error = store.commit(&put(Key::Meta("later".into()), 10)).unwrap_err();
    assert!(matches!(error, CommitError::Fatal { .. }), "{error}");
    let error = reader.get(&Key::Meta("kept".into())).unwrap_err();
    assert!(matches!(error, ReadError::Failed { .. }), "{error}");
    assert_eq!(reader.applied_sequence(), 0);
}

#[test]
fn a_damaged_record_is_named_and_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(folder.path());
    let key = Key::Meta("large".into());
    store.commit(&put(key.clone(), 2 * CHUNK_BYTES)).unwrap();
    let stored = key.stored(Partition::FIRST);
    let piece = record::piece_key(&stored, 1);
    let mut bytes = store.shared.db.get(&piece).unwrap().unwrap().to_vec();
    bytes[100] ^= 1;
    store.shared.db.insert(&piece, bytes).unwrap();
    let error = store.get(&key).unwrap_err();
    assert!(
        error.to_string().starts_with("m/large is damaged: its checksum"),
        "{error}"
    );
    store.shared.db.remove(&piece).unwrap();
    let error = store.get(&key).unwrap_err();
    assert!(error.to_string().contains("piece 1 of 3 is missing"), "{error}");
}
