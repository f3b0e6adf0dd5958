//! Form fields of a request: `amount=9189&metadata[order_id]=16`.

use std::collections::BTreeMap;

use super::trouble::Trouble;
use crate::sandbox::front::request::first;

/// The decoded fields.
#[derive(Debug)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn new(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        first(&self.0, name).filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Trouble> {
        self.get(name)
            .ok_or_else(|| Trouble::parameter(name, &format!("Missing required param: {name}.")))
    }

    /// A whole number of minor units, if the field is there.
    pub(super) fn amount(&self, name: &str) -> Result<Option<i64>, Trouble> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(amount) if amount > 0 => Ok(Some(amount)),
            _ => Err(Trouble::parameter(name, &format!("Invalid integer: {text}"))),
        }
    }

    /// The fields `name[...]`.
    pub(super) fn map(&self, name: &str) -> BTreeMap<String, String> {
        let inner = |key: &str| {
            key.strip_prefix(name)?
                .strip_prefix('[')?
                .strip_suffix(']')
                .map(str::to_owned)
        };
        self.0
            .iter()
            .filter_map(|(key, value)| Some((inner(key)?, value.clone())))
            .collect()
    }
}
