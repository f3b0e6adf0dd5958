//! The server: everything the other crates offer, put together as the configuration says.

pub mod book;
pub mod callback;
pub mod connectors;
pub mod door;
pub mod identity;
pub mod interpreter;
pub mod performer;
pub mod reader;
pub mod run;
pub mod shop;
pub mod sweep;

pub use run::{Server, StartError, Tests, start};

/// A token of the configuration, as the API knows tokens.
pub(crate) fn token(name: &str, token: &crate::config::server::Token) -> amends_api::token::Token {
    use crate::config::server;
    use amends_api::token::Rights;
    amends_api::token::Token {
        name: name.to_owned(),
        digest: amends_engine::Digest(token.digest.0),
        rights: match token.rights {
            server::Rights::Read => Rights::Read,
            server::Rights::Operate => Rights::Operate,
        },
        created_ms: 0,
    }
}
