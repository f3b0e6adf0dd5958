//! The server: everything the other crates offer, put together as the configuration says.

pub(crate) mod backup;
pub mod book;
mod breaker;
pub mod callback;
pub mod connectors;
pub mod door;
pub mod full_compare;
pub mod identity;
pub mod interpreter;
pub mod lookout;
pub mod metrics;
pub mod notify;
pub mod patrol;
pub mod performer;
pub mod reader;
pub(crate) mod retention;
pub mod run;
pub mod shop;
pub mod sweep;

pub use run::{Server, StartError, Tests, start};

/// A token of the configuration, as the API knows tokens.
pub(crate) fn token(name: &str, token: &crate::config::server::Token) -> amends_api::token::Token {
    use crate::config::server;
    use amends_api::role::Role;
    amends_api::token::Token {
        name: name.to_owned(),
        digest: amends_engine::Digest(token.digest.0),
        role: match token.role {
            server::Role::Viewer => Role::Viewer,
            server::Role::Support => Role::Support,
            server::Role::Finance => Role::Finance,
            server::Role::Admin => Role::Admin,
        },
        shops: token.shops.clone(),
        created_ms: 0,
        created_by: String::new(),
        expires_ms: token
            .expires
            .map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()),
    }
}

/// What the configuration calls sensitive, as the API knows it.
pub(crate) fn sensitive(configured: &crate::config::Sensitive) -> amends_api::sensitive::Sensitive {
    use amends_api::role::{Act, Role};
    let commands = configured.commands.iter();
    let limits = [
        (Role::Support, &configured.support),
        (Role::Finance, &configured.finance),
        (Role::Admin, &configured.admin),
    ];
    let limits = limits.into_iter().filter(|(_, limits)| !limits.is_empty());
    amends_api::sensitive::Sensitive {
        commands: commands
            .filter_map(|command| Act::of_command(command.as_str()))
            .collect(),
        limits: limits
            .map(|(role, limits)| {
                let limits = limits.iter();
                let limits = limits.map(|(currency, limit)| (currency.clone(), i64::from(*limit)));
                (role, limits.collect())
            })
            .collect(),
    }
}
