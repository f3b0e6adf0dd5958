//! One call on the books: found, done, or taken back as a whole.

use serde_json::{Value as Json, json};

use super::books::Books;
use super::failure::Failure;
use super::rpc::Call;
use super::wire::{Record, text};
use crate::sandbox::front::request::order_in_key;
use crate::sandbox::witness::Effect;

/// A call in progress: the books and what it did to them.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) books: &'a mut Books,
    pub(super) call: &'a Call,
    pub(super) now_ms: i64,
    pub(super) effects: Vec<Effect>,
}

impl Books {
    /// Does one call in a transaction: its result, and the effects that took place.
    pub(super) fn call(&mut self, call: &Call, now_ms: i64) -> (Result<Json, Failure>, Vec<Effect>) {
        let stock = self.begin();
        let mut entry = Entry {
            books: self,
            call,
            now_ms,
            effects: Vec::new(),
        };
        match entry.dispatch() {
            Ok(result) => (Ok(result), entry.effects),
            Err(failure) => {
                self.roll_back(stock);
                (Err(failure), Vec::new())
            }
        }
    }
}

impl Entry<'_> {
    fn dispatch(&mut self) -> Result<Json, Failure> {
        let method = self.call.method.as_str();
        match method {
            "common.db.logout" => return Ok(Json::Null),
            "model.res.user.get_preferences" => {
                return Ok(json!({"language": "en", "company": 1, "companies": [1]}));
            }
            _ => {}
        }
        let unknown = || Failure::Bug(format!("'{method}'"));
        let (model, verb) = method
            .strip_prefix("model.")
            .and_then(|name| name.rsplit_once('.'))
            .ok_or_else(unknown)?;
        if let Some(found) = self.look(model, verb) {
            return found;
        }
        match model {
            "party.party" => self.party(verb),
            "sale.sale" => self.sale(verb),
            "stock.shipment.out" => self.shipment(verb),
            "account.invoice" => self.invoice(verb),
            "account.payment" => self.payment(verb),
            _ => Err(Failure::Forbidden),
        }
    }

    /// The calls that every model answers alike, none of which changes anything.
    fn look(&mut self, model: &str, verb: &str) -> Option<Result<Json, Failure>> {
        let call = self.call;
        if model == "product.product" && verb.starts_with("search") {
            self.books.stock_articles(call.list(0));
        }
        match verb {
            "read" => Some(self.read_many(model, &call.ids(), call.list(1))),
            "search" => Some(self.page(model).map(|ids| json!(ids))),
            "search_count" => Some(self.books.search(model, call.list(0)).map(|ids| json!(ids.len()))),
            "search_read" => Some(
                self.page(model)
                    .and_then(|ids| self.read_many(model, &ids, call.list(4))),
            ),
            _ => None,
        }
    }

    /// `search(domain, offset, limit, order, ...)`; of orders only those by id are understood.
    fn page(&self, model: &str) -> Result<Vec<i64>, Failure> {
        let call = self.call;
        let mut ids = self.books.search(model, call.list(0))?;
        match call.list(3).first() {
            Some(order) if *order == json!(["id", "ASC"]) => ids.sort_unstable(),
            Some(order) if *order == json!(["id", "DESC"]) => ids.sort_unstable_by(|a, b| b.cmp(a)),
            Some(_) | None => {}
        }
        let number = |position: usize| call.params.get(position).and_then(Json::as_u64);
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let (offset, limit) = (number(1).map_or(0, size), number(2).map_or(usize::MAX, size));
        Ok(ids.into_iter().skip(offset).take(limit).collect())
    }

    fn read_many(&self, model: &str, ids: &[i64], fields: &[Json]) -> Result<Json, Failure> {
        let read = ids.iter().map(|id| self.books.read(model, *id, fields));
        read.collect::<Result<Vec<_>, _>>().map(Json::Array)
    }

    /// The records a `create` asks for, whose fields all have to be among the known ones.
    pub(super) fn creations(&self, known: &[&str]) -> Result<Vec<Record>, Failure> {
        let records: Vec<Record> = self
            .call
            .list(0)
            .iter()
            .filter_map(|record| record.as_object().cloned())
            .collect();
        for field in records.iter().flat_map(Record::keys) {
            if !known.contains(&field.as_str()) {
                return Err(Failure::Bug(format!("'{field}'")));
            }
        }
        Ok(records)
    }

    /// `write(ids, values)` of the given fields.
    pub(super) fn write(&mut self, model: &'static str, writable: &[&str]) -> Result<Json, Failure> {
        let values = self
            .call
            .params
            .get(1)
            .and_then(Json::as_object)
            .cloned()
            .unwrap_or_default();
        for id in self.call.ids() {
            for (field, value) in &values {
                if !writable.contains(&field.as_str()) {
                    return Err(Failure::Bug(format!("'{field}'")));
                }
                self.books.put(model, id, field, value.clone())?;
            }
        }
        Ok(Json::Null)
    }

    /// An effect of this call on a document, keyed by the request or by the document.
    pub(super) fn effect(&self, document: &Record) -> Effect {
        let operation = self.call.method.trim_start_matches("model.").to_owned();
        let reference = text(document, "reference").to_owned();
        let derived = if operation.ends_with(".create") {
            reference.clone()
        } else {
            let id = document.get("id").map(Json::to_string).unwrap_or_default();
            format!("{reference}#{id}#{operation}")
        };
        let key = self.call.key.clone().unwrap_or(derived);
        Effect {
            system: "erp".into(),
            order_key: order_in_key(&key).or_else(|| self.order_of(document)),
            key,
            operation,
            reference,
            currency: self.books.currency_code(document),
            ..Effect::default()
        }
    }
    /// The order in the reference of the document, or of the sale it came from.
    fn order_of(&self, document: &Record) -> Option<String> {
        let sale = document.get("sale").and_then(Json::as_i64);
        let sale = sale.and_then(|sale| self.books.record("sale.sale", sale).ok());
        order_in_key(text(document, "reference")).or_else(|| order_in_key(text(sale?, "reference")))
    }
}
