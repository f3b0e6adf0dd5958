//! A sealed archive file: searching it, and checking all of it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::draft;
use super::entry::title;
use super::{END, Entry, FOOTER, FORMAT, Footer, HEADER, INDEX, MAGIC, TRAILER_BYTES, refused, term_hash};
use crate::block;
use crate::codec::{self, Kind};
use crate::error::ArchiveError;
use crate::limits::ARCHIVED_BYTES_MAX;

const PLACE_BYTES: u64 = 16;
const TERM_BYTES: u64 = 12;

/// A file whose index can be searched.
pub(super) struct Opened {
    path: PathBuf,
    file: File,
    /// Where the first place lies.
    places: u64,
    /// Where the first term lies, and how many there are.
    terms: (u64, u32),
}

impl Opened {
    pub(super) fn open(path: &Path) -> Result<Self, ArchiveError> {
        let file = File::open(path).map_err(refused("open", path))?;
        let mut opened = Self {
            path: path.to_owned(),
            file,
            places: 0,
            terms: (0, 0),
        };
        let size = opened.file.metadata().map_err(refused("read", path))?.len();
        let trailer: [u8; TRAILER_BYTES] = opened.at(size.saturating_sub(TRAILER_BYTES as u64))?;
        let (index, rest) = trailer.split_first_chunk().unwrap_or((&[0; 8], &[]));
        if !rest.ends_with(&END) {
            return Err(opened.damaged("it has no end: it was cut off"));
        }
        opened.places = u64::from_be_bytes(*index) + block::START_BYTES as u64 + 4;
        let roots = u32::from_be_bytes(opened.at(opened.places - 4)?);
        let terms = opened.places + u64::from(roots) * PLACE_BYTES;
        opened.terms = (terms + 4, u32::from_be_bytes(opened.at(terms)?));
        Ok(opened)
    }

    /// Roots a term leads to, with where they lie.
    pub(super) fn roots_by(&self, term: &str) -> Result<Vec<(u64, String)>, ArchiveError> {
        let wanted = term_hash(term);
        let (mut low, mut high) = (0, self.terms.1);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.term(middle)?.0 < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut roots = Vec::new();
        while low < self.terms.1 {
            let (hash, ordinal) = self.term(low)?;
            if hash != wanted {
                break;
            }
            let place: [u8; 16] = self.at(self.places + u64::from(ordinal) * PLACE_BYTES)?;
            let (offset, bytes) = place.split_first_chunk().unwrap_or((&[0; 8], &[]));
            let bytes = bytes.try_into().map_or(0, u64::from_be_bytes);
            let offset = u64::from_be_bytes(*offset);
            let (root, terms) = self.title(offset, bytes)?;
            // Two terms may share a hash.
            if terms.iter().any(|known| known == term) {
                roots.push((offset, root));
            }
            low += 1;
        }
        Ok(roots)
    }

    fn term(&self, position: u32) -> Result<([u8; 8], u32), ArchiveError> {
        let row: [u8; 12] = self.at(self.terms.0 + u64::from(position) * TERM_BYTES)?;
        let (hash, ordinal) = row.split_first_chunk().unwrap_or((&[0; 8], &[]));
        Ok((*hash, ordinal.try_into().map_or(0, u32::from_be_bytes)))
    }

    fn title(&self, offset: u64, bytes: u64) -> Result<(String, Vec<String>), ArchiveError> {
        let most = (2 * ARCHIVED_BYTES_MAX) as u64;
        let bytes = usize::try_from(bytes.min(most)).unwrap_or(0);
        let blocks = bytes_at(&self.file, offset, bytes).map_err(refused("read", &self.path))?;
        let (title, _) = title(&blocks).map_err(|meaning| self.damaged(meaning))?;
        Ok((title.root, title.terms))
    }

    fn at<const N: usize>(&self, offset: u64) -> Result<[u8; N], ArchiveError> {
        let mut bytes = [0; N];
        self.file
            .read_exact_at(&mut bytes, offset)
            .map_err(refused("read", &self.path))?;
        Ok(bytes)
    }

