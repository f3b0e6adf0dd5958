//! `amends orders evidence`: everything known about one order, saved as a file.

use std::path::PathBuf;

use amends_api::client::Client;
use miette::{Context as _, IntoDiagnostic as _};

#[derive(Debug, clap::Args)]
pub(super) struct Wish {
    /// The order, such as `eu-shop:1042`
    order: String,
    /// The file; `.html` makes a page to print, anything else JSON
    #[arg(long)]
    out: PathBuf,
    /// With personal data; audited
    #[arg(long)]
    reveal: bool,
}

/// Asks for the file and writes it.
pub(super) async fn save(client: &Client, wish: &Wish) -> miette::Result<()> {
    let page = wish.out.extension().is_some_and(|ending| ending == "html");
    let format = if page { "html" } else { "json" };
    let wanted = [("format", format.to_owned()), ("reveal", wish.reveal.to_string())];
    let file = client.evidence(&wish.order, &wanted).await.into_diagnostic()?;
    std::fs::write(&wish.out, file)
        .into_diagnostic()
        .wrap_err_with(|| format!("{} cannot be written", wish.out.display()))?;
    println!("{}", wish.out.display());
    Ok(())
}
