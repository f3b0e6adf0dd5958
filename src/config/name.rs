//! Names the author of a document chooses.

use super::problem::Code;
use super::setting::Mistake;

/// Longest name; it is part of every idempotency key, and some systems keep 40 characters of a reference.
pub const NAME_MAX: usize = 24;

/// Longest name of a gateway, secret or setting; these stay inside the configuration.
pub const WORD_MAX: usize = 64;

/// A shop or connector: lower-case letters, digits and dashes, starting with a letter. It becomes part of root
/// keys (`eu-shop:1042`) and addresses.
///
/// # Errors
/// `config/bad-name`.
pub fn slug(name: &str) -> Result<(), Mistake> {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    let fits = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if starts && fits && name.len() <= NAME_MAX {
        return Ok(());
    }
    let help = format!(
        "use lower-case letters, digits and dashes, a letter first, at most {NAME_MAX} characters: eu-shop"
    );
    Err(Mistake::new(
        Code::BadName,
        format!("`{name}` cannot be a name"),
        help,
    ))
}

/// A gateway, secret or setting: like [`slug`], and underscores, capitals and a leading digit too, because other
/// systems chose it.
///
/// # Errors
/// `config/bad-name`.
pub fn word(name: &str) -> Result<(), Mistake> {
    let fits = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if fits && !name.is_empty() && name.len() <= WORD_MAX {
        return Ok(());
    }
    let help = format!("use letters, digits, dashes and underscores, at most {WORD_MAX} characters: api_key");
    Err(Mistake::new(
        Code::BadName,
        format!("`{name}` cannot be a name"),
        help,
    ))
}
