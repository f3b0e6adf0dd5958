//! How a shop's REST interface is read.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::key::{Entry, Key};
use super::problem::Code;
use super::section::Section;
use super::setting::Mistake;
use super::{Secret, web};

use url::Url;

const SECOND: u64 = 1_000;
const DAY: u64 = 24 * 60 * 60 * SECOND;

const CONSUMER_KEY: Key<Secret> = Key::required(
    "consumer_key",
    "REST key of the shop (`ck_...`), with read and write permission.",
);
const CONSUMER_SECRET: Key<Secret> = Key::required("consumer_secret", "Its secret (`cs_...`).");
const ORDERS_SINCE: Key<DateTime<Utc>> = Key::optional(
    "orders_since",
    "from the moment this store first met the shop, less `overlap`",
    "From when on sweeps and full compares look at orders, by date of change. Older ones are looked at only when a delivery names them, so that connecting a shop does not ship its history. Set back, the older orders are read with the next sweep.",
);
const SWEEP_EVERY: Key<Duration> = Key::new(
    "sweep_every",
    "\"5m\"",
    "How often changed orders are asked for, in case a webhook was lost.",
)
.within(5 * SECOND, DAY);
const OVERLAP: Key<Duration> = Key::new(
    "overlap",
    "\"2m\"",
    "How far a sweep reaches back before the end of the last one: longer than any order takes to become visible.",
)
.within(SECOND, DAY);
const PAGE: Key<u32> = Key::new(
    "page",
    "100",
    "Orders that sweeps and full compares ask for at once, a number of orders. Fewer are for a shop that takes too long over a page; WooCommerce gives 100 at most.",
)
.within(1, 100);
const SILENT_AFTER: Key<Duration> = Key::new(
    "silent_after",
    "\"1h\"",
    "How long sweeps find changes while no webhook arrives before the shop is reported as `shop-silent`.",
)
.within(SECOND, 30 * DAY);
const COMPARE_EVERY: Key<Duration> = Key::new(
    "compare_every",
    "\"1d\"",
    "How long after one full compare the next begins: the only way to notice deleted refunds, articles saved by plugins, and deleted orders without a webhook.",
)
.within(SECOND, 30 * DAY);
const COMPARE_WINDOW: Key<Duration> = Key::new(
    "compare_window",
    "\"90d\"",
    "How far back a full compare goes, by the date of an order's last change.",
)
.within(60 * SECOND, 3_650 * DAY);
const COMPARE_RATE: Key<u32> = Key::new(
    "compare_rate",
    "30",
    "Requests a full compare makes in a minute, a number of requests with up to 100 orders each.",
)
.within(1, 6_000);

/// Keys of `[shops.NAME.rest]`.
pub const KEYS: &[Entry] = &[
    CONSUMER_KEY.entry(),
    CONSUMER_SECRET.entry(),
    ORDERS_SINCE.entry(),
    SWEEP_EVERY.entry(),
    OVERLAP.entry(),
    PAGE.entry(),
    SILENT_AFTER.entry(),
    COMPARE_EVERY.entry(),
    COMPARE_WINDOW.entry(),
    COMPARE_RATE.entry(),
];

/// `[shops.NAME.rest]`
#[derive(Debug, Clone)]
pub struct Rest {
    /// REST key of the shop.
    pub consumer_key: Secret,
    /// Its secret.
    pub consumer_secret: Secret,
    /// From when on orders are looked at without being told; `None` for the moment the store first met the shop.
    pub orders_since: Option<DateTime<Utc>>,
    /// How often changed orders are asked for.
    pub sweep_every: Duration,
    /// How far a sweep reaches back before the end of the last one.
    pub overlap: Duration,
    /// Orders asked for at once.
    pub page: u32,
    /// How long changes go untold by webhooks before the shop counts as silent.
    pub silent_after: Duration,
    /// How long after one full compare the next begins.
    pub compare_every: Duration,
    /// How far back a full compare goes.
    pub compare_window: Duration,
    /// Requests a full compare makes in a minute.
    pub compare_rate: u32,
}

impl Rest {
    /// Reads the table `rest` of `shop`, whose address is `url`.
    pub(super) fn read(shop: &Section<'_>, url: &Url) -> Option<Self> {
        let section = shop.table("rest");
        if !section.is_present() {
            return None;
        }
        let rest = Self {
            consumer_key: section.get(&CONSUMER_KEY),
            consumer_secret: section.get(&CONSUMER_SECRET),
            orders_since: section.optional(&ORDERS_SINCE),
            sweep_every: section.get(&SWEEP_EVERY),
            overlap: section.get(&OVERLAP),
            page: section.get(&PAGE),
            silent_after: section.get(&SILENT_AFTER),
            compare_every: section.get(&COMPARE_EVERY),
            compare_window: section.get(&COMPARE_WINDOW),
            compare_rate: section.get(&COMPARE_RATE),
        };
        section.end();
        if web::is_plain(url) {
            section.refuse(
                &CONSUMER_SECRET,
                Mistake::new(
                    Code::PlainHttp,
                    format!("the REST secret would be sent to {url} unencrypted, and WooCommerce takes it over TLS only"),
                    "write an https:// address as the shop's url",
                ),
            );
        }
        Some(rest)
    }
}
