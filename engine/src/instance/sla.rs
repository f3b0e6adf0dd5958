//! A time promised for a step or for the whole instance.

use serde::{Deserialize, Serialize};

use crate::{Millis, StepId};

use super::Instance;

/// A service level: by when a step, or the whole instance, is to be over. Breaking it moves nothing and stops nothing;
/// it is told, once. A hold does not stop it: who was promised a time waits all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sla {
    /// The step; `None` for the whole instance.
    pub step: Option<StepId>,
    /// By when.
    pub due: Millis,
    /// Whether it was broken.
    pub breached: bool,
}

impl Instance {
    /// Service levels that may still be broken: not broken yet, and what they are about is not over. While it is
    /// being undone only the one of the whole instance counts.
    pub fn open_slas(&self) -> impl Iterator<Item = &Sla> {
        self.slas.iter().filter(|sla| {
            let over = match &sla.step {
                None => false,
                Some(step) => !self.stage.goes_forward() || self.is_over(step),
            };
            !sla.breached && !over && !self.is_terminal()
        })
    }
}
