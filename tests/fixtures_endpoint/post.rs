//! Posting to the server's endpoint as a shop does: one request per connection, never repeated by itself.

use std::time::Duration;

use amends_connectors::woocommerce::signature::{Secret, sign};

use crate::story::{Delivery, SECRET, SITE};

/// What WordPress gives a delivery is a minute; a server that takes longer than this fails the test.
const PATIENCE: Duration = Duration::from_secs(20);

/// One request to the endpoint, ready to be sent any number of times.
#[derive(Debug, Clone)]
pub(crate) struct Posting {
    /// What people call it.
    pub(crate) name: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The status it must be answered with.
    pub(crate) status: u16,
}

impl Posting {
    /// A genuine delivery with its own headers and signature.
    pub(crate) fn of(delivery: &Delivery) -> Self {
        let transport = ["host", "connection", "content-length", "accept-encoding"];
        let headers = delivery
            .headers
            .iter()
            .filter(|(name, _)| !transport.contains(&name.to_ascii_lowercase().as_str()));
        Self {
            name: delivery.file.clone(),
            headers: headers.cloned().collect(),
            body: delivery.body.clone(),
            status: if delivery.signature_valid == Some(false) {
                401
            } else {
                200
            },
        }
    }

    /// A body that the shop never sent, signed with its secret.
    pub(crate) fn signed(name: &str, topic: &str, body: Vec<u8>) -> Self {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            name: name.to_owned(),
            headers: vec![
                header("content-type", "application/json"),
                header("x-wc-webhook-source", SITE),
                header("x-wc-webhook-topic", topic),
                header("x-wc-webhook-signature", &sign(&Secret::new(SECRET), &body)),
            ],
            body,
            status: 200,
        }
    }

    pub(crate) fn without(mut self, header: &str) -> Self {
        self.headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case(header));
        self
    }

    pub(crate) fn answered(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

/// A client that opens a connection for each request, as WordPress does.
pub(crate) fn client() -> reqwest::Client {
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(0)
        .no_proxy()
        .timeout(PATIENCE);
    client.build().unwrap()
}

/// Sends it once. `None`: no answer came, so nobody knows whether it was kept.
pub(crate) async fn post(client: &reqwest::Client, url: &str, posting: &Posting) -> Option<u16> {
    let mut request = client.post(url).body(posting.body.clone());
    for (name, value) in &posting.headers {
        request = request.header(name, value);
    }
    let answer = request.send().await.ok()?;
    Some(answer.status().as_u16())
}
