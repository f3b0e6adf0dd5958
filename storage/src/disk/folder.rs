//! The folder of a store: `lock`, held by the one process that has it open, and `sled/`, the database.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// A store's folder while this process has it to itself.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    /// Held until drop. A lock of our own, because leftovers are removed before sled takes its lock.
    _lock: File,
}

impl Folder {
    /// Takes the folder of an existing store.
    pub(super) fn open(root: &Path) -> Result<Self, OpenError> {
        if root.join("sled").is_dir() {
            Self::lock(root)
        } else {
            Err(OpenError::Missing {
                folder: root.to_owned(),
            })
        }
    }

    /// Makes the folder where it does not exist, and takes it.
    pub(super) fn create(root: &Path) -> Result<Self, OpenError> {
        let database = root.join("sled");
        // The nearest folder that was there already holds the entry of the first one made.
        let existing = root
            .ancestors()
            .skip(1)
            .find(|path| path.is_dir())
            .map(Path::to_owned);
        fs::create_dir_all(&database).map_err(failed("create", &database))?;
        let folder = Self::lock(root)?;
        for path in root.ancestors() {
            let path = if path.as_os_str().is_empty() {
                Path::new(".")
            } else {
                path
            };
            sync(path)?;
            if existing
                .as_deref()
                .is_none_or(|existing| existing == path || existing.as_os_str().is_empty())
            {
                break;
            }
        }
        Ok(folder)
    }

    fn lock(root: &Path) -> Result<Self, OpenError> {
        let path = root.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed("open", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                root: root.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
                folder: root.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(failed("lock", &path)(source)),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// sled's own folder.
    pub(super) fn database(&self) -> PathBuf {
        self.root.join("sled")
    }

    /// Removes what a recovery that was killed left behind: sled would take it for a snapshot and refuse to open,
    /// then and for ever, although no data is lost.
    pub(super) fn remove_leftovers(&self) -> Result<(), OpenError> {
        let database = self.database();
        for entry in fs::read_dir(&database).map_err(failed("read", &database))? {
            let path = entry.map_err(failed("read", &database))?.path();
            if is_leftover(path.file_name()) {
                fs::remove_file(&path).map_err(failed("remove", &path))?;
            }
        }
        Ok(())
    }

    /// Values above a limit become files that sled writes without any fsync. Ours never do.
    pub(super) fn refuse_blobs(&self) -> Result<(), OpenError> {
        let folder = self.database().join("blobs");
        match fs::read_dir(&folder).map_err(failed("read", &folder))?.next() {
            None => Ok(()),
            Some(_) => Err(OpenError::Blobs { folder }),
        }
    }

    /// Makes the names of all files durable; sled does not.
    pub(super) fn sync_names(&self) -> Result<(), OpenError> {
        sync(&self.database().join("conf"))?;
        sync(&self.database())?;
        sync(&self.root)
    }
}

fn is_leftover(name: Option<&OsStr>) -> bool {
    name.and_then(OsStr::to_str)
        .is_some_and(|name| name.starts_with("snap.") && name.ends_with(".generating"))
}

fn sync(path: &Path) -> Result<(), OpenError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(failed("sync", path))
}

/// Wraps a system error with what was tried where.
pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |source| OpenError::Folder { doing, path, source }
}
