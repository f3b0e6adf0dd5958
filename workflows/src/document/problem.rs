//! What is wrong with a document: located, coded, and with what to write instead.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, SourceCode};

use super::source::Source;
use crate::cel::Span;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $text:literal,)*) => {
        /// Stable names of everything that can be wrong with a definition.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$meta])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The code as printed: `definition/unknown-operation`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => concat!("definition/", $text),)*
                }
            }
        }
    };
}

codes! {
    /// The text is not TOML.
    Syntax = "syntax",
    /// A key that means nothing here.
    UnknownKey = "unknown-key",
    /// A key that must be there is not.
    MissingKey = "missing-key",
    /// A key that does not go with what the step does.
    MisplacedKey = "misplaced-key",
    /// Text where a list is wanted, and the like.
    WrongType = "wrong-type",
    /// A number outside its range.
    OutOfRange = "out-of-range",
    /// A name that is not lower case with dashes.
    BadName = "bad-name",
    /// More of something than can be handled.
    LimitExceeded = "limit-exceeded",
    /// Two steps of one name.
    DuplicateStep = "duplicate-step",
    /// Two samples of one name.
    DuplicateSample = "duplicate-sample",
    /// A step that does two things.
    MoreThanOneForm = "more-than-one-form",
    /// A step that does nothing.
    NoForm = "no-form",
    /// `after` names no step.
    UnknownStep = "unknown-step",
    /// Steps wait for each other in a circle.
    Cycle = "cycle",
    /// The subject is not one of those there are.
    UnknownSubject = "unknown-subject",
    /// The fact is not one of those there are.
    UnknownFact = "unknown-fact",
    /// The role of a call is not one of those there are.
    UnknownRole = "unknown-role",
    /// The role has no such operation.
    UnknownOperation = "unknown-operation",
    /// The operation takes no such argument.
    UnknownArgument = "unknown-argument",
    /// The operation needs an argument that is not given.
    MissingArgument = "missing-argument",
    /// An argument is not what the operation takes.
    WrongArgument = "wrong-argument",
    /// The policy is not defined.
    UnknownPolicy = "unknown-policy",
    /// Not one of compensatable, pivot, retriable.
    UnknownKind = "unknown-kind",
    /// Not one of retry, hold, compensate, escalate, skip.
    UnknownReaction = "unknown-reaction",
    /// Not one of hold, cancel, escalate.
    UnknownAction = "unknown-action",
    /// Not a length of time.
    BadDuration = "bad-duration",
    /// An expression that cannot be read.
    ExpressionSyntax = "expression-syntax",
    /// An expression calls a function that does not exist.
    UnknownFunction = "unknown-function",
    /// An expression reads a name or field that does not exist.
    UnknownName = "unknown-name",
    /// An expression reads the result of a step that need not be over.
    ReadsLaterStep = "reads-later-step",
    /// An expression has no value on a sample.
    ExpressionFails = "expression-fails",
    /// A condition that is neither true nor false.
    NotTrueOrFalse = "not-true-or-false",
    /// A deadline that is no length of time.
    NotADuration = "not-a-duration",
    /// `each` over something that is not a list.
    NotAList = "not-a-list",
    /// A key that is not text.
    NotText = "not-text",
    /// A step that could be undone does not say how.
    MissingUndo = "missing-undo",
    /// A step that is never undone says how.
    UndoBehindPivot = "undo-behind-pivot",
    /// `skip` on a critical step.
    CriticalSkip = "critical-skip",
    /// A wait without a deadline.
    MissingDeadline = "missing-deadline",
    /// A step that could be undone stands after or beside the point of no return.
    CompensatableBehindPivot = "compensatable-behind-pivot",
    /// `compensate` behind the point of no return.
    CompensateBehindPivot = "compensate-behind-pivot",
    /// Another undo would come before one that may be refused.
    ContestedUndoNotFirst = "contested-undo-not-first",
    /// There is no sample.
    NoSample = "no-sample",
    /// A sample is not shaped like its subject.
    BadSample = "bad-sample",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is wrong with a document.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Its stable code.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// Where in the document, in bytes.
    pub span: Span,
    source: Arc<Source>,
}

impl Problem {
    pub(super) fn new(source: &Arc<Source>, code: Code, span: Span, message: String, help: String) -> Self {
        Self {
            code,
            message,
            help,
            span,
            source: Arc::clone(source),
        }
    }

    /// The line, counted from one.
    pub fn line(&self) -> usize {
        self.source.position(self.span.start).0
    }

    /// The column in characters, counted from one.
    pub fn column(&self) -> usize {
        self.source.position(self.span.start).1
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source.named())
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let length = self.span.end.saturating_sub(self.span.start);
        Some(Box::new(std::iter::once(LabeledSpan::new(
            None,
            self.span.start,
            length,
        ))))
    }
}

/// Everything that is wrong with a document, in the order of its lines. Never empty.
#[derive(Debug, Clone)]
pub struct Problems {
    file: String,
    problems: Vec<Problem>,
}

impl Problems {
    pub(super) fn new(file: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
        problems.dedup_by(|a, b| a.span == b.span && a.code == b.code && a.message == b.message);
        Self {
            file: file.to_owned(),
            problems,
        }
    }

    /// Each problem.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter()
    }
}

/// One line per problem: `file:line:column: message [code]`, and what to write instead below it.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(
                f,
                "{newline}{}:{}:{}: {} [{}]\n    {}",
                self.file,
                problem.line(),
                problem.column(),
                problem.message,
                problem.code,
                problem.help
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl Diagnostic for Problems {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(
            self.problems.iter().map(|problem| problem as &dyn Diagnostic),
        ))
    }
}
