//! Where the server listens and who may call it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use chrono::NaiveDate;
use url::Url;

use super::choice::choice;
use super::key::{Entry, Key};
use super::name;
use super::path::ExistingFile;
use super::problem::Code;
use super::reading::Reading;
use super::routing::{Day, ShopName};
use super::section::Section;
use super::setting::{Mistake, Node, Setting, quoted};
use super::size::Size;

const LISTEN: Key<SocketAddr> = Key::new(
    "listen",
    "\"127.0.0.1:7411\"",
    "Address and port of everything: webhooks, callbacks, API and console. An address that other machines can reach needs a token.",
);
const PUBLIC_URL: Key<Url> = Key::optional(
    "public_url",
    "`http://` and the address listened on",
    "How other systems reach this server; it is printed and given to warehouses as their callback address.",
);
const BODY_MAX: Key<Size> = Key::new(
    "body_max",
    "\"2MiB\"",
    "Largest request body; a larger one is refused unread. An order of 500 lines is about 600 KiB.",
)
.within(16 << 10, 64 << 20);

const CERTIFICATE: Key<ExistingFile> = Key::required(
    "certificate",
    "The certificate with its chain, PEM. Read at start: start again after it was renewed.",
);
const PRIVATE_KEY: Key<ExistingFile> =
    Key::required("key", "Its private key, PEM; readable by the server's user only.");

/// Keys of `[server.tls]`.
pub const TLS_KEYS: &[Entry] = &[CERTIFICATE.entry(), PRIVATE_KEY.entry()];

/// Keys of `[server]`.
pub const KEYS: &[Entry] = &[LISTEN.entry(), PUBLIC_URL.entry(), BODY_MAX.entry()];

const DIGEST: Key<TokenDigest> = Key::required(
    "digest",
    "SHA-256 of the token; `amends token create` prints both. The token itself is stored nowhere.",
);
const ROLE: Key<Role> = Key::new(
    "role",
    "\"viewer\"",
    "What the token's holder is here for; docs/api.md has what each role may do.",
);
const SHOPS: Key<Vec<ShopName>> = Key::new(
    "shops",
    "[]",
    "Shops whose orders the holder sees; empty for all. Others do not exist for the holder.",
);
const EXPIRES: Key<Day> = Key::optional(
    "expires",
    "never",
    "First day (UTC) on which the token is no longer accepted.",
);

/// Keys of `[server.tokens.NAME]`.
pub const TOKEN_KEYS: &[Entry] = &[DIGEST.entry(), ROLE.entry(), SHOPS.entry(), EXPIRES.entry()];

choice! {
    /// What the holder of a token is here for.
    Role {
        /// Looks at everything but personal data.
        Viewer = "viewer",
        /// Moves orders.
        Support = "support",
        /// Decides about money that is left over, and reads the audit trail.
        Finance = "finance",
        /// Everything.
        Admin = "admin",
    }
}

/// Who may call the API, known by the digest of a bearer token.
#[derive(Debug, Clone)]
pub struct Token {
    /// SHA-256 of the token.
    pub digest: TokenDigest,
    /// What its holder is here for.
    pub role: Role,
    /// Shops it shows; all when empty.
    pub shops: Vec<String>,
    /// First day (UTC) on which it is no longer accepted.
    pub expires: Option<NaiveDate>,
}

/// SHA-256 of a bearer token. Enough for tokens of 256 random bits, which nobody can guess from their digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenDigest(pub [u8; 32]);

/// Where the server's own certificate is.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The chain, PEM.
    pub certificate: ExistingFile,
    /// The private key, PEM.
    pub key: ExistingFile,
}

/// `[server]`
#[derive(Debug, Clone)]
pub struct Server {
    /// Address and port of everything.
    pub listen: SocketAddr,
    /// How other systems reach this server.
    pub public_url: Option<Url>,
    /// Largest request body.
    pub body_max: Size,
    /// The server's own certificate; without it a proxy encrypts.
    pub tls: Option<Tls>,
    /// Who may call the API, by the name the journal records as actor.
    pub tokens: BTreeMap<String, Token>,
}

impl Tls {
    fn read(server: &Section<'_>) -> Option<Self> {
        let section = server.table("tls");
        let tls = section.is_present().then(|| Self {
            certificate: section.get(&CERTIFICATE),
            key: section.get(&PRIVATE_KEY),
        });
        section.end();
        tls
    }
}

impl Server {
    /// Reads `[server]`.
    pub(super) fn read(root: &Section<'_>) -> Self {
        let section = root.table("server");
        let server = Self {
            listen: section.get(&LISTEN),
            public_url: section.optional(&PUBLIC_URL),
            body_max: section.get(&BODY_MAX),
            tls: Tls::read(&section),
            tokens: section.each("tokens", name::word, |token| Token {
                digest: token.get(&DIGEST),
                role: token.get(&ROLE),
                shops: token.get(&SHOPS).into_iter().map(|shop| shop.0).collect(),
                expires: token.optional(&EXPIRES).map(|day| day.0),
            }),
        };
        section.end();
        server.check_plain(&section);
        if server.is_reachable() && server.tokens.is_empty() {
            section.refuse(
                &LISTEN,
                Mistake::new(
                    Code::OpenServer,
                    format!("{} can be reached from other machines, and no token protects it", server.listen),
                    "make one with `amends token create` and add its [server.tokens.NAME], or listen on 127.0.0.1",
                ),
            );
        }
        server
    }

    /// Warns where tokens would cross a network unencrypted.
    fn check_plain(&self, section: &Section<'_>) {
        let proxied = self
            .public_url
            .as_ref()
            .is_some_and(|url| url.scheme() == "https");
        if self.is_reachable() && !self.tokens.is_empty() && self.tls.is_none() && !proxied {
            section.warn(
                &LISTEN,
                Mistake::new(
                    Code::PlainHttp,
                    format!("tokens sent to {} can be read on the way", self.listen),
                    "give [server.tls], or `public_url` the https address of the proxy in front",
                ),
            );
        }
    }

    /// Whether other machines can reach the address listened on.
    pub fn is_reachable(&self) -> bool {
        !self.listen.ip().is_loopback()
    }

    /// Refuses secrets written into a document whose server others can reach.
    pub(super) fn check_literals(&self, reading: &Reading<'_>) {
        if self.is_reachable() {
            reading.refuse_literals(
                0,
                "the server listens on an address that other machines can reach",
            );
        }
    }
}

impl Setting for TokenDigest {
    const KIND: &'static str = "`sha256:` and 64 hexadecimal digits";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let text = node.text("the digest in quotes: \"sha256:...\"")?;
        let digest = text.strip_prefix("sha256:").and_then(unhex);
        digest.map(Self).ok_or_else(|| {
            // Somebody may have pasted the token instead.
            node.reading.veil(node.bytes.clone());
            Mistake::new(
                Code::BadValue,
                "this is not the digest of a token",
                "write \"sha256:\" and the 64 digits that `amends token create` printed, never the token",
            )
        })
    }

    fn blank() -> Self {
        Self([0; 32])
    }

    fn show(&self) -> String {
        let hex: Vec<_> = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        quoted(&format!("sha256:{}", hex.concat()))
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(digest)
}
