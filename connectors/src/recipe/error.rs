//! What can be wrong with a recipe document.

use std::fmt;

use thiserror::Error;

/// Stable codes of recipe errors; each is printed as `recipe/...`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The text is not TOML.
    Syntax,
    /// The document is longer than [`limits::DOCUMENT_BYTES_MAX`](super::limits::DOCUMENT_BYTES_MAX).
    TooLarge,
    /// A key that means nothing here.
    UnknownKey,
    /// A key that has to be there is not.
    MissingKey,
    /// A value of another type than the key takes.
    WrongType,
    /// A value the key does not take.
    BadValue,
    /// A length of time that cannot be read.
    BadDuration,
    /// The document is for a role Amends does not know.
    UnknownRole,
    /// The role has no such operation.
    UnknownOperation,
    /// An expression reads an argument the operation does not have.
    UnknownArgument,
    /// No successful reply gives a result that the operation promises.
    MissingResult,
    /// An expression reads a name that is not bound where it stands.
    UnknownName,
    /// An expression reads a setting the recipe does not declare.
    UnknownSetting,
    /// An expression reads the reply of a call that does not come before.
    UnknownCall,
    /// Two calls of one operation have the same name.
    DuplicateCall,
    /// A `{hole}` that cannot be read.
    BadTemplate,
    /// An expression that cannot be read.
    BadExpression,
    /// A conversion that does not exist or lacks its argument.
    BadConversion,
    /// A body that is not JSON.
    BadJson,
    /// A path that does not begin with `/`.
    BadPath,
    /// A request has more than one body.
    TwoBodies,
    /// A credential stands in the document.
    LiteralSecret,
    /// A secret is used where it would be recorded.
    MisplacedSecret,
    /// No reply of the operation means success.
    NoSuccess,
    /// A rule behind one that always applies.
    UnreachableRule,
    /// An operation whose safety rests on looking up has no look-up.
    MissingProbe,
    /// A `staged` operation lacks one of its parts.
    IncompleteStaged,
    /// A chain is longer than allowed.
    TooManyCalls,
}

impl Code {
    /// The code as printed and documented.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "recipe/syntax",
            Self::TooLarge => "recipe/too-large",
            Self::UnknownKey => "recipe/unknown-key",
            Self::MissingKey => "recipe/missing-key",
            Self::WrongType => "recipe/wrong-type",
            Self::BadValue => "recipe/bad-value",
            Self::BadDuration => "recipe/bad-duration",
            Self::UnknownRole => "recipe/unknown-role",
            Self::UnknownOperation => "recipe/unknown-operation",
            Self::UnknownArgument => "recipe/unknown-argument",
            Self::MissingResult => "recipe/missing-result",
            Self::UnknownName => "recipe/unknown-name",
            Self::UnknownSetting => "recipe/unknown-setting",
            Self::UnknownCall => "recipe/unknown-call",
            Self::DuplicateCall => "recipe/duplicate-call",
            Self::BadTemplate => "recipe/bad-template",
            Self::BadExpression => "recipe/bad-expression",
            Self::BadConversion => "recipe/bad-conversion",
            Self::BadJson => "recipe/bad-json",
            Self::BadPath => "recipe/bad-path",
            Self::TwoBodies => "recipe/two-bodies",
            Self::LiteralSecret => "recipe/literal-secret",
            Self::MisplacedSecret => "recipe/misplaced-secret",
            Self::NoSuccess => "recipe/no-success",
            Self::UnreachableRule => "recipe/unreachable-rule",
            Self::MissingProbe => "recipe/missing-probe",
            Self::IncompleteStaged => "recipe/incomplete-staged",
            Self::TooManyCalls => "recipe/too-many-calls",
        }
    }
}

/// One thing wrong with a recipe document, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{line}:{column}: {}: {message}", .code.as_str())]
pub struct RecipeError {
    /// What kind of mistake it is.
    pub code: Code,
    /// Line of the document, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// Everything wrong with a recipe document, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct RecipeErrors(pub Vec<RecipeError>);

impl fmt::Display for RecipeErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
