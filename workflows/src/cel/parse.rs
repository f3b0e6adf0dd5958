//! From text to the parser's tree, within limits. With `lower.rs` the only code that knows the crate `cel`.

use std::thread;

use cel::{Env, ParseErrors};
use thiserror::Error;

use super::limits::{NESTING_MAX, SOURCE_MAX, STACK_BYTES, TOKENS_MAX};
use super::lower::Lowering;
use super::node::{Node, Span};

/// Why a text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What sort of fault it is.
    pub fault: SyntaxFault,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
    /// Where in the expression.
    pub span: Span,
}

/// What sort of fault an unreadable expression has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyntaxFault {
    /// It does not follow the grammar.
    Syntax,
    /// It calls a function that does not exist.
    UnknownFunction,
    /// It is longer or deeper than allowed.
    Limit,
}

impl SyntaxError {
    pub(super) fn syntax(span: Span, message: String, help: Option<String>) -> Self {
        Self {
            fault: SyntaxFault::Syntax,
            message,
            help,
            span,
        }
    }

    pub(super) fn limit(span: Span, what: &str) -> Self {
        Self {
            fault: SyntaxFault::Limit,
            message: format!("the expression {what}"),
            help: Some("split it over two steps".to_owned()),
            span,
        }
    }
}

/// Reads `source`.
pub(super) fn parse(source: &str) -> Result<Node, SyntaxError> {
    within_limits(source)?;
    // The generated parser is not ours and takes some 90 KB of stack for each bracket: it gets a stack of its
    // own, and a panic in it ends that thread only.
    let read = || match Env::default()
        .with_optional_support(false)
        .parser()
        .parse_with_source_info(source)
    {
        Ok((expression, info)) => Lowering::new(source, &info).expression(&expression),
        Err(errors) => Err(from_parser(source, &errors)),
    };
    let unreadable = || SyntaxError::syntax(whole(source), "this cannot be read".to_owned(), None);
    thread::scope(|scope| {
        let parser = thread::Builder::new()
            .name("expression".to_owned())
            .stack_size(STACK_BYTES);
        match parser.spawn_scoped(scope, read) {
            Ok(running) => running.join().unwrap_or_else(|_| Err(unreadable())),
            Err(_) => Err(SyntaxError {
                help: Some("free some memory or threads and read it again".to_owned()),
                ..SyntaxError::limit(whole(source), "cannot be read now: no thread could be started")
            }),
        }
    })
}

fn whole(source: &str) -> Span {
    Span {
        start: 0,
        end: source.len(),
    }
}

fn from_parser(source: &str, errors: &ParseErrors) -> SyntaxError {
    let Some(first) = errors.errors.first() else {
        return SyntaxError::syntax(whole(source), "this cannot be read".to_owned(), None);
    };
    let start = offset(source, first.pos);
    let end = source
        .get(start..)
        .and_then(|rest| rest.chars().next())
        .map_or(start, |c| start + c.len_utf8());
    let message = first.msg.strip_prefix("Syntax error: ").unwrap_or(&first.msg);
    let message = message
        .split(" expecting ")
        .next()
        .unwrap_or(message)
        .replace("'<EOF>'", "the end");
    let help = help_for(source, start);
    SyntaxError::syntax(Span { start, end }, message, help)
}

/// Slips that people coming from other languages make.
fn help_for(source: &str, start: usize) -> Option<String> {
    let around = source.get(start.saturating_sub(1)..).unwrap_or_default();
    let advice = if source.trim().is_empty() {
        "write an expression, for example order.total_minor > 0"
    } else if start >= source.trim_end().len() {
        "something is missing at the end"
    } else if around.starts_with('=') || around.starts_with(" =") {
        "compare with == (two signs)"
    } else if source.contains(" and ") {
        "write && for and"
    } else if source.contains(" or ") {
        "write || for or"
    } else if source.contains(" not ") || source.starts_with("not ") {
        "write ! for not"
    } else {
        return None;
    };
    Some(advice.to_owned())
}

/// The byte at the parser's line and column, both counted from one.
fn offset(source: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line.max(1) - 1).unwrap_or(0);
    let column = usize::try_from(column.max(1) - 1).unwrap_or(0);
    let start: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = source.get(start..).unwrap_or_default();
    start
        + rest
            .char_indices()
            .nth(column)
            .map_or(rest.len(), |(byte, _)| byte)
}

/// Refuses what would make the parser recurse deeply or work long, before it sees it.
fn within_limits(source: &str) -> Result<(), SyntaxError> {
    if source.len() > SOURCE_MAX {
        return Err(SyntaxError::limit(whole(source), "is too long"));
    }
    let (mut nesting, mut tokens) = (0_usize, 0_usize);
    let mut in_word = false;
    for (at, character) in source.char_indices() {
        let word = character.is_alphanumeric() || character == '_';
        let continues = word && in_word;
        if !continues && !character.is_whitespace() {
            tokens += 1;
        }
        in_word = word;
        match character {
            '(' | '[' | '{' => nesting += 1,
            ')' | ']' | '}' => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        if nesting > NESTING_MAX || tokens > TOKENS_MAX {
            let span = Span {
                start: at,
                end: at + character.len_utf8(),
            };
            return Err(SyntaxError::limit(span, "is too complex"));
        }
    }
    Ok(())
}
