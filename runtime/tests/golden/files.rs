//! Golden journals as files: frames in hexadecimal, each followed by what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use amends_engine::event::Event;
use amends_engine::kernel::Frame;
use amends_engine::root::Root;
use amends_runtime::{decode_events, encode_events};
use amends_storage::{Head, Kind, codec};

/// Set to write the files of the current layout instead of comparing them.
pub(crate) const REWRITE: &str = "AMENDS_REWRITE";

/// Every kind of event there is.
pub(crate) const EVENTS: &[&str] = &[
    "Observed",
    "SubjectRevised",
    "FactRecorded",
    "IncidentOpened",
    "IncidentClosed",
    "ObligationOpened",
    "ObligationClosed",
    "Noted",
    "Posted",
    "Commanded",
    "Started",
    "CallDue",
    "AttemptStarted",
    "AttemptEnded",
    "Doubted",
    "LateReport",
    "Landed",
    "WaitOpened",
    "WaitMet",
    "ApprovalOpened",
    "Approved",
    "Declined",
    "DeadlinePassed",
    "SlaSet",
    "SlaBreached",
    "FanOpened",
    "FanJoined",
    "FanClosed",
    "Skipped",
    "Blocked",
    "Unblocked",
    "RunCancelled",
    "Rearmed",
    "Undone",
    "Edited",
    "RewindStarted",
    "Rewound",
    "Held",
    "Resumed",
    "Parked",
    "CameTooLate",
    "CancelStarted",
    "CancelRefused",
    "CompensationStarted",
    "Reopened",
    "Completed",
    "Compensated",
    "Closed",
];

/// One kept journal.
pub(crate) struct Golden {
    pub(crate) frames: Vec<amends_storage::Frame>,
    /// Frames as they are kept, with what they say.
    pub(crate) text: String,
    /// Snapshots at the end, by root.
    pub(crate) snapshots: BTreeMap<String, Vec<u8>>,
    pub(crate) fingerprints: Vec<String>,
    /// Names of the events that occur.
    pub(crate) names: BTreeSet<String>,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.trim().chars().collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    pairs.map(|pair| u8::from_str_radix(&pair, 16).unwrap()).collect()
}

/// `id: fingerprint` of every instance.
pub(crate) fn fingerprints(root: &Root) -> Vec<String> {
    let instances = root.instances.values();
    instances
        .map(|instance| format!("{}: {}", instance.id, instance.fingerprint()))
        .collect()
}

/// The name of an event: its variant, or that of the event of an instance inside.
fn name(event: &Event) -> String {
    let debug = if let Event::Of { event, .. } = event {
        format!("{event:?}")
    } else {
        format!("{event:?}")
    };
    debug.chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// Kernel frames as the log would keep them.
pub(crate) fn rendered(frames: &[Frame]) -> Golden {
    let mut heads: BTreeMap<String, Head> = BTreeMap::new();
    let mut golden = Golden {
        frames: Vec::new(),
        text: String::new(),
        snapshots: BTreeMap::new(),
        fingerprints: Vec::new(),
        names: BTreeSet::new(),
    };
    let mut last: BTreeMap<String, &Root> = BTreeMap::new();
    for frame in frames {
        let root = frame.root.as_str().to_owned();
        let payload = encode_events(&frame.events).unwrap();
        let head = heads.get(&root).copied().unwrap_or_default();
        let stored = head.next(frame.sequence, root.clone(), frame.at.0, payload);
        heads.insert(root.clone(), stored.head());
        golden.names.extend(frame.events.iter().map(name));
        golden.text += &entry(&stored);
        golden.frames.push(stored);
        last.insert(root, &frame.after);
    }
    for (key, root) in last {
        golden.fingerprints.extend(fingerprints(root));
        let snapshot = codec::encode(Kind::Snapshot, 1, root).unwrap();
        golden.snapshots.insert(key, snapshot);
    }
    golden
}

/// A frame in hexadecimal, then its events as comments.
fn entry(frame: &amends_storage::Frame) -> String {
    let mut text = format!("{}\n", hex(&frame.encode().unwrap()));
    let _ = writeln!(text, "# {} {} at {}", frame.sequence, frame.root, frame.at_ms);
    for event in decode_events(&frame.payload).unwrap() {
        let name = name(&event);
        let what = if let Event::Of { instance, event } = &event {
            format!("{instance}: {event:?}")
        } else {
            format!("{event:?}")
        };
        let short: String = what.chars().take(200).collect();
        let _ = writeln!(text, "#   {name:<20} {short}");
    }
    text
}

impl Golden {
    /// Names of the kept folders.
    pub(crate) fn folders() -> Vec<String> {
        let entries = std::fs::read_dir(folder("")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut names: Vec<String> = paths
            .filter(|path| path.is_dir())
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn read(name: &str) -> Self {
        let read = |file: &str| std::fs::read_to_string(folder(name).join(file)).unwrap();
        let text = read("frames.txt");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let frames = lines.map(|line| amends_storage::Frame::decode(&bytes(line)).unwrap());
        let snapshots = read("snapshots.txt");
        let snapshots = snapshots.lines().filter_map(|line| line.split_once(' '));
        Self {
            frames: frames.collect(),
            snapshots: snapshots
                .map(|(root, hex)| (root.to_owned(), bytes(hex)))
                .collect(),
            fingerprints: read("fingerprints.txt").lines().map(str::to_owned).collect(),
            names: BTreeSet::new(),
            text,
        }
    }

    pub(crate) fn write(&self, name: &str) {
        let folder = folder(name);
        std::fs::create_dir_all(&folder).unwrap();
        let snapshots = self.snapshots.iter();
        let snapshots: Vec<String> = snapshots
            .map(|(root, bytes)| format!("{root} {}\n", hex(bytes)))
            .collect();
        std::fs::write(folder.join("frames.txt"), &self.text).unwrap();
        std::fs::write(folder.join("snapshots.txt"), snapshots.concat()).unwrap();
        std::fs::write(
            folder.join("fingerprints.txt"),
            self.fingerprints.join("\n") + "\n",
        )
        .unwrap();
    }

    pub(crate) fn first_difference(&self, other: &Self) -> String {
        let mut lines = self.text.lines().zip(other.text.lines()).enumerate();
        match lines.find(|(_, (one, other))| one != other && one.starts_with('#')) {
            Some((number, (one, other))) => format!("line {number}:\n- {other}\n+ {one}"),
            None => format!(
                "{} lines against {}",
                other.text.lines().count(),
                self.text.lines().count()
            ),
        }
    }
}
