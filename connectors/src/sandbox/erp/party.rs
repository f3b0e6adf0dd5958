//! `model.party.party`: customers.

use serde_json::{Value as Json, json};

use super::books::CUSTOMER_LOCATION;
use super::entry::Entry;
use super::failure::Failure;
use super::wire::{Record, created, text};

const FIELDS: [&str; 8] = [
    "name",
    "code",
    "addresses",
    "contact_mechanisms",
    "identifiers",
    "lang",
    "tax_identifier",
    "active",
];

impl Entry<'_> {
    pub(super) fn party(&mut self, verb: &str) -> Result<Json, Failure> {
        match verb {
            "create" => {
                let parties = self.creations(&FIELDS)?;
                let ids = parties.iter().map(|party| self.create_party(party));
                ids.collect::<Result<Vec<_>, _>>().map(|ids| json!(ids))
            }
            "write" => self.write("party.party", &FIELDS),
            _ => Err(Failure::Forbidden),
        }
    }

    /// The one thing Tryton enforces: a code is given once.
    fn create_party(&mut self, party: &Record) -> Result<i64, Failure> {
        let code = text(party, "code");
        let code = if code.is_empty() {
            self.books.number("C")
        } else {
            code.to_owned()
        };
        let taken = self.books.search("party.party", &[json!(["code", "=", code])])?;
        if !taken.is_empty() {
            return Err(Failure::User("The code on party must be unique.".to_owned()));
        }
        let mechanisms = created(party.get("contact_mechanisms"));
        let email = mechanisms
            .iter()
            .find(|mechanism| text(mechanism, "type") == "email");
        let name = text(party, "name");
        let addresses: Vec<i64> = created(party.get("addresses"))
            .into_iter()
            .map(|address| self.books.keep("party.address", Json::Object(address)))
            .collect();
        let id = self.books.keep(
            "party.party",
            json!({
                "name": name,
                "rec_name": name,
                "code": code,
                "reference": code,
                "email": email.map(|mechanism| text(mechanism, "value")).unwrap_or_default(),
                "addresses": addresses,
                "customer_location": CUSTOMER_LOCATION,
                "active": true,
            }),
        );
        let effect = self.effect(self.books.record("party.party", id)?);
        self.effects.push(effect);
        Ok(id)
    }
}
