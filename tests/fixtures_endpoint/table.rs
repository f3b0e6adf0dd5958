//! Where every order of the folder must end, and why. Each row follows from what was done in the shop (the folder's
//! `INDEX.json` and notes), from what WooCommerce means by it, and from how an order runs to cash; none is copied
//! from what the program says.
//!
//! What holds for all rows:
//! - The order is read by REST before it is believed, so what counts is the shop's last word on it, whatever was
//!   delivered first.
//! - `stripe` has charged the card when the shop says paid: the total is *claimed* as captured (open) until the
//!   provider confirms it. `bacs` is a bank transfer that the shop's word proves. `cod` comes with the goods.
//! - A paid card order without a transaction cannot be confirmed. Goods must not leave on it: it waits for a person
//!   at `verify-payment`, while customer, sales order and stock, which can all be undone, are prepared.
//! - The warehouse ships everything at once in one parcel; systems answer at once and never fail.
//! - The status in the shop changes by nothing but the last step of an order that ran to its end.

use std::collections::{BTreeMap, BTreeSet};

use crate::end::End;

/// One row.
struct Row {
    order: i64,
    stage: &'static str,
    waits: &'static [&'static str],
    incidents: &'static [&'static str],
    owed: &'static [&'static str],
    money: &'static [&'static str],
    stock: &'static [&'static str],
    took_place: &'static [&'static str],
    shop: &'static str,
}

/// Everything of an order that a card pays, whose payment cannot be confirmed, and which can be had.
const PREPARED: &[&str] = &["customer", "sales-order", "reserve-stock"];
/// The steps of an order that was paid outside, from its first to its last.
const TO_CASH: &[&str] = &[
    "customer",
    "sales-order",
    "reserve-stock",
    "dispatch",
    "deliveries",
    "invoice",
    "register-payment",
    "write-back",
    "notify",
];
/// The same where no payment can be registered: nothing was to be paid, or the carrier has it.
const TO_CASH_UNPAID: &[&str] = &[
    "customer",
    "sales-order",
    "reserve-stock",
    "dispatch",
    "deliveries",
    "invoice",
    "write-back",
    "notify",
];

const UNCONFIRMED: &[&str] = &["a person at verify-payment"];
const UNNAMED: &[&str] = &["transaction-missing at verify-payment"];
const TEES_AND_MUGS: &[&str] = &["Ordered 2 TEE-BLK-M", "Ordered 3 MUG-01"];
const TEES_AND_MUGS_RESERVED: &[&str] = &[
    "Ordered 2 TEE-BLK-M",
    "Ordered 3 MUG-01",
    "Reserved 2 TEE-BLK-M",
    "Reserved 3 MUG-01",
];

