//! What counts as a change.

use std::collections::BTreeMap;

use amends_workflows::model::{Draft, DraftRefund, Gateways, Order, Shop};

use crate::drafts::{dec, draft, order};

type Alter = fn(&mut Draft);

#[test]
fn noise_is_no_change() {
    let plain = order(|_| {}).content();
    let noise: &[(&str, Alter)] = &[
        ("a save", |draft| draft.modified_ms += 5_000),
        ("meta of a plugin", |draft| {
            drop(draft.meta.insert("_coupons_hash".into(), "x".into()));
        }),
        ("an order-number plugin", |draft| draft.number = "R-16".into()),
        ("trailing zeros", |draft| draft.total = dec("59.5")),
        ("the payment's title", |draft| {
            draft.payment.title = "Karte".into();
        }),
        ("the address spelt out instead of left out", |draft| {
            draft.shipping = draft.billing.clone();
            draft.shipping.email = String::new();
        }),
    ];
    for (case, alter) in noise {
        assert_eq!(order(alter).content(), plain, "{case}");
    }
    let mut shop = Shop::named("eu");
    shop.gateways = Gateways {
        methods: BTreeMap::new(),
        ..shop.gateways
    };
    assert_eq!(
        Order::from_draft(draft(), &shop).content(),
        plain,
        "our own configuration"
    );
}

#[test]
fn news_is_a_change() {
    let plain = order(|_| {}).content();
    let news: &[(&str, Alter)] = &[
        ("status", |draft| draft.status = "completed".into()),
        ("total", |draft| draft.total = dec("59.51")),
        ("quantity", |draft| {
            draft.lines.iter_mut().for_each(|line| line.quantity += dec("1"));
        }),
        ("attribute", |draft| {
            draft
                .lines
                .iter_mut()
                .for_each(|line| drop(line.attributes.insert("size".into(), "L".into())));
        }),
        ("street", |draft| draft.billing.line1 = "Torstr. 2".into()),
        ("shipping address", |draft| {
            draft.shipping.line1 = "Elsewhere 1".into();
        }),
        ("refund", |draft| {
            draft.refunds = vec![DraftRefund {
                id: 40,
                amount: dec("1"),
            }];
        }),
        ("transaction", |draft| draft.payment.transaction = "pi_1".into()),
        ("paid", |draft| draft.payment.paid_ms = None),
        ("currency", |draft| draft.currency = "USD".into()),
    ];
    for (case, alter) in news {
        assert_ne!(order(alter).content().digest(), plain.digest(), "{case}");
    }
}

#[test]
fn selected_meta_counts() {
    let with = |value: &str| {
        let mut draft = draft();
        draft.meta.insert("channel".into(), value.into());
        let order = Order::from_draft(
            draft,
            &Shop {
                meta: vec!["channel".into()],
                ..Shop::named("eu")
            },
        );
        (order.content(), order.meta)
    };
    assert_ne!(with("web").0, with("pos").0);
    assert_eq!(
        with("web").1.into_iter().collect::<Vec<_>>(),
        [("channel".to_owned(), "web".to_owned())]
    );
}
