//! Expressions of a recipe: CEL, then conversions behind `|`.

use std::collections::BTreeMap;

use amends_engine::Value;
use amends_engine::expr::{EvalError, Evaluator, Expr, Scope};
use amends_workflows::catalogue::Shape;
use amends_workflows::cel::Program;
use thiserror::Error;

use super::conversion::{Conversion, ConversionError};
use super::error::Code;

/// The names an expression may use where it stands, with what they look like.
pub(super) type Names = BTreeMap<String, Shape>;

/// An expression and the conversions its value goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula {
    /// The text as written.
    pub source: String,
    expr: Expr,
    conversions: Vec<(Conversion, Option<Expr>)>,
    /// It reads replies, which a dry run does not have.
    pub(super) open: bool,
}

/// A mistake in a part of a document, without its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) code: Code,
    pub(super) message: String,
}

impl Mistake {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// Why a formula has no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FormulaError {
    /// The expression has no value.
    #[error(transparent)]
    Expression(#[from] EvalError),
    /// A conversion does not apply to the value.
    #[error("`{formula}` {error}")]
    Conversion {
        /// The formula as written.
        formula: String,
        /// What went wrong.
        error: ConversionError,
    },
}

impl Formula {
    /// Reads `source`, which may use `names`.
    pub(super) fn read(source: &str, names: &Names) -> Result<Self, Vec<Mistake>> {
        let mut stages = split(source).into_iter();
        let mut mistakes = Vec::new();
        let expr = expression(stages.next().unwrap_or_default(), names, &mut mistakes);
        let mut conversions = Vec::new();
        for stage in stages {
            let (name, argument) = stage.split_once(char::is_whitespace).unwrap_or((stage, ""));
            let argument = (!argument.trim().is_empty()).then(|| expression(argument, names, &mut mistakes));
            match Conversion::named(name) {
                Some(conversion) if conversion.takes_argument() == argument.is_some() => {
                    conversions.push((conversion, argument));
                }
                Some(conversion) => mistakes.push(Mistake::new(Code::BadConversion, conversion.usage())),
                None => mistakes.push(Mistake::new(
                    Code::BadConversion,
                    format!(
                        "there is no conversion `{name}`; there are {}",
                        Conversion::all_names()
                    ),
                )),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let open = [&expr]
            .into_iter()
            .chain(conversions.iter().filter_map(|(_, argument)| argument.as_ref()))
            .any(reads_replies);
        Ok(Self {
            source: source.trim().to_owned(),
            expr,
            conversions,
            open,
        })
    }

    /// Whether the formula is the literal `true`.
    pub(super) fn always(&self) -> bool {
        self.expr.0 == "true" && self.conversions.is_empty()
    }

    /// The value with the names of `scope`.
    ///
    /// # Errors
    /// [`FormulaError`] when a name or field is missing or an operation does not apply.
    pub fn evaluate(&self, evaluator: &dyn Evaluator, scope: &Scope<'_>) -> Result<Value, FormulaError> {
        let mut value = evaluator.evaluate(&self.expr, scope)?;
        for (conversion, argument) in &self.conversions {
            let argument = match argument {
                Some(expr) => evaluator.evaluate(expr, scope)?,
                None => Value::Null,
            };
            value = conversion
                .apply(&value, &argument)
                .map_err(|error| FormulaError::Conversion {
                    formula: self.source.clone(),
                    error,
                })?;
        }
        Ok(value)
    }
}

/// Names that are bound only once a reply is there.
const OPEN_ROOTS: [&str; 3] = ["steps", "draft", "reply"];

fn reads_replies(expr: &Expr) -> bool {
    Program::compile(&expr.0).is_ok_and(|program| {
        let references = program.references();
        references.iter().any(|reference| {
            let root = reference.path.first().map_or("", String::as_str);
            OPEN_ROOTS.contains(&root)
        })
    })
}

fn expression(source: &str, names: &Names, mistakes: &mut Vec<Mistake>) -> Expr {
    let source = source.trim();
    match Program::compile(source) {
        Ok(program) => {
            let before = mistakes.len();
            for reference in program.references() {
                mistakes.extend(misnamed(&reference.path, names));
            }
            if mistakes.len() == before {
                let (_, errors) = program.infer(names);
                mistakes.extend(errors.into_iter().map(|error| {
                    Mistake::new(
                        Code::UnknownName,
                        format!("`{source}`: {}; {}", error.message, error.help),
                    )
                }));
            }
        }
        Err(error) => {
            let help = error.help.map(|help| format!("; {help}")).unwrap_or_default();
            mistakes.push(Mistake::new(
                Code::BadExpression,
                format!("`{source}`: {}{help}", error.message),
            ));
        }
    }
    Expr(source.to_owned())
}

/// What is wrong with a path that begins with an unknown name or an unknown field of a known one.
fn misnamed(path: &[String], names: &Names) -> Option<Mistake> {
    let root = path.first()?;
    let Some(shape) = names.get(root) else {
        if root == "secret" || root == "session" {
            return Some(Mistake::new(
                Code::MisplacedSecret,
                format!(
                    "`{root}` may stand alone in a hole of a header, of [auth] or of the login, never in an expression"
                ),
            ));
        }
        let known: Vec<_> = names.keys().map(String::as_str).collect();
        return Some(Mistake::new(
            Code::UnknownName,
            format!("`{root}` is not known here; known are {}", known.join(", ")),
        ));
    };
    let Shape::Record(fields) = shape else { return None };
    let field = path.get(1)?;
    if fields.contains_key(field) {
        return None;
    }
    let (code, what) = match root.as_str() {
        "args" => (Code::UnknownArgument, "the operation has no argument"),
        "settings" => (Code::UnknownSetting, "[settings] does not declare"),
        "steps" => (Code::UnknownCall, "no earlier call is named"),
        _ => (Code::UnknownName, "there is no field"),
    };
    let known: Vec<_> = fields.keys().map(String::as_str).collect();
    let known = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    };
    Some(Mistake::new(
        code,
        format!("{what} `{field}` (`{root}.{field}`); there is {known}"),
    ))
}

/// Splits at each single `|` outside quotes and brackets.
fn split(source: &str) -> Vec<&str> {
    let bytes = source.as_bytes();
    let (mut parts, mut start, mut depth, mut quote, mut at) = (Vec::new(), 0, 0_i32, None, 0);
    while let Some(&byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(_), b'\\') => at += 1,
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth -= 1,
            (None, b'|') if bytes.get(at + 1) == Some(&b'|') => at += 1,
            (None, b'|') if depth == 0 => {
                parts.push(source.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            (Some(_) | None, _) => {}
        }
        at += 1;
    }
    parts.push(source.get(start..).unwrap_or_default().trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_single_bar_outside_quotes_and_brackets_separates() {
        for (source, parts) in [
            ("a", vec!["a"]),
            ("a | major args.currency", vec!["a", "major args.currency"]),
            ("a || b | text", vec!["a || b", "text"]),
            ("'|' + a | text", vec!["'|' + a", "text"]),
            ("f(a | b) | text", vec!["f(a | b)", "text"]),
            ("'it\\'s |' | text | upper", vec!["'it\\'s |'", "text", "upper"]),
        ] {
            assert_eq!(split(source), parts, "{source}");
        }
    }
}
