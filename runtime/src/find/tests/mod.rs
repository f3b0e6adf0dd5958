//! Lists over indexes against the plain meaning of a filter, and what a page may cost.

mod bound;
mod history;
mod incidents;
mod laws;
