//! What arrives at and leaves a system of the sandbox, free of the HTTP library.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

/// A request with its body read.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// The parts of the path, decoded, without empty ones.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.uri
            .path()
            .split('/')
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// The value of a header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The `Idempotency-Key` header.
    pub(crate) fn key(&self) -> Option<&str> {
        self.header("idempotency-key").filter(|key| !key.is_empty())
    }

    /// The query string, decoded, in order.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect()
    }

    /// The body as form fields, decoded, in order.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// User and password of a Basic authorisation.
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }
}

/// The value of the first pair of this name.
pub(crate) fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// The order named in an idempotency key of the form `store/eu-shop:16/workflow/step/...`.
pub(crate) fn order_in_key(key: &str) -> Option<String> {
    key.split('/')
        .nth(1)
        .filter(|part| part.contains(':'))
        .map(str::to_owned)
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
}

/// A reply as it is remembered. Only replies in JSON are kept under keys, and what else they announce is not.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    body: String,
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (status, body) = (
            self.status.as_u16(),
            String::from_utf8_lossy(&self.body).into_owned(),
        );
        Kept { status, body }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Reply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let kept = Kept::deserialize(deserializer)?;
        let status = StatusCode::from_u16(kept.status).map_err(D::Error::custom)?;
        Ok(Self::raw(status, "application/json", kept.body))
    }
}

impl Reply {
    /// JSON with this status.
    pub(crate) fn json(status: StatusCode, body: &Json) -> Self {
        Self::raw(status, "application/json", body.to_string())
    }

    /// JSON with status 200.
    pub(crate) fn ok(body: &Json) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// An HTML page, as proxies and firewalls send it.
    pub(crate) fn html(status: StatusCode, title: &str) -> Self {
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
        );
        Self::raw(status, "text/html", page)
    }

    /// A body of any type.
    pub(crate) fn raw(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type,
            body: body.into(),
        }
    }

    /// The same with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with half of its body missing, the length told accordingly.
    pub(crate) fn truncated(mut self) -> Self {
        self.body = self.body.slice(..self.body.len() / 2);
        self
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::order_in_key;

    #[test]
    fn the_order_is_the_second_part_of_a_key() {
        let key = "k3x9/eu-shop:16/order-to-cash/sales-order/do/0";
        assert_eq!(order_in_key(key).as_deref(), Some("eu-shop:16"));
        assert_eq!(order_in_key("WC-16"), None);
    }
}
