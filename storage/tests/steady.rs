//! Under steady load the file of the store stays flat: as many orders leave for archives as come.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the finding"
)]

#[path = "support/mod.rs"]
mod support;

use std::time::Instant;

use amends_storage::archive::{collect, find};
use amends_storage::verify::verify;
use amends_storage::{Commit, Direction, Key, Log as _, Prefix, Sled, Span, Store as _, Write};
use support::{Author, open, put};

/// An order, about two thirds of the size of one that ran to cash in the sandbox (docs/limits.md): the file is what is looked at here.
const FRAMES: usize = 17;
const VALUES: usize = 30;
const VALUE_BYTES: usize = 1_500;
/// Orders of one archive file here.
const FILE: usize = 50;

#[test]
fn the_file_stays_flat_while_as_much_leaves_as_comes() {
    let full = std::env::var("AMENDS_TIER").is_ok_and(|tier| tier == "full");
    let (live, total) = if full { (150, 6_000) } else { (150, 1_500) };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut log = open(&path);
    let mut author = Author::default();
    let begun = Instant::now();
    let mut sizes = Vec::new();
    for order in 0..total {
        come(&mut log, &mut author, order);
        if order >= live && order % FILE == 0 {
            leave(&mut log, order - live, FILE);
            sizes.push(std::fs::metadata(path.join("sled/db")).unwrap().len());
        }
    }
    let quarters: Vec<u64> = sizes
        .chunks(sizes.len().div_ceil(4))
        .map(|quarter| quarter.iter().max().unwrap() >> 20)
        .collect();
    println!(
        "steady: {total} orders through a store of {live}, {} s; the file had {quarters:?} MiB at most in each quarter; live data {} MiB",
        begun.elapsed().as_secs(),
        (live * (VALUES * VALUE_BYTES + FRAMES * 400)) >> 20,
    );
    // Segments come by 8 MiB. What came through the store is many times what the file has grown by.
    let (second, last) = (quarters[1], quarters[3]);
    assert!(last <= second + second / 4 + 8, "{quarters:?}");
    let report = verify(&log, |_| ()).unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.frames + report.archived_frames, (total * FRAMES) as u64);
    what_stays(&log);
}

/// What stays of an order that has left, and what a search for one costs.
fn what_stays(log: &Sled) {
    let (mut places, mut bytes) = (0, 0);
    let mut span = Some(Span::all(Prefix::Archived));
    while let Some(rest) = span.take() {
        let page = log.scan(&rest, 500, Direction::Ascending).unwrap();
        places += page.entries.len();
        bytes += page
            .entries
            .iter()
            .map(|(key, value)| key.to_string().len() + 2 + value.len())
            .sum::<usize>();
        span = page.rest;
    }
    let files = log.archive().unwrap().names().unwrap().len();
    let begun = Instant::now();
    assert_eq!(find(log, "number/7", 9).unwrap(), ["eu:7"]);
    println!(
        "steady: {} bytes stay of an archived order; {files} files are searched in {} us",
        bytes / places,
        begun.elapsed().as_micros()
    );
}

/// One order, over five commits as its decisions come.
fn come(log: &mut Sled, author: &mut Author, order: usize) {
    let root = format!("eu:{order}");
    for part in 0..5 {
        let mut commit = Commit::default();
        for n in (0..FRAMES).filter(|n| n % 5 == part) {
            commit.frames.push(author.frame(&root, &vec![0x5A; 200 + n * 10]));
        }
        for n in (0..VALUES).filter(|n| n % 5 == part) {
            let content = [
                &order.to_be_bytes()[..],
                &vec![0x30 + u8::try_from(n).unwrap(); VALUE_BYTES],
            ]
            .concat();
            commit.writes.push(Write::blob(&root, &content).unwrap().0);
        }
        commit.writes.push(put(Key::Root(root.clone()), &[1; 500]));
        log.commit(&commit).unwrap();
    }
}

/// The `count` orders from `first` on, in one file and steps of four.
fn leave(log: &mut Sled, first: usize, count: usize) {
    let mut draft = log.archive().unwrap().begin(log.identity(), 0).unwrap();
    let written: Vec<_> = (first..first + count)
        .map(|order| {
            let entry = collect(log, &format!("eu:{order}"), vec![format!("number/{order}")])
                .unwrap()
                .unwrap();
            let at = draft.add(&entry).unwrap();
            (entry, at)
        })
        .collect();
    draft.seal().unwrap();
    for step in written.chunks(4) {
        let mut whole = Commit::default();
        for (entry, at) in step {
            let commit = entry.leave(at).unwrap();
            whole.writes.extend(commit.writes);
            whole.leaving.extend(commit.leaving);
        }
        log.commit(&whole).unwrap();
    }
}
