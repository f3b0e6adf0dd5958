//! Checks, model checker, laws and replay of Amends.
