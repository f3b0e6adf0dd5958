//! Which orders look like one and the same.

use amends_workflows::model::{Draft, Order, Shop};
use proptest::prelude::*;

use crate::drafts::{dec, draft, line};

fn alike(alter: impl FnOnce(&mut Draft)) -> bool {
    let mut one = draft();
    one.billing.email = "Ana@Example.test".into();
    let mut other = one.clone();
    alter(&mut other);
    let likeness = |draft| Order::from_draft(draft, &Shop::named("eu")).likeness();
    likeness(one) == likeness(other)
}

#[test]
fn what_two_orders_share() {
    for (case, same, alter) in [
        (
            "id, number, dates and status",
            true,
            (|it| {
                (it.id, it.number, it.status) = (99, "X-99".into(), "on-hold".into());
                (it.created_ms, it.modified_ms) = (1, 2);
            }) as fn(&mut Draft),
        ),
        ("the mail address in other letters", true, |it| {
            it.billing.email = " ana@example.TEST ".into();
        }),
        ("an account in place of a guest", true, |it| it.customer_id += 7),
        ("the transaction", true, |it| {
            it.payment.transaction = "pi_2".into();
        }),
        ("lines in another order", true, |it| it.lines.reverse()),
        ("another buyer", false, |it| {
            it.billing.email = "ben@example.test".into();
        }),
        ("another article", false, |it| {
            it.lines.push(line(9, "HAT", "1", "0", "0"));
        }),
        ("another total", false, |it| it.total += dec("0.01")),
        ("another currency", false, |it| it.currency = "USD".into()),
        ("another payment method", false, |it| {
            it.payment.method = "bacs".into();
        }),
    ] {
        assert_eq!(alike(alter), same, "{case}");
    }
}

#[test]
fn who_cannot_be_told_from_others_looks_like_nobody() {
    let mut anonymous = draft();
    (anonymous.customer_id, anonymous.billing.email) = (0, String::new());
    assert_eq!(
        Order::from_draft(anonymous.clone(), &Shop::named("eu")).likeness(),
        ""
    );
    anonymous.customer_id = 5;
    assert_eq!(
        Order::from_draft(anonymous, &Shop::named("eu")).likeness().len(),
        32
    );
}

proptest! {
    /// Nothing of the buyer can be read from it.
    #[test]
    fn it_is_a_digest(email in "[a-z]{3,12}@[a-z]{3,12}\\.test") {
        let mut draft = draft();
        draft.billing.email.clone_from(&email);
        let order = Order::from_draft(draft, &Shop::named("eu"));
        let likeness = order.likeness();
        prop_assert!(likeness.len() == 32 && likeness.bytes().all(|digit| digit.is_ascii_hexdigit()));
        prop_assert!(!likeness.contains(&email));
    }
}
