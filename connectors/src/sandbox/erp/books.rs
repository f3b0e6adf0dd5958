//! Everything the ERP has on record, and the calls on it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::rpc::Call;
use super::stock::Stock;
use super::table::Table;
use super::wire::{Record, decimal, rounded, text};
use crate::sandbox::front::request::order_in_key;
use crate::sandbox::witness::Effect;

/// Currencies on record: code and digits; the id is the position plus one.
const CURRENCIES: [(&str, u32); 6] = [
    ("USD", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("JPY", 0),
    ("CHF", 2),
    ("KWD", 3),
];

/// Taxes on record: name and rate in percent; the id is the position plus one.
const TAXES: [(&str, &str); 4] = [
    ("CA Tax", "7.25"),
    ("MwSt.", "19"),
    ("VAT", "20"),
    ("SF District", "1.375"),
];

/// Fields that lead to other models: model, field, model it leads to.
const RELATIONS: [(&str, &str, &str); 16] = [
    ("sale.sale", "party", "party.party"),
    ("sale.sale", "currency", "currency.currency"),
    ("sale.sale", "lines", "sale.line"),
    ("sale.sale", "shipments", "stock.shipment.out"),
    ("sale.sale", "invoices", "account.invoice"),
    ("sale.line", "product", "product.product"),
    ("stock.shipment.out", "customer", "party.party"),
    ("stock.shipment.out", "moves", "stock.move"),
    ("stock.shipment.out", "outgoing_moves", "stock.move"),
    ("stock.move", "product", "product.product"),
    ("account.invoice", "party", "party.party"),
    ("account.invoice", "currency", "currency.currency"),
    ("account.invoice", "lines", "account.invoice.line"),
    ("account.invoice.line", "product", "product.product"),
    ("account.payment", "party", "party.party"),
    ("account.payment", "currency", "currency.currency"),
];

/// The models that can be searched and read.
const MODELS: [&str; 12] = [
    "party.party",
    "product.product",
    "currency.currency",
    "account.tax",
    "sale.sale",
    "sale.line",
    "stock.shipment.out",
    "stock.move",
    "account.invoice",
    "account.invoice.line",
    "account.payment",
    "stock.location",
];

/// The records of the ERP.
#[derive(Debug)]
pub(crate) struct Books {
    tables: BTreeMap<&'static str, Table>,
    pub(super) stock: Stock,
    numbers: BTreeMap<&'static str, u64>,
}

/// A call in progress: the books and what it did to them.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) books: &'a mut Books,
    pub(super) call: &'a Call,
    pub(super) now_ms: i64,
    pub(super) effects: Vec<Effect>,
}

impl Books {
    pub(super) fn new(default_stock: i64, stock: &BTreeMap<String, i64>) -> Self {
        let mut books = Self {
            tables: MODELS
                .into_iter()
                .map(|model| (model, Table::default()))
                .collect(),
            stock: Stock::new(default_stock),
            numbers: BTreeMap::new(),
        };
        for (code, digits) in CURRENCIES {
            let row = json!({"code": code, "digits": digits, "rec_name": code});
            books.keep("currency.currency", row);
        }
        for (name, percent) in TAXES {
            books.keep(
                "account.tax",
                json!({"name": name, "percent": percent, "rec_name": name}),
            );
        }
        for (sku, level) in stock {
            books.product(sku);
            books.stock.put_level(sku, *level);
        }
        books
    }

    /// Does one call: its result, and the effects that took place.
    pub(super) fn call(&mut self, call: &Call, now_ms: i64) -> (Result<Json, Failure>, Vec<Effect>) {
        let mut entry = Entry {
            books: self,
            call,
            now_ms,
            effects: Vec::new(),
        };
        let result = entry.dispatch();
        (result, entry.effects)
    }

    pub(super) fn table(&mut self, model: &str) -> Result<&mut Table, Failure> {
        self.tables
            .get_mut(model)
            .ok_or_else(|| Failure::Bug(format!("'{model}'")))
    }

