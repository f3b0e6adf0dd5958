//! One HTTP request over a pool of connections.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::time::Duration;

use amends_engine::outcome::FaultClass;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};
use thiserror::Error;
use tokio::time::Instant;

use super::limits::{CONNECT_TIMEOUT_MS, REPLY_BYTES_MAX};
use super::reply::{Reached, Reply, Trouble};

/// How the pool of a connector is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Idle connections kept per host.
    pub idle_max: usize,
    /// How long an idle connection is kept, in milliseconds. Below what servers and proxies commonly allow (60 s),
    /// so that a request rarely meets a connection that is just being closed.
    pub idle_ms: u64,
    /// Certificates, in PEM, trusted besides the public ones.
    pub ca_pem: Option<Vec<u8>>,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            idle_max: 16,
            idle_ms: 30_000,
            ca_pem: None,
        }
    }
}

/// Why no client could be made.
#[derive(Debug, Error)]
pub enum TransportError {
    /// The base URL cannot be used.
    #[error(
        "the base_url `{0}` cannot be used; write for example https://erp.example.com, without user, query or fragment"
    )]
    BaseUrl(String),
    /// The extra certificates cannot be read.
    #[error("the extra certificates cannot be read as PEM: {0}")]
    Certificate(reqwest::Error),
    /// The client could not be built.
    #[error("cannot set up HTTP: {0}")]
    Client(reqwest::Error),
}

/// A request with every credential in its place. Deliberately without `Debug`.
pub(super) struct Outgoing {
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// A way to one outside system.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    client: Client,
    base: String,
}

impl Transport {
    pub(super) fn new(base_url: &str, pool: &Pool) -> Result<Self, TransportError> {
        let bad = || TransportError::BaseUrl(without_user(base_url));
        let url = Url::parse(base_url).map_err(|_| bad())?;
        let plain = url.username().is_empty() && url.password().is_none();
        let bare = url.query().is_none() && url.fragment().is_none() && url.has_host();
        if !(plain && bare && matches!(url.scheme(), "http" | "https")) {
            return Err(bad());
        }
        let mut builder = Client::builder()
            .user_agent(concat!("amends/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MS))
            .pool_max_idle_per_host(pool.idle_max)
            .pool_idle_timeout(Duration::from_millis(pool.idle_ms));
        if let Some(pem) = &pool.ca_pem {
            let certificates =
                reqwest::Certificate::from_pem_bundle(pem).map_err(TransportError::Certificate)?;
            for certificate in certificates {
                builder = builder.add_root_certificate(certificate);
            }
        }
        Ok(Self {
            client: builder.build().map_err(TransportError::Client)?,
            base: base_url.trim_end_matches('/').to_owned(),
        })
    }

    /// The base URL without a slash at its end.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request and reads its reply, both by `deadline`.
    pub(super) async fn send(&self, outgoing: Outgoing, deadline: Instant) -> Result<Reply, Trouble> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let message = "the time allowed was over before the request was sent";
            return Err(nobody(FaultClass::Timeout, message));
        }
        let request = self.request(outgoing, left)?;
        match tokio::time::timeout(left, self.exchange(request)).await {
            Ok(settled) => settled,
            Err(_) => Err(perhaps(FaultClass::Timeout, "no answer within the time allowed")),
        }
    }

    fn request(&self, outgoing: Outgoing, left: Duration) -> Result<reqwest::RequestBuilder, Trouble> {
        let unsendable = |what: &str| nobody(FaultClass::Connect, what);
        let url = format!("{}{}", self.base, outgoing.target);
        let url = Url::parse(&url).map_err(|_| unsendable("the address of the request is no URL"))?;
        let method = Method::from_bytes(outgoing.method.as_bytes())
            .map_err(|_| unsendable("the method of the request is none of HTTP"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &outgoing.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(value);
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(unsendable(
                    "a header has characters no header can hold; check the secrets for line breaks",
                ));
            };
            headers.insert(name, value);
        }
        let mut request = self.client.request(method, url).headers(headers).timeout(left);
        if !outgoing.body.is_empty() {
            request = request.body(outgoing.body);
        }
        Ok(request)
    }

    async fn exchange(&self, request: reqwest::RequestBuilder) -> Result<Reply, Trouble> {
        let mut response = request.send().await.map_err(trouble)?;
        let status = response.status().as_u16();
        let headers: BTreeMap<_, _> = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // A refusal is one by its status, whatever became of its explanation.
                Err(_) if status >= 400 => break,
                Err(error) => return Err(trouble(error)),
            }
            if body.len() > REPLY_BYTES_MAX {
                let message = format!("the answer is longer than {REPLY_BYTES_MAX} bytes");
                return Err(perhaps(FaultClass::Unreadable, message));
            }
        }
        Ok(Reply {
            status,
            headers,
            body,
        })
    }
}

fn without_user(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => url.to_owned(),
    }
}

fn nobody(class: FaultClass, message: impl Into<String>) -> Trouble {
    Trouble {
        reached: Reached::Nobody,
        class,
        message: message.into(),
    }
}

fn perhaps(class: FaultClass, message: impl Into<String>) -> Trouble {
    Trouble {
        reached: Reached::Perhaps,
        class,
        message: message.into(),
    }
}

/// Only what failed while connecting is sure not to have arrived.
fn trouble(error: reqwest::Error) -> Trouble {
    let error = error.without_url();
    let cause = root_cause(&error);
    if error.is_connect() {
        return nobody(FaultClass::Connect, format!("no connection: {cause}"));
    }
    if error.is_builder() {
        return nobody(
            FaultClass::Connect,
            format!("the request could not be made: {cause}"),
        );
    }
    if error.is_timeout() {
        return perhaps(FaultClass::Timeout, "no answer within the time allowed");
    }
    perhaps(
        FaultClass::Broken,
        format!("the connection broke after sending: {cause}"),
    )
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut text = error.to_string();
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    text
}
