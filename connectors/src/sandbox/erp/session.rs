//! Sessions: opened by `common.db.login`, presented as `Authorization: Session base64(user:uid:token)`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;

/// The id of the one user.
pub(super) const USER_ID: i64 = 1;

/// The open sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    opened: u64,
    tokens: BTreeSet<String>,
}

impl Sessions {
    pub(super) fn open(&mut self) -> String {
        self.opened += 1;
        let token = format!("{:032x}", self.opened);
        self.tokens.insert(token.clone());
        token
    }

    /// Whether an `Authorization` header names an open session.
    pub(super) fn accepts(&self, authorization: &str) -> bool {
        let Some(encoded) = authorization.strip_prefix("Session ") else {
            return false;
        };
        let decoded = STANDARD
            .decode(encoded.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        decoded.and_then(|text| text.rsplit(':').next().map(|token| self.tokens.contains(token)))
            == Some(true)
    }

    /// Ends every session, as idling does.
    pub(super) fn expire(&mut self) {
        self.tokens.clear();
    }
}
