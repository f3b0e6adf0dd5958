//! The log and the store of Amends: what an acknowledgement waits for, and the indexed state built from it.
//!
//! *Guarantees.* [`Log::commit`] takes frames and writes together: all of them are kept or none is, and it returns
//! only when they survive a power cut. Readers see durable state only, each call one consistent moment.
//! Damage is named ([`ReadError::Damaged`]), never served.
//!
//! *What makes this hard.* sled's own `flush` does not survive a power cut, it loses data when several batches
//! share one barrier, and it panics on some damaged files. `disk` keeps the discipline that makes it safe
//! (ADR 0001); nothing outside that module knows sled. Likewise only `codec` knows bincode (ADR 0002).
//!
//! *Deliberately absent:* threads and queues (the caller owns the one committer thread), clocks (times are
//! given), meaning of values (they are sealed bytes of a [`Kind`]), and rebuilding of derived entries
//! (the owner of [`Prefix::is_derived`] prefixes folds them again from the frames).

pub mod archive;
pub mod backup;
pub mod codec;
pub mod limits;
pub mod verify;

mod block;
mod commit;
mod disk;
mod error;
mod frame;
mod heads;
mod identity;
mod key;
mod memory;
mod options;
mod page;
mod pointer;
mod prepare;
mod progress;
mod span;
mod store;
mod text;

pub use codec::{DecodeError, EncodeError, Kind};
pub use commit::{Commit, Write};
pub use disk::{Sled, SledReader};
pub use error::{ArchiveError, BackupError, CommitError, OpenError, ReadError, RestoreError, VerifyError};
pub use frame::{Frame, Head};
pub use identity::{FORMAT, Identity, IdentityError, Paused};
pub use key::{Key, Partition, Prefix, StoredKey};
pub use memory::{Memory, MemoryReader};
pub use options::{Options, Sync};
pub use progress::{Progress, Stage};
pub use span::Span;
pub use store::{Direction, Frames, Log, Page, Store};
