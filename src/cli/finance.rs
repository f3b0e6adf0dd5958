//! `amends finance`: what moved in which account, by shop and day.

use std::fmt::Write as _;
use std::process::ExitCode;

use amends_api::words::decimal;
use miette::IntoDiagnostic as _;
use serde_json::Value;

use super::orders::ServerArg;
use crate::fields::{rows, text};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArg,
    /// The first day, UTC (2026-11-25); today where none is named
    #[arg(long)]
    from: Option<String>,
    /// The last day; the first where none is named
    #[arg(long)]
    to: Option<String>,
    /// One shop only
    #[arg(long)]
    shop: Option<String>,
    /// Print CSV, a line per account, for a spreadsheet
    #[arg(long)]
    csv: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
}

pub(super) async fn run(args: Args) -> miette::Result<ExitCode> {
    let mut wanted = Vec::new();
    for (name, value) in [("from", args.from), ("to", args.to), ("shop", args.shop)] {
        wanted.extend(value.map(|value| (name, value)));
    }
    if args.csv {
        wanted.push(("format", "csv".to_owned()));
    }
    let text = args.server.client().books(&wanted).await.into_diagnostic()?;
    if args.csv || args.json {
        print!("{text}");
        return Ok(ExitCode::SUCCESS);
    }
    let books: Value = serde_json::from_str(&text).into_diagnostic()?;
    print!("{}", listing(&books));
    Ok(ExitCode::SUCCESS)
}

/// A table per shop, day and currency, and one of all.
fn listing(books: &Value) -> String {
    let mut page = String::new();
    let days = rows(books, "days");
    for day in days {
        for balance in rows(day, "balances") {
            let title = format!(
                "{}  {}  {} orders",
                text(day, "shop"),
                text(day, "day"),
                day["orders"]
            );
            table(&mut page, &title, balance);
        }
    }
    if days.len() > 1 {
        for balance in rows(books, "total") {
            table(&mut page, "all of them", balance);
        }
    }
    if days.is_empty() {
        let _ = writeln!(
            page,
            "nothing moved from {} to {}",
            text(books, "from"),
            text(books, "to")
        );
    }
    page
}

fn table(page: &mut String, title: &str, balance: &Value) {
    let places = balance["decimals"]
        .as_u64()
        .and_then(|places| u32::try_from(places).ok());
    let amount = |value: &Value| match value.as_i64() {
        None | Some(0) => String::new(),
        Some(minor) => decimal(minor, places.unwrap_or(2)),
    };
    let mut line = |name: &str, debit: &str, credit: &str| {
        let _ = writeln!(page, "  {name:<44}{debit:>16}{credit:>16}");
    };
    line(
        &format!("{title}, {}", text(balance, "currency")),
        "debit",
        "credit",
    );
    for entry in rows(balance, "accounts") {
        let name = format!("{} {}", text(entry, "account"), text(entry, "tender"));
        line(
            &name,
            &amount(&entry["debit_minor"]),
            &amount(&entry["credit_minor"]),
        );
    }
    let sum = |name: &str| decimal(balance[name].as_i64().unwrap_or(0), places.unwrap_or(2));
    line("sum", &sum("debit_minor"), &sum("credit_minor"));
    for tax in rows(balance, "taxes") {
        let name = format!("of it {} {} %", text(tax, "label"), text(tax, "percent"));
        line(
            &name,
            &amount(&tax["credited_minor"]),
            &amount(&tax["invoiced_minor"]),
        );
    }
    let _ = writeln!(page);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::listing;

    #[test]
    fn debits_and_credits_stand_under_each_other_and_add_up() {
        let balance = json!({
            "currency": "EUR", "decimals": 2,
            "accounts": [
                {"account": "captured", "tender": "card", "debit_minor": 11_900, "credit_minor": 0},
                {"account": "invoiced", "tender": null, "debit_minor": 0, "credit_minor": 11_900},
            ],
            "taxes": [{"label": "VAT", "percent": "19", "invoiced_minor": 1_900, "credited_minor": 0}],
            "debit_minor": 11_900, "credit_minor": 11_900, "difference_minor": 0,
        });
        let books = json!({"days": [{"shop": "eu", "day": "2026-11-25", "orders": 1, "balances": [balance]}], "total": []});
        let expect = [
            "  eu  2026-11-25  1 orders, EUR                          debit          credit",
            "  captured card                                         119.00                ",
            "  invoiced                                                              119.00",
            "  sum                                                   119.00          119.00",
            "  of it VAT 19 %                                                         19.00",
            "\n",
        ];
        assert_eq!(listing(&books), expect.join("\n"));
    }
}
