//! Why a read brought nothing.

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, LOCATION, RETRY_AFTER};

use crate::woocommerce::node::Node;

/// Longest advice of a `Retry-After` that is followed: a day. Beyond it somebody mistyped.
const ADVICE_MAX_MS: i64 = 86_400_000;

/// Characters of a page that are shown.
const EXCERPT_MAX: usize = 120;

/// Why a read brought nothing. None of it says anything about the order, except where [`super::Looked`] does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// No connection.
    #[error("the shop cannot be reached: {0}")]
    Connect(String),
    /// No whole answer in time.
    #[error("the shop did not answer within {0} ms")]
    Timeout(u64),
    /// The connection broke.
    #[error("the shop's answer broke off: {0}")]
    Broken(String),
    /// It asked for fewer requests.
    #[error("the shop's host asks for fewer requests")]
    Throttled {
        /// How long it asked us to wait.
        retry_after_ms: Option<i64>,
    },
    /// It refused our keys.
    #[error(
        "the shop refused the keys ({code}): {message}; check the consumer key and that its user may read orders"
    )]
    Denied {
        /// The shop's code.
        code: String,
        /// The shop's words.
        message: String,
    },
    /// Something in front of the shop refused us.
    #[error(
        "something in front of the shop answered {status}: {excerpt}; let our address through its firewall"
    )]
    Blocked {
        /// HTTP status.
        status: u16,
        /// The beginning of its page.
        excerpt: String,
    },
    /// The shop understood and refused; trying again is pointless.
    #[error("the shop refused ({code}, {status}): {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The shop's code.
        code: String,
        /// The shop's words.
        message: String,
    },
    /// The shop, or what stands in front of it, is broken for now.
    #[error("the shop failed with {status}: {excerpt}")]
    Server {
        /// HTTP status.
        status: u16,
        /// The beginning of its page.
        excerpt: String,
    },
    /// It sends us elsewhere.
    #[error("the shop answered {status} and sends us to {to}; configure that address if it is right")]
    Moved {
        /// HTTP status.
        status: u16,
        /// Where to.
        to: String,
    },
    /// A success that cannot be read.
    #[error("the shop's answer cannot be read: {0}")]
    Unreadable(String),
    /// More than we take.
    #[error("the shop's answer has more than {max} bytes")]
    TooLarge {
        /// The limit.
        max: usize,
    },
    /// It answered with another order.
    #[error(
        "asked for order {asked}, the shop answered with {got}; a cache in front of the shop mixes up answers"
    )]
    WrongOrder {
        /// What we asked for.
        asked: i64,
        /// What came.
        got: i64,
    },
}

impl RestError {
    /// Whether the same question may be answered later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect(_)
            | Self::Timeout(_)
            | Self::Broken(_)
            | Self::Throttled { .. }
            | Self::Server { .. } => true,
            Self::Denied { .. }
            | Self::Blocked { .. }
            | Self::Refused { .. }
            | Self::Moved { .. }
            | Self::Unreadable(_)
            | Self::TooLarge { .. }
            | Self::WrongOrder { .. } => false,
        }
    }

    /// Judges an answer that is no success, or whose body is an error object.
    pub(super) fn judge(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        if status == 429 {
            return Self::Throttled {
                retry_after_ms: retry_after_ms(headers),
            };
        }
        if let Some((code, message)) = coded(body) {
            return if is_denial(&code) {
                Self::Denied { code, message }
            } else {
                Self::Refused {
                    status,
                    code,
                    message,
                }
            };
        }
        let excerpt = excerpt(body);
        match status {
            300..=399 => Self::Moved {
                status,
                to: text(headers, LOCATION.as_str()),
            },
            503 if headers.contains_key(RETRY_AFTER) => Self::Throttled {
                retry_after_ms: retry_after_ms(headers),
            },
            500.. => Self::Server { status, excerpt },
            400..=499 => Self::Blocked { status, excerpt },
            _ => Self::Unreadable(excerpt),
        }
    }
}

/// The shop's own code and words, when the body is its error object.
pub(super) fn coded(body: &[u8]) -> Option<(String, String)> {
    let fields = Node::parse(std::str::from_utf8(body).ok()?).ok()?.fields().ok()?;
    let code = fields.get("code").text().ok()?;
    let message = fields.get("message").text().unwrap_or_default();
    (!code.is_empty() && !fields.has("id")).then_some((code, message))
}

