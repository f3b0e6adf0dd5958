//! `model.account.invoice` and `model.account.payment`: what is owed and what was paid.

use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::entry::Entry;
use super::failure::Failure;
use super::wire::{Record, created, decimal, encode, minor, text};

const INVOICE: &str = "account.invoice";
const PAYMENT: &str = "account.payment";

const INVOICE_FIELDS: [&str; 14] = [
    "type",
    "party",
    "reference",
    "description",
    "comment",
    "currency",
    "company",
    "journal",
    "account",
    "invoice_address",
    "invoice_date",
    "payment_term",
    "origin",
    "lines",
];

const PAYMENT_FIELDS: [&str; 8] = [
    "kind",
    "party",
    "amount",
    "company",
    "journal",
    "date",
    "reference",
    "line",
];

impl Entry<'_> {
    pub(super) fn invoice(&mut self, verb: &str) -> Result<Json, Failure> {
        match verb {
            "create" => {
                let invoices = self.creations(&INVOICE_FIELDS)?;
                let ids = invoices.iter().map(|invoice| self.create_invoice(invoice));
                ids.collect::<Result<Vec<_>, _>>().map(|ids| json!(ids))
            }
            "write" => self.write(INVOICE, &["reference", "description", "comment"]),
            "post" | "cancel" => {
                for id in self.call.ids() {
                    self.advance_invoice(verb, id)?;
                }
                Ok(Json::Null)
            }
            _ => Err(Failure::Forbidden),
        }
    }

    fn create_invoice(&mut self, invoice: &Record) -> Result<i64, Failure> {
        let party = invoice.get("party").cloned().unwrap_or_default();
        let party = self.books.resolve("party.party", &party)?;
        let party = party.ok_or_else(|| Failure::required("Party", "", "Account Invoice"))?;
        let currency = invoice.get("currency").cloned().filter(|given| !given.is_null());
        let currency = self
            .books
            .resolve("currency.currency", &currency.unwrap_or_else(|| json!(1)))?;
        let reference = text(invoice, "reference");
        let lines = created(invoice.get("lines"));
        if lines
            .iter()
            .any(|line| line.get("account").is_none_or(Json::is_null))
        {
            return Err(Failure::required(
                "Account",
                &format!("[{reference}]"),
                "Account Invoice Line",
            ));
        }
        if invoice.get("account").is_none_or(Json::is_null) {
            return Err(Failure::required(
                "Account",
                &format!("[{reference}]"),
                "Account Invoice",
            ));
        }
        let mut document = Record::new();
        document.insert("party".into(), json!(party));
        document.insert("currency".into(), json!(currency));
        document.insert(
            "reference".into(),
            invoice.get("reference").cloned().unwrap_or_default(),
        );
        let digits = self.books.digits(&document);
        document.insert(
            "journal".into(),
            invoice.get("journal").cloned().unwrap_or_default(),
        );
        let lines = self.books.lines(&lines, digits, reference)?;
        let id = self.keep_invoice(document, lines);
        let kept = self.books.record(INVOICE, id)?;
        let mut effect = self.effect(kept);
        effect.amount_minor = kept
            .get("total_amount")
            .and_then(decimal)
            .and_then(|total| minor(total, digits));
        self.effects.push(effect);
        Ok(id)
    }

    /// The draft invoice that a sale brings into being.
    pub(super) fn invoice_of(&mut self, sale: i64, document: &Record) -> i64 {
        let lines = self.books.related(document, "lines", "sale.line");
        let mut invoice = Record::new();
        invoice.insert("reference".into(), Json::Null);
        for field in ["party", "currency"] {
            invoice.insert(field.into(), document.get(field).cloned().unwrap_or_default());
        }
        invoice.insert("sale".into(), json!(sale));
        invoice.insert("journal".into(), json!(1));
        self.keep_invoice(invoice, lines)
    }

    fn keep_invoice(&mut self, mut document: Record, lines: Vec<Record>) -> i64 {
        let digits = self.books.digits(&document);
        let (untaxed, tax) = self.books.amounts(&lines, digits);
        let ids: Vec<i64> = lines
            .into_iter()
            .map(|line| self.books.keep("account.invoice.line", Json::Object(line)))
            .collect();
        for (field, value) in [
            ("type", json!("out")),
            ("state", json!("draft")),
            ("number", Json::Null),
            ("rec_name", Json::Null),
            ("lines", json!(ids)),
            ("lines_to_pay", json!([])),
            ("untaxed_amount", encode(untaxed)),
            ("tax_amount", encode(tax)),
            ("total_amount", encode(untaxed + tax)),
            ("amount_to_pay", encode(untaxed + tax)),
            ("created_ms", json!(self.now_ms)),
        ] {
            document.insert(field.into(), value);
        }
        document.entry("sale").or_insert(Json::Null);
        self.books.keep(INVOICE, Json::Object(document))
    }

    fn advance_invoice(&mut self, verb: &str, id: i64) -> Result<(), Failure> {
        let invoice = self.books.record(INVOICE, id)?.clone();
        let state = text(&invoice, "state").to_owned();
        let next = match (verb, state.as_str()) {
            ("post", "draft" | "validated") => {
                if invoice.get("journal").is_none_or(Json::is_null) {
                    return Err(Failure::Bug("'NoneType' object has no attribute 'id'".to_owned()));
                }
                // One line is owed per invoice, under the number of the invoice.
                self.books.put(INVOICE, id, "lines_to_pay", json!([id]))?;
                let number = self.books.number("INV");
                self.books.put(INVOICE, id, "number", json!(number))?;
                self.books.put(INVOICE, id, "rec_name", json!(number))?;
                "posted"
            }
            ("cancel", "draft" | "validated") => "cancelled",
            _ => return self.books.not_offered(INVOICE, verb, &invoice),
        };
        self.books.put(INVOICE, id, "state", json!(next))?;
        let mut effect = self.effect(&invoice);
        effect.undo = verb == "cancel";
        let total = invoice.get("total_amount").and_then(decimal);
        effect.amount_minor = total.and_then(|total| minor(total, self.books.digits(&invoice)));
        self.effects.push(effect);
        self.refresh_sale_of(&invoice)
    }

    pub(super) fn payment(&mut self, verb: &str) -> Result<Json, Failure> {
        match verb {
            "create" => {
                let payments = self.creations(&PAYMENT_FIELDS)?;
                let ids = payments.iter().map(|payment| self.create_payment(payment));
                ids.collect::<Result<Vec<_>, _>>().map(|ids| json!(ids))
            }
            "submit" | "succeed" | "cancel" => {
                for id in self.call.ids() {
                    self.advance_payment(verb, id)?;
                }
                Ok(Json::Null)
            }
            _ => Err(Failure::Forbidden),
        }
    }

    /// A payment; one for a line to pay is allocated to its invoice at once.
    fn create_payment(&mut self, payment: &Record) -> Result<i64, Failure> {
        let amount = payment.get("amount").and_then(decimal);
        let amount = amount.ok_or_else(|| Failure::required("Amount", "", "Account Payment"))?;
        let party = payment.get("party").cloned().unwrap_or_default();
        let party = self.books.resolve("party.party", &party)?;
        let number = self.books.number("PAY");
        if payment.get("journal").is_none_or(Json::is_null) {
            let name = format!("{number} [{}]", text(payment, "reference"));
            return Err(Failure::required("Journal", &name, "Account Payment"));
        }
        let line = payment.get("line").and_then(Json::as_i64);
        let currency = match line {
            Some(line) => self.books.record(INVOICE, line)?.get("currency").cloned(),
            None => Some(json!(1)),
        };
        let created_ms = self.now_ms;
        let field = |name: &str| payment.get(name).cloned().unwrap_or_default();
        let id = self.books.keep(
            PAYMENT,
            json!({
                "kind": "receivable", "party": party, "amount": encode(amount), "currency": currency,
                "reference": field("reference"), "line": line,
                "number": number, "rec_name": number, "state": "draft", "created_ms": created_ms,
            }),
        );
        if let Some(line) = line {
            self.allocate(line, amount)?;
        }
        let kept = self.books.record(PAYMENT, id)?;
        let mut effect = self.effect(kept);
        effect.amount_minor = minor(amount, self.books.digits(kept));
        self.effects.push(effect);
        Ok(id)
    }

    fn allocate(&mut self, id: i64, amount: Decimal) -> Result<(), Failure> {
        let invoice = self.books.record(INVOICE, id)?.clone();
        let owed = invoice.get("amount_to_pay").and_then(decimal).unwrap_or_default() - amount;
        self.books.put(INVOICE, id, "amount_to_pay", encode(owed))?;
        if owed <= Decimal::ZERO && text(&invoice, "state") == "posted" {
            self.books.put(INVOICE, id, "state", json!("paid"))?;
        }
        self.refresh_sale_of(&invoice)
    }

    fn refresh_sale_of(&mut self, document: &Record) -> Result<(), Failure> {
        match document.get("sale").and_then(Json::as_i64) {
            Some(sale) => self.books.refresh_sale(sale),
            None => Ok(()),
        }
    }

    fn advance_payment(&mut self, verb: &str, id: i64) -> Result<(), Failure> {
        let payment = self.books.record(PAYMENT, id)?.clone();
        let next = match (verb, text(&payment, "state")) {
            ("submit", "draft") => "submitted",
            ("succeed", "submitted" | "processing") => "succeeded",
            ("cancel", "draft") => "cancelled",
            _ => return self.books.not_offered(PAYMENT, verb, &payment),
        };
        self.books.put(PAYMENT, id, "state", json!(next))?;
        if verb == "cancel" {
            let mut effect = self.effect(&payment);
            effect.undo = true;
            let amount = payment.get("amount").and_then(decimal);
            effect.amount_minor = amount.and_then(|amount| minor(amount, self.books.digits(&payment)));
            self.effects.push(effect);
        }
        Ok(())
    }
}
