//! A store that forgets what was not made durable.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use amends_engine::event::Event;
use amends_engine::evolve::fold;
use amends_engine::kernel::Frame;
use amends_engine::root::Root;
use amends_engine::{Digest, Millis, RootKey, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes of `value`, in the layout of the storage codec.
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    bincode::serde::encode_to_vec(value, layout()).unwrap()
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> T {
    let (value, used) = bincode::serde::decode_from_slice(bytes, layout()).unwrap();
    assert_eq!(used, bytes.len(), "bytes are left over");
    value
}

fn layout() -> impl bincode::config::Config {
    bincode::config::standard()
        .with_big_endian()
        .with_variable_int_encoding()
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    pending: VecDeque<Frame>,
    frames: BTreeMap<RootKey, Vec<Vec<u8>>>,
    snapshots: BTreeMap<RootKey, Vec<u8>>,
    values: BTreeMap<Digest, Arc<Value>>,
    pub(crate) last_sequence: u64,
}

impl Store {
    pub(crate) fn append(&mut self, frame: Frame) {
        self.pending.push_back(frame);
    }

    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Makes the oldest `count` frames durable and gives them.
    pub(crate) fn sync(&mut self, count: usize) -> Vec<Frame> {
        let synced: Vec<Frame> = self.pending.drain(..count.min(self.pending.len())).collect();
        for frame in &synced {
            assert_eq!(
                frame.sequence,
                self.last_sequence + 1,
                "frames are numbered without a gap"
            );
            self.last_sequence = frame.sequence;
            let bytes = encode(&(frame.at, &frame.events));
            let of_root = self.frames.entry(frame.root.clone()).or_default();
            of_root.push(bytes);
            assert_eq!(
                frame.root_sequence,
                of_root.len() as u64,
                "the root's frames are numbered without a gap"
            );
            self.values.extend(
                frame
                    .values
                    .iter()
                    .map(|(digest, value)| (*digest, value.clone())),
            );
        }
        synced
    }

    /// Power is lost: what was not durable is gone.
    pub(crate) fn crash(&mut self) {
        self.pending.clear();
    }

    pub(crate) fn snapshot(&mut self, root: &Root) {
        let durable = self.frames.get(&root.key).map_or(0, Vec::len) as u64;
        assert_eq!(
            root.sequence, durable,
            "{} left before its frames were durable",
            root.key
        );
        self.snapshots.insert(root.key.clone(), encode(root));
    }

    pub(crate) fn roots(&self) -> Vec<RootKey> {
        self.frames.keys().cloned().collect()
    }

    /// The root as its frames alone make it.
    pub(crate) fn folded(&self, key: &RootKey) -> Root {
        let mut root = Root::new(key.clone());
        self.replay(&mut root);
        root
    }

    /// The root as it is loaded: its snapshot, then the frames after it.
    pub(crate) fn load(&self, key: &RootKey) -> Option<Root> {
        let mut root = match self.snapshots.get(key) {
            Some(bytes) => decode(bytes),
            None => Root::new(key.clone()),
        };
        self.replay(&mut root);
        assert_eq!(
            encode(&root),
            encode(&self.folded(key)),
            "I6: a snapshot and the frames after it differ from all frames of {key}"
        );
        (root.sequence > 0).then_some(root)
    }

    pub(crate) fn values_of(&self, root: &Root) -> BTreeMap<Digest, Arc<Value>> {
        let needed = root.values_needed().into_iter();
        needed
            .map(|digest| {
                (
                    digest,
                    self.values.get(&digest).expect("a needed value was kept").clone(),
                )
            })
            .collect()
    }

    fn replay(&self, root: &mut Root) {
        let frames = self.frames.get(&root.key).map(Vec::as_slice).unwrap_or_default();
        let known = usize::try_from(root.sequence).unwrap();
        for bytes in frames.iter().skip(known) {
            let (at, events): (Millis, Vec<Event>) = decode(bytes);
            fold(root, &events, at);
        }
    }
}
