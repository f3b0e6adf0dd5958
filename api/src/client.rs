//! The API from the other side, for the command line.

use std::fmt::Write as _;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use crate::problem::Problem;
use crate::{BulkWish, NewToken, Wish};

/// Why a call gave nothing.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The server cannot be reached.
    #[error("{url} does not answer ({reason}): is `amends serve` running there?")]
    Reach {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
    /// The server refused.
    #[error("{} ({})", .0.detail, .0.code)]
    Refused(Box<Problem>),
    /// The answer is none of this API.
    #[error("{url} answered {status} with something that is no answer of this API")]
    Foreign {
        /// The address.
        url: String,
        /// The status.
        status: StatusCode,
    },
}

/// Calls one server.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// Calls the server at `base` (`http://127.0.0.1:7411`) with `token`.
    pub fn new(base: &str, token: &str) -> Self {
        Self {
            http: reqwest::Client::new(),
            base: base.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
        }
    }

    /// Orders that fit `filters`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn orders(&self, filters: &[(&str, String)]) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, "/orders").query(filters))
            .await
    }

    /// Archived orders that one of `number`, `document`, `refund` and `instance` leads to.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn archived(&self, term: &str, value: &str) -> Result<Value, ClientError> {
        let request = self.request(Method::GET, "/archive");
        self.send(request.query(&[("by", term), ("value", value)])).await
    }

    /// One order in full.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn order(&self, root: &str) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, &format!("/orders/{root}")))
            .await
    }

    /// What happened to an order.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn history(&self, root: &str) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, &format!("/orders/{root}/history?limit=500")))
            .await
    }

    /// Gives or previews a command; repeated under the same `key` it gives the first answer again.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn command(&self, root: &str, wish: &Wish, key: Option<&str>) -> Result<Value, ClientError> {
        let mut request = self
            .request(Method::POST, &format!("/orders/{root}/commands"))
            .json(wish);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.send(request).await
    }

    /// Commands that wait for a second person.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn pending(&self) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, "/pending")).await
    }

    /// Agrees to a command somebody else asked for.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn confirm(&self, id: &str, reason: &str) -> Result<Value, ClientError> {
        self.decide(id, "confirm", reason).await
    }

    /// Refuses a command somebody asked for.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn decline(&self, id: &str, reason: &str) -> Result<Value, ClientError> {
        self.decide(id, "decline", reason).await
    }

    async fn decide(&self, id: &str, verb: &str, reason: &str) -> Result<Value, ClientError> {
        let body = serde_json::json!({ "reason": reason });
        self.post(&format!("/pending/{id}/{verb}"), &body).await
    }

    /// Open incidents that fit `filters`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn incidents(&self, filters: &[(&str, String)]) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, "/incidents").query(filters))
            .await
    }

    /// Open incidents counted by cause.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn causes(&self) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, "/incidents/causes")).await
    }

    /// The open incident `id` with the notes on what it is on; `reveal` shows personal data.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn incident(&self, id: &str, reveal: bool) -> Result<Value, ClientError> {
        let path = format!("/incidents/{}", segment(id));
        let request = self.request(Method::GET, &path).query(&[("reveal", reveal)]);
        self.send(request).await
    }

    /// Gives the incident `id` to `owner`, or to nobody.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn assign(&self, id: &str, owner: Option<&str>) -> Result<Value, ClientError> {
        let path = format!("/incidents/{}/assign", segment(id));
        self.post(&path, &serde_json::json!({ "owner": owner })).await
    }

    /// Leaves the incident `id` out of lists until a time (`4h`, or RFC 3339), or no longer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn snooze(&self, id: &str, until: Option<&str>) -> Result<Value, ClientError> {
        let path = format!("/incidents/{}/snooze", segment(id));
        self.post(&path, &serde_json::json!({ "until": until })).await
    }

    /// Writes a note on what the incident `id` is on.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn note(&self, id: &str, text: &str) -> Result<Value, ClientError> {
        let path = format!("/incidents/{}/notes", segment(id));
        self.post(&path, &serde_json::json!({ "text": text })).await
    }

    /// Has dead letters looked at again: `source`, `cause`, `reason`, `dry_run`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn redrive(&self, wanted: &Value) -> Result<Value, ClientError> {
        self.post("/deliveries/redrive", wanted).await
    }

    /// Counts of orders, and how the engine is.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn status(&self) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, "/status")).await
    }

    /// A part of the feed.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn feed(&self, wanted: &[(&str, String)]) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, "/feed").query(wanted)).await
    }

    /// Looks what a command would do to many orders; repeated under the same `key` it gives the first answer again.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn bulk(&self, wanted: &BulkWish, key: Option<&str>) -> Result<Value, ClientError> {
        let mut request = self.request(Method::POST, "/bulk").json(wanted);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        self.send(request).await
    }

    /// Bulk commands, newest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn bulk_jobs(&self) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, "/bulk")).await
    }

    /// One bulk command with its orders from the position `after` on.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn bulk_job(&self, id: &str, after: u64) -> Result<Value, ClientError> {
        let part = [("after", after.to_string()), ("limit", "500".to_owned())];
        self.send(self.request(Method::GET, &format!("/bulk/{id}")).query(&part))
            .await
    }

    /// Lets a bulk command run (`confirm`), or stops it (`cancel`).
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn bulk_decide(&self, id: &str, verb: &str, reason: &str) -> Result<Value, ClientError> {
        let request = self.request(Method::POST, &format!("/bulk/{id}/{verb}"));
        self.send(request.json(&serde_json::json!({ "reason": reason })))
            .await
    }

    /// Every brake that is pulled.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn brakes(&self) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, "/brakes")).await
    }

    /// Pulls or releases the brake at `path`, such as `/money/pause` or `/shops/eu-shop/resume`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn brake(&self, path: &str, reason: &str) -> Result<Value, ClientError> {
        self.post(path, &serde_json::json!({ "reason": reason })).await
    }

    /// All shops in short.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn shops(&self) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, "/shops")).await
    }

    /// One shop with its incidents and gaps.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn shop(&self, shop: &str) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, &format!("/shops/{shop}")))
            .await
    }

    /// Has a backup begun that ends with the frame `cut`, or with the last there is.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn begin_backup(&self, cut: Option<u64>) -> Result<Value, ClientError> {
        self.post("/backups", &serde_json::json!({ "cut": cut })).await
    }

    /// How far the backup `id` is.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn backup(&self, id: &str) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, &format!("/backups/{id}")))
            .await
    }

    /// Who holds tokens.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn tokens(&self) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, "/tokens")).await
    }

    /// Has a token made.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_token(&self, wanted: &NewToken) -> Result<Value, ClientError> {
        self.post("/tokens", wanted).await
    }

    /// Has a token revoked.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn revoke_token(&self, name: &str) -> Result<Value, ClientError> {
        self.send(self.request(Method::DELETE, &format!("/tokens/{name}")))
            .await
    }

    /// Lines of the audit trail behind the position `after`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn audit(&self, after: u64) -> Result<Value, ClientError> {
        self.send(self.request(Method::GET, "/audit").query(&[("after", after)]))
            .await
    }

    /// The trial balance of some days, as text: JSON, or CSV with `format=csv`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn books(&self, wanted: &[(&str, String)]) -> Result<String, ClientError> {
        self.text(self.request(Method::GET, "/finance/days").query(wanted))
            .await
    }

    /// Everything known about an order, as the text of a file.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn evidence(&self, root: &str, wanted: &[(&str, String)]) -> Result<String, ClientError> {
        let path = format!("/orders/{root}/evidence");
        self.text(self.request(Method::GET, &path).query(wanted)).await
    }

    async fn post(&self, path: &str, body: &impl Serialize) -> Result<Value, ClientError> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}/api/v1{path}", self.base))
            .bearer_auth(&self.token)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, ClientError> {
        let (status, body) = self.body(request).await?;
        serde_json::from_slice(&body).map_err(|_| self.foreign(status))
    }

    async fn text(&self, request: RequestBuilder) -> Result<String, ClientError> {
        let (status, body) = self.body(request).await?;
        String::from_utf8(body).map_err(|_| self.foreign(status))
    }

    fn foreign(&self, status: StatusCode) -> ClientError {
        ClientError::Foreign {
            url: self.base.clone(),
            status,
        }
    }

    /// The body of a success.
    async fn body(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), ClientError> {
        let reach = |error: reqwest::Error| ClientError::Reach {
            url: self.base.clone(),
            reason: error.without_url().to_string(),
        };
        let response = request.send().await.map_err(reach)?;
        let status = response.status();
        let body = response.bytes().await.map_err(reach)?;
        if status.is_success() {
            return Ok((status, body.to_vec()));
        }
        match serde_json::from_slice(&body) {
            Ok(problem) => Err(ClientError::Refused(Box::new(problem))),
            Err(_) => Err(self.foreign(status)),
        }
    }
}

/// `text` as one segment of a path.
fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn an_id_is_one_segment() {
        assert_eq!(segment("eu-shop:1042~3"), "eu-shop:1042~3");
        assert_eq!(
            segment("shop/eu-shop/shop-silent"),
            "shop%2Feu-shop%2Fshop-silent"
        );
        assert_eq!(segment("a b%\u{e9}?"), "a%20b%25%C3%A9%3F");
    }
}