    /// Keeps a record of a model that is known to exist.
    pub(super) fn keep(&mut self, model: &'static str, record: Json) -> i64 {
        let Json::Object(record) = record else { return 0 };
        self.tables.entry(model).or_default().insert(record)
    }

    /// The next number of a sequence: `SO-00001`.
    pub(super) fn number(&mut self, prefix: &'static str) -> String {
        let last = self.numbers.entry(prefix).or_default();
        *last += 1;
        format!("{prefix}-{last:05}")
    }

    pub(super) fn record(&self, model: &str, id: i64) -> Result<&Record, Failure> {
        self.tables
            .get(model)
            .ok_or_else(|| Failure::Bug(format!("'{model}'")))?
            .at(id)
    }

    pub(super) fn put(&mut self, model: &str, id: i64, field: &str, value: Json) -> Result<(), Failure> {
        self.table(model)?.put(id, field, value)
    }

    /// The id of the product with this code, which is put on record if it is not yet.
    pub(crate) fn product(&mut self, sku: &str) -> i64 {
        let products = self.tables.entry("product.product").or_default();
        let known = products
            .rows()
            .find(|(_, row)| text(row, "code") == sku)
            .map(|(id, _)| id);
        known.unwrap_or_else(|| {
            self.keep(
                "product.product",
                json!({"code": sku, "name": sku, "rec_name": sku, "type": "goods"}),
            )
        })
    }

    /// The id of a record given by id, or by code where a code is told (products, currencies).
    pub(super) fn resolve(&mut self, model: &'static str, given: &Json) -> Result<Option<i64>, Failure> {
        match given {
            Json::String(code) if model == "product.product" => Ok(Some(self.product(code))),
            Json::String(code) => {
                let found = self.table(model)?.search(&[json!(["code", "=", code])])?;
                found
                    .first()
                    .copied()
                    .map(Some)
                    .ok_or_else(|| Failure::User(format!("No currency \"{code}\".")))
            }
            Json::Number(number) => match number.as_i64() {
                Some(id) => self.record(model, id).map(|_| Some(id)),
                None => Err(Failure::Bug(format!("'{number}'"))),
            },
            Json::Null => Ok(None),
            Json::Bool(_) | Json::Array(_) | Json::Object(_) => Err(Failure::Bug(format!("'{given}'"))),
        }
    }

    /// Digits of the currency a document is in.
    pub(super) fn digits(&self, document: &Record) -> u32 {
        let digits = document
            .get("currency")
            .and_then(Json::as_i64)
            .and_then(|id| self.record("currency.currency", id).ok()?.get("digits")?.as_u64());
        digits.and_then(|digits| u32::try_from(digits).ok()).unwrap_or(2)
    }

    /// Code of the currency a document is in.
    pub(super) fn currency_code(&self, document: &Record) -> Option<String> {
        let id = document.get("currency")?.as_i64()?;
        self.record("currency.currency", id)
            .ok()
            .map(|row| text(row, "code").to_owned())
    }

    /// The sum of lines and the taxes on it, taxes computed once per tax as the ERP does by default.
    pub(super) fn amounts(&self, lines: &[Record], digits: u32) -> (Decimal, Decimal) {
        let mut bases: BTreeMap<i64, Decimal> = BTreeMap::new();
        let mut untaxed = Decimal::ZERO;
        for line in lines {
            let amount = line.get("amount").and_then(decimal).unwrap_or_default();
            untaxed += amount;
            for tax in line.get("taxes").and_then(Json::as_array).into_iter().flatten() {
                *bases.entry(tax.as_i64().unwrap_or_default()).or_default() += amount;
            }
        }
        let taxes = bases.iter().map(|(tax, base)| {
            let percent = self
                .record("account.tax", *tax)
                .ok()
                .and_then(|row| text(row, "percent").parse().ok());
            rounded(
                *base * percent.unwrap_or(Decimal::ZERO) / Decimal::ONE_HUNDRED,
                digits,
            )
        });
        (rounded(untaxed, digits), rounded(taxes.sum(), digits))
    }

