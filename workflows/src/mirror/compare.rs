//! The comparison.

use amends_engine::Value;

use crate::model::{Code, Order, Standing};

use super::{Comparison, Confirm, Gone, Hint, Mirror, Observation, OwnWrite, Seen, Source, Stop, Why, facts};

/// What there is to compare with.
#[derive(Debug, Clone, Copy)]
struct Known<'a> {
    mirror: Option<&'a Mirror>,
    own: &'a [OwnWrite],
}

/// Compares what was seen of an order with what we knew of it (`None`: nothing) and wrote to it.
pub fn compare(
    mirror: Option<&Mirror>,
    own: &[OwnWrite],
    observation: &Observation,
    confirm: Confirm,
) -> Comparison {
    let at_ms = match observation.source {
        Source::Push { received_ms } => received_ms,
        Source::Read { begun_ms } | Source::Sweep { begun_ms } => begun_ms,
    };
    let mirror = mirror.map(|mirror| mirror.after(own, at_ms));
    let mirror = mirror.as_ref();
    let known = Known { mirror, own };
    if let Some(why) = mirror.and_then(|mirror| foreign(mirror, observation)) {
        return Comparison::StopIngest { why };
    }
    match observation.source {
        Source::Push { received_ms } => {
            if mirror.is_some_and(|mirror| received_ms <= mirror.read_begun_ms) {
                return Comparison::Unchanged;
            }
            push(known, observation, confirm)
        }
        Source::Read { begun_ms } | Source::Sweep { begun_ms } => read(known, observation, begun_ms),
    }
}

fn foreign(mirror: &Mirror, observation: &Observation) -> Option<Stop> {
    let differ = |known: &str, seen: &str| !known.is_empty() && !seen.is_empty() && known != seen;
    if differ(&mirror.site, &observation.site) {
        let (known, seen) = (mirror.site.clone(), observation.site.clone());
        return Some(Stop::OtherSite { known, seen });
    }
    match &observation.seen {
        Seen::Order(order) if differ(&mirror.identity, &order.identity) => Some(Stop::OtherOrder),
        Seen::Order(_) | Seen::Absent(_) | Seen::Bare(_) => None,
    }
}

fn read(known: Known<'_>, observation: &Observation, begun_ms: i64) -> Comparison {
    let mirror = known.mirror;
    if mirror.is_some_and(|mirror| begun_ms < mirror.read_begun_ms) {
        return Comparison::Unchanged;
    }
    let news = match &observation.seen {
        Seen::Order(order) => seen(known, order, &observation.site, Touch::Date),
        Seen::Absent(gone) => absent(mirror, *gone, observation),
        // A look always sees the order or its absence.
        Seen::Bare(_) => return Comparison::NeedsRead { why: Why::Bare },
    };
    match news {
        Comparison::Accept { .. } if mirror.is_some_and(|mirror| begun_ms == mirror.read_begun_ms) => {
            Comparison::NeedsRead { why: Why::Clash }
        }
        Comparison::Accept {
            mut mirror,
            facts,
            subject,
        } => {
            mirror.read_begun_ms = begun_ms;
            Comparison::Accept {
                mirror,
                facts,
                subject,
            }
        }
        other @ (Comparison::Unchanged | Comparison::NeedsRead { .. } | Comparison::StopIngest { .. }) => {
            other
        }
    }
}

fn push(known: Known<'_>, observation: &Observation, confirm: Confirm) -> Comparison {
    let mirror = known.mirror;
    match &observation.seen {
        Seen::Order(order) => pushed(known, order, &observation.site, confirm),
        Seen::Absent(gone) => bare(mirror, Some(*gone), observation, confirm),
        Seen::Bare(hint) => bare(mirror, said(*hint), observation, confirm),
    }
}

fn said(hint: Hint) -> Option<Gone> {
    match hint {
        Hint::Trashed => Some(Gone::Trashed),
        Hint::Deleted => Some(Gone::Deleted),
        Hint::Touched => None,
    }
}

fn bare(
    mirror: Option<&Mirror>,
    gone: Option<Gone>,
    observation: &Observation,
    confirm: Confirm,
) -> Comparison {
    match (gone, confirm) {
        (Some(gone), _) if mirror.is_some_and(|mirror| mirror.gone == gone) => Comparison::Unchanged,
        (Some(gone), Confirm::Impossible) => absent(mirror, gone, observation),
        (None, Confirm::Impossible) => Comparison::Unchanged,
        (_, Confirm::Changes | Confirm::Doubt) => Comparison::NeedsRead { why: Why::Bare },
    }
}

fn pushed(before: Known<'_>, order: &Order, site: &str, confirm: Confirm) -> Comparison {
    let Some(known) = before.mirror else {
        return match confirm {
            Confirm::Changes => Comparison::NeedsRead { why: Why::New },
            Confirm::Doubt | Confirm::Impossible => seen(before, order, site, Touch::Date),
        };
    };
    if known.knows(order, before.own) || is_known_trash(known, order) {
        // Where pushes are believed, the date tells later ones what is old.
        let touch = if confirm == Confirm::Changes {
            Touch::Nothing
        } else {
            Touch::Date
        };
        return seen(before, order, site, touch);
    }
    let odd = odd(known, order);
    match (confirm, odd) {
        (Confirm::Changes, odd) => Comparison::NeedsRead {
            why: odd.unwrap_or(Why::Changed),
        },
        (Confirm::Doubt, Some(why)) => Comparison::NeedsRead { why },
        (Confirm::Impossible, Some(Why::StepBack)) => Comparison::Unchanged,
        (Confirm::Impossible, Some(Why::Returned)) if !is_back(known, order) => Comparison::Unchanged,
        (Confirm::Impossible, Some(Why::Tie)) if !is_further(known, order) => Comparison::Unchanged,
        (Confirm::Doubt | Confirm::Impossible, _) => seen(before, order, site, Touch::Date),
    }
}

