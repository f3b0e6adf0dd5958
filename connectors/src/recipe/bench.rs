//! Filling templates in: expressions over a scope become text, values and bodies.

use amends_engine::Value;
use amends_engine::expr::{Evaluator, Scope};

use super::body::{Branch, Field, Tree};
use super::conversion::plain;
use super::formula::{Formula, FormulaError};
use super::limits::EACH_MAX;
use super::render::RenderError;
use super::secret::{Encoding, Masked, Piece};
use super::template::{Part, Template};

/// Whether replies are there to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// A request that will leave.
    Live,
    /// A dry run: what depends on a reply shows as `‹expression›`.
    Dry,
}

/// What templates are filled in with.
#[derive(Clone)]
pub(super) struct Bench<'a> {
    pub(super) evaluator: &'a dyn Evaluator,
    pub(super) scope: Scope<'a>,
    pub(super) phase: Phase,
}

/// Marks a credential inside a JSON text until it is cut into pieces. Only templates of the login come here, and
/// those read nothing but settings.
const MARK: char = '\u{e000}';

impl<'a> Bench<'a> {
    /// The same with `name` bound to `value`.
    pub(super) fn with(&self, name: &'a str, value: &'a Value) -> Self {
        Self {
            scope: self.scope.clone().with(name, value),
            ..self.clone()
        }
    }

    /// The value of a formula.
    pub(super) fn value(&self, formula: &Formula) -> Result<Value, FormulaError> {
        match formula.evaluate(self.evaluator, &self.scope) {
            Err(_) if self.is_open(formula) => Ok(Value::Text(format!("‹{}›", formula.source))),
            settled => settled,
        }
    }

    fn is_open(&self, formula: &Formula) -> bool {
        self.phase == Phase::Dry && formula.open
    }

    /// Whether a condition holds; one that has no value does not.
    pub(super) fn holds(&self, condition: &Formula) -> bool {
        self.value(condition).ok().and_then(|value| value.as_bool()) == Some(true)
    }

    /// A template as pieces, each hole passed through `encode`.
    pub(super) fn pieces(
        &self,
        template: &Template,
        encode: impl Fn(&Formula, String) -> Result<String, RenderError>,
    ) -> Result<Vec<Piece>, RenderError> {
        let mut pieces = Vec::new();
        for part in &template.0 {
            pieces.push(match part {
                Part::Literal(text) => Piece::Text(text.clone()),
                Part::Hole(formula) => Piece::Text(encode(formula, self.hole(formula)?)?),
                Part::Secret(name) => Piece::Secret(name.clone()),
                Part::Session => Piece::Session,
            });
        }
        Ok(pieces)
    }

    fn hole(&self, formula: &Formula) -> Result<String, RenderError> {
        let value = self.value(formula)?;
        plain(&value).ok_or_else(|| RenderError::NotText {
            formula: formula.source.clone(),
            kind: value.kind(),
        })
    }

    /// The pieces of an optional or required field; `None` when it is left out.
    pub(super) fn field(&self, field: &Field) -> Result<Option<Vec<Piece>>, RenderError> {
        if field.optional {
            if let Some(formula) = field.value.whole()
                && is_empty(&self.value(formula)?)
            {
                return Ok(None);
            }
            let pieces = self.pieces(&field.value, |_, text| Ok(text))?;
            let empty = pieces.iter().all(|piece| *piece == Piece::Text(String::new()));
            return Ok((!empty).then_some(pieces));
        }
        self.pieces(&field.value, |_, text| Ok(text)).map(Some)
    }

    /// A JSON body as text in which credentials are marked.
    pub(super) fn tree(&self, tree: &Tree) -> Result<Value, RenderError> {
        match tree {
            Tree::Constant(value) => Ok(value.clone()),
            Tree::Text(template) => match template.whole() {
                Some(formula) => Ok(self.value(formula)?),
                None => self.marked(template).map(Value::Text),
            },
            Tree::List(elements) => {
                let elements = elements
                    .iter()
                    .filter_map(|element| self.element(element).transpose());
                elements.collect::<Result<_, _>>().map(Value::List)
            }
            Tree::If { item, .. } => self.tree(item),
            Tree::Map(branches) => self.map(branches),
            Tree::Each { list, name, item } => self.each(list, name, item),
        }
    }

    /// An element of a list; `None` when its condition leaves it out. A condition that a dry run cannot decide keeps it.
    fn element(&self, tree: &Tree) -> Result<Option<Value>, RenderError> {
        if let Tree::If { when, .. } = tree
            && is_nothing(&self.value(when)?)
        {
            return Ok(None);
        }
        self.tree(tree).map(Some)
    }

    fn map(&self, branches: &[Branch]) -> Result<Value, RenderError> {
        let mut fields = Vec::new();
        for branch in branches {
            let value = self.tree(&branch.tree)?;
            if !(branch.optional && is_empty(&value)) {
                fields.push((branch.name.clone(), value));
            }
        }
        Ok(Value::map(fields))
    }

    fn each(&self, list: &Formula, name: &str, item: &Tree) -> Result<Value, RenderError> {
        let value = self.value(list)?;
        if self.is_open(list) && value.as_list().is_none() {
            return Ok(value);
        }
        let elements = value.as_list().ok_or_else(|| RenderError::NotList {
            formula: list.source.clone(),
            kind: value.kind(),
        })?;
        if elements.len() > EACH_MAX {
            return Err(RenderError::TooMany(elements.len()));
        }
        let made: Result<_, _> = elements
            .iter()
            .map(|element| {
                let inner = Bench {
                    evaluator: self.evaluator,
                    scope: self.scope.clone().with(name, element),
                    phase: self.phase,
                };
                inner.tree(item)
            })
            .collect();
        made.map(Value::List)
    }

    fn marked(&self, template: &Template) -> Result<String, RenderError> {
        let pieces = self.pieces(template, |_, text| Ok(text))?;
        Ok(pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Secret(name) => format!("{MARK}{name}{MARK}"),
                Piece::Session | Piece::Encoded(..) => String::new(),
            })
            .collect())
    }
}

/// Cuts JSON text with marks into pieces. Without `credentials` in its template nothing is cut, so that nothing a
/// buyer typed can name a secret.
pub(super) fn unmark(json: String, tree: &Tree) -> Masked {
    let mut credentials = false;
    tree.templates(&mut |template| credentials |= template.names_credential());
    if !credentials {
        return Masked::text(json);
    }
    let pieces = json.split(MARK).enumerate().map(|(index, part)| {
        if index % 2 == 1 {
            Piece::Encoded(Encoding::Json, vec![Piece::Secret(part.to_owned())])
        } else {
            Piece::Text(part.to_owned())
        }
    });
    Masked(pieces.collect())
}

/// Whether a condition comes out as no: false, zero or empty.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => !truth,
        Value::Int(number) => *number == 0,
        Value::Decimal(number) => number.is_zero(),
        Value::Null | Value::Text(_) | Value::List(_) | Value::Map(_) => is_empty(value),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::List(elements) => elements.is_empty(),
        Value::Map(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Int(_) | Value::Decimal(_) => false,
    }
}