const ROWS: &[Row] = &[
    // Scenarios 02 to 06. Paid by card; then three refunds of 24.12, 5.00 and 62.77 make up the whole 91.89, and the
    // shop calls it refunded (its last refund is told by REST alone). Nothing was ever sent for it and nothing may
    // be: it is held on both facts before it begins. Whether the money really went back (`refunded_payment` is false for each) nobody has verified: three unsettled amounts.
    Row {
        order: 16,
        stage: "running, held",
        waits: &["a person to resume it"],
        incidents: &["refund-recorded", "order-refunded"],
        owed: &["unsettled 24.12 USD", "unsettled 5.00 USD", "unsettled 62.77 USD"],
        money: &[
            "Agreed 91.89 USD",
            "Captured 91.89 USD card, open",
            "Refunded 91.89 USD card, open",
        ],
        stock: TEES_AND_MUGS,
        took_place: &[],
        shop: "refunded",
    },
    // 07 and 08. Charged 95.61, then cancelled without a refund: the buyer gets it back. Nothing is sent.
    Row {
        order: 20,
        stage: "running, held",
        waits: &["a person to resume it"],
        incidents: &["order-cancelled"],
        owed: &["the shop owes 95.61 USD"],
        money: &[
            "Agreed 95.61 USD",
            "CancelledUninvoiced 95.61 USD",
            "Captured 95.61 USD card, open",
        ],
        stock: TEES_AND_MUGS,
        took_place: &[],
        shop: "cancelled",
    },
    // 09 to 11. A bank transfer that arrived; `completed` in the shop is a paid status like `processing`. It runs to
    // its end and every cent is accounted for.
    Row {
        order: 21,
        stage: "completed",
        waits: &[],
        incidents: &[],
        owed: &[],
        money: &[
            "Agreed 95.61 USD",
            "Captured 95.61 USD bank",
            "Invoiced 95.61 USD",
        ],
        stock: &[
            "Ordered 2 TEE-BLK-M",
            "Ordered 3 MUG-01",
            "Reserved 2 TEE-BLK-M",
            "Reserved 3 MUG-01",
            "Shipped 2 TEE-BLK-M",
            "Shipped 3 MUG-01",
        ],
        took_place: TO_CASH,
        shop: "completed",
    },
    // 12 and 21. Payment failed, then the order went to the bin before it was ever read: nothing begins, and a person
    // is told so, because only the shop can say whether money was taken.
    Row {
        order: 22,
        stage: "never begun",
        waits: &[],
        incidents: &["order-vanished-unread"],
        owed: &[],
        money: &[],
        stock: &[],
        took_place: &[],
        shop: "trash",
    },
    // 14. A free sample: nothing to pay, verify or register, but goods, a delivery and an invoice of nothing.
    Row {
        order: 23,
        stage: "completed",
        waits: &[],
        incidents: &[],
        owed: &[],
        money: &[],
        stock: &["Ordered 1 SAMPLE-0", "Reserved 1 SAMPLE-0", "Shipped 1 SAMPLE-0"],
        took_place: TO_CASH_UNPAID,
        shop: "completed",
    },
    // 15 to 20. The card was charged 95.61; then the mugs were taken out, without a refund object, and 63.60 is what
    // the order is worth when it is first read. The provider says 95.61: nothing is shipped before a person decides.
    Row {
        order: 24,
        stage: "running",
        waits: &["a person, until a deadline at payment-differs"],
        incidents: &["amount-differs at verify-payment", "approval at payment-differs"],
        owed: &[],
        money: &["Agreed 63.60 USD", "Captured 95.61 USD card"],
        stock: &["Ordered 2 TEE-BLK-M", "Reserved 2 TEE-BLK-M"],
        took_place: &["customer", "sales-order", "reserve-stock", "verify-payment"],
        shop: "processing",
    },
    // 22. Paid without a transaction. That it was deleted for ever afterwards was told by nothing: as of the last
    // delivery it is there.
    Row {
        order: 25,
        stage: "running",
        waits: UNCONFIRMED,
        incidents: UNNAMED,
        owed: &[],
        money: &["Agreed 95.61 USD", "Captured 95.61 USD card, open"],
        stock: TEES_AND_MUGS_RESERVED,
        took_place: PREPARED,
        shop: "processing",
    },
    // 24. Five changes of status told as one: paid without a transaction.
    Row {
        order: 26,
        stage: "running",
        waits: UNCONFIRMED,
        incidents: UNNAMED,
        owed: &[],
        money: &["Agreed 95.61 USD", "Captured 95.61 USD card, open"],
        stock: TEES_AND_MUGS_RESERVED,
        took_place: PREPARED,
        shop: "completed",
    },
    // 25. Two orders of one second under one delivery id, neither paid: both wait for the money, for an hour.
    Row {
        order: 27,
        stage: "running",
        waits: &["the fact order.cleared, until a deadline at await-clearance"],
        incidents: &[],
        owed: &[],
        money: &["Agreed 95.61 USD"],
        stock: TEES_AND_MUGS,
        took_place: &[],
        shop: "pending",
    },
    Row {
        order: 28,
        stage: "running",
        waits: &["the fact order.cleared, until a deadline at await-clearance"],
        incidents: &[],
        owed: &[],
        money: &["Agreed 95.61 USD"],
        stock: TEES_AND_MUGS,
        took_place: &[],
        shop: "pending",
    },
    // 27. 4553.75 yen cannot be charged, and the shop has no rounding policy: a person decides before anything begins.
    // The ledger counts whole yen meanwhile.
    Row {
        order: 30,
        stage: "running",
        waits: &["a person, until a deadline at review"],
        incidents: &["approval at review"],
        owed: &[],
        money: &["Agreed 4554 JPY", "Captured 4554 JPY card, open"],
        stock: &["Ordered 1 TEE-BLK-M"],
        took_place: &[],
        shop: "processing",
    },
    // 28. A guest in Germany, tax included, shipping taxed. Paid without a transaction.
    Row {
        order: 31,
        stage: "running",
        waits: UNCONFIRMED,
        incidents: UNNAMED,
        owed: &[],
        money: &["Agreed 61.03 EUR", "Captured 61.03 EUR card, open"],
        stock: &[
            "Ordered 1 HAT-1",
            "Ordered 3 MUG-01",
            "Reserved 1 HAT-1",
            "Reserved 3 MUG-01",
        ],
        took_place: PREPARED,
        shop: "processing",
    },
    // 29. Nine hats of five: the reservation is refused as a whole, and the payment cannot be confirmed either. What
    // was asked for stays an open intent until a person retries it or takes it back.
    Row {
        order: 32,
        stage: "running",
        waits: &["a person at reserve-stock", "a person at verify-payment"],
        incidents: &[
            "rejected at reserve-stock",
            "transaction-missing at verify-payment",
        ],
        owed: &[],
        money: &["Agreed 202.08 USD", "Captured 202.08 USD card, open"],
        stock: &["Ordered 9 HAT-1", "Reserved 9 HAT-1, open"],
        took_place: &["customer", "sales-order"],
        shop: "processing",
    },
    // 40. A guest pays the carrier. `processing` without a date of payment is the shop's word to deliver first; the
    // shop's own "completed" proves no money, so at the end the buyer (or the carrier) owes the invoice. That was agreed.
    Row {
        order: 33,
        stage: "completed",
        waits: &[],
        incidents: &[],
        owed: &["the buyer owes 58.14 USD, as agreed"],
        money: &["Agreed 58.14 USD", "Due 58.14 USD", "Invoiced 58.14 USD"],
        stock: &[
            "Ordered 1 TEE-BLK-M",
            "Ordered 2 MUG-01",
            "Reserved 1 TEE-BLK-M",
            "Reserved 2 MUG-01",
            "Shipped 1 TEE-BLK-M",
            "Shipped 2 MUG-01",
        ],
        took_place: TO_CASH_UNPAID,
        shop: "completed",
    },
    // 47 to 53. Paid, refunded by 1.00, the refund deleted, cancelled, binned, deleted for ever: when it is first
    // read it is gone. Nothing begins, and a person is told.
    Row {
        order: 38,
        stage: "never begun",
        waits: &[],
        incidents: &["order-vanished-unread"],
        owed: &[],
        money: &[],
        stock: &[],
        took_place: &[],
        shop: "gone",
    },
    // 54. The product was deleted after the order, so its line names no article: nobody can ship it unseen.
    Row {
        order: 41,
        stage: "running",
        waits: &["a person, until a deadline at review"],
        incidents: &["approval at review"],
        owed: &[],
        money: &["Agreed 5.36 USD", "Captured 5.36 USD card, open"],
        stock: &[],
        took_place: &[],
        shop: "processing",
    },
    // 55. A variation with an engraving; the twin under another secret is refused. Paid without a transaction.
    Row {
        order: 44,
        stage: "running",
        waits: UNCONFIRMED,
        incidents: UNNAMED,
        owed: &[],
        money: &["Agreed 52.55 USD", "Captured 52.55 USD card, open"],
        stock: &["Ordered 1 HOOD-L", "Reserved 1 HOOD-L"],
        took_place: PREPARED,
        shop: "processing",
    },
    // 64. Paid after it had been cancelled: the money is there and belongs to the buyer.
    Row {
        order: 154,
        stage: "running, held",
        waits: &["a person to resume it"],
        incidents: &["order-cancelled"],
        owed: &["the shop owes 21.34 USD"],
        money: &[
            "Agreed 21.34 USD",
            "CancelledUninvoiced 21.34 USD",
            "Captured 21.34 USD card, open",
        ],
        stock: &["Ordered 2 MUG-01"],
        took_place: &[],
        shop: "cancelled",
    },
    // 65. Refunded in full and set back to processing by hand: the status says deliver, the money says no. Held.
    Row {
        order: 155,
        stage: "running, held",
        waits: &["a person to resume it"],
        incidents: &["refund-recorded"],
        owed: &["unsettled 21.34 USD"],
        money: &[
            "Agreed 21.34 USD",
            "Captured 21.34 USD card, open",
            "Refunded 21.34 USD card, open",
        ],
        stock: &["Ordered 2 MUG-01"],
        took_place: &[],
        shop: "processing",
    },
];

