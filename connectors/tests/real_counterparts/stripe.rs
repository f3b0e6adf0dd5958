//! Authorise, capture once, void, refund.

use reqwest::Client;
use serde_json::{Value as Json, json};

use crate::transcript::Transcript;

struct Talk {
    client: Client,
    url: String,
    secret: String,
    transcript: Transcript,
}

impl Talk {
    /// Posts a form and notes the status with the given fields of the answer, or with the kind of error.
    async fn post(&mut self, what: &str, path: &str, form: &[(&str, &str)], fields: &[&str]) -> Json {
        let request = self
            .client
            .post(format!("{}/v1/{path}", self.url))
            .bearer_auth(&self.secret);
        let reply = request.form(form).send().await.unwrap();
        self.note(what, reply, fields).await
    }

    async fn get(&mut self, what: &str, path: &str, secret: &str, fields: &[&str]) -> Json {
        let request = self
            .client
            .get(format!("{}/v1/{path}", self.url))
            .bearer_auth(secret);
        let reply = request.send().await.unwrap();
        self.note(what, reply, fields).await
    }

    async fn note(&mut self, what: &str, reply: reqwest::Response, fields: &[&str]) -> Json {
        let status = reply.status().as_u16();
        let body: Json = reply.json().await.unwrap_or_default();
        let mut told = json!({"http": status});
        if status == 200 {
            for field in fields {
                told[*field] = body[*field].clone();
            }
        } else {
            told["error"] = body["error"]["type"].clone();
        }
        self.transcript.note(what, &told);
        body
    }

    /// An authorised intent over 91.89.
    async fn authorised(&mut self) -> String {
        let form = [
            ("amount", "9189"),
            ("currency", "usd"),
            ("payment_method", "pm_card_visa"),
            ("capture_method", "manual"),
            ("confirm", "true"),
            ("metadata[order_id]", "16"),
        ];
        let fields = [
            "object",
            "amount",
            "currency",
            "capture_method",
            "status",
            "metadata",
        ];
        let made = self.post("authorise", "payment_intents", &form, &fields).await;
        made["id"].as_str().unwrap().to_owned()
    }
}

/// The whole talk.
pub(crate) async fn talk(url: &str, secret: &str) -> Transcript {
    let mut talk = Talk {
        client: Client::builder().no_proxy().build().unwrap(),
        url: url.to_owned(),
        secret: secret.to_owned(),
        transcript: Transcript::default(),
    };
    capture_and_refund(&mut talk).await;
    void(&mut talk).await;
    let secret = talk.secret.clone();
    talk.get(
        "look for an unknown intent",
        "payment_intents/pi_unknown",
        &secret,
        &[],
    )
    .await;
    talk.get("look without a key", "payment_intents/pi_unknown", "", &[])
        .await;
    talk.transcript
}

async fn capture_and_refund(talk: &mut Talk) {
    let id = talk.authorised().await;
    let (capture, cancel) = (
        format!("payment_intents/{id}/capture"),
        format!("payment_intents/{id}/cancel"),
    );
    let state = ["object", "amount", "status"];
    talk.post(
        "capture too much",
        &capture,
        &[("amount_to_capture", "9190")],
        &state,
    )
    .await;
    talk.post(
        "capture a part",
        &capture,
        &[("amount_to_capture", "5000")],
        &state,
    )
    .await;
    talk.post(
        "capture once more",
        &capture,
        &[("amount_to_capture", "100")],
        &state,
    )
    .await;
    talk.post("cancel what is captured", &cancel, &[], &state).await;
    let secret = talk.secret.clone();
    talk.get("look", &format!("payment_intents/{id}"), &secret, &state)
        .await;
    let form = [("payment_intent", id.as_str()), ("amount", "1000")];
    let refund = talk
        .post(
            "refund a part",
            "refunds",
            &form,
            &["object", "amount", "currency", "status"],
        )
        .await;
    talk.transcript.note(
        "the refund names the intent",
        &json!(refund["payment_intent"] == json!(id)),
    );
    let refund = refund["id"].as_str().unwrap_or_default().to_owned();
    talk.get(
        "look at the refund",
        &format!("refunds/{refund}"),
        &secret,
        &["object", "amount", "status"],
    )
    .await;
}

async fn void(talk: &mut Talk) {
    let id = talk.authorised().await;
    let cancel = format!("payment_intents/{id}/cancel");
    talk.post("cancel", &cancel, &[], &["object", "status"]).await;
    talk.post("cancel once more", &cancel, &[], &["object", "status"])
        .await;
}
