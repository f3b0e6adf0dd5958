//! What outside systems can do, by role.

use amends_engine::contract::PostingRule;
use amends_engine::ledger::Account;

use super::Shape;
use super::order::address;
use super::posting::Posts;

/// A named value that goes in or comes out.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name in `with` or in `steps.<step>.<name>`.
    pub name: &'static str,
    /// What it looks like.
    pub shape: fn() -> Shape,
    /// Whether it must be given.
    pub required: bool,
}

/// An operation of a role.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// The role: `erp`.
    pub role: &'static str,
    /// The name: `create_order`.
    pub name: &'static str,
    /// What goes in.
    pub arguments: &'static [Parameter],
    /// What comes out.
    pub result: &'static [Parameter],
    /// What it moves in the ledger.
    pub posts: &'static [Posts],
    /// It only reads or finds; calling it leaves nothing to undo.
    pub harmless: bool,
}

impl Operation {
    /// The argument called `name`.
    pub fn argument(&self, name: &str) -> Option<&'static Parameter> {
        self.arguments.iter().find(|argument| argument.name == name)
    }

    /// What `steps.<step>` looks like after this operation.
    pub fn result_shape(&self) -> Shape {
        Shape::Record(
            self.result
                .iter()
                .map(|field| (field.name.to_owned(), (field.shape)()))
                .collect(),
        )
    }

    /// The posting rules that a contract of this operation carries.
    pub fn postings(&self) -> Vec<PostingRule> {
        self.posts.iter().map(|posts| posts.rule()).collect()
    }
}

/// The operation `role.name`, or `None` when there is none.
pub fn operation(role: &str, name: &str) -> Option<&'static Operation> {
    OPERATIONS
        .iter()
        .find(|operation| operation.role == role && operation.name == name)
}

/// All roles, in the order of the table.
pub fn roles() -> Vec<&'static str> {
    let mut roles: Vec<_> = OPERATIONS.iter().map(|operation| operation.role).collect();
    roles.dedup();
    roles
}

/// The operations of `role`.
pub fn operations_of(role: &str) -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().filter(move |operation| operation.role == role)
}

const fn needs(name: &'static str, shape: fn() -> Shape) -> Parameter {
    Parameter {
        name,
        shape,
        required: true,
    }
}

fn text() -> Shape {
    Shape::Text
}

fn int() -> Shape {
    Shape::Int
}

fn truth() -> Shape {
    Shape::Bool
}

fn documents() -> Shape {
    Shape::Dictionary(Box::new(Shape::Any))
}

/// Articles and how many: what stock postings read.
fn units() -> Shape {
    Shape::list(Shape::record([("sku", Shape::Text), ("quantity", Shape::Int)]))
}

fn priced_lines() -> Shape {
    Shape::list(Shape::record([
        ("sku", Shape::Text),
        ("name", Shape::Text),
        ("quantity", Shape::Int),
        ("net_minor", Shape::Int),
        ("tax_minor", Shape::Int),
    ]))
}

/// The arguments that name a payment at the provider.
const PAYMENT: &[Parameter] = &[
    needs("transaction", text),
    needs("currency", text),
    needs("amount_minor", int),
    needs("tender", text),
];