/// Units that the ERP can still promise when all is done, of 100 tees, 50 mugs, 10 samples, 5 hats and 10 hoodies:
/// orders 21, 23 and 33 shipped theirs, orders 24, 25, 26, 31 and 44 hold theirs reserved.
pub(crate) const AVAILABLE: [(&str, i64); 5] = [
    ("TEE-BLK-M", 100 - 2 - 2 - 1 - 2 - 2),
    ("MUG-01", 50 - 3 - 2 - 3 - 3 - 3),
    ("SAMPLE-0", 10 - 1),
    ("HAT-1", 5 - 1),
    ("HOOD-L", 10 - 1),
];

/// Customers the ERP must know when all is done: Ana, and three guests who each gave an address of their own.
pub(crate) const CUSTOMERS: usize = 4;

/// The table by order. A [`End::snapshot`] is not part of it: it must merely be the same every time.
pub(crate) fn table() -> BTreeMap<i64, End> {
    ROWS.iter().map(|row| (row.order, row.end())).collect()
}

impl Row {
    fn end(&self) -> End {
        let set =
            |texts: &[&str]| -> BTreeSet<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
        let list = |texts: &[&str]| -> Vec<String> {
            let mut texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            texts.sort();
            texts
        };
        End {
            stage: self.stage.to_owned(),
            waits: set(self.waits),
            incidents: set(self.incidents),
            owed: list(self.owed),
            money: set(self.money),
            stock: set(self.stock),
            took_place: list(self.took_place),
            shop: self.shop.to_owned(),
            snapshot: Vec::new(),
        }
    }
}
