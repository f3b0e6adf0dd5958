//! The workflow of the golden journals: one step of every form and kind. Its digest is a constant, so that a reworded
//! debug output changes no byte.

use std::collections::BTreeMap;
use std::sync::Arc;

use amends_engine::contract::{Contract, Mode, PostingRule, PostingSource};
use amends_engine::decide::{Book, Start};
use amends_engine::definition::{
    Call, Definition, Each, Form, Policy, Reaction, Reactions, Span, Step, StepKind, Undo, UndoCall, Watch,
    WatchAction,
};
use amends_engine::expr::Expr;
use amends_engine::fact::Fact;
use amends_engine::ledger::{Account, Posting};
use amends_engine::{ConnectorId, Digest, FactName, OperationName, RoleName, RootKey, Value};

use StepKind::{Compensatable, Pivot, Retriable};

const HOUR: i64 = 3_600_000;

fn expr(text: &str) -> Expr {
    Expr(text.to_owned())
}

fn request(what: &str, with: &[(&str, &str)]) -> Call {
    let (role, operation) = what.split_once('.').unwrap();
    Call {
        role: RoleName::new(role),
        operation: OperationName::new(operation),
        with: with
            .iter()
            .map(|(name, text)| ((*name).to_owned(), expr(text)))
            .collect(),
    }
}

fn policy() -> Policy {
    Policy {
        timeout_ms: 5_000,
        first_ms: 1_000,
        factor_milli: 2_000,
        max_ms: 30_000,
        give_up_after_ms: HOUR,
        attempts_max: None,
    }
}

fn step(id: &str, kind: StepKind, form: Form, after: &[&str]) -> Step {
    Step {
        id: id.into(),
        title: id.replace('-', " "),
        kind,
        form,
        after: after.iter().map(|id| (*id).into()).collect(),
        when: None,
        each: None,
        policy: policy(),
        on: Reactions::default(),
        critical: true,
        sla_ms: None,
        requires: Vec::new(),
        undo: Undo::Nothing,
    }
}

fn undo(what: &str, with: &[(&str, &str)], may_refuse: bool) -> Undo {
    Undo::Calls(vec![UndoCall {
        call: request(what, with),
        policy: policy(),
        may_refuse,
    }])
}

fn before_the_pivot() -> Vec<Step> {
    let wait = Form::Wait {
        fact: "order.cleared".into(),
        deadline: Span::Computed(expr("order.patience_ms")),
    };
    let mut cleared = step("cleared", Compensatable, wait, &[]);
    cleared.on.deadline = Reaction::Escalate;
    let approval = Form::Approval {
        shown: expr("order.total_minor"),
        deadline: Span::Fixed(HOUR),
    };
    let mut risk = step("risk", Compensatable, approval, &["cleared"]);
    risk.when = Some(expr("order.risky"));
    let create = Form::Call(request("erp.create_order", &[("order", "order.key")]));
    let mut create = step("create", Compensatable, create, &["risk"]);
    create.undo = undo("erp.cancel_order", &[("order", "landed.order")], false);
    let reserve = Form::Call(request("erp.reserve_stock", &[("lines", "item.one")]));
    let mut reserve = step("reserve", Compensatable, reserve, &["create"]);
    reserve.each = Some(Each::Items {
        list: expr("order.lines"),
        key: expr("item.sku"),
    });
    reserve.undo = undo("erp.release_stock", &[("lines", "landed.lines")], false);
    let release = Form::Call(request("warehouse.release", &[("order", "order.key")]));
    let mut release = step("release", Compensatable, release, &["reserve"]);
    release.undo = undo("warehouse.cancel_release", &[("job", "landed.job")], true);
    vec![cleared, risk, create, reserve, release]
}

