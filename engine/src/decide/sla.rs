//! Service levels: set when what they are about begins, told when they are broken.

use crate::event::InstanceEvent;
use crate::{InstanceId, StepId};

use super::draft::Draft;

/// Sets a service level of `sla_ms` from now on.
pub(super) fn set(draft: &mut Draft<'_>, id: &InstanceId, step: Option<&StepId>, sla_ms: Option<i64>) {
    let Some(sla_ms) = sla_ms else { return };
    let due = draft.context.at.plus(sla_ms);
    let step = step.cloned();
    draft.of(id, InstanceEvent::SlaSet { step, due });
}

/// Tells what is broken by now.
pub(super) fn tell(draft: &mut Draft<'_>, id: &InstanceId) {
    let at = draft.context.at;
    let Some(instance) = draft.instance(id) else {
        return;
    };
    let open = instance.open_slas().filter(|sla| sla.due <= at);
    let broken: Vec<_> = open.map(|sla| (sla.step.clone(), sla.due)).collect();
    for (step, due) in broken {
        draft.of(id, InstanceEvent::SlaBreached { step, due });
    }
}
