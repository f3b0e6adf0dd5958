//! Bounds of recipes and of what goes through them, each with its reason.

/// Bytes of one recipe document. The longest that ships has about 15 KiB.
pub const DOCUMENT_BYTES_MAX: usize = 256 * 1024;
/// Requests of one operation, drafts and confirmations included. The longest chain that ships has four.
pub const CALLS_MAX: usize = 12;
/// Bytes of one rendered request. Nothing an order is made of comes near; a template that loops does.
pub const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// Elements one `$each` may make: the lines of an order, with room.
pub const EACH_MAX: usize = 2_000;
/// Nesting of a body template.
pub const TEMPLATE_DEPTH_MAX: usize = 32;
/// Bytes of a reply that are read. A longer one is no answer to a question of ours.
pub const REPLY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a request or reply body kept for people to read.
pub const EXCHANGE_BYTES_MAX: usize = 16 * 1024;
/// Requests of one exchange kept for people; a session that is renewed adds a few.
pub const EXCHANGE_CALLS_MAX: usize = 32;
/// Hits of one look-up that are named. More than one is an incident already.
pub const HITS_MAX: usize = 100;
/// Characters of a fault's sentence.
pub const MESSAGE_CHARS_MAX: usize = 300;
/// Shortest secret. Recorded text is masked by search, and a short secret would be found everywhere.
pub const SECRET_CHARS_MIN: usize = 8;
/// Milliseconds a key is honoured for when a recipe does not say: 20 h, below the 24 h providers promise.
pub const KEY_TTL_MS: i64 = 20 * 3_600_000;
/// Milliseconds until an unknown effect is settled when a recipe does not say: a reverse proxy gives up after 60 s
/// and the server behind it may go on as long again.
pub const SETTLE_MS: i64 = 120_000;
/// Milliseconds one request may take when a recipe does not say.
pub const TIMEOUT_MS: i64 = 30_000;
/// Milliseconds to make a connection.
pub const CONNECT_TIMEOUT_MS: u64 = 5_000;
/// Milliseconds a callback's signature stays valid when a recipe does not say; what Stripe's libraries use.
pub const TOLERANCE_MS: i64 = 300_000;
/// Longest wait taken from a `Retry-After` header, in milliseconds: a day.
pub const RETRY_AFTER_MS_MAX: i64 = 86_400_000;
