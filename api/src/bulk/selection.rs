//! Which orders a bulk command is for.

use amends_runtime::find::{self, Bounds, Filter, Query, Sort};
use amends_runtime::{State, Summary};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::limits::{BULK_ORDERS_MAX, PAGE_MAX};
use crate::problem::{Code, Problem};
use crate::role::Shops;
use crate::state::App;

/// What orders are narrowed by; at least one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BulkFilter)]
pub struct Selection {
    /// Where they stand
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(idle|moving|stuck|completed|compensated|closed)$")]
    pub state: Option<String>,
    /// The cause of an open incident, such as `rejected`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The shop
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop: Option<String>,
}

impl Selection {
    /// The orders, each once.
    pub(crate) fn orders(&self, app: &App, shops: &Shops) -> Result<Vec<Summary>, Problem> {
        if *self == Self::default() {
            let detail =
                "name a state, a cause or a shop in `filter`: a command to every order is never meant";
            return Err(Problem::new(Code::TooManyOrders, detail));
        }
        let mut query = Query {
            filter: self.filter(shops)?,
            sort: Sort::Oldest,
            after: None,
            limit: PAGE_MAX,
        };
        let mut found: Vec<Summary> = Vec::new();
        loop {
            let page = find::orders(&app.setup.reader, &query, Bounds::default())?;
            found.extend(page.orders);
            if found.len() > BULK_ORDERS_MAX {
                let detail =
                    format!("more than {BULK_ORDERS_MAX} orders fit: narrow the filter, by shop or cause");
                return Err(Problem::new(Code::TooManyOrders, detail));
            }
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        found.sort_by(|one, other| one.root.cmp(&other.root));
        found.dedup_by(|one, other| one.root == other.root);
        Ok(found)
    }

    fn filter(&self, shops: &Shops) -> Result<Filter, Problem> {
        let state = self.state.as_deref().map(|name| {
            State::named(name).ok_or_else(|| {
                let names = State::ALL.map(State::name).join(", ");
                Problem::new(
                    Code::BadQuery,
                    format!("`state={name}` is none: write one of {names}"),
                )
            })
        });
        Ok(Filter {
            state: state.transpose()?,
            cause: self.cause.clone(),
            shop: self.shop.clone(),
            shops: shops.names(),
            ..Filter::default()
        })
    }
}
