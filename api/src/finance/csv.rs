//! Balances as CSV (RFC 4180): one line per account, for a spreadsheet or an accounting program.

use super::Balance;
use crate::words::decimal;

const HEAD: [&str; 8] = [
    "shop", "day", "currency", "kind", "account", "detail", "debit", "credit",
];

/// All of `balances`, each with the shop and day it is of. Amounts are decimals with a point, as many places as
/// the currency has. Lines of kind `account` add up to nothing; `memo` and `tax` stand beside them.
pub(crate) fn written<'b>(
    balances: impl Iterator<Item = (&'b str, String, &'b Balance)>,
) -> Result<String, ::csv::Error> {
    let mut csv = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .from_writer(Vec::new());
    csv.write_record(HEAD)?;
    for (shop, day, balance) in balances {
        let mut line = |kind: &str, account: &str, detail: &str, debit: i64, credit: i64| {
            let (debit, credit) = (
                decimal(debit, balance.decimals),
                decimal(credit, balance.decimals),
            );
            csv.write_record([
                shop,
                &day,
                &balance.currency,
                kind,
                account,
                &plain(detail),
                &debit,
                &credit,
            ])
        };
        for (kind, entries) in [("account", &balance.accounts), ("memo", &balance.memo)] {
            for entry in entries {
                let tender = entry.tender.as_deref().unwrap_or_default();
                line(kind, entry.account, tender, entry.debit_minor, entry.credit_minor)?;
            }
        }
        for tax in &balance.taxes {
            let detail = format!("{} {} {} %", tax.rate, tax.label, tax.percent);
            line("tax", "tax", &detail, tax.credited_minor, tax.invoiced_minor)?;
        }
    }
    let bytes = csv.into_inner().map_err(::csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A text of the shop that a spreadsheet would take for a formula is quoted
/// (<https://owasp.org/www-community/attacks/CSV_Injection>).
fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::balance::{Entry, Tax};
    use super::*;

    fn balance(currency: &str, decimals: u32, minor: i64, label: &str) -> Balance {
        Balance {
            currency: currency.to_owned(),
            decimals,
            accounts: vec![Entry {
                account: "captured",
                tender: Some("card".to_owned()),
                debit_minor: minor,
                credit_minor: 0,
            }],
            memo: Vec::new(),
            taxes: vec![Tax {
                rate: label.to_owned(),
                label: "VAT, reduced".to_owned(),
                percent: "7".to_owned(),
                invoiced_minor: minor,
                credited_minor: 0,
            }],
            debit_minor: minor,
            credit_minor: 0,
            difference_minor: minor,
        }
    }

    #[test]
    fn amounts_have_the_places_of_their_currency_and_texts_are_no_formulas() {
        let balances = [
            balance("EUR", 2, 5, "=1+1"),
            balance("JPY", 0, 1200, "r"),
            balance("KWD", 3, 1, "r"),
        ];
        let lines = balances
            .iter()
            .map(|balance| ("eu", "2026-11-25".to_owned(), balance));
        let text = written(lines).unwrap();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(
            lines,
            [
                "shop,day,currency,kind,account,detail,debit,credit",
                "eu,2026-11-25,EUR,account,captured,card,0.05,0.00",
                "eu,2026-11-25,EUR,tax,tax,\"'=1+1 VAT, reduced 7 %\",0.00,0.05",
                "eu,2026-11-25,JPY,account,captured,card,1200,0",
                "eu,2026-11-25,JPY,tax,tax,\"r VAT, reduced 7 %\",0,1200",
                "eu,2026-11-25,KWD,account,captured,card,0.001,0.000",
                "eu,2026-11-25,KWD,tax,tax,\"r VAT, reduced 7 %\",0.000,0.001",
                "",
            ]
        );
    }
}
