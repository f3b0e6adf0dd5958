//! Archives: sealed files of whole roots that have left the store.
//!
//! A root leaves as a whole, in one commit: its frames, content, snapshot and summary are removed, and under
//! [`Key::Archived`] stays where they lie, for ever. Reading falls through to the file, so that a root reads the same
//! before and after ([`crate::Store::get`], [`crate::Frames::frames_of`]); the indexes no longer list it, its file's
//! own index does. A root that gets news comes back as a whole, again in one commit, and leaves later again.
//!
//! File: `"AMENDSAR" | format u16`, then blocks: `h` header; for each root `r` (its name and terms), `f` its frames, `v`
//! its values (`key length u16 | key | value`); `i` index; `z` footer with counts and the SHA-256 of everything before.
//! The last 24 bytes say where the index lies. A file is written under another name, synced, renamed and never changed.

mod draft;
mod entry;
mod file;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use draft::Draft;
pub use entry::{Entry, collect};

use crate::codec::{self, Kind};
use crate::error::{ArchiveError, ReadError};
use crate::identity::Identity;
use crate::key::{Key, Partition};
use crate::store::Store;
use file::Opened;

const MAGIC: [u8; 8] = *b"AMENDSAR";
const END: [u8; 8] = *b"AMENDSAZ";
/// The newest format of archive files that this release reads, and the one it writes.
const FORMAT: u16 = 1;
/// Index offset, index length, and the mark.
const TRAILER_BYTES: usize = 24;

const HEADER: u8 = b'h';
const ROOT: u8 = b'r';
const FRAME: u8 = b'f';
const VALUE: u8 = b'v';
const INDEX: u8 = b'i';
const FOOTER: u8 = b'z';

/// Where a root lies that has left the store: the value under [`Key::Archived`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    /// Name of the file, without folder.
    pub file: String,
    /// Where its blocks begin in the file.
    pub offset: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many frames it has.
    pub frames: u64,
    /// The highest global sequence among them.
    pub last_sequence: u64,
    /// When it left: Unix milliseconds, UTC.
    pub archived_ms: i64,
}

/// What a file says of itself first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    store_id: String,
    epoch: u32,
    number: u32,
    made_ms: i64,
}

/// What a file says of itself last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Footer {
    roots: u64,
    frames: u64,
    values: u64,
    digest: [u8; 32],
}

/// What a root's blocks begin with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Title {
    root: String,
    frames: u64,
    values: u64,
    /// What it is found by.
    terms: Vec<String>,
}

/// A root that was read, with where it lies.
type Known = (Archived, Arc<Entry>);

/// The archives of one store: a folder beside it.
#[derive(Debug, Clone)]
pub struct Archive {
    folder: PathBuf,
    /// The root read last: whoever reads one value of a root reads more of them.
    last: Arc<Mutex<Option<Known>>>,
}

impl Archive {
    /// The archives of the store in `store`: the folder of that name with `.archive` behind it.
    pub fn beside(store: &Path) -> Self {
        let mut name = store.as_os_str().to_owned();
        name.push(".archive");
        Self {
            folder: PathBuf::from(name),
            last: Arc::default(),
        }
    }

    /// Where the files lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins the next file of a store.
    ///
    /// # Errors
    /// [`ArchiveError`] when it cannot be written.
    pub fn begin(&self, identity: &Identity, made_ms: i64) -> Result<Draft, ArchiveError> {
        fs::create_dir_all(&self.folder).map_err(refused("make", &self.folder))?;
        let start = format!("{}-{}-", identity.store_id, identity.epoch);
        let mut number = 0;
        for name in self.names()? {
            let digits = name
                .strip_prefix(&start)
                .and_then(|rest| rest.strip_suffix(".archive"));
            number = number.max(digits.and_then(|digits| digits.parse().ok()).unwrap_or(0));
        }
        let header = Header {
            store_id: identity.store_id.clone(),
            epoch: identity.epoch,
            number: number + 1,
            made_ms,
        };
        Draft::begin(
            &self.folder,
            format!("{start}{:08}.archive", header.number),
            &header,
        )
    }

