use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{
    Backup, FOOTER, FORMAT, FRAME, Footer, HEADER, Header, MAGIC, REPORT_EVERY, VALUE, parent, refused,
};
use crate::archive::Archived;
use crate::block;
use crate::codec::{self, Kind};
use crate::error::{BackupError, ReadError};
use crate::key::{Key, Prefix};
use crate::limits::PAGE_ENTRIES_MAX;
use crate::progress::{Progress, Stage};
use crate::span::Span;
use crate::store::{Direction, Frames as _, Page, Store};

/// Entries read at once; between two pages the committer goes on.
const PAGE: usize = 256;

/// Where a backup ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// With the last frame.
    Now,
    /// With this frame.
    At(u64),
}

/// Writes a backup of `store` to the new file `path`. `made_ms` is the present time in Unix milliseconds.
///
/// The file appears under its name only when it is whole and durable.
///
/// # Errors
/// [`BackupError`]; no file is left behind.
pub fn backup(
    store: &impl Store,
    path: &Path,
    cut: Cut,
    made_ms: i64,
    progress: impl FnMut(Progress),
) -> Result<Backup, BackupError> {
    if path.exists() {
        return Err(BackupError::Exists {
            path: path.to_owned(),
        });
    }
    let partial = partial(path);
    let result = write(store, &partial, cut, made_ms, progress).and_then(|backup| {
        fs::rename(&partial, path).map_err(refused("rename", &partial))?;
        let folder = parent(path);
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(refused("sync", folder))?;
        Ok(backup)
    });
    if result.is_err() {
        // Only tidiness: whoever finds a `.partial` file knows that it is none.
        drop(fs::remove_file(&partial));
    }
    result
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

fn write(
    store: &impl Store,
    path: &Path,
    cut: Cut,
    made_ms: i64,
    progress: impl FnMut(Progress),
) -> Result<Backup, BackupError> {
    let pending = pending(store)?;
    let last = pending.last().map_or(0, |page| page.applied);
    let cut = match cut {
        Cut::Now => last,
        Cut::At(cut) if cut <= last => cut,
        Cut::At(cut) => return Err(BackupError::CutAhead { cut, last }),
    };
    let cut_at_ms = if cut == 0 {
        0
    } else {
        store.frames_from(cut, 1)?.first().map_or(0, |frame| frame.at_ms)
    };
    let header = Header {
        identity: store.identity().clone(),
        cut,
        cut_at_ms,
        made_ms,
    };
    let mut file = Writer::create(path, store, progress)?;
    file.record(HEADER, &[&codec::encode(Kind::Backup, 1, &header)?])?;
    // Before the frames: what comes back meanwhile is in both, and a restore then takes it from the archive.
    file.prefix(Prefix::Archived)?;
    if file.left >= cut && cut > 0 {
        let last = file.left;
        return Err(BackupError::CutArchived { cut, last });
    }
    file.frames(cut)?;
    for page in &pending {
        file.values(page)?;
    }
    // What is read later than the cut may be newer; the others are only added to, and nothing in them depends on a
    // frame after the cut.
    for prefix in Prefix::ALL
        .into_iter()
        .filter(|prefix| !prefix.is_derived() && !prefix.is_log())
        .filter(|prefix| !matches!(prefix, Prefix::Pending | Prefix::Archived))
    {
        file.prefix(prefix)?;
    }
    file.finish(header)
}

/// What still waits, usually one page; the sequence of the last one is the cut.
fn pending(store: &impl Store) -> Result<Vec<Page>, BackupError> {
    let mut pages: Vec<Page> = Vec::new();
    let mut rest = Some(Span::all(Prefix::Pending));
    while let Some(span) = rest.take() {
        let page = store.scan(&span, PAGE_ENTRIES_MAX, Direction::Ascending)?;
        rest.clone_from(&page.rest);
        pages.push(page);
    }
    Ok(pages)
}

struct Writer<'a, S, P> {
    path: &'a Path,
    file: BufWriter<File>,
    hash: Sha256,
    store: &'a S,
    progress: P,
    frames: u64,
    values: u64,
    bytes: u64,
    /// The highest sequence that has left for an archive.
    left: u64,
}

