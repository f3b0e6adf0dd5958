//! Everything the ERP has on record, and the calls on it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::stock::Stock;
use super::table::Table;
use super::wire::{Record, decimal, rounded, text};

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

/// Countries on record; the id is the position plus one.
const COUNTRIES: [&str; 6] = ["US", "DE", "GB", "FR", "AT", "JP"];

/// Locations as a fresh database has them: name, code, type; the id is the position plus one.
const LOCATIONS: [(&str, &str, &str); 7] = [
    ("Input Zone", "IN", "storage"),
    ("Output Zone", "OUT", "storage"),
    ("Storage Zone", "STO", "storage"),
    ("Lost and Found", "LOST", "lost_found"),
    ("Warehouse", "WH", "warehouse"),
    ("Supplier", "SUP", "supplier"),
    ("Customer", "CUS", "customer"),
];

/// The id of the location that goods for customers go to.
pub(super) const CUSTOMER_LOCATION: i64 = 7;

/// Decimal places of a price.
pub(super) const PRICE_DIGITS: u32 = 4;

/// Fields that lead to other models: model, field, model it leads to.
const RELATIONS: [(&str, &str, &str); 17] = [
    ("party.party", "addresses", "party.address"),
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

/// The models that can be searched and read, with the name a person sees and whether the newest come first.
const MODELS: [(&str, &str, Oldest); 15] = [
    ("party.party", "Party", Oldest::First),
    ("party.address", "Address", Oldest::First),
    ("country.country", "Country", Oldest::First),
    ("account.configuration", "Account Configuration", Oldest::First),
    ("product.product", "Product Variant", Oldest::First),
    ("currency.currency", "Currency", Oldest::First),
    ("account.tax", "Tax", Oldest::First),
    ("sale.sale", "Sale", Oldest::Last),
    ("sale.line", "Sale Line", Oldest::First),
    ("stock.shipment.out", "Stock Shipment Out", Oldest::Last),
    ("stock.move", "Stock Move", Oldest::First),
    ("account.invoice", "Account Invoice", Oldest::Last),
    ("account.invoice.line", "Account Invoice Line", Oldest::First),
    ("account.payment", "Account Payment", Oldest::First),
    ("stock.location", "Stock Location", Oldest::First),
];

/// In which order a model is listed when nobody asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oldest {
    First,
    Last,
}

/// What pressing a button does that was pressed already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing, and it is no error.
    #[default]
    Ignored,
    /// It is a `UserError`, as in a real Tryton.
    Refused,
}

