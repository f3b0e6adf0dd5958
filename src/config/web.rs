//! Addresses: what the server listens on and what it calls.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use super::problem::Code;
use super::setting::{Mistake, Node, Setting, quoted};

/// Whether `url` can only mean this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Whether credentials sent to `url` could be read on the way.
pub fn is_plain(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

impl Setting for SocketAddr {
    const KIND: &'static str = "address and port (`127.0.0.1:7411`, `[::]:443`)";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let wanted = "an IP address and a port: \"127.0.0.1:7411\"";
        let text = node.text(wanted)?;
        text.parse().map_err(|_| {
            Mistake::new(
                Code::BadValue,
                format!("`{text}` is not an address to listen on"),
                format!("write {wanted}"),
            )
        })
    }

    fn blank() -> Self {
        Self::new(IpAddr::from([127, 0, 0, 1]), 0)
    }

    fn show(&self) -> String {
        quoted(&self.to_string())
    }
}

impl Setting for Url {
    const KIND: &'static str = "URL";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let wanted = "a URL with its scheme: \"https://shop.example\"";
        let text = node.text(wanted)?;
        let bad = |why: String| Mistake::new(Code::BadValue, why, format!("write {wanted}"));
        let url = Self::parse(text).map_err(|error| {
            node.reading.veil(node.bytes.clone());
            bad(format!("this is not a URL: {error}"))
        })?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(bad(format!("`{}` is not a web address", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            node.reading.veil(node.bytes.clone());
            return Err(Mistake::new(
                Code::SecretForm,
                "a URL must not carry a user name or password",
                "take them out of the URL and give them as secrets",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            node.reading.veil(node.bytes.clone());
            return Err(bad("a base URL has no query and no fragment".to_owned()));
        }
        Ok(url)
    }

    fn blank() -> Self {
        Self::parse("http://127.0.0.1").expect("a constant URL")
    }

    fn show(&self) -> String {
        quoted(self.as_str())
    }
}
