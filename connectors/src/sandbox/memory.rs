//! What a world remembers from one run to the next.

use serde_json::Value as Json;

/// A system whose records outlive its process. Faults, latency, sessions and counters do not.
pub(crate) trait Remember: std::fmt::Debug + Send + Sync {
    /// Everything on record.
    fn remember(&self) -> Json;

    /// Puts on record what [`Remember::remember`] gave.
    ///
    /// # Errors
    /// When it is something else; what was on record then stays.
    fn recall(&self, records: &Json) -> Result<(), serde_json::Error>;
}