/// The records of the ERP.
#[derive(Debug)]
pub(crate) struct Books {
    tables: BTreeMap<&'static str, Table>,
    pub(super) stock: Stock,
    repeat: Repeat,
    numbers: BTreeMap<String, u64>,
    /// What the call in progress changed: model, id and the record before it, if there was one.
    changed: Vec<(&'static str, i64, Option<Record>)>,
}

impl Books {
    pub(super) fn new(default_stock: i64, stock: &BTreeMap<String, i64>, repeat: Repeat) -> Self {
        let mut books = Self {
            tables: MODELS
                .into_iter()
                .map(|(model, ..)| (model, Table::default()))
                .collect(),
            stock: Stock::new(default_stock),
            repeat,
            numbers: BTreeMap::new(),
            changed: Vec::new(),
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
        for code in COUNTRIES {
            books.keep("country.country", json!({"code": code, "rec_name": code}));
        }
        for (name, code, kind) in LOCATIONS {
            let row = json!({"name": name, "code": code, "type": kind, "rec_name": name});
            books.keep("stock.location", row);
        }
        let accounts = json!({"default_account_receivable": 39, "default_category_account_revenue": 99});
        books.keep("account.configuration", accounts);
        for (sku, level) in stock {
            books.product(sku);
            books.stock.put_level(sku, *level);
        }
        books
    }

    /// Everything on record.
    pub(super) fn remember(&self) -> Json {
        let tables = self
            .tables
            .iter()
            .map(|(model, table)| ((*model).to_owned(), table.remember()));
        json!({
            "tables": tables.collect::<serde_json::Map<String, Json>>(),
            "levels": self.stock.levels(),
            "numbers": self.numbers,
        })
    }

    /// Puts on record what [`Books::remember`] gave.
    pub(super) fn recall(&mut self, records: &Json) -> Result<(), serde_json::Error> {
        let part = |name: &str| records.get(name).unwrap_or(&Json::Null);
        let (levels, numbers) = (
            BTreeMap::deserialize(part("levels"))?,
            BTreeMap::deserialize(part("numbers"))?,
        );
        let mut tables = BTreeMap::new();
        for (model, ..) in MODELS {
            let kept = part("tables").get(model).unwrap_or(&Json::Null);
            tables.insert(model, Table::recall(kept)?);
        }
        self.tables = tables;
        self.numbers = numbers;
        self.stock.put_levels(levels);
        Ok(())
    }

    /// Begins a transaction.
    pub(super) fn begin(&mut self) -> Stock {
        self.changed.clear();
        self.stock.clone()
    }

    /// Takes back everything since [`Books::begin`], but for sequence numbers, which are never given twice.
    pub(super) fn roll_back(&mut self, stock: Stock) {
        self.stock = stock;
        for (model, id, before) in std::mem::take(&mut self.changed).into_iter().rev() {
            self.tables.entry(model).or_default().put_back(id, before);
        }
    }

    /// The ids of the records that satisfy a domain, in the order the model is listed in.
    pub(super) fn search(&self, model: &str, wanted: &[Json]) -> Result<Vec<i64>, Failure> {
        let mut ids = self.table(model)?.search(wanted)?;
        if MODELS
            .iter()
            .any(|(known, _, oldest)| *known == model && *oldest == Oldest::Last)
        {
            ids.reverse();
        }
        Ok(ids)
    }

    fn table(&self, model: &str) -> Result<&Table, Failure> {
        self.tables
            .get(model)
            .ok_or_else(|| Failure::Bug(format!("'{model}'")))
    }

    /// Keeps a record of a model that is known to exist.
    pub(super) fn keep(&mut self, model: &'static str, record: Json) -> i64 {
        let Json::Object(record) = record else { return 0 };
        let id = self.tables.entry(model).or_default().insert(record);
        self.changed.push((model, id, None));
        id
    }

    /// The name a person sees for a model.
    fn title(model: &str) -> &str {
        let known = MODELS.iter().find(|(known, ..)| *known == model);
        known.map_or(model, |(_, title, _)| title)
    }

    /// The next number of a sequence: `SO-00001`.
    pub(super) fn number(&mut self, prefix: &'static str) -> String {
        let last = self.numbers.entry(prefix.to_owned()).or_default();
        *last += 1;
        format!("{prefix}-{last:05}")
    }

    pub(super) fn record(&self, model: &str, id: i64) -> Result<&Record, Failure> {
        let found = self.table(model)?.get(id);
        found.ok_or_else(|| Failure::missing(id, Self::title(model)))
    }

    pub(super) fn put(
        &mut self,
        model: &'static str,
        id: i64,
        field: &str,
        value: Json,
    ) -> Result<(), Failure> {
        let before = self.record(model, id)?.clone();
        self.tables.entry(model).or_default().put(id, field, value);
        self.changed.push((model, id, Some(before)));
        Ok(())
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
                json!({"code": sku, "name": sku, "rec_name": sku, "type": "goods", "default_uom": 1}),
            )
        })
    }

    /// Puts every article on record that somebody looks for by code. An ERP without default stock has those only
    /// that were counted.
    pub(super) fn stock_articles(&mut self, domain: &[Json]) {
        if !self.stock.is_boundless() {
            return;
        }
        let clauses = domain
            .iter()
            .filter(|clause| clause.get(0) == Some(&json!("code")));
        for codes in clauses.filter_map(|clause| clause.get(2)) {
            let listed = codes
                .as_array()
                .map_or(std::slice::from_ref(codes), Vec::as_slice);
            for code in listed.iter().filter_map(Json::as_str) {
                self.product(code);
            }
        }
    }

    /// The id of a record given by id; nothing else is taken.
    pub(super) fn resolve(&self, model: &'static str, given: &Json) -> Result<Option<i64>, Failure> {
        match given {
            Json::String(text) => Err(Failure::Bug(format!(
                "invalid literal for int() with base 10: '{text}'"
            ))),
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

    /// What comes of a button that the document does not offer in its state.
    pub(super) fn not_offered(&self, model: &str, verb: &str, document: &Record) -> Result<(), Failure> {
        if self.repeat == Repeat::Ignored && is_repeated(verb, text(document, "state")) {
            return Ok(());
        }
        let name = match (text(document, "number"), text(document, "reference")) {
            (_, "") => text(document, "rec_name").to_owned(),
            ("", reference) => format!("[{reference}]"),
            (number, reference) => format!("{number} [{reference}]"),
        };
        Err(Failure::not_allowed(verb, &name, Self::title(model)))
    }

    /// Everything on record, for whoever compares the world with a journal.
    pub(super) fn dump(&self, model: &str) -> Result<Vec<Json>, Failure> {
        let table = self.table(model)?;
        Ok(table
            .rows()
            .map(|(_, record)| Json::Object(record.clone()))
            .collect())
    }
}

/// Whether the state is the one that the button leads to.
fn is_repeated(verb: &str, state: &str) -> bool {
    matches!(
        (verb, state),
        ("cancel", "cancelled")
            | ("quote", "quotation")
            | ("confirm" | "process", "processing" | "done")
            | ("do", "done")
            | ("post", "posted" | "paid")
            | ("submit", "submitted")
            | ("succeed", "succeeded")
    )
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
