//! Where in an instance a call stands.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{InstanceId, ItemKey, StepId, StoreId};

/// One run of a step: the step, and the element where it runs once per element.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The step.
    pub step: StepId,
    /// The element of the fan-out; `None` for a step that runs once.
    pub item: Option<ItemKey>,
}

impl Place {
    /// The only run of `step`.
    pub fn once(step: &StepId) -> Self {
        Self {
            step: step.clone(),
            item: None,
        }
    }

    /// The run of `step` for `item`.
    pub fn item(step: &StepId, item: &ItemKey) -> Self {
        Self {
            step: step.clone(),
            item: Some(item.clone()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.item {
            None => write!(f, "{}", self.step),
            Some(item) => write!(f, "{}/{item}", self.step),
        }
    }
}

/// Doing or undoing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Side {
    /// The step's own call.
    Do,
    /// The n-th call of its undo, from 0.
    Undo(u16),
}

/// One call of an instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Site {
    /// The run it belongs to.
    pub place: Place,
    /// Whether it does or undoes.
    pub side: Side,
}

impl Site {
    /// The forward call of `place`.
    pub fn forward(place: Place) -> Self {
        Self {
            place,
            side: Side::Do,
        }
    }

    /// The n-th undo call of `place`.
    pub fn undo(place: Place, index: u16) -> Self {
        Self {
            place,
            side: Side::Undo(index),
        }
    }

    /// The idempotency key of this call in `epoch`, which is also the reference the other side is given.
    pub fn key(&self, store: &StoreId, instance: &InstanceId, epoch: u32) -> String {
        format!("{store}/{instance}/{self}/{epoch}")
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.side {
            Side::Do => write!(f, "{}/do", self.place),
            Side::Undo(index) => write!(f, "{}/undo-{index}", self.place),
        }
    }
}
