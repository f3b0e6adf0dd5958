//! Ends: what is left over is named before an instance ends.

use std::collections::BTreeMap;

use crate::InstanceId;
use crate::definition::Form;
use crate::event::{Event, InstanceEvent};
use crate::instance::{Place, SkipReason};
use crate::ledger::{Account, Currency, Line, Phase, Posting};
use crate::root::{Debtor, Nature, Obligation, cause};

use super::draft::Draft;
use super::forward;

/// All steps are over.
pub(super) fn complete(draft: &mut Draft<'_>, id: &InstanceId) {
    let debt = draft.instance(id).is_some_and(|instance| instance.only.is_some());
    if debt {
        draft.close_incidents(|incident| incident.instance.as_ref() == Some(id));
    } else {
        name_leftovers(draft);
    }
    draft.of(id, InstanceEvent::Completed);
}

/// Everything that landed is undone: what was agreed and not invoiced is cancelled.
pub(super) fn compensated(draft: &mut Draft<'_>, id: &InstanceId) {
    if draft.instance(id).is_some_and(|instance| instance.only.is_none()) {
        let postings = cancelled(draft);
        if !postings.is_empty() {
            draft.emit(Event::Posted {
                postings,
                reason: "cancelled before it was invoiced".to_owned(),
            });
        }
        name_leftovers(draft);
    }
    name_adopted(draft, id);
    draft.of(id, InstanceEvent::Compensated);
}

fn cancelled(draft: &Draft<'_>) -> Vec<Posting> {
    let ledger = &draft.root.ledger;
    let money = ledger.currencies().into_iter().map(|currency| {
        let landed = |account| ledger.money(account, currency).landed;
        let rest = landed(Account::Agreed) - landed(Account::CancelledUninvoiced) - landed(Account::Invoiced);
        (
            Account::CancelledUninvoiced,
            Line::Money {
                currency,
                tender: None,
            },
            rest,
        )
    });
    let stock = ledger.articles().into_iter().map(|article| {
        let landed = |account| ledger.units(account, article).landed;
        let rest = landed(Account::Ordered) - landed(Account::Shipped) - landed(Account::CancelledUnits);
        (
            Account::CancelledUnits,
            Line::Stock {
                sku: article.to_owned(),
            },
            rest,
        )
    });
    money
        .chain(stock)
        .filter(|(_, _, rest)| *rest > 0)
        .map(|(account, line, amount)| Posting {
            account,
            line,
            amount,
            phase: Phase::Landed,
        })
        .collect()
}

/// Whatever does not add up at rest is an obligation somebody is named for.
pub(super) fn name_leftovers(draft: &mut Draft<'_>) {
    for imbalance in draft.root.ledger.imbalances() {
        let rest = match imbalance.currency {
            Some(currency) => name_due(draft, currency, imbalance.difference - owed(draft, currency)),
            None => imbalance.difference,
        };
        if rest == 0 {
            continue;
        }
        let debtor = match imbalance.currency {
            Some(_) if rest > 0 => Debtor::Shop,
            Some(_) => Debtor::Buyer,
            None => Debtor::Unsettled,
        };
        let reason = format!(
            "at the end, {} is off by {} for {}",
            imbalance.rule, imbalance.difference, imbalance.line
        );
        draft.oblige(
            Nature::Discrepancy,
            debtor,
            rest.abs(),
            imbalance.currency,
            reason,
        );
    }
}

/// What is missing and was agreed to be paid later is a receivable, and nothing is wrong with it; gives what is left over.
fn name_due(draft: &mut Draft<'_>, currency: Currency, rest: i64) -> i64 {
    let agreed = draft.root.ledger.money(Account::Due, currency).landed;
    let due = rest.saturating_neg().min(agreed - receivable(draft, currency));
    if due <= 0 {
        return rest;
    }
    let reason = "it was agreed to deliver first: the buyer, or the carrier who collects, pays the invoice";
    draft.oblige(
        Nature::Receivable,
        Debtor::Buyer,
        due,
        Some(currency),
        reason.to_owned(),
    );
    rest + due
}

/// Receivables that are named already, open or waived.
fn receivable(draft: &Draft<'_>, currency: Currency) -> i64 {
    named(draft, currency)
        .filter(|obligation| obligation.nature == Nature::Receivable)
        .map(|obligation| obligation.amount)
        .sum()
}

/// What named obligations, open or waived, already cover: positive is owed by the shop.
fn owed(draft: &Draft<'_>, currency: Currency) -> i64 {
    named(draft, currency)
        .map(|obligation| match obligation.debtor {
            Debtor::Shop => obligation.amount,
            Debtor::Buyer => -obligation.amount,
            Debtor::Unsettled => 0,
        })
        .sum()
}

fn named<'d>(draft: &'d Draft<'_>, currency: Currency) -> impl Iterator<Item = &'d Obligation> {
    let (open, waived) = (&draft.root.obligations, &draft.root.waived);
    open.values()
        .chain(waived.values())
        .filter(move |obligation| obligation.currency == Some(currency))
}

fn name_adopted(draft: &mut Draft<'_>, id: &InstanceId) {
    let Some(instance) = draft.instance(id) else {
        return;
    };
    let adopted: Vec<(Place, String)> = instance
        .runs
        .iter()
        .filter_map(|(place, run)| {
            let landing = run.landing().filter(|landing| landing.adopted)?;
            Some((place.clone(), landing.reference.clone()?))
        })
        .collect();
    for (place, reference) in adopted {
        let message = format!(
            "{reference} was not made by this order's run and was left as it is; cancel it there if it must go"
        );
        draft.incident(Some(id), Some(&place), cause::ADOPTED, message);
    }
}

/// A step that is not critical did not happen: the order goes on, and what is owed becomes a debt.
pub(super) fn skip_as_debt(draft: &mut Draft<'_>, id: &InstanceId, place: &Place, message: &str) {
    let skipped = InstanceEvent::Skipped {
        place: place.clone(),
        reason: SkipReason::Debt,
        commits: false,
        key: None,
    };
    draft.of(id, skipped);
    let Some(step) = draft
        .step(id, &place.step)
        .filter(|step| matches!(step.form, Form::Call(_)))
    else {
        return;
    };
    let Some(instance) = draft.instance(id).cloned() else {
        return;
    };
    let debt = InstanceId::keyed(&draft.root.key, &instance.workflow, &format!("debt/{place}"));
    if draft.instance(&debt).is_some() {
        return;
    }
    let element = forward::element(draft, id, &step, place);
    let started = InstanceEvent::Started {
        workflow: instance.workflow,
        definition: instance.definition,
        only: Some(place.clone()),
        routes: instance.routes,
        settings: instance.settings,
    };
    draft.of(&debt, started);
    if let (Some(item), Some((_, value))) = (&place.item, element) {
        let opened = InstanceEvent::FanOpened {
            step: step.id.clone(),
            items: BTreeMap::from([(item.clone(), value)]),
            deadline: None,
        };
        draft.of(&debt, opened);
    }
    let text = format!("{} was skipped and is still owed: {message}", step.title);
    draft.incident(Some(&debt), Some(place), cause::DEBT, text);
}
