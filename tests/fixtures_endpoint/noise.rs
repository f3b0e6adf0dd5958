//! Requests that must change no order, each with the answer that `docs/webhooks.md` promises.

use serde_json::json;

use crate::post::Posting;
use crate::story::story;

/// Beyond `server.body_max` of the run's configuration.
const OVERSIZED_BYTES: usize = 300 * 1024;

/// Everything but the genuine deliveries: each is posted somewhere in every order of arrival.
pub(crate) fn noise() -> Vec<Posting> {
    let paid = story().delivery("03-paid");
    let error = json!({
        "code": "woocommerce_rest_shop_order_invalid_id",
        "message": "Invalid ID.",
        "data": { "status": 404 },
    });
    let form = vec![(
        "content-type".to_owned(),
        "application/x-www-form-urlencoded".to_owned(),
    )];
    vec![
        Posting {
            name: "another ping".to_owned(),
            headers: form,
            body: b"webhook_id=7".to_vec(),
            status: 200,
        },
        Posting::of(paid).without("x-wc-webhook-signature").answered(401),
        Posting {
            body: tampered(&paid.body),
            ..Posting::of(paid).answered(401)
        },
        Posting::signed(
            "signed error body",
            "order.updated",
            error.to_string().into_bytes(),
        ),
        Posting::signed(
            "bare id of a known order",
            "order.deleted",
            br#"{"id":16}"#.to_vec(),
        ),
        Posting::signed(
            "not JSON",
            "order.updated",
            b"<b>Warning</b>: headers already sent".to_vec(),
        ),
        Posting::signed("empty", "order.updated", Vec::new()),
        Posting::signed("list", "order.updated", b"[]".to_vec()),
        Posting::signed("unknown shape", "order.updated", br#"{"hello":"world"}"#.to_vec()),
        Posting::signed("oversized", "order.updated", vec![b' '; OVERSIZED_BYTES]).answered(413),
    ]
}

/// The same bytes but for one amount: the signature fits no longer.
fn tampered(body: &[u8]) -> Vec<u8> {
    String::from_utf8(body.to_vec())
        .unwrap()
        .replace("91.89", "00.01")
        .into_bytes()
}
