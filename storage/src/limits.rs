//! Every bound of the storage layer, each with its reason.

/// Largest piece of one value that is handed to sled. Above about 7 KiB per value a leaf page can outgrow a
/// quarter segment and become a blob file, which sled writes without any fsync.
pub const CHUNK_BYTES: usize = 6 * 1024;
/// Largest value. An order with hundreds of lines is some 100 KiB; more is a mistake, or hostile.
pub const VALUE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Largest commit. A commit is one sled batch under one lock and delays everybody behind it.
pub const COMMIT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Frames and writes of one commit. Batches of 4000 records stayed whole in every simulated power cut, and past
/// 256 sled only gets slower per record.
pub const COMMIT_ENTRIES_MAX: usize = 4_000;
/// Longest encoded key; keys live in sled's index pages, which must stay small.
pub const KEY_BYTES_MAX: usize = 1_024;
/// Entries of one page of a scan; a page holds up the committer while it is read.
pub const PAGE_ENTRIES_MAX: usize = 4_096;
/// Bytes after which a page of a scan ends early (it always holds at least one entry).
pub const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Chain heads kept in memory (about 150 bytes each, twice this many at most); others are read when needed.
pub const HEADS_MAX: usize = 32_768;
/// sled's segment size: large, so that no segment is recycled between two barriers. Fixed for the life of a store.
pub const SEGMENT_BYTES: usize = 8 * 1024 * 1024;
/// Default for sled's page cache. Resident memory is up to three times this.
pub const CACHE_BYTES_DEFAULT: u64 = 64 * 1024 * 1024;
/// How long `open` waits for sled to let go of its file after a store of the same process was closed; its
/// background work may outlive the last handle by a moment.
pub const RELEASE_WAIT_MS: u64 = 5_000;
/// Records of a root that moves to an archive; a larger one stays in the store. It moves in one commit, and comes back in one.
pub const ARCHIVED_RECORDS_MAX: usize = 3_000;
/// Bytes of a root that moves to an archive, for the same reason.
pub const ARCHIVED_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Roots of one archive file; their places and terms are in memory while it is written, about 200 bytes each.
pub const ARCHIVE_ROOTS_MAX: usize = 10_000;
/// Bytes after which an archive file takes no more roots: small enough to be copied, and checked, as a whole in memory.
pub const ARCHIVE_BYTES_MAX: u64 = 256 * 1024 * 1024;
