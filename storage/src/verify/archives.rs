//! What has left: every file is whole, and every root that left lies where the store says.

use std::collections::{BTreeMap, BTreeSet};

use super::Walk;
use crate::archive::{Archived, archived};
use crate::codec::{self, Kind};
use crate::error::{ReadError, VerifyError};
use crate::key::{Key, Prefix};
use crate::progress::{Progress, Stage};
use crate::span::Span;
use crate::store::Store;

/// Which sequences were met, a bit each.
#[derive(Default)]
pub(super) struct Sequences(Vec<u64>);

impl Sequences {
    /// Notes one; `false` if it was met before.
    fn note(&mut self, sequence: u64) -> bool {
        let (word, bit) = place(sequence);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        match self.0.get_mut(word) {
            Some(bits) => {
                let new = *bits & bit == 0;
                *bits |= bit;
                new
            }
            None => false,
        }
    }

    pub(super) fn has(&self, sequence: u64) -> bool {
        let (word, bit) = place(sequence);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }
}

fn place(sequence: u64) -> (usize, u64) {
    (
        usize::try_from(sequence / 64).unwrap_or(usize::MAX),
        1 << (sequence % 64),
    )
}

impl<S: Store, P: FnMut(Progress)> Walk<'_, S, P> {
    pub(super) fn archives(&mut self) -> Result<(), VerifyError> {
        let Some(archive) = self.store.archive().cloned() else {
            return Ok(());
        };
        let names = archive.names()?;
        let total = u64::try_from(names.len()).unwrap_or(u64::MAX);
        // How many roots each file holds that left for it, and the files that are not whole.
        let (mut held, mut broken) = (BTreeMap::<String, u64>::new(), BTreeSet::new());
        for (done, name) in (1..).zip(&names) {
            let mut failed = None;
            let checked = archive.check(name, |offset, entry| match archived(self.store, &entry.root) {
                Ok(Some(at)) if at.file == *name && at.offset == offset => {
                    *held.entry(name.clone()).or_default() += 1;
                    self.report.archived_roots += 1;
                    for frame in &entry.frames {
                        self.report.archived_frames += 1;
                        if !self.left.note(frame.sequence) {
                            self.damage_at(
                                &Key::Archived(entry.root.clone()),
                                "has a frame that another archived order has too",
                            );
                        }
                    }
                }
                Ok(_) => self.report.superseded += 1,
                Err(error) => failed = Some(error),
            });
            match (checked, failed) {
                (_, Some(ReadError::Damaged { .. })) | (Ok(()), None) => {}
                (_, Some(error)) => return Err(error.into()),
                (Err(meaning), None) => {
                    let path = archive.folder().join(name);
                    self.damage_at(
                        &Key::Meta(format!("archive/{name}")),
                        &format!("{}: {meaning}", path.display()),
                    );
                    broken.insert(name.clone());
                }
            }
            (self.progress)(Progress {
                stage: Stage::Archives,
                done,
                total: Some(total),
            });
        }
        self.places(&mut held, &broken)
    }

    /// Follows every place to its file; those in whole files that hold as many as left for them are there.
    fn places(
        &mut self,
        held: &mut BTreeMap<String, u64>,
        broken: &BTreeSet<String>,
    ) -> Result<(), VerifyError> {
        let mut doubted = BTreeSet::new();
        self.each_place(|_, _, at| match held.get_mut(&at.file) {
            Some(left) if *left > 0 && !broken.contains(&at.file) => *left -= 1,
            Some(_) | None => {
                doubted.insert(at.file.clone());
            }
        })?;
        if doubted.is_empty() {
            return Ok(());
        }
        self.each_place(|walk, root, at| {
            let Some(archive) = walk.store.archive().filter(|_| doubted.contains(&at.file)) else {
                return;
            };
            match archive.read_anew(&root, &at) {
                Ok(entry) => {
                    for frame in &entry.frames {
                        walk.left.note(frame.sequence);
                    }
                }
                Err(error) => {
                    // Its frames are lost with it, once.
                    walk.lost += at.frames;
                    walk.damage_at(&Key::Archived(root), &error.to_string());
                }
            }
        })
    }

    fn each_place(&mut self, mut visit: impl FnMut(&mut Self, String, Archived)) -> Result<(), VerifyError> {
        self.each(
            &Span::all(Prefix::Archived),
            Stage::Archives,
            None,
            |walk, met| {
                let Ok((Key::Archived(root), value)) = met else {
                    return Ok(());
                };
                // One that cannot be read is counted among the values.
                if let Ok((_, at)) = codec::decode::<Archived>(Kind::Archived, &value) {
                    visit(walk, root, at);
                }
                Ok(())
            },
        )
    }
}
