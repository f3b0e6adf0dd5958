//! The `amends` binary: command line and composition root, nothing else.

fn main() {}
