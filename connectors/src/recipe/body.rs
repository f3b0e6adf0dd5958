//! Bodies of requests: JSON with holes, forms, raw text.

use amends_engine::Value;

use super::error::Code;
use super::formula::{Formula, Mistake, Names};
use super::limits::TEMPLATE_DEPTH_MAX;
use super::template::{Credentials, Template};

/// What a request carries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// JSON.
    Json(Tree),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<Field>),
    /// Text of the given media type.
    Raw { content_type: String, text: Template },
}

/// A named template; `optional` ones are left out when they come out empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) optional: bool,
    pub(super) value: Template,
}

/// JSON with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    /// Something without holes.
    Constant(Value),
    /// Text with holes, or one hole whose value keeps its type.
    Text(Template),
    /// Elements in order.
    List(Vec<Tree>),
    /// Fields by name.
    Map(Vec<Branch>),
    /// An element of a list that is left out when `when` comes out as nothing.
    If { when: Formula, item: Box<Tree> },
    /// One element per element of a list.
    Each {
        list: Formula,
        name: String,
        item: Box<Tree>,
    },
}

/// A field of a [`Tree::Map`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branch {
    pub(super) name: String,
    pub(super) optional: bool,
    pub(super) tree: Tree,
}

/// `name?` means the field is left out when it comes out empty.
pub(super) fn optional_name(name: &str) -> (String, bool) {
    match name.strip_suffix('?') {
        Some(bare) => (bare.to_owned(), true),
        None => (name.to_owned(), false),
    }
}

impl Tree {
    /// Reads JSON whose texts are templates.
    pub(super) fn read(json: &Value, names: &Names, credentials: Credentials) -> Result<Self, Vec<Mistake>> {
        let mut reader = Reader {
            credentials,
            mistakes: Vec::new(),
        };
        let tree = reader.tree(json, names, 0);
        if reader.mistakes.is_empty() {
            Ok(tree)
        } else {
            Err(reader.mistakes)
        }
    }

    /// Calls `visit` with every template.
    pub(super) fn templates<'t>(&'t self, visit: &mut dyn FnMut(&'t Template)) {
        match self {
            Self::Constant(_) => {}
            Self::Text(template) => visit(template),
            Self::List(elements) => elements.iter().for_each(|tree| tree.templates(visit)),
            Self::Map(branches) => branches.iter().for_each(|branch| branch.tree.templates(visit)),
            Self::If { item, .. } | Self::Each { item, .. } => item.templates(visit),
        }
    }
}

struct Reader {
    credentials: Credentials,
    mistakes: Vec<Mistake>,
}

impl Reader {
    fn tree(&mut self, json: &Value, names: &Names, depth: usize) -> Tree {
        if depth > TEMPLATE_DEPTH_MAX {
            let message = format!("the body is nested deeper than {TEMPLATE_DEPTH_MAX}");
            self.mistakes.push(Mistake::new(Code::BadJson, message));
            return Tree::Constant(Value::Null);
        }
        match json {
            Value::Text(text) => self.text(text, names),
            Value::List(elements) => Tree::List(
                elements
                    .iter()
                    .map(|element| match element.get("$when") {
                        Some(when) => self.condition(when, element.get("$item"), names, depth + 1),
                        None => self.tree(element, names, depth + 1),
                    })
                    .collect(),
            ),
            Value::Map(fields) if fields.contains_key("$each") => self.each(json, names, depth),
            Value::Map(fields) => Tree::Map(
                fields
                    .iter()
                    .map(|(name, field)| {
                        let (name, optional) = optional_name(name);
                        let tree = self.tree(field, names, depth + 1);
                        Branch { name, optional, tree }
                    })
                    .collect(),
            ),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Decimal(_) => Tree::Constant(json.clone()),
        }
    }

    fn text(&mut self, text: &str, names: &Names) -> Tree {
        match Template::read(text, names, self.credentials) {
            Ok(template) => match template.literal() {
                Some(literal) => Tree::Constant(Value::text(literal)),
                None => Tree::Text(template),
            },
            Err(mistakes) => {
                self.mistakes.extend(mistakes);
                Tree::Constant(Value::Null)
            }
        }
    }

    fn condition(&mut self, when: &Value, item: Option<&Value>, names: &Names, depth: usize) -> Tree {
        let (Some(when), Some(item)) = (when.as_text(), item) else {
            self.mistakes.push(Mistake::new(
                Code::BadJson,
                "an element that may be left out is written {\"$when\": \"args.fees_minor != 0\", \"$item\": {…}}",
            ));
            return Tree::Constant(Value::Null);
        };
        match Formula::read(when, names) {
            Ok(when) => Tree::If {
                when,
                item: Box::new(self.tree(item, names, depth)),
            },
            Err(mistakes) => {
                self.mistakes.extend(mistakes);
                Tree::Constant(Value::Null)
            }
        }
    }

    fn each(&mut self, json: &Value, names: &Names, depth: usize) -> Tree {
        let part = |name: &str| json.get(name).and_then(Value::as_text);
        let (Some(list), Some(name), Some(item)) = (part("$each"), part("$as"), json.get("$item")) else {
            self.mistakes.push(Mistake::new(
                Code::BadJson,
                "a repetition is written {\"$each\": \"args.lines\", \"$as\": \"line\", \"$item\": {…}}",
            ));
            return Tree::Constant(Value::Null);
        };
        let list = match Formula::read(list, names) {
            Ok(list) => list,
            Err(mistakes) => {
                self.mistakes.extend(mistakes);
                return Tree::Constant(Value::Null);
            }
        };
        let mut inner = names.clone();
        inner.insert(name.to_owned(), element_shape(&list, names));
        let item = Box::new(self.tree(item, &inner, depth + 1));
        Tree::Each {
            list,
            name: name.to_owned(),
            item,
        }
    }
}

fn element_shape(list: &Formula, names: &Names) -> amends_workflows::catalogue::Shape {
    use amends_workflows::catalogue::Shape;
    use amends_workflows::cel::Program;

    let shape = Program::compile(&list.source).map(|program| program.infer(names).0);
    match shape {
        Ok(Shape::List(element)) => *element,
        Ok(_) | Err(_) => Shape::Any,
    }
}