impl<'a, S: Store, P: FnMut(Progress)> Writer<'a, S, P> {
    fn create(path: &'a Path, store: &'a S, progress: P) -> Result<Self, BackupError> {
        let file = File::create(path).map_err(refused("create", path))?;
        let mut writer = Self {
            path,
            file: BufWriter::new(file),
            hash: Sha256::new(),
            store,
            progress,
            frames: 0,
            values: 0,
            bytes: 0,
            left: 0,
        };
        writer.write(&MAGIC)?;
        writer.write(&FORMAT.to_be_bytes())?;
        Ok(writer)
    }

    fn frames(&mut self, cut: u64) -> Result<(), BackupError> {
        let mut next = 1;
        while next <= cut {
            let page = self.store.frames_from(next, PAGE)?;
            let last = page.last().map_or(cut, |frame| frame.sequence.min(cut));
            for frame in page.into_iter().filter(|frame| frame.sequence <= cut) {
                self.record(FRAME, &[&frame.encode()?])?;
                self.frames += 1;
            }
            next = last + 1;
            (self.progress)(Progress {
                stage: Stage::BackingUp,
                done: last,
                total: Some(cut),
            });
        }
        Ok(())
    }

    fn prefix(&mut self, prefix: Prefix) -> Result<(), BackupError> {
        let mut rest = Some(Span::all(prefix));
        while let Some(span) = rest {
            let page = self.store.scan(&span, PAGE, Direction::Ascending)?;
            self.values(&page)?;
            rest = page.rest;
        }
        Ok(())
    }

    fn values(&mut self, page: &Page) -> Result<(), BackupError> {
        for (key, value) in &page.entries {
            // The new store gets its own.
            if *key == Key::identity() || *key == Key::paused() {
                continue;
            }
            if let Key::Archived(_) = key {
                let at = codec::decode::<Archived>(Kind::Archived, value);
                let (_, at) =
                    at.map_err(|error| ReadError::damaged(key.stored(self.store.partition()), &error))?;
                self.left = self.left.max(at.last_sequence);
            }
            let key = key.stored(self.store.partition());
            // Keys are limited to 1 KiB when they are committed.
            let key_bytes = u16::try_from(key.as_bytes().len()).unwrap_or(u16::MAX);
            self.record(VALUE, &[&key_bytes.to_be_bytes(), key.as_bytes(), value])?;
            self.values += 1;
            if self.values.is_multiple_of(REPORT_EVERY) {
                (self.progress)(Progress {
                    stage: Stage::Values,
                    done: self.values,
                    total: None,
                });
            }
        }
        Ok(())
    }

    fn finish(mut self, header: Header) -> Result<Backup, BackupError> {
        let digest = self.hash.clone().finalize().into();
        let footer = Footer {
            frames: self.frames,
            values: self.values,
            digest,
        };
        self.record(FOOTER, &[&codec::encode(Kind::Backup, 1, &footer)?])?;
        let file = self
            .file
            .into_inner()
            .map_err(|error| refused("write", self.path)(error.into_error()))?;
        file.sync_all().map_err(refused("sync", self.path))?;
        (self.progress)(Progress {
            stage: Stage::Values,
            done: self.values,
            total: Some(self.values),
        });
        Ok(Backup {
            header,
            frames: self.frames,
            values: self.values,
            bytes: self.bytes,
        })
    }

    fn record(&mut self, tag: u8, parts: &[&[u8]]) -> Result<(), BackupError> {
        self.write(&block::write(tag, parts))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.hash.update(bytes);
        self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(self.file.write_all(bytes).map_err(refused("write", self.path))?)
    }
}
