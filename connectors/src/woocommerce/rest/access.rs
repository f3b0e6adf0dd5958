//! Where a shop is and how we may enter.

use std::fmt;
use std::time::Duration;

use reqwest::Url;

/// Address and keys of one shop.
#[derive(Clone)]
pub struct Access {
    /// The shop's home page, for example `https://shop.example`.
    pub site: String,
    /// Consumer key, `ck_…`.
    pub key: String,
    /// Consumer secret, `cs_…`.
    pub secret: String,
    /// Longest wait for one whole answer.
    pub timeout: Duration,
}

/// Keys never show.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("site", &self.site)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Why no client can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The site is no URL.
    #[error("the shop's site \"{site}\" is not a URL ({why}); write it like https://shop.example")]
    Site {
        /// As configured.
        site: String,
        /// What the parser says.
        why: String,
    },
    /// The site has no TLS, so that WooCommerce would ignore the keys and everybody between could read them.
    #[error(
        "the shop's site \"{site}\" is not https; WooCommerce takes keys over TLS only (http works on loopback)"
    )]
    Insecure {
        /// As configured.
        site: String,
    },
    /// TLS could not be set up.
    #[error("the HTTP client cannot be made: {0}")]
    Client(String),
}

impl Access {
    /// Where `wc/v3` begins.
    pub(super) fn base(&self) -> Result<Url, AccessError> {
        let wrong = |why: String| AccessError::Site {
            site: self.site.clone(),
            why,
        };
        let site = Url::parse(self.site.trim_end_matches('/')).map_err(|error| wrong(error.to_string()))?;
        let host = site.host_str().ok_or_else(|| wrong("it names no host".into()))?;
        let loopback = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
        if site.scheme() != "https" && !(loopback && site.scheme() == "http") {
            return Err(AccessError::Insecure {
                site: self.site.clone(),
            });
        }
        let path = format!("{}/wp-json/wc/v3/", site.path().trim_end_matches('/'));
        site.join(&path).map_err(|error| wrong(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(site: &str) -> Access {
        Access {
            site: site.into(),
            key: "ck_1".into(),
            secret: "cs_2".into(),
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn base_of_a_site() {
        for (site, expect) in [
            ("https://shop.example", "https://shop.example/wp-json/wc/v3/"),
            (
                "https://shop.example/eu/",
                "https://shop.example/eu/wp-json/wc/v3/",
            ),
            ("http://127.0.0.1:8091", "http://127.0.0.1:8091/wp-json/wc/v3/"),
        ] {
            assert_eq!(
                access(site).base().map(String::from),
                Ok(expect.to_owned()),
                "{site}"
            );
        }
        for (site, expect) in [
            (
                "shop.example",
                "the shop's site \"shop.example\" is not a URL (relative URL without a base); write it like https://shop.example",
            ),
            (
                "http://shop.example",
                "the shop's site \"http://shop.example\" is not https; WooCommerce takes keys over TLS only (http works on loopback)",
            ),
        ] {
            assert_eq!(access(site).base().unwrap_err().to_string(), expect);
        }
    }

    #[test]
    fn keys_do_not_show() {
        let shown = format!("{:?}", access("https://shop.example"));
        assert!(!shown.contains("ck_1") && !shown.contains("cs_2"), "{shown}");
    }
}
