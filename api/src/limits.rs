//! Every bound of the HTTP edge, each with its reason.

use std::time::Duration;

/// Entries of one page of a list when nothing is asked for: a screen or two.
pub const PAGE_DEFAULT: usize = 50;
/// Entries of one page at the most: an answer of about 1 MB.
pub const PAGE_MAX: usize = 500;
/// Orders whose content is read for one page of a search by words. Each costs a load of some 100 us.
pub const WORDS_LOOKED_AT_MAX: usize = 300;
/// Dead letters looked at again with one request: some seconds of work.
pub const REDRIVEN_AT_ONCE: usize = 200;
/// Notes shown with an order or incident, the newest: what fits a screen several times.
pub const NOTES_MAX: usize = 100;
/// Characters of a note: more belongs into a ticket.
pub const NOTE_CHARS_MAX: usize = 2_000;
/// Orders counted per state for `/api/v1/status`; beyond it the count is a lower bound.
pub const COUNTED_MAX: usize = 20_000;
/// Days of one trial balance: a quarter and a bit.
pub const DAYS_SUMMED_MAX: u64 = 100;
/// Frames of one order read to list its requests. An order that runs to cash has about fifty.
pub const FRAMES_MAX: usize = 5_000;
/// Refused deliveries kept in memory, the newest: enough to see what somebody does wrong.
pub const REFUSED_KEPT: usize = 200;
/// Bytes of a refused body that are kept: enough to recognise it, too few to fill memory.
pub const REFUSED_BYTES: usize = 4 * 1024;
/// Bytes of a body of our own API; commands are small.
pub const COMMAND_BYTES_MAX: usize = 64 * 1024;
/// How long the rest of a request body may take. A sender that is slower holds a connection for nothing.
pub const BODY_TIME: Duration = Duration::from_secs(30);
/// How long answers under way may take at shutdown.
pub const DRAIN: Duration = Duration::from_secs(10);
/// How long a TLS handshake may take. A peer that is slower holds a slot for nothing.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// TLS handshakes under way; more wait in the listener's backlog, so that a flood of them takes bounded memory.
pub const HANDSHAKES_MAX: usize = 256;
/// The pause after a connection could not be accepted, most often because no file handle is free.
pub const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// Seconds after which a sender that got 503 may try again.
pub const RETRY_AFTER_S: u32 = 5;
/// Days a token may be accepted: ten years.
pub const DAYS_MAX: u64 = 3_650;
/// Bytes of an idempotency key: a UUID has 36.
pub const KEY_LENGTH_MAX: usize = 128;
/// How long an idempotency key is kept, in ms: a day, longer than any sender repeats a request.
pub const KEPT_KEYS_MS: i64 = 24 * 60 * 60 * 1_000;
/// Old keys forgotten with each new one: more than one, so that they grow fewer.
pub const KEYS_FORGOTTEN: usize = 4;
/// Commands shown that wait for a second person. More than a team decides in three days.
pub const PENDING_MAX: usize = 1_000;
/// How long a command waits for a second person, in ms: three days, over a weekend.
pub const PENDING_MS: i64 = 3 * KEPT_KEYS_MS;
/// Orders of one bulk command: more than an outage of an hour leaves at a large shop. Its preview takes some seconds.
pub const BULK_ORDERS_MAX: usize = 5_000;
/// Orders of a bulk command written at once, with a line of the audit trail each: a quarter of what one commit of the store takes.
pub const BULK_WRITTEN_AT_ONCE: usize = 500;
/// Orders looked at or commanded at once by a bulk command: enough to share each sync of the disk.
pub const BULK_AT_ONCE: usize = 16;
/// Requests waiting for one connector beyond which a bulk command gives no more: orders of the day are then not behind
/// thousands of it.
pub const BULK_GATE_WAITING_MAX: usize = 64;
/// Bulk commands listed. Each is one decision of a person.
pub const BULK_JOBS_MAX: usize = 1_000;
/// How long a bulk command that has ended is kept, in ms: a month, for the report.
pub const BULK_KEPT_MS: i64 = 30 * KEPT_KEYS_MS;
/// Tokens kept: one per person and program. Each request compares with all of them.
pub const TOKENS_MAX: usize = 1_000;

/// Bounds that the configuration sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body of a delivery or callback (`server.body_max`).
    pub body_max: usize,
}

impl Default for Limits {
    /// 2 MiB: an order of 500 lines with meta has about 600 KiB.
    fn default() -> Self {
        Self {
            body_max: 2 * 1024 * 1024,
        }
    }
}
