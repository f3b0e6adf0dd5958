//! A release: goods asked to be sent, and how far that got.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::sandbox::witness::Units;

/// What a client asks for.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    pub(super) reference: Option<String>,
    #[serde(default)]
    pub(super) order_key: String,
    pub(super) lines: Vec<Units>,
    #[serde(default)]
    pub(super) address: Json,
    #[serde(default)]
    pub(super) express: bool,
}

/// How far a release is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Accepted,
    Picked,
    PartlyShipped,
    Shipped,
    Cancelled,
}

/// A release as it is kept and shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Release {
    pub(super) job: String,
    pub(super) reference: String,
    pub(super) order_key: String,
    pub(super) state: State,
    pub(super) express: bool,
    pub(super) lines: Vec<Units>,
    pub(super) address: Json,
    pub(super) parcels: Vec<Parcel>,
    pub(super) accepted_ms: i64,
    #[serde(skip)]
    pub(super) key: Option<String>,
}

/// A box that left.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Parcel {
    #[serde(rename = "parcel")]
    pub(super) id: String,
    pub(super) lines: Vec<Units>,
    pub(super) carrier: String,
    pub(super) tracking: String,
    pub(super) cancelled: bool,
}

impl Release {
    /// What has not left yet.
    pub(super) fn open_lines(&self) -> Vec<Units> {
        let shipped = |sku: &str| -> i64 {
            let lines = self
                .parcels
                .iter()
                .filter(|parcel| !parcel.cancelled)
                .flat_map(|parcel| &parcel.lines);
            lines
                .filter(|line| line.sku == sku)
                .map(|line| line.quantity)
                .sum()
        };
        let mut open: Vec<Units> = Vec::new();
        for line in &self.lines {
            match open.iter_mut().find(|known| known.sku == line.sku) {
                Some(known) => known.quantity += line.quantity,
                None => open.push(line.clone()),
            }
        }
        for line in &mut open {
            line.quantity -= shipped(&line.sku);
        }
        open.retain(|line| line.quantity > 0);
        open
    }
}
