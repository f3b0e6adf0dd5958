//! Callbacks: who signed them, and what they say.

use amends_connectors::recipe::{CallbackError, Connector, shipped};
use amends_engine::Value;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac as _};
use proptest::prelude::*;
use sha2::Sha256;

use crate::bench::connector;

const NOW_MS: i64 = 1_795_500_000_000;
const BODY: &str = r#"{"id":"E-1","event":"parcel.shipped","parcel":"P-1","job":"J-1","order_key":"demo:16","lines":[{"sku":"MUG","quantity":1}],"carrier":"Swift","tracking":"1Z"}"#;

fn mac(secret: &str, signed: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn signed(secret: &str, at_s: i64, body: &str) -> String {
    format!("t={at_s},v1={}", hex(&mac(secret, &format!("{at_s}.{body}"))))
}

fn warehouse(secrets: &[(&str, &str)]) -> Connector {
    connector(
        &shipped::text("warehouse").unwrap(),
        "http://127.0.0.1:9",
        secrets,
    )
}

fn verify(connector: &Connector, header: &str, body: &str) -> Result<(), CallbackError> {
    let headers = [("x-warehouse-signature".to_owned(), header.to_owned())];
    connector.verify_callback(&headers, body.as_bytes(), NOW_MS)
}

#[test]
fn only_what_was_signed_lately_with_a_known_secret_is_believed() {
    let connector = warehouse(&[("api_key", "sandbox-key"), ("callback", "callback-secret")]);
    let now_s = NOW_MS / 1_000;
    let good = signed("callback-secret", now_s, BODY);
    verify(&connector, &good, BODY).unwrap();
    verify(
        &connector,
        &format!("t={now_s},v1=00ff,{}", good.split_once(',').unwrap().1),
        BODY,
    )
    .unwrap();
    let table = [
        (signed("another-secret", now_s, BODY), BODY, "fits none"),
        (good.clone(), "{}", "fits none"),
        (good.replace("t=", "t=0"), BODY, "fits none"),
        (
            signed("callback-secret", now_s - 301, BODY),
            BODY,
            "signed 301 s ago",
        ),
        (
            signed("callback-secret", now_s + 301, BODY),
            BODY,
            "signed -301 s ago",
        ),
        ("v1=00".to_owned(), BODY, "no signature of the declared layout"),
        (format!("t={now_s}"), BODY, "no signature of the declared layout"),
        (
            format!("t={now_s},v1=zz"),
            BODY,
            "no signature of the declared layout",
        ),
        (format!("t={now_s},v1="), BODY, "fits none"),
        ("t=9223372036854775807,v1=00".to_owned(), BODY, "signed"),
    ];
    for (header, body, why) in table {
        let error = verify(&connector, &header, body).unwrap_err().to_string();
        assert!(error.contains(why), "{header}: {error}");
    }
    let missing = connector
        .verify_callback(&[], BODY.as_bytes(), NOW_MS)
        .unwrap_err();
    assert!(matches!(missing, CallbackError::Missing(_)));
}

#[test]
fn the_body_alone_can_be_signed_and_two_secrets_can_hold_at_once() {
    let text = shipped::text("warehouse")
        .unwrap()
        .replace(
            "layout = \"t-v1\", encoding = \"hex\"",
            "layout = \"body\", encoding = \"base64\"",
        )
        .replace(
            "secrets = [\"callback\"]",
            "secrets = [\"callback\", \"callback_old\"]",
        );
    let secrets = [
        ("api_key", "sandbox-key"),
        ("callback", "the new secret"),
        ("callback_old", "the old secret"),
    ];
    let connector = connector(&text, "http://127.0.0.1:9", &secrets);
    for secret in ["the new secret", "the old secret"] {
        verify(&connector, &BASE64.encode(mac(secret, BODY)), BODY).unwrap();
    }
    assert!(verify(&connector, &BASE64.encode(mac("another secret", BODY)), BODY).is_err());
}

#[test]
fn a_callback_is_read_as_a_fact_of_its_order() {
    let connector = warehouse(&[("api_key", "sandbox-key"), ("callback", "callback-secret")]);
    let event = connector.read_callback(&[], BODY.as_bytes()).unwrap().unwrap();
    assert_eq!((event.event.as_str(), event.id.as_str()), ("E-1", "P-1"));
    assert_eq!(
        (event.fact.as_str(), event.root.as_str()),
        ("parcel.shipped", "demo:16")
    );
    assert_eq!(event.payload.path("carrier"), Some(&Value::text("Swift")));
    let units = event.payload.get("lines").and_then(Value::as_list).unwrap();
    assert_eq!(units.first().unwrap().get("quantity"), Some(&Value::Int(1)));

    let other = BODY.replace("parcel.shipped", "pallet.moved");
    assert_eq!(connector.read_callback(&[], other.as_bytes()).unwrap(), None);
    let lacking = BODY.replace("\"parcel\":\"P-1\",", "");
    assert!(matches!(
        connector.read_callback(&[], lacking.as_bytes()),
        Err(CallbackError::Formula(_))
    ));
    assert!(matches!(
        connector.read_callback(&[], b"<html>"),
        Err(CallbackError::Body(_))
    ));
}

proptest! {
    #[test]
    fn no_header_and_no_body_is_believed_by_chance(header in ".{0,80}", body in prop::collection::vec(any::<u8>(), 0..80)) {
        static CONNECTOR: std::sync::OnceLock<Connector> = std::sync::OnceLock::new();
        let connector = CONNECTOR.get_or_init(|| warehouse(&[("api_key", "sandbox-key"), ("callback", "callback-secret")]));
        let headers = [("X-Warehouse-Signature".to_owned(), header)];
        prop_assert!(connector.verify_callback(&headers, &body, NOW_MS).is_err());
        let _ = connector.read_callback(&headers, &body);
    }
}
