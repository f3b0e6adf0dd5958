//! Orders and what the outside reports about them.

use std::sync::Arc;

use amends_engine::decide::Observation;
use amends_engine::fact::Fact;
use amends_engine::ledger::{Account, Currency, Line, Phase, Posting};
use amends_engine::{FactName, RootKey, Value};

use super::dice::Dice;

/// One order of the world.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) root: RootKey,
    pub(crate) workflow: String,
    pub(crate) lines: Vec<(String, i64, i64)>,
    pub(crate) risky: bool,
    pub(crate) prepaid: bool,
    pub(crate) express: bool,
}

impl Order {
    pub(crate) fn draw(dice: &mut Dice, shop: &str, number: usize, workflow: &str) -> Self {
        let lines = (0..=dice.roll(3))
            .map(|line| (format!("sku-{line}"), dice.between(1, 3), dice.between(100, 900)));
        let lines = lines.collect::<Vec<_>>();
        Self {
            root: RootKey::new(format!("{shop}:{number}")),
            workflow: workflow.to_owned(),
            lines,
            risky: dice.chance(300),
            prepaid: dice.chance(500),
            express: dice.chance(200),
        }
    }

    pub(crate) fn total(&self) -> i64 {
        self.lines.iter().map(|(_, _, amount)| amount).sum()
    }

    pub(crate) fn units(&self) -> i64 {
        self.lines.iter().map(|(_, units, _)| units).sum()
    }

    fn subject(&self) -> Value {
        let lines = self.lines.iter().map(|(sku, quantity, amount)| {
            let line = Value::map([("sku", Value::text(sku)), ("quantity", Value::Int(*quantity))]);
            Value::map([
                ("sku", Value::text(sku)),
                ("quantity", Value::Int(*quantity)),
                ("amount_minor", Value::Int(*amount)),
                ("one", Value::List(vec![line])),
            ])
        });
        Value::map([
            ("key", Value::text(self.root.as_str())),
            ("lines", Value::List(lines.collect())),
            ("units", Value::Int(self.units())),
            ("total_minor", Value::Int(self.total())),
            ("currency", Value::text("EUR")),
            ("tender", Value::text("card")),
            ("risky", Value::Bool(self.risky)),
            ("prepaid", Value::Bool(self.prepaid)),
            ("express", Value::Bool(self.express)),
        ])
    }

    /// The order as it was placed.
    pub(crate) fn placed(&self) -> Observation {
        let ordered = self
            .lines
            .iter()
            .map(|(sku, quantity, _)| stock(Account::Ordered, sku, *quantity));
        let agreed = money(Account::Agreed, None, self.total(), Phase::Landed);
        let payload = Value::map([("workflow", Value::text(&self.workflow))]);
        let fact = fact("order.placed", "1", payload, ordered.chain([agreed]).collect());
        Observation {
            mirror: None,
            subject: Some(Arc::new(self.subject())),
            facts: vec![fact],
        }
    }

    pub(crate) fn cleared(&self) -> Observation {
        let claim = money(Account::Captured, Some("card"), self.total(), Phase::Open);
        let postings = if self.prepaid { vec![claim] } else { Vec::new() };
        only(fact("order.cleared", "1", Value::Null, postings))
    }

    pub(crate) fn cancelled() -> Observation {
        only(fact("order.cancelled", "1", Value::Null, Vec::new()))
    }

    pub(crate) fn edited(number: i64) -> Observation {
        only(fact(
            "order.edited",
            &number.to_string(),
            Value::Int(number),
            Vec::new(),
        ))
    }

    pub(crate) fn refunded(number: i64, amount: i64) -> Observation {
        let claim = money(Account::Refunded, Some("card"), amount, Phase::Open);
        only(fact(
            "refund.recorded",
            &number.to_string(),
            Value::Int(amount),
            vec![claim],
        ))
    }

    pub(crate) fn received() -> Observation {
        only(fact("order.received", "1", Value::Null, Vec::new()))
    }

    /// The parcel with one line of the order.
    pub(crate) fn shipped(&self, line: usize) -> Observation {
        let (sku, quantity, _) = self.lines.get(line % self.lines.len()).unwrap().clone();
        let parcel = format!("p-{}", line % self.lines.len());
        let payload = Value::map([("parcel", Value::text(&parcel)), ("units", Value::Int(quantity))]);
        only(fact(
            "parcel.shipped",
            &parcel,
            payload,
            vec![stock(Account::Shipped, &sku, quantity)],
        ))
    }
}

pub(crate) fn only(fact: Fact) -> Observation {
    Observation {
        mirror: None,
        subject: None,
        facts: vec![fact],
    }
}

pub(crate) fn fact(name: &str, id: &str, payload: Value, postings: Vec<Posting>) -> Fact {
    Fact {
        name: FactName::new(name),
        id: id.to_owned(),
        payload,
        postings,
    }
}

pub(crate) fn money(account: Account, tender: Option<&str>, amount: i64, phase: Phase) -> Posting {
    Posting {
        account,
        line: Line::Money {
            currency: Currency::parse("EUR").unwrap(),
            tender: tender.map(str::to_owned),
        },
        amount,
        phase,
    }
}

fn stock(account: Account, sku: &str, amount: i64) -> Posting {
    Posting {
        account,
        line: Line::Stock { sku: sku.to_owned() },
        amount,
        phase: Phase::Landed,
    }
}
