//! HTTP API, webhooks and callbacks of Amends.