    /// Everything of a root that has left.
    ///
    /// # Errors
    /// [`ReadError`] when the file is missing or damaged.
    pub fn read(&self, root: &str, at: &Archived) -> Result<Arc<Entry>, ReadError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, entry)) = last.as_ref()
            && known == at
            && entry.root == root
        {
            return Ok(entry.clone());
        }
        let entry = Arc::new(self.read_anew(root, at)?);
        *last = Some((at.clone(), entry.clone()));
        Ok(entry)
    }

    /// As [`Archive::read`], from the file in any case.
    pub(crate) fn read_anew(&self, root: &str, at: &Archived) -> Result<Entry, ReadError> {
        let entry = self.read_file(at).and_then(|bytes| Entry::parse(&bytes));
        entry
            .and_then(|entry| entry.check(root, at.frames))
            .map_err(|meaning| ReadError::Damaged {
                key: Key::Archived(root.to_owned()).stored(Partition::FIRST),
                meaning: format!("in {}: {meaning}", self.folder.join(&at.file).display()),
            })
    }

    fn read_file(&self, at: &Archived) -> Result<Vec<u8>, String> {
        let path = self.folder.join(&at.file);
        let file = fs::File::open(&path).map_err(|error| missing(&error))?;
        let bytes = usize::try_from(at.bytes).map_err(|_| "its length is none".to_owned())?;
        file::bytes_at(&file, at.offset, bytes).map_err(|error| error.to_string())
    }

    /// Roots that a term leads to, newest file first, at most `limit`. A root that came back and left again is met more
    /// than once; [`find`] tells which file counts.
    fn roots_by(&self, term: &str, limit: usize) -> Result<Vec<(String, u64, String)>, ArchiveError> {
        let mut found = Vec::new();
        let mut names = self.names()?;
        names.sort_by_key(|name| {
            std::cmp::Reverse(
                fs::metadata(self.folder.join(name))
                    .and_then(|m| m.modified())
                    .ok(),
            )
        });
        for name in names {
            if found.len() >= limit {
                break;
            }
            let opened = Opened::open(&self.folder.join(&name))?;
            for (offset, root) in opened.roots_by(term)? {
                found.push((name.clone(), offset, root));
            }
        }
        Ok(found)
    }

    /// Names of the files, in order.
    ///
    /// # Errors
    /// [`ArchiveError`] when the folder cannot be read.
    pub fn names(&self) -> Result<Vec<String>, ArchiveError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(refused("read", &self.folder)(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(refused("read", &self.folder))?.file_name();
            if let Some(name) = name.to_str().filter(|name| name.ends_with(".archive")) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Reads a whole file and checks everything in it; gives its entries with the place of each.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn check(&self, name: &str, mut visit: impl FnMut(u64, Entry)) -> Result<(), String> {
        let path = self.folder.join(name);
        let bytes = fs::read(&path).map_err(|error| missing(&error))?;
        file::check(&bytes, &mut visit)
    }
}

fn missing(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        "the file is missing: copy it there from where the archives of this store are kept".to_owned()
    } else {
        error.to_string()
    }
}

/// Notes what was tried on which file.
fn refused(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ArchiveError + use<> {
    let path = path.to_owned();
    move |source| ArchiveError::File { doing, path, source }
}

/// The part of a term that is searched by.
fn term_hash(term: &str) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(term.as_bytes()).into();
    let mut hash = [0; 8];
    for (to, from) in hash.iter_mut().zip(digest) {
        *to = from;
    }
    hash
}

/// Where `root` lies, if it has left `store`.
///
/// # Errors
/// [`ReadError`] when the store failed or the entry is damaged.
pub fn archived<S: Store + ?Sized>(store: &S, root: &str) -> Result<Option<Archived>, ReadError> {
    let key = Key::Archived(root.to_owned());
    let Some(sealed) = store.get(&key)? else {
        return Ok(None);
    };
    let decoded = codec::decode(Kind::Archived, &sealed);
    decoded
        .map(|(_, archived)| Some(archived))
        .map_err(|error| ReadError::damaged(key.stored(store.partition()), &error))
}

/// Everything of `root`, if it has left `store`.
///
/// # Errors
/// [`ReadError`] when the store failed, or the archive is missing or damaged.
pub fn entry_of<S: Store + ?Sized>(store: &S, root: &str) -> Result<Option<Arc<Entry>>, ReadError> {
    match (store.archive(), archived(store, root)?) {
        (Some(archive), Some(at)) => archive.read(root, &at).map(Some),
        (None | Some(_), None) | (None, Some(_)) => Ok(None),
    }
}

/// Roots that have left `store` and are found by `term`, at most `limit`.
///
/// # Errors
/// [`ArchiveError`] when a file or the store cannot be read.
pub fn find<S: Store + ?Sized>(store: &S, term: &str, limit: usize) -> Result<Vec<String>, ArchiveError> {
    let Some(archive) = store.archive() else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for (file, offset, root) in archive.roots_by(term, limit)? {
        let counts = archived(store, &root)?.is_some_and(|at| at.file == file && at.offset == offset);
        if counts && !found.contains(&root) {
            found.push(root);
        }
    }
    Ok(found)
}
