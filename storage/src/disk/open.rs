//! Opening: heal, open, check, make durable, and only then look inside.

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use super::barrier::Barrier;
use super::folder::{Folder, failed};
use super::gate::Gate;
use super::guard::guarded;
use super::{Shared, Sled, SledReader, record};
use crate::archive::Archive;
use crate::codec::{self, DecodeError, Kind};
use crate::error::OpenError;
use crate::heads::Heads;
use crate::identity::{FORMAT, Identity};
use crate::key::{Key, Partition, StoredKey};
use crate::limits::{RELEASE_WAIT_MS, SEGMENT_BYTES};
use crate::options::{Options, Sync};
use crate::prepare::Gaps;
use crate::span::Span;
use crate::store::{Direction, Store as _};

/// An open database whose identity is not known yet.
struct Opened {
    db: sled::Db,
    folder: Folder,
    barrier: Barrier,
}

impl Sled {
    /// Opens an existing store.
    ///
    /// # Errors
    /// [`OpenError`]: missing, in use, unfinished, newer, or damaged.
    pub fn open(folder: &Path, options: &Options) -> Result<Self, OpenError> {
        let opened = Opened::new(Folder::open(folder)?, options)?;
        let identity = opened.identity()?.ok_or_else(|| OpenError::Unfinished {
            folder: folder.to_owned(),
        })?;
        opened.into_store(identity, options)
    }

    /// Opens the store in `folder`, or makes one with `identity` where there is none yet.
    ///
    /// # Errors
    /// As [`Sled::open`], without `Missing`.
    pub fn open_or_create(folder: &Path, options: &Options, identity: Identity) -> Result<Self, OpenError> {
        let opened = Opened::new(Folder::create(folder)?, options)?;
        if let Some(identity) = opened.identity()? {
            return opened.into_store(identity, options);
        }
        // A creation that was killed left an empty database; a restore that was killed left a full one.
        if !guarded(|| Ok(opened.db.is_empty())).map_err(opened.damaged())? {
            return Err(OpenError::Unfinished {
                folder: folder.to_owned(),
            });
        }
        let mut store = opened.into_store(identity, options)?;
        store.write_identity()?;
        Ok(store)
    }

    /// Makes a store without an identity; it cannot be opened until [`Sled::write_identity`].
    pub(crate) fn begin(folder: &Path, options: &Options, identity: Identity) -> Result<Self, OpenError> {
        refuse_used(folder)?;
        let mut store = Opened::new(Folder::create(folder)?, options)?.into_store(identity, options)?;
        store.gaps = Gaps::Archived;
        Ok(store)
    }

    /// Makes the store openable.
    pub(crate) fn write_identity(&mut self) -> Result<(), OpenError> {
        let identity = &self.shared.identity;
        let damaged = |reason: String| OpenError::Damaged {
            folder: self.shared.folder.root().to_owned(),
            reason,
        };
        let value = codec::encode(Kind::Identity, identity.format, identity)
            .map_err(|error| damaged(error.to_string()))?;
        let key = identity_key();
        let mut batch = sled::Batch::default();
        for (key, record) in record::write(&key, &value) {
            batch.insert(key, record);
        }
        guarded(|| self.shared.db.apply_batch(batch))
            .and_then(|()| self.barrier.force(&self.shared.db))
            .map_err(damaged)?;
        self.gaps = Gaps::None;
        Ok(())
    }
}

/// Refuses a folder that holds anything.
pub(crate) fn refuse_used(folder: &Path) -> Result<(), OpenError> {
    match folder.read_dir().map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(OpenError::NotEmpty {
            folder: folder.to_owned(),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("read", folder)(error)),
    }
}

/// The identity lies in the first partition, whatever partition is opened.
fn identity_key() -> StoredKey {
    Key::identity().stored(Partition::FIRST)
}

