//! The one tokio loop of Amends: group commit, effect executor, clock, shutdown.
