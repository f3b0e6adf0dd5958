//! What definitions may speak of: subjects and their fields, operations of outside systems, facts.
//!
//! One table each, used to check definitions when they are read, to check recipes, and to build the postings of
//! contracts at run time. A word that is not here does not exist.

mod fact;
mod operation;
mod order;
mod posting;
mod shape;

pub use fact::{FACTS, Fact, fact};
pub use operation::{OPERATIONS, Operation, Parameter, operation, operations_of, roles};
pub use posting::{Posts, Reports};
pub use shape::{Mismatch, Shape};

/// The shape of the subject called `name`, or `None` when there is no such subject.
pub fn subject(name: &str) -> Option<Shape> {
    (name == "order").then(order::shape)
}

/// The names of all subjects.
pub const SUBJECTS: &[&str] = &["order"];

/// What expressions read as `shop`: settings of the shop the root belongs to.
pub fn shop() -> Shape {
    Shape::Dictionary(Box::new(Shape::Any))
}
