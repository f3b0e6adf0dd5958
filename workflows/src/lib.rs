//! Canonical retail model, expression language and the workflow definitions that ship with Amends.
