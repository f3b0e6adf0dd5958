//! Business events from outside, each recorded once ever.

use serde::{Deserialize, Serialize};

use crate::ledger::Posting;
use crate::{FactName, Value};

/// A canonical business event. Its natural id (`refund.recorded#39`) makes it happen once, however often and in
/// whatever order it is reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What happened: `refund.recorded`.
    pub name: FactName,
    /// What it happened to, unique within the root and name: `39`.
    pub id: String,
    /// What expressions may read as `fact`; small and free of personal data.
    pub payload: Value,
    /// What the outside moved. Always recorded, also when it breaks an inequality.
    pub postings: Vec<Posting>,
}

impl Fact {
    /// The natural id: `{name}#{id}`.
    pub fn natural_id(&self) -> String {
        format!("{}#{}", self.name, self.id)
    }
}
