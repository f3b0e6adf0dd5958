//! Names and keys. Each is text with one meaning, so that a step can never be passed where a root is wanted.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(String);

        impl $name {
            /// Wraps `text` as it is; validation belongs to the edge that read it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}

text_id!(
    /// What everything about one order hangs on: `{shop}:{order id}`, for example `eu-shop:1042`.
    RootKey
);
text_id!(
    /// One run of one workflow within a root: `{root}/{workflow}`, or `{root}/{workflow}/{business key}`
    /// where a root may have several.
    InstanceId
);
text_id!(
    /// A step of a definition, for example `reserve-stock`.
    StepId
);
text_id!(
    /// One element of a fan-out, for example a parcel id.
    ItemKey
);
text_id!(
    /// The name of a workflow, for example `order-to-cash`.
    WorkflowName
);
text_id!(
    /// A configured connector, for example `tryton-eu`.
    ConnectorId
);
text_id!(
    /// The name a definition calls a kind of outside system by: `erp`, `payments`, `warehouse`, `storefront`.
    RoleName
);
text_id!(
    /// What a role can do, for example `reserve_stock`.
    OperationName
);
text_id!(
    /// The name of a kind of fact, for example `order.placed`.
    FactName
);
text_id!(
    /// Identity of one store and its epoch. It is part of every idempotency key, so that a staging copy of a
    /// store never shares keys with production.
    StoreId
);

impl InstanceId {
    /// The id of the only instance of `workflow` in `root`.
    pub fn of(root: &RootKey, workflow: &WorkflowName) -> Self {
        Self(format!("{root}/{workflow}"))
    }

    /// The id of one of several instances of `workflow` in `root`, told apart by `key`.
    pub fn keyed(root: &RootKey, workflow: &WorkflowName, key: &str) -> Self {
        Self(format!("{root}/{workflow}/{key}"))
    }
}
