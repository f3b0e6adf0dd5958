//! The preview of a job: every order is asked what the command would do to it.

use amends_engine::RootKey;
use futures::future::try_join_all;

use super::{Each, Item, Outcome, Selection};
use crate::auth::Caller;
use crate::limits::BULK_AT_ONCE;
use crate::problem::Problem;
use crate::role::Act;
use crate::routes::commands::Wished;
use crate::sensitive::amounts;
use crate::state::App;

/// What `each` would do to the orders of `selection` that the caller sees.
pub(crate) async fn plan(
    app: &App,
    caller: &Caller,
    selection: &Selection,
    each: &Each,
) -> Result<Vec<Item>, Problem> {
    let act = each.act()?;
    let (selection, shops) = (selection.clone(), caller.shops.clone());
    let found = app.read(move |app| selection.orders(app, &shops)).await?;
    let mut items = Vec::with_capacity(found.len());
    for some in found.chunks(BULK_AT_ONCE) {
        let looked = some.iter().map(|order| look(app, caller, act, &order.root, each));
        items.extend(try_join_all(looked).await?);
    }
    Ok(items)
}

async fn look(app: &App, caller: &Caller, act: Act, root: &str, each: &Each) -> Result<Item, Problem> {
    let wished = Wished {
        caller: caller.clone(),
        act,
        key: RootKey::new(root),
        wish: each.wish(each.reason.clone(), None),
    };
    match wished.preview(app).await {
        Ok((aim, preview)) => Ok(Item {
            root: root.to_owned(),
            revision: preview.revision,
            frames: aim.root.sequence,
            calls: u32::try_from(preview.effects.len()).unwrap_or(u32::MAX),
            amounts: amounts(&aim.root.ledger, &preview.ledger, act),
            outcome: Outcome::Planned,
        }),
        Err(problem) if problem.status < 500 => Ok(Item {
            root: root.to_owned(),
            revision: 0,
            frames: 0,
            calls: 0,
            amounts: [].into(),
            outcome: refused(&problem),
        }),
        Err(problem) => Err(problem),
    }
}

/// A refusal as it is kept.
pub(super) fn refused(problem: &Problem) -> Outcome {
    Outcome::Refused {
        code: problem.code.to_string(),
        detail: problem.detail.clone(),
    }
}