fn is_known_trash(known: &Mirror, order: &Order) -> bool {
    known.gone == Gone::Trashed && order.standing() == Standing::Trashed
}

fn odd(known: &Mirror, order: &Order) -> Option<Why> {
    if order.modified_ms < known.modified_ms {
        Some(Why::StepBack)
    } else if known.gone != Gone::Present {
        Some(Why::Returned)
    } else if order.modified_ms == known.modified_ms {
        Some(Why::Tie)
    } else if known
        .refunds
        .keys()
        .any(|id| order.refunds.iter().all(|refund| refund.id != *id))
    {
        Some(Why::RefundVanished)
    } else {
        None
    }
}

/// Whether a push shows that an order left the bin: its date must have moved on. Nothing comes back from deletion.
fn is_back(known: &Mirror, order: &Order) -> bool {
    known.gone == Gone::Trashed && order.modified_ms > known.modified_ms
}

/// Of two contents of one second, whether `order` is the one to keep; the same answer whichever came first.
fn is_further(known: &Mirror, order: &Order) -> bool {
    let Some(content) = &known.content else {
        return true;
    };
    let seen = order.content();
    (rank(&seen.status), order.refunds.len(), seen.digest())
        > (rank(&content.status), known.refunds.len(), content.digest())
}

/// How far along its life an order with this status is; statuses of plugins lie between paid and completed.
fn rank(status: &str) -> u8 {
    match status {
        "checkout-draft" | "auto-draft" | "draft" | "new" => 0,
        "pending" => 1,
        "failed" => 2,
        "on-hold" => 3,
        "processing" => 4,
        "completed" => 6,
        "cancelled" => 7,
        "refunded" => 8,
        "trash" => 9,
        _ => 5,
    }
}

/// What to remember of a look that found nothing new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Touch {
    Nothing,
    Date,
}

/// Believes that the order is as seen.
fn seen(before: Known<'_>, order: &Order, site: &str, touch: Touch) -> Comparison {
    let Known { mirror, own } = before;
    let known_trash = mirror.is_some_and(|known| is_known_trash(known, order));
    if let Some(known) = mirror.filter(|known| known.knows(order, own) || known_trash) {
        let later = order.modified_ms > known.modified_ms;
        let unlanded = known
            .content
            .as_ref()
            .is_some_and(|content| content.status != order.status);
        if touch == Touch::Nothing || !later || unlanded {
            return Comparison::Unchanged;
        }
        let mirror = Box::new(Mirror {
            modified_ms: order.modified_ms,
            ..known.clone()
        });
        return Comparison::Accept {
            mirror,
            facts: Vec::new(),
            subject: None,
        };
    }
    if order.standing() == Standing::Trashed {
        return trashed(mirror, order, site);
    }
    let next = next(mirror, order, site);
    let subject = next.placed.then(|| subject(mirror, order));
    let facts = if next.placed {
        facts::of(mirror, order)
    } else {
        Vec::new()
    };
    Comparison::Accept {
        mirror: Box::new(next),
        facts,
        subject,
    }
}

fn next(mirror: Option<&Mirror>, order: &Order, site: &str) -> Mirror {
    let mut next = Mirror::of(order, site);
    if let Some(known) = mirror {
        next.placed |= known.placed;
        next.read_begun_ms = known.read_begun_ms;
        if next.site.is_empty() {
            next.site.clone_from(&known.site);
        }
        if next.identity.is_empty() {
            next.identity.clone_from(&known.identity);
        }
    }
    next
}

/// What the shop shows of an order in the bin is set aside until it comes back; what we knew stays known.
fn trashed(mirror: Option<&Mirror>, order: &Order, site: &str) -> Comparison {
    let mut next = mirror
        .cloned()
        .unwrap_or_else(|| Mirror::absent(Gone::Trashed, site));
    next.gone = Gone::Trashed;
    next.modified_ms = order.modified_ms.max(next.modified_ms);
    if next.identity.is_empty() {
        next.identity.clone_from(&order.identity);
    }
    Comparison::Accept {
        mirror: Box::new(next),
        facts: vec![facts::gone(Gone::Trashed, order.id)],
        subject: None,
    }
}

fn absent(mirror: Option<&Mirror>, gone: Gone, observation: &Observation) -> Comparison {
    let mut next = mirror
        .cloned()
        .unwrap_or_else(|| Mirror::absent(Gone::Present, &observation.site));
    if next.gone == gone {
        return Comparison::Unchanged;
    }
    next.gone = gone;
    Comparison::Accept {
        mirror: Box::new(next),
        facts: vec![facts::gone(gone, observation.order)],
        subject: None,
    }
}

/// The order as expressions see it. What "had already happened when first seen" is said at first sight only.
fn subject(mirror: Option<&Mirror>, order: &Order) -> Value {
    if mirror.is_none_or(|known| !known.placed) {
        return order.to_value();
    }
    let mut order = order.clone();
    order.findings.retain(|finding| {
        !matches!(
            finding.code,
            Code::CancelledBeforeStart | Code::RefundedBeforeStart
        )
    });
    order.to_value()
}
