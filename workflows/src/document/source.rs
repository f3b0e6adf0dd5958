//! The text of a document and places in it.

use miette::NamedSource;

use crate::cel::Span;

/// A document's text under the name people know it by.
#[derive(Debug)]
pub(super) struct Source {
    file: String,
    named: NamedSource<String>,
}

impl Source {
    pub(super) fn new(file: &str, text: &str) -> Self {
        Self {
            file: file.to_owned(),
            named: NamedSource::new(file, text.to_owned()),
        }
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn text(&self) -> &str {
        self.named.inner()
    }

    pub(super) fn named(&self) -> &NamedSource<String> {
        &self.named
    }

    /// Line and column, both counted from one.
    pub(super) fn position(&self, byte: usize) -> (usize, usize) {
        let before = self.text().get(..byte).unwrap_or(self.text());
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands in the document, in bytes.
    pub span: Span,
}

/// Text as written: a word or an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Where it stands in the document, in bytes, with its quotes.
    pub span: Span,
    /// Where its first letter stands, when the text stands there letter by letter.
    pub(super) inner: Option<usize>,
}

impl Written {
    /// A part of the text, as a place in the document.
    pub fn part(&self, part: Span) -> Span {
        match self.inner {
            Some(start) if part.end > part.start => Span {
                start: start + part.start,
                end: start + part.end,
            },
            // At the very end: point at the closing quote.
            Some(start) => Span {
                start: start + part.start,
                end: start + part.start + 1,
            },
            None => self.span,
        }
    }
}
