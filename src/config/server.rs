//! Where the server listens and who may call it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use url::Url;

use super::choice::choice;
use super::key::{Entry, Key};
use super::name;
use super::problem::Code;
use super::reading::Reading;
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

/// Keys of `[server]`.
pub const KEYS: &[Entry] = &[LISTEN.entry(), PUBLIC_URL.entry(), BODY_MAX.entry()];

const DIGEST: Key<TokenDigest> = Key::required(
    "digest",
    "SHA-256 of the token; `amends token create` prints both. The token itself is stored nowhere.",
);
const RIGHTS: Key<Rights> = Key::new(
    "rights",
    "\"read\"",
    "What the token's holder may do: look, or look and send commands.",
);

/// Keys of `[server.tokens.NAME]`.
pub const TOKEN_KEYS: &[Entry] = &[DIGEST.entry(), RIGHTS.entry()];

choice! {
    /// What the holder of a token may do.
    Rights {
        /// Look at everything, change nothing.
        Read = "read",
        /// Look, and send commands.
        Operate = "operate",
    }
}

/// Who may call the API, known by the digest of a bearer token.
#[derive(Debug, Clone)]
pub struct Token {
    /// SHA-256 of the token.
    pub digest: TokenDigest,
    /// What its holder may do.
    pub rights: Rights,
}

/// SHA-256 of a bearer token. Enough for tokens of 256 random bits, which nobody can guess from their digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenDigest(pub [u8; 32]);

/// `[server]`
#[derive(Debug, Clone)]
pub struct Server {
    /// Address and port of everything.
    pub listen: SocketAddr,
    /// How other systems reach this server.
    pub public_url: Option<Url>,
    /// Largest request body.
    pub body_max: Size,
    /// Who may call the API, by the name the journal records as actor.
    pub tokens: BTreeMap<String, Token>,
}

impl Server {
    /// Reads `[server]`.
    pub(super) fn read(root: &Section<'_>) -> Self {
        let section = root.table("server");
        let server = Self {
            listen: section.get(&LISTEN),
            public_url: section.optional(&PUBLIC_URL),
            body_max: section.get(&BODY_MAX),
            tokens: section.each("tokens", name::word, |token| Token {
                digest: token.get(&DIGEST),
                rights: token.get(&RIGHTS),
            }),
        };
        section.end();
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
