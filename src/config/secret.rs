//! Secrets: read from files or the environment, never shown again.

use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::Path;

use miette::Severity;
use toml::de::DeValue;

use super::nearest::suggestion;
use super::path::absent;
use super::problem::{Code, Finding};
use super::setting::{Mistake, Node, Setting, quoted};

/// Where a secret may stand.
const SOURCES: &[&str] = &["file", "env", "literal"];

/// A credential. It has no `Display` and no serialisation, and its `Debug` says only where it came from.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    value: String,
    origin: String,
}

impl Secret {
    /// The credential itself. Call it where the request is signed or sent, and keep what it returns nowhere.
    pub fn reveal(&self) -> &str {
        &self.value
    }

    /// Where it came from, as a document would say it, without the credential.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.origin)
    }
}

impl Setting for Secret {
    const KIND: &'static str = "secret (`{ file = \"...\" }` or `{ env = \"...\" }`)";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let (source, text, bytes) = source(node)?;
        let narrow = |mistake: Mistake| Mistake {
            bytes: Some(bytes.clone()),
            ..mistake
        };
        let value = match source {
            "file" => from_file(node, text, &bytes).map_err(narrow)?,
            "env" => from_env(node, text).map_err(narrow)?,
            _ => {
                node.reading.veil(bytes.clone());
                node.reading.literal(bytes.clone());
                text.to_owned()
            }
        };
        if value.is_empty() {
            return Err(narrow(Mistake::new(
                Code::SecretMissing,
                format!("the secret in `{source}` is empty"),
                "put the credential there, without blank lines",
            )));
        }
        let origin = if source == "literal" {
            quoted("***")
        } else {
            quoted(text)
        };
        Ok(Self {
            value,
            origin: format!("{{ {source} = {origin} }}"),
        })
    }

    fn blank() -> Self {
        Self {
            value: String::new(),
            origin: String::new(),
        }
    }

    fn show(&self) -> String {
        self.origin.clone()
    }
}

/// The one pair of a secret's table: where it stands, and the path, variable or text.
fn source<'n>(node: &Node<'n>) -> Result<(&'static str, &'n str, Range<usize>), Mistake> {
    let wanted =
        "write { file = \"path\" } or { env = \"VARIABLE\" }; { literal = \"...\" } serves sandboxes only";
    let form = |message: &str| Mistake::new(Code::SecretForm, message, wanted);
    let Some(table) = node.value.as_table() else {
        // Whatever was written here instead is most likely the credential itself.
        node.reading.veil(node.bytes.clone());
        return Err(form("a secret does not stand in the document itself"));
    };
    let mut pairs = table.iter();
    let (Some((key, value)), None) = (pairs.next(), pairs.next()) else {
        return Err(form("a secret comes from exactly one place"));
    };
    let Some(source) = SOURCES.iter().find(|source| **source == key.get_ref().as_ref()) else {
        node.reading.veil(value.span());
        let help = suggestion(key.get_ref(), SOURCES);
        let message = format!("a secret does not come from `{}`", key.get_ref());
        return Err(Mistake {
            code: Code::SecretForm,
            message,
            help,
            bytes: Some(key.span()),
        });
    };
    match value.get_ref() {
        DeValue::String(text) => Ok((source, text, value.span())),
        DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => {
            node.reading.veil(value.span());
            Err(form("the place of a secret is text"))
        }
    }
}

fn from_env(node: &Node<'_>, name: &str) -> Result<String, Mistake> {
    node.reading.variable(name).ok_or_else(|| {
        let message = format!("the environment variable {name} is not set");
        Mistake::new(
            Code::SecretMissing,
            message,
            "set it for the server's process, or use { file = \"path\" }",
        )
    })
}

/// The content of a secret's file without the line break editors append.
fn from_file(node: &Node<'_>, path: &str, bytes: &Range<usize>) -> Result<String, Mistake> {
    let path = node.reading.resolve(path);
    if !path.is_file() {
        return Err(Mistake {
            code: Code::SecretMissing,
            ..absent("file", &path)
        });
    }
    let text = fs::read_to_string(&path).map_err(|error| {
        let message = format!("cannot read {}: {error}", path.display());
        Mistake::new(
            Code::SecretMissing,
            message,
            "let the server's user read the file",
        )
    })?;
    if is_open(&path) {
        node.reading.report(Finding {
            code: Code::SecretFileOpen,
            message: format!("{} can be read by other users of this machine", path.display()),
            help: Some(format!("chmod 600 {}", path.display())),
            bytes: bytes.clone(),
            severity: Severity::Warning,
        });
    }
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Whether anyone beyond owner and group may read the file.
#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    const OTHERS: u32 = 0o007;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & OTHERS != 0)
}

/// Permissions of other platforms are not examined.
#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}
