//! What is bought, and what it costs: all in cents, rounded where WooCommerce rounds.

use super::catalogue::ARTICLES;
use crate::sandbox::random::Dice;

/// A tax: its id, code, label and rate in thousandths of a percent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) id: i64,
    pub(super) code: &'static str,
    pub(super) label: &'static str,
    pub(super) thousandths: i64,
}

const STATE: Rate = Rate {
    id: 1,
    code: "US-CA-CA TAX-1",
    label: "CA Tax",
    thousandths: 7250,
};

const DISTRICT: Rate = Rate {
    id: 2,
    code: "US-CA-SF DISTRICT-2",
    label: "SF District",
    thousandths: 1375,
};

/// Half up, as WooCommerce rounds each tax of each line.
fn tax_on(cents: i64, rate: Rate) -> i64 {
    (cents * rate.thousandths + 50_000) / 100_000
}

/// Taxed money: net, and the tax for each rate of the basket.
#[derive(Debug, Clone)]
pub(super) struct Taxed {
    pub(super) net: i64,
    pub(super) taxes: Vec<i64>,
}

impl Taxed {
    fn new(net: i64, rates: &[Rate]) -> Self {
        Self {
            net,
            taxes: rates.iter().map(|rate| tax_on(net, *rate)).collect(),
        }
    }

    fn untaxed(net: i64, rates: &[Rate]) -> Self {
        Self {
            net,
            taxes: vec![0; rates.len()],
        }
    }

    pub(super) fn tax(&self) -> i64 {
        self.taxes.iter().sum()
    }
}

/// A line of the basket.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) sku: &'static str,
    pub(super) name: &'static str,
    pub(super) product_id: i64,
    pub(super) quantity: i64,
    /// Before coupons.
    pub(super) subtotal: Taxed,
    /// After coupons.
    pub(super) total: Taxed,
}

/// A shipping method.
#[derive(Debug, Clone)]
pub(super) struct Shipping {
    pub(super) method: &'static str,
    pub(super) title: &'static str,
    pub(super) cost: Taxed,
}

/// A basket ready for checkout.
#[derive(Debug, Clone)]
pub(super) struct Basket {
    pub(super) rates: Vec<Rate>,
    pub(super) lines: Vec<Line>,
    pub(super) shipping: Option<Shipping>,
    pub(super) fee: Option<Taxed>,
    /// In percent.
    pub(super) coupon: Option<i64>,
}

impl Basket {
    /// A basket; a free one holds samples only.
    pub(super) fn draw(dice: &mut Dice, free: bool) -> Self {
        let rates = if dice.percent(30) {
            vec![STATE, DISTRICT]
        } else {
            vec![STATE]
        };
        let coupon = (!free && dice.percent(25)).then(|| *dice.pick(&[10, 15, 25]));
        let lines = if free {
            vec![line(ARTICLES[2], 1, None, &rates)]
        } else {
            draw_lines(dice, coupon, &rates)
        };
        let shipping = (!free).then(|| draw_shipping(dice, &rates));
        let gift_wrap = (!free && dice.percent(20)).then(|| Taxed::new(450, &rates));
        Self {
            rates,
            lines,
            shipping,
            fee: gift_wrap,
            coupon,
        }
    }

    pub(super) fn discount(&self) -> i64 {
        self.lines
            .iter()
            .map(|line| line.subtotal.net - line.total.net)
            .sum()
    }

    pub(super) fn discount_tax(&self) -> i64 {
        self.lines
            .iter()
            .map(|line| line.subtotal.tax() - line.total.tax())
            .sum()
    }

    /// Tax on lines and fees, for the rate at this position.
    pub(super) fn cart_tax(&self, rate: usize) -> i64 {
        let at = |taxed: &Taxed| taxed.taxes.get(rate).copied().unwrap_or_default();
        self.lines.iter().map(|line| at(&line.total)).sum::<i64>() + self.fee.as_ref().map_or(0, at)
    }

    /// Tax on shipping, for the rate at this position.
    pub(super) fn shipping_tax(&self, rate: usize) -> i64 {
        let shipping = self.shipping.as_ref();
        shipping
            .and_then(|shipping| shipping.cost.taxes.get(rate).copied())
            .unwrap_or_default()
    }

    pub(super) fn total(&self) -> i64 {
        let lines: i64 = self
            .lines
            .iter()
            .map(|line| line.total.net + line.total.tax())
            .sum();
        let shipping = self
            .shipping
            .as_ref()
            .map_or(0, |shipping| shipping.cost.net + shipping.cost.tax());
        lines + shipping + self.fee.as_ref().map_or(0, |fee| fee.net + fee.tax())
    }
}

fn draw_lines(dice: &mut Dice, coupon: Option<i64>, rates: &[Rate]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for _ in 0..dice.between(1, 4) {
        let article = *dice.pick(&ARTICLES);
        let quantity = i64::try_from(dice.between(1, 4)).unwrap_or(1);
        let known = lines.iter().any(|line| line.sku == article.0);
        if !known && article.3 > 0 {
            lines.push(line(article, quantity, coupon, rates));
        }
    }
    if lines.is_empty() {
        lines.push(line(ARTICLES[0], 1, coupon, rates));
    }
    lines
}

fn line(
    article: (&'static str, &'static str, i64, i64),
    quantity: i64,
    coupon: Option<i64>,
    rates: &[Rate],
) -> Line {
    let (sku, name, product_id, price) = article;
    let subtotal = price * quantity;
    let discount = coupon.map_or(0, |percent| (subtotal * percent + 50) / 100);
    Line {
        sku,
        name,
        product_id,
        quantity,
        subtotal: Taxed::new(subtotal, rates),
        total: Taxed::new(subtotal - discount, rates),
    }
}

fn draw_shipping(dice: &mut Dice, rates: &[Rate]) -> Shipping {
    match dice.below(10) {
        0..2 => Shipping {
            method: "express",
            title: "Express",
            cost: Taxed::new(1995, rates),
        },
        2..4 => Shipping {
            method: "free_shipping",
            title: "Free shipping",
            cost: Taxed::untaxed(0, rates),
        },
        _ => Shipping {
            method: "flat_rate",
            title: "Flat rate",
            cost: Taxed::untaxed(1000, rates),
        },
    }
}