fn is_denial(code: &str) -> bool {
    code.contains("cannot_view") || code.contains("authentication") || code == "rest_forbidden"
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("nowhere")
        .to_owned()
}

/// `Retry-After` in seconds, or as a date against the answer's own `Date`, so that no clock of ours matters.
fn retry_after_ms(headers: &HeaderMap) -> Option<i64> {
    let advice = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let at = |text: &str| {
        DateTime::parse_from_rfc2822(text)
            .ok()
            .map(|time| time.timestamp_millis())
    };
    let ms = if let Ok(seconds) = advice.trim().parse::<i64>() {
        seconds.saturating_mul(1_000)
    } else {
        at(advice)? - at(headers.get(DATE)?.to_str().ok()?)?
    };
    Some(ms.clamp(0, ADVICE_MAX_MS))
}

fn excerpt(body: &[u8]) -> String {
    let page = String::from_utf8_lossy(body);
    let words: Vec<&str> = page.split_whitespace().collect();
    let text = words.join(" ");
    if text.is_empty() {
        "an empty page".to_owned()
    } else {
        text.chars().take(EXCERPT_MAX).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(status: u16, headers: &[(&'static str, &str)], body: &str) -> RestError {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    reqwest::header::HeaderName::from_static(name),
                    value.parse().unwrap(),
                )
            })
            .collect();
        RestError::judge(status, &headers, body.as_bytes())
    }

    #[test]
    fn codes_decide_before_statuses() {
        let denied = r#"{"code":"woocommerce_rest_cannot_view","message":"Sorry","data":{"status":401}}"#;
        let refused = r#"{"code":"woocommerce_rest_cannot_create_order_refund","message":"No","data":500}"#;
        for (status, headers, body, transient, expect) in [
            (
                401,
                &[][..],
                denied,
                false,
                "the shop refused the keys (woocommerce_rest_cannot_view): Sorry; check the consumer key and that its user may read orders",
            ),
            (
                500,
                &[],
                denied,
                false,
                "the shop refused the keys (woocommerce_rest_cannot_view): Sorry; check the consumer key and that its user may read orders",
            ),
            (
                500,
                &[],
                refused,
                false,
                "the shop refused (woocommerce_rest_cannot_create_order_refund, 500): No",
            ),
            (
                404,
                &[],
                r#"{"code":"rest_no_route","message":"No route"}"#,
                false,
                "the shop refused (rest_no_route, 404): No route",
            ),
            (
                500,
                &[],
                "<h1>There has been a\n critical error</h1>",
                true,
                "the shop failed with 500: <h1>There has been a critical error</h1>",
            ),
            (
                403,
                &[],
                "<title>Attention Required!</title>",
                false,
                "something in front of the shop answered 403: <title>Attention Required!</title>; let our address through its firewall",
            ),
            (
                404,
                &[],
                "",
                false,
                "something in front of the shop answered 404: an empty page; let our address through its firewall",
            ),
            (
                429,
                &[],
                "<html>",
                true,
                "the shop's host asks for fewer requests",
            ),
            (502, &[], "", true, "the shop failed with 502: an empty page"),
            (
                301,
                &[("location", "https://www.shop.example/")],
                "",
                false,
                "the shop answered 301 and sends us to https://www.shop.example/; configure that address if it is right",
            ),
            (
                200,
                &[],
                "<br />\n<b>Warning</b>",
                false,
                "the shop's answer cannot be read: <br /> <b>Warning</b>",
            ),
        ] {
            let error = judge(status, headers, body);
            assert_eq!(
                (error.to_string().as_str(), error.is_transient()),
                (expect, transient),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn advice_comes_in_seconds_or_as_a_date() {
        let date = ("date", "Mon, 23 Nov 2026 18:30:00 GMT");
        for (headers, expect) in [
            (vec![("retry-after", "30")], Some(30_000)),
            (
                vec![("retry-after", "Mon, 23 Nov 2026 18:31:00 GMT"), date],
                Some(60_000),
            ),
            (
                vec![("retry-after", "Mon, 23 Nov 2026 18:29:00 GMT"), date],
                Some(0),
            ),
            (vec![("retry-after", "999999999999")], Some(ADVICE_MAX_MS)),
            (vec![("retry-after", "soon"), date], None),
            (vec![], None),
        ] {
            assert_eq!(
                judge(429, &headers, ""),
                RestError::Throttled {
                    retry_after_ms: expect
                },
                "{headers:?}"
            );
        }
    }
}
