//! An archive file being written.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Archived, END, Entry, FOOTER, FORMAT, Footer, HEADER, Header, INDEX, MAGIC, refused, term_hash};
use crate::block;
use crate::codec::{self, Kind};
use crate::error::ArchiveError;
use crate::limits::{ARCHIVE_BYTES_MAX, ARCHIVE_ROOTS_MAX};

/// A file that is not sealed. It goes away when it is dropped.
pub struct Draft {
    name: String,
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
    made_ms: i64,
    hash: Sha256,
    offset: u64,
    /// Where each root lies.
    places: Vec<(u64, u64)>,
    /// What leads to which root.
    terms: Vec<([u8; 8], u32)>,
    frames: u64,
    values: u64,
}

impl Draft {
    pub(super) fn begin(folder: &Path, name: String, header: &Header) -> Result<Self, ArchiveError> {
        let path = folder.join(&name);
        let partial = folder.join(format!("{name}.partial"));
        let file = File::create(&partial).map_err(refused("create", &partial))?;
        let mut draft = Self {
            name,
            path,
            partial,
            file: BufWriter::new(file),
            made_ms: header.made_ms,
            hash: Sha256::new(),
            offset: 0,
            places: Vec::new(),
            terms: Vec::new(),
            frames: 0,
            values: 0,
        };
        draft.write(&[&MAGIC[..], &FORMAT.to_be_bytes()].concat())?;
        draft.write(&block::write(
            HEADER,
            &[&codec::encode(Kind::Archive, 1, header)?],
        ))?;
        Ok(draft)
    }

    /// Whether another root has room.
    pub fn has_room(&self) -> bool {
        self.places.len() < ARCHIVE_ROOTS_MAX && self.offset < ARCHIVE_BYTES_MAX
    }

    /// How many roots are in it.
    pub fn roots(&self) -> usize {
        self.places.len()
    }

    /// Adds a root; gives where it will lie once the file is sealed.
    ///
    /// # Errors
    /// [`ArchiveError`] when it cannot be written; then the file has to be given up.
    pub fn add(&mut self, entry: &Entry) -> Result<Archived, ArchiveError> {
        let blocks = entry.blocks()?;
        let (offset, bytes) = (self.offset, length(blocks.len()));
        self.write(&blocks)?;
        let ordinal = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push((offset, bytes));
        self.terms
            .extend(entry.terms.iter().map(|term| (term_hash(term), ordinal)));
        self.frames += length(entry.frames.len());
        self.values += length(entry.values.len());
        Ok(Archived {
            file: self.name.clone(),
            offset,
            bytes,
            frames: length(entry.frames.len()),
            last_sequence: entry.frames.iter().map(|frame| frame.sequence).max().unwrap_or(0),
            archived_ms: self.made_ms,
        })
    }

    /// Makes it whole and durable under its name.
    ///
    /// # Errors
    /// [`ArchiveError`]; then there is no file.
    pub fn seal(mut self) -> Result<(), ArchiveError> {
        let at = self.offset;
        let index = block::write(INDEX, &[&index(&self.places, &mut self.terms)]);
        self.write(&index)?;
        let footer = Footer {
            roots: length(self.places.len()),
            frames: self.frames,
            values: self.values,
            digest: self.hash.clone().finalize().into(),
        };
        self.write(&block::write(
            FOOTER,
            &[&codec::encode(Kind::Archive, 1, &footer)?],
        ))?;
        let trailer = [&at.to_be_bytes()[..], &length(index.len()).to_be_bytes(), &END].concat();
        self.write(&trailer)?;
        self.file.flush().map_err(refused("write", &self.partial))?;
        let file = self.file.get_ref();
        let mut permissions = file
            .metadata()
            .map_err(refused("read", &self.partial))?
            .permissions();
        permissions.set_readonly(true);
        file.set_permissions(permissions)
            .map_err(refused("seal", &self.partial))?;
        file.sync_all().map_err(refused("sync", &self.partial))?;
        fs::rename(&self.partial, &self.path).map_err(refused("rename", &self.partial))?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        for folder in [Some(folder), folder.parent().filter(|it| it.is_dir())]
            .into_iter()
            .flatten()
        {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(refused("sync", folder))?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.file
            .write_all(bytes)
            .map_err(refused("write", &self.partial))?;
        self.hash.update(bytes);
        self.offset += length(bytes.len());
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After `seal` it has another name.
        drop(fs::remove_file(&self.partial));
    }
}

/// `roots u32 | (offset u64 | bytes u64)… | terms u32 | (hash 8 bytes | root u32)…`, the terms in order.
pub(super) fn index(places: &[(u64, u64)], terms: &mut [([u8; 8], u32)]) -> Vec<u8> {
    terms.sort_unstable();
    let mut index = small(places.len()).to_vec();
    for (offset, bytes) in places {
        index.extend_from_slice(&offset.to_be_bytes());
        index.extend_from_slice(&bytes.to_be_bytes());
    }
    index.extend_from_slice(&small(terms.len()));
    for (hash, root) in terms {
        index.extend_from_slice(hash);
        index.extend_from_slice(&root.to_be_bytes());
    }
    index
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn small(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}
