//! The facts that a look at an order proves.

use amends_engine::fact::Fact;
use amends_engine::ledger::{Account, Currency, Line, Phase, Posting};
use amends_engine::{Digest, FactName, Value};

use crate::model::{Clearance, Order, Standing, TakenBy};

use super::changes::changes;
use super::{Gone, Mirror};

/// Everything `order` proves, in the order in which it must be recorded: what was agreed before what was paid,
/// what was paid before what went back.
pub(super) fn of(mirror: Option<&Mirror>, order: &Order) -> Vec<Fact> {
    let standing = order.standing();
    let known = mirror.filter(|known| known.placed);
    let vanished = known.into_iter().flat_map(|known| vanished(known, order));
    let ended = match standing {
        Standing::Cancelled => Some(cancelled(order)),
        Standing::Refunded => Some(fact(
            "order.refunded",
            order.id.to_string(),
            Value::map::<&str>([]),
        )),
        Standing::Open | Standing::Unplaced | Standing::Trashed => None,
    };
    let back = mirror.filter(|known| known.gone != Gone::Present);
    [placed(order)]
        .into_iter()
        .chain(order.clearance().map(|why| cleared(order, why)))
        .chain(known.and_then(|known| edited(known, order)))
        .chain(
            order
                .refunds
                .iter()
                .map(|refund| refund_recorded(order, refund.id, refund.amount_minor)),
        )
        .chain(vanished)
        .chain(ended)
        .chain(back.map(|_| fact("order.restored", order.id.to_string(), Value::map::<&str>([]))))
        .collect()
}

/// That the order is no longer among the shop's orders.
pub(super) fn gone(gone: Gone, order: i64) -> Fact {
    let name = match gone {
        Gone::Trashed => "order.trashed",
        Gone::Deleted => "order.vanished",
        Gone::Present => "order.restored",
    };
    fact(name, order.to_string(), Value::map::<&str>([]))
}

/// That an order may be the order `earlier` (its root) once more, placed `apart_ms` after it.
pub fn duplicate(earlier: &str, apart_ms: i64) -> Fact {
    let id = earlier.rsplit(':').next().unwrap_or(earlier);
    let payload = Value::map([("order", Value::text(earlier)), ("apart_ms", apart_ms.into())]);
    fact("order.duplicate", id, payload)
}

fn fact(name: &str, id: impl Into<String>, payload: Value) -> Fact {
    Fact {
        name: FactName::new(name),
        id: id.into(),
        payload,
        postings: Vec::new(),
    }
}

fn placed(order: &Order) -> Fact {
    let payload = Value::map([
        ("total_minor", order.total_minor.into()),
        ("currency", Value::text(&order.currency)),
        ("modified_ms", order.modified_ms.into()),
    ]);
    let mut postings: Vec<Posting> = [
        money(order, Account::Agreed, order.total_minor, None, Phase::Landed),
        money(
            order,
            Account::Rounding,
            order.rounding_minor,
            None,
            Phase::Landed,
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    for line in order
        .lines
        .iter()
        .filter(|line| line.quantity > 0 && !line.sku.is_empty())
    {
        let article = Line::Stock {
            sku: line.sku.clone(),
        };
        match postings.iter_mut().find(|posting| posting.line == article) {
            Some(posting) => posting.amount = posting.amount.saturating_add(line.quantity),
            None => postings.push(Posting {
                account: Account::Ordered,
                line: article,
                amount: line.quantity,
                phase: Phase::Landed,
            }),
        }
    }
    Fact {
        postings,
        ..fact("order.placed", order.id.to_string(), payload)
    }
}

/// A posting of money; none for nothing, for an amount below nothing, or in a currency that nobody knows: such
/// orders are held by a finding.
fn money(
    order: &Order,
    account: Account,
    amount: i64,
    tender: Option<&str>,
    phase: Phase,
) -> Option<Posting> {
    let currency = Currency::parse(&order.currency)?;
    let tender = tender.map(str::to_owned);
    (amount > 0).then_some(Posting {
        account,
        line: Line::Money { currency, tender },
        amount,
        phase,
    })
}

fn cleared(order: &Order, why: Clearance) -> Fact {
    let gateway = &order.payment.gateway;
    let taken = match gateway.taken_by {
        TakenBy::ShopCaptured => (Account::Captured, Phase::Open),
        TakenBy::ShopAuthorised => (Account::Authorized, Phase::Open),
        TakenBy::Offline => (Account::Captured, Phase::Landed),
    };
    let posting = match why {
        Clearance::Paid => money(order, taken.0, order.total_minor, Some(&gateway.tender), taken.1),
        Clearance::Terms => money(order, Account::Due, order.total_minor, None, Phase::Landed),
        Clearance::ZeroTotal => None,
    };
    let payload = Value::map([("reason", why.as_str())].map(|(name, why)| (name, Value::text(why))));
    Fact {
        postings: posting.into_iter().collect(),
        ..fact("order.cleared", order.id.to_string(), payload)
    }
}

fn refund_recorded(order: &Order, id: i64, amount_minor: i64) -> Fact {
    let payload = Value::map([
        ("amount_minor", amount_minor.into()),
        ("currency", Value::text(&order.currency)),
    ]);
    let tender = &order.payment.gateway.tender;
    let posting = money(order, Account::Refunded, amount_minor, Some(tender), Phase::Open);
    Fact {
        postings: posting.into_iter().collect(),
        ..fact("refund.recorded", id.to_string(), payload)
    }
}

fn vanished(known: &Mirror, order: &Order) -> Vec<Fact> {
    let still = |id: &i64| order.refunds.iter().any(|refund| refund.id == *id);
    known
        .refunds
        .keys()
        .filter(|id| !still(id))
        .map(|id| fact("refund.vanished", id.to_string(), Value::map::<&str>([])))
        .collect()
}

fn cancelled(order: &Order) -> Fact {
    let was_paid = order.clearance() == Some(Clearance::Paid);
    let cancelled = fact(
        "order.cancelled",
        order.id.to_string(),
        Value::map([("was_paid", was_paid.into())]),
    );
    Fact {
        postings: money(
            order,
            Account::CancelledUninvoiced,
            order.total_minor,
            None,
            Phase::Landed,
        )
        .into_iter()
        .collect(),
        ..cancelled
    }
}

/// An edit is named after what was, what is and when, so that a change, its withdrawal and the same change once
/// more are three edits.
fn edited(known: &Mirror, order: &Order) -> Option<Fact> {
    let before = known.content.as_ref()?;
    let after = order.content();
    let changes = changes(known, order);
    if changes.is_empty() {
        return None;
    }
    let name = format!("{}{}{}", before.digest(), after.digest(), order.modified_ms);
    let id = format!("{:016x}", Digest::of(name.as_bytes()).leading_u64());
    let payload = Value::map([
        ("changes", Value::List(changes)),
        ("total_before_minor", known.total_minor.into()),
        ("total_after_minor", order.total_minor.into()),
    ]);
    Some(fact("order.edited", id, payload))
}