    pub(super) fn read(&self, model: &str, id: i64, fields: &[Json]) -> Result<Json, Failure> {
        let record = self.record(model, id)?;
        let mut out = Record::new();
        out.insert("id".into(), json!(id));
        for field in fields.iter().filter_map(Json::as_str) {
            match field.split_once('.') {
                None => {
                    let value = record
                        .get(field)
                        .ok_or_else(|| Failure::Bug(format!("'{field}'")))?;
                    out.insert(field.to_owned(), value.clone());
                }
                Some((first, rest)) => {
                    let value = self.read_through(model, record, first, rest)?;
                    merge(out.entry(format!("{first}.")).or_insert(Json::Null), value);
                }
            }
        }
        Ok(Json::Object(out))
    }

    fn read_through(&self, model: &str, record: &Record, field: &str, rest: &str) -> Result<Json, Failure> {
        let relation = RELATIONS
            .iter()
            .find(|(from, by, _)| *from == model && *by == field);
        let (_, _, target) = relation.ok_or_else(|| Failure::Bug(format!("'{field}'")))?;
        let rest = [json!(rest)];
        match record.get(field) {
            Some(Json::Array(ids)) => {
                let ids = ids.iter().filter_map(Json::as_i64);
                ids.map(|id| self.read(target, id, &rest))
                    .collect::<Result<Vec<_>, _>>()
                    .map(Json::Array)
            }
            Some(Json::Number(id)) => self.read(target, id.as_i64().unwrap_or_default(), &rest),
            _ => Ok(Json::Null),
        }
    }

    /// Everything on record, for whoever compares the world with a journal.
    pub(super) fn dump(&self, model: &str) -> Result<Vec<Json>, Failure> {
        let table = self
            .tables
            .get(model)
            .ok_or_else(|| Failure::Bug(format!("'{model}'")))?;
        Ok(table
            .rows()
            .map(|(_, record)| Json::Object(record.clone()))
            .collect())
    }
}

/// Joins what two dotted fields read of the same related records.
fn merge(into: &mut Json, from: Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => into.extend(from),
        (Json::Array(into), Json::Array(from)) => {
            for (into, from) in into.iter_mut().zip(from) {
                merge(into, from);
            }
        }
        (into, from) => *into = from,
    }
}

impl Entry<'_> {
    fn dispatch(&mut self) -> Result<Json, Failure> {
        let method = self.call.method.as_str();
        match method {
            "common.db.logout" | "common.server.version" => return Ok(json!("8.2.1")),
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
            _ => Err(unknown()),
        }
    }

    /// The calls that every model answers alike, none of which changes anything.
    fn look(&mut self, model: &str, verb: &str) -> Option<Result<Json, Failure>> {
        let call = self.call;
        match verb {
            "read" => Some(self.read_many(model, &call.ids(), call.list(1))),
            "search" => Some(self.page(model).map(|ids| json!(ids))),
            "search_count" => Some(
                self.books
                    .table(model)
                    .and_then(|table| Ok(json!(table.search(call.list(0))?.len()))),
            ),
            "search_read" => Some(
                self.page(model)
                    .and_then(|ids| self.read_many(model, &ids, call.list(4))),
            ),
            _ => None,
        }
    }

    /// `search(domain, offset, limit, order, ...)`; of the order only `["id", "DESC"]` is understood.
    fn page(&mut self, model: &str) -> Result<Vec<i64>, Failure> {
        let call = self.call;
        let mut ids = self.books.table(model)?.search(call.list(0))?;
        if call.list(3).first() == Some(&json!(["id", "DESC"])) {
            ids.reverse();
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
    pub(super) fn write(&mut self, model: &str, writable: &[&str]) -> Result<Json, Failure> {
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
            order_key: order_in_key(&key).or_else(|| order_in_key(&reference)),
            key,
            operation,
            reference,
            currency: self.books.currency_code(document),
            ..Effect::default()
        }
    }
}
