use std::fmt;

/// What an envelope holds. The number is stored: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Events of one decision: the payload of a frame.
    Events = 1,
    /// A frame around its payload.
    Frame = 2,
    /// Folded state of a root.
    Snapshot = 3,
    /// Content kept under its digest: a subject revision, a request or reply body.
    Blob = 4,
    /// A workflow definition.
    Definition = 5,
    /// A connector recipe.
    Recipe = 6,
    /// An inbound delivery as it arrived.
    Delivery = 7,
    /// An inbound delivery that still waits to be understood.
    Pending = 8,
    /// What lists and searches show of a root.
    Summary = 9,
    /// One line of the audit trail.
    Audit = 10,
    /// A value of the store itself, for example the pause marker.
    Meta = 11,
    /// The identity of a store.
    Identity = 12,
    /// Header or footer of a backup.
    Backup = 13,
    /// Where a root lies that has left for an archive.
    Archived = 14,
    /// Header, title of a root, or footer of an archive.
    Archive = 15,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 15] = [
        Self::Events,
        Self::Frame,
        Self::Snapshot,
        Self::Blob,
        Self::Definition,
        Self::Recipe,
        Self::Delivery,
        Self::Pending,
        Self::Summary,
        Self::Audit,
        Self::Meta,
        Self::Identity,
        Self::Backup,
        Self::Archived,
        Self::Archive,
    ];

    /// The newest version this release can read. Raise it together with the type, and keep reading the old ones.
    pub const fn newest(self) -> u16 {
        match self {
            Self::Events
            | Self::Frame
            | Self::Snapshot
            | Self::Blob
            | Self::Definition
            | Self::Recipe
            | Self::Delivery
            | Self::Pending
            | Self::Summary
            | Self::Audit
            | Self::Meta
            | Self::Identity
            | Self::Backup
            | Self::Archived
            | Self::Archive => 1,
        }
    }

    /// The stored number.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Events => "events",
            Self::Frame => "frame",
            Self::Snapshot => "snapshot",
            Self::Blob => "blob",
            Self::Definition => "definition",
            Self::Recipe => "recipe",
            Self::Delivery => "delivery",
            Self::Pending => "pending delivery",
            Self::Summary => "summary",
            Self::Audit => "audit line",
            Self::Meta => "store value",
            Self::Identity => "store identity",
            Self::Backup => "backup record",
            Self::Archived => "place in an archive",
            Self::Archive => "archive record",
        })
    }
}