/// Every operation there is.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        role: "erp",
        name: "match_customer",
        arguments: &[
            needs("reference", text),
            needs("email", text),
            needs("name", text),
            needs("company", text),
            needs("billing", address),
            needs("shipping", address),
        ],
        result: &[needs("customer", text)],
        posts: &[],
        harmless: true,
    },
    Operation {
        role: "erp",
        name: "create_order",
        arguments: &[
            needs("customer", text),
            needs("order_key", text),
            needs("currency", text),
            needs("lines", priced_lines),
            needs("shipping_minor", int),
            needs("fees_minor", int),
            needs("tax_minor", int),
            needs("total_minor", int),
        ],
        result: &[needs("order", text), needs("total_minor", int)],
        posts: &[],
        harmless: false,
    },
    Operation {
        role: "erp",
        name: "cancel_order",
        arguments: &[needs("order", text)],
        result: &[],
        posts: &[],
        harmless: false,
    },
    Operation {
        role: "erp",
        name: "reserve_stock",
        arguments: &[
            needs("order", text),
            needs("customer", text),
            needs("lines", units),
        ],
        result: &[needs("reservation", text), needs("lines", units)],
        posts: &[Posts::Lines {
            account: Account::Reserved,
            lines: "lines",
        }],
        harmless: false,
    },
    Operation {
        role: "erp",
        name: "release_stock",
        arguments: &[needs("reservation", text), needs("lines", units)],
        result: &[],
        posts: &[Posts::Lines {
            account: Account::Released,
            lines: "lines",
        }],
        harmless: false,
    },
    Operation {
        role: "erp",
        name: "post_delivery",
        arguments: &[
            needs("order", text),
            needs("customer", text),
            needs("parcel", text),
            needs("lines", units),
        ],
        result: &[needs("delivery", text)],
        posts: &[],
        harmless: false,
    },
    Operation {
        role: "erp",
        name: "post_invoice",
        arguments: &[
            needs("order", text),
            needs("customer", text),
            needs("currency", text),
            needs("total_minor", int),
        ],
        result: &[needs("invoice", text), needs("total_minor", int)],
        posts: &[Posts::Money {
            account: Account::Invoiced,
            amount: "total_minor",
        }],
        harmless: false,
    },
    Operation {
        role: "erp",
        name: "register_payment",
        arguments: &[
            needs("invoice", text),
            needs("currency", text),
            needs("amount_minor", int),
            needs("tender", text),
        ],
        result: &[needs("payment", text)],
        posts: &[],
        harmless: false,
    },
    Operation {
        role: "payments",
        name: "verify_payment",
        arguments: PAYMENT,
        result: &[needs("status", text), needs("amount_minor", int)],
        posts: &[Posts::Verifies {
            account: Account::Captured,
            amount: "amount_minor",
        }],
        harmless: true,
    },
    Operation {
        role: "payments",
        name: "verify_authorisation",
        arguments: PAYMENT,
        result: &[
            needs("status", text),
            needs("amount_minor", int),
            needs("capture_before_ms", int),
        ],
        posts: &[Posts::Verifies {
            account: Account::Authorized,
            amount: "amount_minor",
        }],
        harmless: true,
    },
    Operation {
        role: "payments",
        name: "void",
        arguments: PAYMENT,
        result: &[needs("amount_minor", int)],
        posts: &[Posts::Money {
            account: Account::Voided,
            amount: "amount_minor",
        }],
        harmless: false,
    },
    Operation {
        role: "payments",
        name: "capture",
        arguments: PAYMENT,
        result: &[needs("capture", text), needs("amount_minor", int)],
        posts: &[Posts::Money {
            account: Account::Captured,
            amount: "amount_minor",
        }],
        harmless: false,
    },
    Operation {
        role: "payments",
        name: "capture_part",
        arguments: &[
            needs("transaction", text),
            needs("currency", text),
            needs("amount_minor", int),
            needs("tender", text),
            needs("last", truth),
        ],
        result: &[needs("capture", text), needs("amount_minor", int)],
        posts: &[Posts::Money {
            account: Account::Captured,
            amount: "amount_minor",
        }],
        harmless: false,
    },
    Operation {
        role: "warehouse",
        name: "release",
        arguments: &[
            needs("order_key", text),
            needs("lines", units),
            needs("address", address),
            needs("express", truth),
        ],
        result: &[needs("job", text)],
        posts: &[],
        harmless: false,
    },
    Operation {
        role: "warehouse",
        name: "cancel_release",
        arguments: &[needs("job", text)],
        result: &[],
        posts: &[],
        harmless: false,
    },
    Operation {
        role: "storefront",
        name: "write_back",
        arguments: &[
            needs("order_id", int),
            needs("status", text),
            needs("documents", documents),
        ],
        result: &[],
        posts: &[],
        harmless: false,
    },
    Operation {
        role: "storefront",
        name: "notify",
        arguments: &[needs("order_id", int), needs("note", text)],
        result: &[needs("note", text)],
        posts: &[],
        harmless: false,
    },
];
