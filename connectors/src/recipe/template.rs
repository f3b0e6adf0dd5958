//! Text with holes: `/orders/{args.order_id}`.

use super::error::Code;
use super::formula::{Formula, Mistake, Names};

/// Text with holes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Template(pub(super) Vec<Part>);

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text as it is.
    Literal(String),
    /// The value of an expression.
    Hole(Formula),
    /// A credential by name.
    Secret(String),
    /// The token of the open session.
    Session,
}

/// Whether credentials may be named where a template stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credentials {
    /// They would be recorded here.
    Refused,
    /// Headers, [auth], the login request.
    Allowed,
}

impl Template {
    /// Reads `source`; `{{` and `}}` are braces.
    pub(super) fn read(source: &str, names: &Names, credentials: Credentials) -> Result<Self, Vec<Mistake>> {
        let mut parts = Vec::new();
        let mut mistakes = Vec::new();
        for piece in scan(source).map_err(|mistake| vec![mistake])? {
            match piece {
                Scanned::Literal(text) => parts.push(Part::Literal(text)),
                Scanned::Hole(hole) => match hole_part(hole, names, credentials) {
                    Ok(part) => parts.push(part),
                    Err(more) => mistakes.extend(more),
                },
            }
        }
        if mistakes.is_empty() {
            Ok(Self(parts))
        } else {
            Err(mistakes)
        }
    }

    /// The only hole, when there is nothing else: its value keeps its type in JSON.
    pub(super) fn whole(&self) -> Option<&Formula> {
        match self.0.as_slice() {
            [Part::Hole(formula)] => Some(formula),
            _ => None,
        }
    }

    /// The text, when there is no hole.
    pub(super) fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether a credential stands in it.
    pub(super) fn names_credential(&self) -> bool {
        self.0
            .iter()
            .any(|part| matches!(part, Part::Secret(_) | Part::Session))
    }

    /// The names of the secrets it uses.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Secret(name) => Some(name.as_str()),
            Part::Literal(_) | Part::Hole(_) | Part::Session => None,
        })
    }
}

fn hole_part(hole: &str, names: &Names, credentials: Credentials) -> Result<Part, Vec<Mistake>> {
    let hole = hole.trim();
    let credential = if hole == "session.token" {
        Some(Part::Session)
    } else {
        hole.strip_prefix("secret.")
            .filter(|name| is_name(name))
            .map(|name| Part::Secret(name.to_owned()))
    };
    match (credential, credentials) {
        (Some(part), Credentials::Allowed) => Ok(part),
        (Some(_), Credentials::Refused) => Err(vec![Mistake::new(
            Code::MisplacedSecret,
            format!("`{{{hole}}}` would be recorded here; put it into a header or [auth]"),
        )]),
        (None, Credentials::Allowed | Credentials::Refused) => Formula::read(hole, names).map(Part::Hole),
    }
}

/// Whether `text` can be the name of a secret, a setting or a call.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

enum Scanned<'s> {
    Literal(String),
    Hole(&'s str),
}

fn scan(source: &str) -> Result<Vec<Scanned<'_>>, Mistake> {
    let mut found = Vec::new();
    let mut literal = String::new();
    let mut rest = source;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        literal.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            literal.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            literal.push('}');
            rest = after;
        } else if let Some(inside) = from.strip_prefix('{') {
            let end = hole_end(inside).ok_or_else(|| {
                Mistake::new(
                    Code::BadTemplate,
                    "a `{` is never closed; write `{{` for a brace itself",
                )
            })?;
            let (hole, after) = inside.split_at(end);
            if hole.trim().is_empty() {
                return Err(Mistake::new(Code::BadTemplate, "`{}` has no expression in it"));
            }
            if !literal.is_empty() {
                found.push(Scanned::Literal(std::mem::take(&mut literal)));
            }
            found.push(Scanned::Hole(hole));
            rest = after.strip_prefix('}').unwrap_or_default();
        } else {
            return Err(Mistake::new(
                Code::BadTemplate,
                "a `}` closes nothing; write `}}` for a brace itself",
            ));
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        found.push(Scanned::Literal(literal));
    }
    Ok(found)
}

/// Where the hole that `inside` begins with ends: the first `}` outside quotes and braces.
fn hole_end(inside: &str) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0_u32, None, false);
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            (Some(_) | None, _) => {}
        }
    }
    None
}
