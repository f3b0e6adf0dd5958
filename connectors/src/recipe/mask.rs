//! Keeping credentials and personal data out of what is recorded.

use std::collections::BTreeSet;
use std::fmt;

use amends_engine::Value;
use amends_engine::outcome::{Fault, Landing, Outcome, Probe};

use super::secret::{Encoding, Secret, Secrets};

/// Finds credentials in recorded text, in every form they travel in.
#[derive(Clone, Default)]
pub(super) struct Mask {
    /// What to look for and what to put there, longest first.
    needles: Vec<(String, String)>,
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({} needles)", self.needles.len())
    }
}

impl Mask {
    pub(super) fn new(secrets: &Secrets) -> Self {
        let mut mask = Self::default();
        for (name, secret) in secrets {
            mask.add(secret, &format!("‹secret.{name}›"));
        }
        mask
    }

    /// This mask, which also hides `secret`.
    pub(super) fn hiding(mut self, secret: &Secret, shown: &str) -> Self {
        self.add(secret, shown);
        self
    }

    fn add(&mut self, secret: &Secret, shown: &str) {
        let text = secret.reveal();
        if text.is_empty() {
            return;
        }
        let mut forms = BTreeSet::from([text.to_owned()]);
        for encoding in [Encoding::Base64, Encoding::Percent, Encoding::Json] {
            forms.insert(encoding.apply(text));
        }
        self.needles
            .extend(forms.into_iter().map(|form| (form, shown.to_owned())));
        self.needles
            .sort_by(|(left, _), (right, _)| right.len().cmp(&left.len()).then(left.cmp(right)));
    }

    /// `text` without credentials.
    pub(super) fn text(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for (needle, shown) in &self.needles {
            if masked.contains(needle) {
                masked = masked.replace(needle, shown);
            }
        }
        masked
    }

    fn value(&self, value: Value) -> Value {
        match value {
            Value::Text(text) => Value::Text(self.text(&text)),
            Value::List(elements) => {
                Value::List(elements.into_iter().map(|element| self.value(element)).collect())
            }
            Value::Map(fields) => Value::map(
                fields
                    .into_iter()
                    .map(|(name, field)| (self.text(&name), self.value(field))),
            ),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Decimal(_) => value,
        }
    }

    fn fault(&self, mut fault: Fault, private: &BTreeSet<&str>) -> Fault {
        fault.message = without(&self.text(&fault.message), private);
        fault.code = fault.code.map(|code| without(&self.text(&code), private));
        fault
    }

    fn landing(&self, mut landing: Landing) -> Landing {
        landing.reference = landing.reference.map(|reference| self.text(&reference));
        landing.duplicates = landing.duplicates.iter().map(|other| self.text(other)).collect();
        landing.result = self.value(landing.result);
        landing
    }

    /// An outcome without credentials, its sentences without the personal data in `args`.
    pub(super) fn outcome(&self, outcome: Outcome, args: &Value) -> Outcome {
        let private = private(args);
        match outcome {
            Outcome::Succeeded(landing) => Outcome::Succeeded(self.landing(landing)),
            Outcome::Accepted(landing) => Outcome::Accepted(self.landing(landing)),
            Outcome::Rejected(fault) => Outcome::Rejected(self.fault(fault, &private)),
            Outcome::Failed(fault) => Outcome::Failed(self.fault(fault, &private)),
            Outcome::Unknown(fault) => Outcome::Unknown(self.fault(fault, &private)),
        }
    }

    /// The same for a look-up.
    pub(super) fn probe(&self, probe: Probe, args: &Value) -> Probe {
        match probe {
            Probe::Found(landing) => Probe::Found(self.landing(landing)),
            Probe::Absent => Probe::Absent,
            Probe::Failed(fault) => Probe::Failed(self.fault(fault, &private(args))),
        }
    }
}

/// Arguments that name or locate a person; operations carry them at the top or inside an address.
const PRIVATE: [&str; 8] = [
    "name", "company", "email", "phone", "line1", "line2", "city", "postcode",
];
const ADDRESSES: [&str; 4] = ["billing", "shipping", "address", "customer"];
/// Shorter texts ("US", "1") are everywhere and say nothing.
const PRIVATE_CHARS_MIN: usize = 3;

fn private(args: &Value) -> BTreeSet<&str> {
    let inside = ADDRESSES.iter().filter_map(|name| args.get(name));
    [args]
        .into_iter()
        .chain(inside)
        .flat_map(|map| PRIVATE.iter().filter_map(|name| map.get(name)?.as_text()))
        .filter(|text| text.chars().count() >= PRIVATE_CHARS_MIN)
        .collect()
}

fn without(text: &str, private: &BTreeSet<&str>) -> String {
    let mut longest_first: Vec<_> = private.iter().collect();
    longest_first.sort_by_key(|part| std::cmp::Reverse(part.len()));
    longest_first
        .into_iter()
        .fold(text.to_owned(), |text, part| text.replace(part, "…"))
}

#[cfg(test)]
mod tests {
    use amends_engine::Value;
    use amends_engine::outcome::{Fault, FaultClass, Outcome};

    use super::Mask;
    use crate::recipe::{Secret, Secrets};

    #[test]
    fn a_sentence_keeps_neither_credentials_nor_persons() {
        let secrets = Secrets::from([("key".to_owned(), Secret::new("open \"sesame\""))]);
        let args = Value::map([
            ("email", Value::text("ada@example.test")),
            ("name", "Ada Byron".into()),
        ]);
        let message =
            "party Ada Byron <ada@example.test> refused for open \"sesame\" and open%20%22sesame%22";
        let fault = Fault::new(FaultClass::Business, message);
        let Outcome::Rejected(fault) = Mask::new(&secrets).outcome(Outcome::Rejected(fault), &args) else {
            panic!("a rejection stays one");
        };
        assert_eq!(
            fault.message,
            "party … <…> refused for ‹secret.key› and ‹secret.key›"
        );
    }
}
