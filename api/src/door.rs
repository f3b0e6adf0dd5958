//! Who may hand something in: the question put to whoever knows the secrets.

use amends_runtime::Arrival;

/// Something that knocks: a request with its raw body.
#[derive(Debug, Clone, Copy)]
pub struct Knock<'a> {
    /// The shop or connector in the path.
    pub name: &'a str,
    /// The headers as they came, names in lower case; values that are not text are left out.
    pub headers: &'a [(String, String)],
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// What becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It is genuine: keep it durably, then answer 200.
    Accept(Arrival),
    /// Nothing to keep: answer 200 at once (a ping when a webhook is made).
    Nothing {
        /// For the sender.
        note: String,
    },
    /// It is not let in.
    Refuse {
        /// Why, as a class.
        why: Refused,
        /// What the sender should do, in a sentence.
        detail: String,
    },
}

/// Why something is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// No shop or connector of that name is configured, or it takes nothing: 404.
    Unknown,
    /// It carries no signature: 401.
    Unsigned,
    /// Its signature fits no secret: 401.
    BadSignature,
}

/// Looks at what arrives before anything is kept. It reads only what it is given and answers at once.
pub trait Door: Send + Sync + 'static {
    /// A delivery at `POST /hooks/woocommerce/{shop}`.
    fn hook(&self, knock: &Knock<'_>) -> Admission;
    /// A callback at `POST /callbacks/{connector}`.
    fn callback(&self, knock: &Knock<'_>) -> Admission;
}
