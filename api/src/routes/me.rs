//! Who the token belongs to, and what it may do.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::role::{Act, Role, Shops, may};

/// The holder of the token of this request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Me {
    name: String,
    role: Role,
    /// The shops it shows; nothing for all.
    shops: Option<Vec<String>>,
    /// What its holder may do: acts of the table in docs/api.md.
    may: Vec<&'static str>,
}

/// Who the token belongs to
#[utoipa::path(get, path = "/me", tag = "people", responses((status = 200, body = Me)))]
pub(crate) async fn show(caller: Caller) -> Json<Me> {
    let acts = Act::ALL.iter();
    let acts = acts.filter(|act| may(caller.role, &caller.shops, **act).is_ok());
    Json(Me {
        role: caller.role,
        may: acts.map(|act| act.name()).collect(),
        shops: match caller.shops {
            Shops::All => None,
            Shops::Only(shops) => Some(shops.into_iter().collect()),
        },
        name: caller.name,
    })
}
