use std::fs::File;
use std::io::{BufReader, ErrorKind, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{
    BODY_BYTES_MAX, Backup, FOOTER, FORMAT, FRAME, Footer, HEADER, Header, MAGIC, REPORT_EVERY, START_BYTES,
    VALUE, refused,
};
use crate::codec::{self, Kind};
use crate::error::RestoreError;
use crate::frame::Frame;
use crate::key::{Key, StoredKey};
use crate::progress::{Progress, Stage};

/// One part of a backup.
#[derive(Debug)]
pub(super) enum Part {
    Frame(Frame),
    Value(Key, Vec<u8>),
}

/// Reads a backup from front to end and checks it on the way. It is whole only once [`Reader::next`] has returned
/// `None`.
pub(super) struct Reader<'a> {
    records: Records<'a>,
    header: Header,
    frames: u64,
    /// Sequence of the last frame.
    last: u64,
    values: u64,
}

/// The checksummed records of a file.
struct Records<'a> {
    path: &'a Path,
    file: BufReader<File>,
    /// Of everything before `offset`.
    hash: Sha256,
    offset: u64,
}

/// Reads the whole file and says what is in it.
pub(super) fn check(path: &Path, mut progress: impl FnMut(Progress)) -> Result<Backup, RestoreError> {
    let size = std::fs::metadata(path).map_err(refused("read", path))?.len();
    let mut reader = Reader::open(path)?;
    while reader.next()?.is_some() {
        if (reader.frames + reader.values).is_multiple_of(REPORT_EVERY) {
            progress(Progress {
                stage: Stage::Checking,
                done: reader.records.offset,
                total: Some(size),
            });
        }
    }
    let Reader {
        header,
        frames,
        values,
        records: Records { offset: bytes, .. },
        last: _,
    } = reader;
    progress(Progress {
        stage: Stage::Checking,
        done: bytes,
        total: Some(size),
    });
    Ok(Backup {
        header,
        frames,
        values,
        bytes,
    })
}

impl<'a> Reader<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Self, RestoreError> {
        let mut records = Records::open(path)?;
        let header = match records.next()? {
            (HEADER, body) => {
                codec::decode(Kind::Backup, &body)
                    .map_err(|error| records.damaged(error.to_string()))?
                    .1
            }
            (_, _) => return Err(records.damaged("it does not begin with a header")),
        };
        Ok(Self {
            records,
            header,
            frames: 0,
            last: 0,
            values: 0,
        })
    }

    /// The next part; `None` after a footer that agrees with everything before it.
    pub(super) fn next(&mut self) -> Result<Option<Part>, RestoreError> {
        let before = self.records.hash.clone();
        let (tag, body) = self.records.next()?;
        match tag {
            FRAME => {
                let frame = Frame::decode(&body).map_err(|error| self.records.damaged(error.to_string()))?;
                self.frames += 1;
                if frame.sequence <= self.last {
                    let meaning = format!("frame {} after frame {}", frame.sequence, self.last);
                    return Err(self.records.damaged(meaning));
                }
                self.last = frame.sequence;
                Ok(Some(Part::Frame(frame)))
            }
            VALUE => {
                self.values += 1;
                let part = value(&body).ok_or_else(|| self.records.damaged("a value has no key"))?;
                Ok(Some(part))
            }
            FOOTER => {
                let (_, footer) = codec::decode(Kind::Backup, &body)
                    .map_err(|error| self.records.damaged(error.to_string()))?;
                self.end(&footer, before).map(|()| None)
            }
            other => Err(self
                .records
                .damaged(format!("a record of unknown kind {other:#04x}"))),
        }
    }

    fn end(&mut self, footer: &Footer, hash: Sha256) -> Result<(), RestoreError> {
        let found = Footer {
            frames: self.frames,
            values: self.values,
            digest: hash.finalize().into(),
        };
        if *footer != found || self.last != self.header.cut {
            return Err(self.records.damaged("its footer does not agree with its content"));
        }
        self.records.end()
    }
}

impl<'a> Records<'a> {
    fn open(path: &'a Path) -> Result<Self, RestoreError> {
        let mut file = BufReader::new(File::open(path).map_err(refused("open", path))?);
        let mut start = [0; START_BYTES];
        let not_a_backup = || RestoreError::NotABackup {
            path: path.to_owned(),
        };
        file.read_exact(&mut start).map_err(|error| {
            if error.kind() == ErrorKind::UnexpectedEof {
                not_a_backup()
            } else {
                refused("read", path)(error).into()
            }
        })?;
        let [magic @ .., high, low] = start;
        let found = u16::from_be_bytes([high, low]);
        if magic != MAGIC || found == 0 {
            return Err(not_a_backup());
        }
        if found > FORMAT {
            return Err(RestoreError::NewerFormat {
                path: path.to_owned(),
                found,
                newest: FORMAT,
            });
        }
        Ok(Self {
            path,
            file,
            hash: Sha256::new_with_prefix(start),
            offset: START_BYTES as u64,
        })
    }

    fn next(&mut self) -> Result<(u8, Vec<u8>), RestoreError> {
        let mut head = [0; 8];
        self.fill(&mut head)?;
        let [l0, l1, l2, l3, c0, c1, c2, c3] = head;
        let (length, stated) = ([l0, l1, l2, l3], u32::from_be_bytes([c0, c1, c2, c3]));
        let bytes = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if bytes == 0 || bytes > BODY_BYTES_MAX {
            return Err(self.damaged(format!("a record of {bytes} bytes")));
        }
        let mut body = vec![0; bytes];
        self.fill(&mut body)?;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&length);
        hasher.update(&body);
        if hasher.finalize() != stated {
            return Err(self.damaged("a checksum does not match"));
        }
        self.hash.update(head);
        self.hash.update(&body);
        self.offset += (head.len() + body.len()) as u64;
        let tag = body.remove(0);
        Ok((tag, body))
    }

    fn end(&mut self) -> Result<(), RestoreError> {
        let mut byte = [0];
        match self.file.read(&mut byte) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.damaged("something follows its end")),
            Err(error) => Err(refused("read", self.path)(error).into()),
        }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RestoreError> {
        self.file.read_exact(bytes).map_err(|error| {
            if error.kind() == ErrorKind::UnexpectedEof {
                self.damaged("the file ends too early")
            } else {
                refused("read", self.path)(error).into()
            }
        })
    }

    fn damaged(&self, meaning: impl Into<String>) -> RestoreError {
        RestoreError::Damaged {
            path: self.path.to_owned(),
            offset: self.offset,
            meaning: meaning.into(),
        }
    }
}

fn value(body: &[u8]) -> Option<Part> {
    let (key_bytes, rest) = body.split_first_chunk()?;
    let (key, value) = rest.split_at_checked(usize::from(u16::from_be_bytes(*key_bytes)))?;
    let (_, name) = StoredKey(key.to_vec()).parse()?;
    Some(Part::Value(name, value.to_vec()))
}
