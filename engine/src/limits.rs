//! Every bound of the core, each with its reason.

/// Steps of one definition. The largest lifecycle practitioners describe has 17; this leaves room and keeps
/// the model checker's state small.
pub const STEPS_MAX: usize = 64;
/// Undo calls of one step.
pub const UNDOS_MAX: usize = 8;
/// Items of one fan-out: parcels or lines of one order. Larger orders are split by the shop.
pub const ITEMS_MAX: usize = 500;
/// Facts kept per root. A root that reports more is being fed by a loop and is stopped.
pub const FACTS_MAX: usize = 2_000;
/// Instances per root: one order-to-cash, its debts, returns and refunds.
pub const INSTANCES_MAX: usize = 200;
/// Events of one decision. A decision cascades over at most all steps; more means a loop in the core.
pub const EVENTS_PER_DECISION_MAX: usize = 4_096;
/// Open incidents per root, so that one bad order cannot fill the store.
pub const INCIDENTS_MAX: usize = 500;
/// "Absent" answers needed before an effect counts as not having happened; the first may race an index.
pub const ABSENTS_NEEDED: u8 = 2;
/// Reports remembered per run to recognise repetitions. A repetition older than that is journaled once more, and
/// then remembered again.
pub const REPORTS_MAX: usize = 8;
/// Landings remembered per run that were taken back. Each took a refused cancel or a person who had it done again.
pub const PAST_MAX: usize = 16;
/// Notes of one order. More is a conversation, and belongs into a ticket system.
pub const NOTES_MAX: usize = 200;
/// Bytes of one note: a page of text.
pub const NOTE_BYTES_MAX: usize = 4_096;
/// A forward jump of the wall clock beyond this against the monotonic clock fires no deadline until confirmed.
pub const CLOCK_JUMP_MS: i64 = 60_000;
