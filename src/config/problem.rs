//! What can be wrong with a document, and where.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};

macro_rules! codes {
    ($($name:ident = $text:literal, $about:literal;)*) => {
        /// Stable names of what can be wrong with a configuration. Their pages are rows of `docs/errors`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $about] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it is printed: `config/unknown-key`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

codes! {
    Unreadable = "config/unreadable", "The document cannot be read from disk.";
    Syntax = "config/syntax", "The document is not TOML.";
    UnknownKey = "config/unknown-key", "A key nobody reads, most often a slip of the pen.";
    MissingKey = "config/missing-key", "A key without a default is absent.";
    WrongType = "config/wrong-type", "A value of another type than the key takes.";
    BadValue = "config/bad-value", "Text that is not what the key takes: an address, a URL, a time zone.";
    NotAChoice = "config/not-a-choice", "The key takes one of a few words, and this is none of them.";
    OutOfRange = "config/out-of-range", "A number or duration outside the bounds of the key.";
    BadDuration = "config/bad-duration", "A duration without a unit or with an unknown one.";
    BadName = "config/bad-name", "A name that cannot be part of a key or an address.";
    UnknownReference = "config/unknown-reference", "A shop, connector or role that the document does not define.";
    FileMissing = "config/file-missing", "A file or folder the document names does not exist.";
    SecretMissing = "config/secret-missing", "A secret's file or environment variable is absent or empty.";
    SecretForm = "config/secret-form", "A secret that is not one of file, env and literal.";
    SecretLiteral = "config/secret-literal", "A secret written into the document outside a sandbox.";
    SecretCount = "config/secret-count", "A shop without a webhook secret or with more than two.";
    SecretFileOpen = "config/secret-file-open", "A secret's file can be read by other users of the machine.";
    OpenServer = "config/open-server", "A server that others can reach without a token.";
    PlainHttp = "config/plain-http", "Credentials would cross a network unencrypted.";
    NeedsRest = "config/needs-rest", "A setting that needs the shop's REST credentials, which are absent.";
    Contradiction = "config/contradiction", "Two keys that cannot both hold.";
}

/// One thing that is wrong, with its place.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What kind of problem it is.
    pub code: Code,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// First line is 1.
    pub line: usize,
    /// In characters; first column is 1.
    pub column: usize,
    severity: Severity,
    bytes: Range<usize>,
    source: Arc<NamedSource<String>>,
}

/// A problem before its place is turned into line and column.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What kind of problem it is.
    pub code: Code,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where in the document, in bytes.
    pub bytes: Range<usize>,
    /// Whether the document can be used all the same.
    pub severity: Severity,
}

impl Problem {
    /// Finds the line and column of `finding` in `source`.
    pub(super) fn place(finding: Finding, source: &Arc<NamedSource<String>>) -> Self {
        let before = source.inner().get(..finding.bytes.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            code: finding.code,
            message: finding.message,
            help: finding.help,
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            severity: finding.severity,
            bytes: finding.bytes,
            source: Arc::clone(source),
        }
    }

    /// What the document is called.
    pub fn file(&self) -> &str {
        self.source.name()
    }

    /// ``amends.toml:3:1: there is no key `lissten` [config/unknown-key]; did you mean `listen`?``
    pub fn listing(&self) -> String {
        let Self {
            line,
            column,
            message,
            code,
            ..
        } = self;
        let help = self
            .help
            .as_ref()
            .map(|help| format!("; {help}"))
            .unwrap_or_default();
        format!(
            "{}:{line}:{column}: {message} [{}]{help}",
            self.file(),
            code.as_str()
        )
    }
}

/// The message alone; place, code and help are for the one who prints it ([`Problem::listing`] or miette).
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code.as_str()))
    }

    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source.as_ref())
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::underline(
            self.bytes.clone(),
        ))))
    }
}

/// Everything that is wrong with one document. Printed by miette it shows each place with its lines.
#[derive(Debug, thiserror::Error)]
#[error("the configuration {file} cannot be used: {count} problem(s)", count = problems.len())]
pub struct ConfigError {
    /// What the document is called.
    pub file: String,
    /// In the order of the document.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// The document at `path` could not be read at all.
    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        let finding = Finding {
            code: Code::Unreadable,
            message: format!("cannot read {}: {error}", path.display()),
            help: Some(
                "name a readable file with --config, or leave the option out to run the sandbox".to_owned(),
            ),
            bytes: 0..0,
            severity: Severity::Error,
        };
        let source = Arc::new(NamedSource::new(path.display().to_string(), String::new()));
        Self {
            file: path.display().to_string(),
            problems: vec![Problem::place(finding, &source)],
        }
    }

    /// One line per problem, for logs and for terminals without colours.
    pub fn listing(&self) -> String {
        self.problems
            .iter()
            .map(Problem::listing)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Diagnostic for ConfigError {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(
            self.problems.iter().map(|problem| problem as &dyn Diagnostic),
        ))
    }
}
