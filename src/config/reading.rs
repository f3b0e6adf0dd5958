//! One reading of one document: its text, its surroundings, and what has been found so far.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{NamedSource, Severity};
use toml::Spanned;
use toml::de::DeTable;

use super::Env;
use super::connector::unknown;
use super::effective::Effective;
use super::problem::{Code, ConfigError, Finding, Problem};
use super::setting::Mistake;

/// What every section reads from and reports to.
pub struct Reading<'d> {
    text: &'d str,
    file: String,
    folder: PathBuf,
    env: Env<'d>,
    findings: RefCell<Vec<Finding>>,
    effective: RefCell<Vec<Effective>>,
    /// Parts of the document that must not be shown when a problem is printed with its lines.
    veiled: RefCell<Vec<Range<usize>>>,
    literals: RefCell<Vec<Range<usize>>>,
    asked: RefCell<BTreeSet<(String, &'static str)>>,
    names: RefCell<BTreeMap<&'static str, Vec<String>>>,
}

impl<'d> Reading<'d> {
    /// A reading of `text`, which lies at `path`.
    pub(super) fn new(text: &'d str, path: &Path, env: Env<'d>) -> Self {
        Self {
            text,
            file: path.display().to_string(),
            folder: path.parent().map(Path::to_path_buf).unwrap_or_default(),
            env,
            findings: RefCell::default(),
            effective: RefCell::default(),
            veiled: RefCell::default(),
            literals: RefCell::default(),
            asked: RefCell::default(),
            names: RefCell::default(),
        }
    }

    /// The document as a tree of located values; what could be understood of it when it is not TOML.
    pub(super) fn document(&self) -> Spanned<DeTable<'d>> {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            self.report(Finding {
                code: Code::Syntax,
                message: error.message().to_owned(),
                help: Some("the document is TOML 1.0; text is quoted: key = \"text\"".to_owned()),
                bytes: error.span().unwrap_or(0..0),
                severity: Severity::Error,
            });
        }
        if !errors.is_empty() {
            self.veil_quoted();
        }
        for table in ["shops", "connectors"] {
            let names = document
                .get_ref()
                .get(table)
                .and_then(|value| value.get_ref().as_table());
            let names = names
                .into_iter()
                .flat_map(|table| table.keys().map(|key| key.get_ref().to_string()));
            self.names.borrow_mut().insert(table, names.collect());
        }
        document
    }

    /// An environment variable.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.env)(name)
    }

    /// `path` as the document means it: from its own folder.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Notes something that is wrong.
    pub(super) fn report(&self, finding: Finding) {
        self.findings.borrow_mut().push(finding);
    }

    /// Notes a value in force.
    pub(super) fn note(&self, effective: Effective) {
        self.effective.borrow_mut().push(effective);
    }

    /// Notes that the code reads the key `name` of the table `pattern`.
    pub(super) fn ask(&self, pattern: &str, name: &'static str) {
        self.asked.borrow_mut().insert((pattern.to_owned(), name));
    }

    /// Every key the code has asked for, with the pattern of its table.
    #[cfg(test)]
    pub(super) fn asked(&self) -> BTreeSet<(String, &'static str)> {
        self.asked.borrow().clone()
    }

    /// Keeps `bytes` out of printed lines.
    pub(super) fn veil(&self, bytes: Range<usize>) {
        self.veiled.borrow_mut().push(bytes);
    }

    /// Notes a secret that stands in the document itself.
    pub(super) fn literal(&self, bytes: Range<usize>) {
        self.literals.borrow_mut().push(bytes);
    }

    /// How many secrets in the document itself have been noted.
    pub(super) fn literals(&self) -> usize {
        self.literals.borrow().len()
    }

    /// Refuses the secrets noted after the first `kept`.
    pub(super) fn refuse_literals(&self, kept: usize, why: &str) {
        for bytes in self.literals.borrow_mut().drain(kept..) {
            self.report(Finding {
                code: Code::SecretLiteral,
                message: format!("a secret stands in the document, and {why}"),
                help: Some("move it: { file = \"path\" } or { env = \"VARIABLE\" }".to_owned()),
                bytes,
                severity: Severity::Error,
            });
        }
    }

    /// Refuses `name` unless the document defines it in `table` (`shops` or `connectors`).
    ///
    /// # Errors
    /// `config/unknown-reference`.
    pub(super) fn known(&self, table: &'static str, name: &str) -> Result<(), Mistake> {
        let names = self.names.borrow();
        let known = names.get(table).map(Vec::as_slice).unwrap_or_default();
        if known.iter().any(|known| known == name) {
            Ok(())
        } else {
            Err(unknown(table, name, known))
        }
    }

    /// What was found: the values in force and the warnings, or every problem.
    ///
    /// # Errors
    /// All problems in the order of the document, warnings among them, when at least one is an error.
    pub(super) fn finish(self) -> Result<(Vec<Effective>, Vec<Problem>), ConfigError> {
        let source = Arc::new(NamedSource::new(&self.file, self.veiled_text()).with_language("toml"));
        let mut findings = self.findings.into_inner();
        if findings.iter().any(|finding| finding.code == Code::Syntax) {
            // What else is wrong may only be what the syntax errors made of it.
            findings.retain(|finding| finding.code == Code::Syntax);
        }
        findings.sort_by_key(|finding| (finding.bytes.start, finding.code));
        let is_fatal = findings.iter().any(|finding| finding.severity == Severity::Error);
        let problems = findings
            .into_iter()
            .map(|finding| Problem::place(finding, &source))
            .collect();
        if is_fatal {
            return Err(ConfigError {
                file: self.file,
                problems,
            });
        }
        Ok((self.effective.into_inner(), problems))
    }

    /// The text with everything that may be a credential replaced by stars, byte for byte, so that places in it
    /// stay where they are.
    fn veiled_text(&self) -> String {
        let mut bytes = self.text.as_bytes().to_vec();
        for range in self.veiled.borrow().iter() {
            for byte in bytes.get_mut(range.clone()).into_iter().flatten() {
                if *byte != b'\n' {
                    *byte = b'*';
                }
            }
        }
        String::from_utf8(bytes).unwrap_or_default()
    }

    /// Veils every quoted text: when a document is not TOML, nobody knows which of them is a credential.
    fn veil_quoted(&self) {
        for (quote, _) in self.text.match_indices('"').step_by(2) {
            let rest = self.text.get(quote + 1..).unwrap_or_default();
            let end = rest.find(['"', '\n']).unwrap_or(rest.len());
            self.veil(quote + 1..quote + 1 + end);
        }
    }
}