fn from_the_pivot() -> Vec<Step> {
    let money = [
        ("amount_minor", "order.total_minor"),
        ("currency", "order.currency"),
        ("tender", "order.tender"),
    ];
    let capture = Form::Call(request("payments.capture", &money));
    let capture = step("capture", Pivot, capture, &["release"]);
    let post = Form::Call(request("erp.post_delivery", &[("parcel", "fact.parcel")]));
    let mut deliveries = step("deliveries", Retriable, post, &["capture"]);
    deliveries.each = Some(Each::Facts {
        fact: "parcel.shipped".into(),
        until: expr("count(facts) >= 1"),
        deadline: Span::Fixed(HOUR),
    });
    let invoice = Form::Call(request("erp.post_invoice", &money));
    let invoice = step("invoice", Retriable, invoice, &["deliveries"]);
    let thank = Form::Call(request("storefront.notify", &[("order", "order.key")]));
    let mut thank = step("thank", Retriable, thank, &["invoice"]);
    thank.critical = false;
    thank.on.rejected = Reaction::Skip;
    vec![capture, deliveries, invoice, thank]
}

pub(crate) fn definition() -> Definition {
    let watch = Watch {
        fact: FactName::new("order.edited"),
        when: None,
        then: WatchAction::Hold,
        cause: "order-edited".to_owned(),
    };
    Definition {
        name: "golden".into(),
        version: 1,
        digest: Digest([7; 32]),
        title: "Golden".to_owned(),
        subject: "order".to_owned(),
        key: None,
        start: "order.placed".into(),
        sla_ms: Some(3_600_000),
        steps: before_the_pivot().into_iter().chain(from_the_pivot()).collect(),
        watches: vec![watch],
        samples: Vec::new(),
    }
}

/// The golden workflow and what its operations promise.
pub(crate) struct Shelf(pub(crate) Arc<Definition>);

impl Book for Shelf {
    fn definition(&self, digest: &Digest) -> Option<Arc<Definition>> {
        (self.0.digest == *digest).then(|| self.0.clone())
    }

    fn starts(&self, _: &RootKey, fact: &Fact, _: Option<&Value>) -> Vec<Start> {
        if fact.name != self.0.start {
            return Vec::new();
        }
        let roles = ["erp", "payments", "warehouse", "storefront"];
        let routes = roles.map(|role| (RoleName::new(role), ConnectorId::new(role)));
        vec![Start {
            definition: self.0.clone(),
            routes: BTreeMap::from(routes),
            settings: Value::map([("country", Value::text("DE"))]),
        }]
    }

    fn reports(&self, _: &FactName, _: &Value) -> Vec<Posting> {
        Vec::new()
    }

    fn contract(
        &self,
        connector: &ConnectorId,
        role: &RoleName,
        operation: &OperationName,
    ) -> Option<Contract> {
        let mode = match (role.as_str(), operation.as_str()) {
            ("payments", _) => Mode::Keyed { key_ttl_ms: HOUR },
            ("erp", "reserve_stock") => Mode::Staged,
            ("erp", _) => Mode::Probed,
            ("warehouse", _) => Mode::Idempotent,
            _ => Mode::AtMostOnce,
        };
        Some(Contract {
            connector: connector.clone(),
            role: role.clone(),
            operation: operation.clone(),
            mode,
            settle_ms: 1_000,
            probe: role.as_str() == "erp",
            recipe: Digest([9; 32]),
            postings: postings(operation.as_str()),
        })
    }
}

fn postings(operation: &str) -> Vec<PostingRule> {
    let money = |account| PostingRule {
        account,
        source: PostingSource::Money {
            amount: "amount_minor".to_owned(),
            currency: "currency".to_owned(),
            tender: Some("tender".to_owned()),
        },
        verifies: false,
    };
    let lines = |account| PostingRule {
        account,
        source: PostingSource::Lines {
            lines: "lines".to_owned(),
        },
        verifies: false,
    };
    match operation {
        "reserve_stock" => vec![lines(Account::Reserved)],
        "release_stock" => vec![lines(Account::Released)],
        "capture" => vec![money(Account::Captured)],
        "post_invoice" => vec![money(Account::Invoiced)],
        _ => Vec::new(),
    }
}