impl Opened {
    fn new(folder: Folder, options: &Options) -> Result<Self, OpenError> {
        folder.remove_leftovers()?;
        let db = open_database(&folder, options)?;
        folder.refuse_blobs()?;
        let database = folder.database();
        let barrier = Barrier::new(&database, options.sync).map_err(failed("open", &database))?;
        let opened = Self { db, folder, barrier };
        // After a kill the recovered tail may be in the page cache only; nobody may see it before it is durable.
        opened.barrier.force(&opened.db).map_err(opened.damaged())?;
        opened.folder.sync_names()?;
        Ok(opened)
    }

    fn identity(&self) -> Result<Option<Identity>, OpenError> {
        let key = identity_key();
        let Some(found) = guarded(|| self.db.get(key.as_bytes())).map_err(self.damaged())? else {
            return Ok(None);
        };
        let value = match record::read(key.as_bytes(), &found).map_err(self.damaged())? {
            record::Record::Whole(value) => value,
            record::Record::Split(_) => return Err(self.damaged()("its identity is too large".to_owned())),
        };
        match codec::decode::<Identity>(Kind::Identity, value) {
            Ok((_, identity)) if identity.format <= FORMAT => Ok(Some(identity)),
            Ok((_, identity)) => Err(self.newer(format!("format {}", identity.format))),
            Err(error @ (DecodeError::NewerVersion { .. } | DecodeError::Format { .. })) => {
                Err(self.newer(error.to_string()))
            }
            Err(error) => Err(self.damaged()(format!("its identity: {error}"))),
        }
    }

    fn into_store(self, identity: Identity, options: &Options) -> Result<Sled, OpenError> {
        let damaged = self.damaged();
        let shared = Arc::new(Shared {
            db: self.db,
            gate: Gate::default(),
            applied: AtomicU64::new(0),
            failure: OnceLock::new(),
            partition: options.partition,
            identity,
            archive: Archive::beside(self.folder.root()),
            folder: self.folder,
        });
        let reader = SledReader {
            shared: Arc::clone(&shared),
        };
        let last = reader
            .scan(&Span::sequences_from(0), 1, Direction::Descending)
            .map_err(|error| damaged(error.to_string()))?;
        if let Some((Key::Sequence(sequence), _)) = last.entries.first() {
            shared
                .applied
                .store(*sequence, std::sync::atomic::Ordering::Release);
        }
        Ok(Sled {
            shared,
            barrier: self.barrier,
            heads: Heads::default(),
            gaps: Gaps::None,
        })
    }

    fn damaged(&self) -> impl Fn(String) -> OpenError + use<> {
        let folder = self.folder.root().to_owned();
        move |reason| OpenError::Damaged {
            folder: folder.clone(),
            reason,
        }
    }

    fn newer(&self, reason: String) -> OpenError {
        OpenError::NewerFormat {
            folder: self.folder.root().to_owned(),
            newest: FORMAT,
            reason,
        }
    }
}

fn open_database(folder: &Folder, options: &Options) -> Result<sled::Db, OpenError> {
    let config = sled::Config::new()
        .path(folder.database())
        .segment_size(SEGMENT_BYTES)
        .cache_capacity(options.cache_bytes)
        .flush_every_ms(match options.sync {
            // sled's own thread; it also gives space back.
            Sync::Durable => Some(500),
            Sync::OffForTests => None,
        });
    let deadline = Instant::now() + Duration::from_millis(RELEASE_WAIT_MS);
    loop {
        match guarded(|| config.open()) {
            Ok(db) => return Ok(db),
            // Our lock is held, so the other holder is a store of this process that is just being closed.
            Err(reason) if reason.contains("could not acquire lock") => {
                if Instant::now() > deadline {
                    return Err(OpenError::Locked {
                        folder: folder.root().to_owned(),
                    });
                }
                thread::park_timeout(Duration::from_millis(2));
            }
            Err(reason) => {
                return Err(OpenError::Damaged {
                    folder: folder.root().to_owned(),
                    reason,
                });
            }
        }
    }
}