    fn damaged(&self, meaning: impl Into<String>) -> ArchiveError {
        ArchiveError::Damaged {
            path: self.path.clone(),
            meaning: meaning.into(),
        }
    }
}

/// `bytes` bytes from `offset` on.
pub(super) fn bytes_at(file: &File, offset: u64, bytes: usize) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len();
    let end = offset.checked_add(bytes as u64);
    if end.is_none_or(|end| end > size) {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the file ends too early",
        ));
    }
    let mut buffer = vec![0; bytes];
    file.read_exact_at(&mut buffer, offset)?;
    Ok(buffer)
}

/// Checks a whole file, and visits every root in it with where it lies.
pub(super) fn check(bytes: &[u8], visit: &mut impl FnMut(u64, Entry)) -> Result<(), String> {
    let (start, mut rest) = bytes
        .split_at_checked(MAGIC.len() + 2)
        .ok_or("it is no archive: it is too short")?;
    let (magic, format) = start.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err("it is no archive of Amends".to_owned());
    }
    if format > &FORMAT.to_be_bytes()[..] {
        return Err(format!(
            "it has a newer format than {FORMAT}: upgrade the program"
        ));
    }
    let position = |rest: &[u8]| (bytes.len() - rest.len()) as u64;
    let mut blocks: Option<(u64, &[u8])> = None;
    let mut found = Footer {
        roots: 0,
        frames: 0,
        values: 0,
        digest: [0; 32],
    };
    let (mut places, mut terms, mut index) = (Vec::new(), Vec::new(), None);
    let ((tag, _), after) = block::split(rest)?;
    if tag != HEADER {
        return Err("it does not begin with a header".to_owned());
    }
    rest = after;
    loop {
        let here = rest;
        let ((tag, body), after) =
            block::split(rest).map_err(|error| format!("at byte {}: {error}", position(here)))?;
        if matches!(tag, super::ROOT | INDEX)
            && let Some((offset, begun)) = blocks.take()
        {
            let length = begun.len() - here.len();
            let entry = Entry::parse(begun.get(..length).unwrap_or_default())?;
            let (root, frames) = (entry.root.clone(), entry.frames.len() as u64);
            let entry = entry
                .check(&root, frames)
                .map_err(|meaning| format!("{root}: {meaning}"))?;
            let ordinal = u32::try_from(places.len()).unwrap_or(u32::MAX);
            terms.extend(entry.terms.iter().map(|term| (term_hash(term), ordinal)));
            places.push((offset, length as u64));
            found.roots += 1;
            found.frames += frames;
            found.values += entry.values.len() as u64;
            visit(offset, entry);
        }
        match tag {
            super::ROOT => blocks = Some((position(here), here)),
            INDEX if body != draft::index(&places, &mut terms) => {
                return Err("its index does not agree with its content".to_owned());
            }
            INDEX => index = Some((position(here), (here.len() - after.len()) as u64)),
            FOOTER => {
                let (_, footer) =
                    codec::decode::<Footer>(Kind::Archive, body).map_err(|error| error.to_string())?;
                let before = bytes.get(..bytes.len() - here.len()).unwrap_or_default();
                found.digest = Sha256::digest(before).into();
                return end(&footer, &found, index, after);
            }
            super::FRAME | super::VALUE if blocks.is_some() => {}
            _ => return Err(format!("at byte {}: a block of unknown kind", position(here))),
        }
        rest = after;
    }
}

fn end(footer: &Footer, found: &Footer, index: Option<(u64, u64)>, trailer: &[u8]) -> Result<(), String> {
    if footer != found {
        return Err("its footer does not agree with its content".to_owned());
    }
    let (at, bytes) = index.ok_or("it has no index")?;
    if trailer == [&at.to_be_bytes()[..], &bytes.to_be_bytes(), &END].concat() {
        Ok(())
    } else {
        Err("its end does not say where the index lies".to_owned())
    }
}
