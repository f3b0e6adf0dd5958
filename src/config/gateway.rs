//! Per payment gateway of a shop: who takes the money, and how long an order waits for it.

use std::time::Duration;

use super::choice::choice;
use super::key::{Entry, Key};
use super::problem::Code;
use super::section::Section;
use super::setting::Mistake;

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

/// How long an order waits for money that a machine takes: WooCommerce cancels such an order after 60 minutes.
pub const PATIENCE_ONLINE: Duration = Duration::from_millis(60 * MINUTE);
/// How long an order waits for money that a person sends: a bank transfer takes a week with a weekend.
pub const PATIENCE_OFFLINE: Duration = Duration::from_millis(10 * DAY);

const TAKEN_BY: Key<TakenBy> = Key::required(
    "taken_by",
    "Who takes the money: the shop has taken it when the order is paid, the shop has authorised it and Amends captures, or it comes outside (bank, cash).",
);
const TENDER: Key<Tender> = Key::new(
    "tender",
    "\"card\"",
    "What the money is; amounts of different tenders are never mixed.",
);
const PATIENCE: Key<Duration> = Key::optional(
    "patience",
    "`60m`; `10d` where `taken_by` is `offline`",
    "How long an unpaid order waits before it is given up.",
)
.within(MINUTE, 90 * DAY);
const ON_DELIVERY: Key<bool> = Key::new(
    "on_delivery",
    "false",
    "The money comes with the goods, so the order does not wait for it. Only `offline`.",
);

/// Keys of `[shops.NAME.gateways.NAME]`.
pub const KEYS: &[Entry] = &[
    TAKEN_BY.entry(),
    TENDER.entry(),
    PATIENCE.entry(),
    ON_DELIVERY.entry(),
];

choice! {
    /// Who takes the money.
    TakenBy {
        /// The shop has taken it when the order says paid.
        ShopCaptured = "shop-captured",
        /// The shop has authorised it; Amends captures.
        ShopAuthorised = "shop-authorised",
        /// It comes outside both: a bank transfer, cash.
        Offline = "offline",
    }
}

choice! {
    /// What the money is.
    Tender {
        /// A card or wallet, at the payment provider.
        Card = "card",
        /// A gift card.
        GiftCard = "gift-card",
        /// A bank transfer or cheque.
        Bank = "bank",
        /// Cash handed over with the goods.
        CashOnDelivery = "cash-on-delivery",
    }
}

/// `[shops.NAME.gateways.NAME]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Who takes the money.
    pub taken_by: TakenBy,
    /// What the money is.
    pub tender: Tender,
    /// How long an unpaid order waits before it is given up.
    pub patience: Duration,
    /// The money comes with the goods.
    pub on_delivery: bool,
}

impl Gateway {
    /// Reads one gateway.
    pub(super) fn read(section: &Section<'_>) -> Self {
        let taken_by = section.get(&TAKEN_BY);
        let patience = match taken_by {
            TakenBy::ShopCaptured | TakenBy::ShopAuthorised => PATIENCE_ONLINE,
            TakenBy::Offline => PATIENCE_OFFLINE,
        };
        let gateway = Self {
            taken_by,
            tender: section.get(&TENDER),
            patience: section.get_or(&PATIENCE, patience),
            on_delivery: section.get(&ON_DELIVERY),
        };
        if gateway.on_delivery && gateway.taken_by != TakenBy::Offline {
            section.refuse(
                &ON_DELIVERY,
                Mistake::new(
                    Code::Contradiction,
                    format!(
                        "money that comes with the goods cannot be `{}`",
                        gateway.taken_by.as_str()
                    ),
                    "write taken_by = \"offline\", or take on_delivery out",
                ),
            );
        }
        gateway
    }
}
