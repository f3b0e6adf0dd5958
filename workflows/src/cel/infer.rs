//! What an expression gives and which names it misspells, from the shapes of the names in scope.

use std::collections::BTreeMap;

use amends_engine::Value;

use super::functions::Function;
use super::node::{Kind, Loop, LoopKind, Node, Operator, Span};
use crate::catalogue::Shape;
use crate::suggest::nearest;

/// A name or field that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    /// Where in the expression.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// The shape of what `node` gives, and the names it misspells.
pub(super) fn infer(node: &Node, names: &BTreeMap<String, Shape>) -> (Shape, Vec<NameError>) {
    let mut inference = Inference {
        names,
        locals: Vec::new(),
        errors: Vec::new(),
    };
    let shape = inference.of(node);
    (shape, inference.errors)
}

struct Inference<'n> {
    names: &'n BTreeMap<String, Shape>,
    locals: Vec<(&'n str, Shape)>,
    errors: Vec<NameError>,
}

impl<'n> Inference<'n> {
    fn of(&mut self, node: &'n Node) -> Shape {
        match &node.kind {
            Kind::Constant(value) => of_value(value),
            Kind::Name(name) => self.name(name, node.span),
            Kind::Select { operand, field } => {
                let shape = self.of(operand);
                self.field(&shape, field, node.span)
            }
            Kind::Has { operand, field } => {
                let shape = self.of(operand);
                self.field(&shape, field, node.span);
                Shape::Bool
            }
            Kind::Index { operand, at } => {
                let shape = self.of(operand);
                self.of(at);
                element(&shape)
            }
            Kind::Not(operand) => {
                self.of(operand);
                Shape::Bool
            }
            Kind::Negate(operand) => self.of(operand),
            Kind::And(left, right) | Kind::Or(left, right) => {
                self.of(left);
                self.of(right);
                Shape::Bool
            }
            Kind::If {
                condition,
                then,
                otherwise,
            } => {
                self.of(condition);
                let then = self.of(then);
                let otherwise = self.of(otherwise);
                common(then, &otherwise)
            }
            Kind::Binary {
                operator,
                left,
                right,
            } => {
                let left = self.of(left);
                let right = self.of(right);
                of_operator(*operator, left, &right)
            }
            Kind::List(elements) => {
                let shapes: Vec<Shape> = elements.iter().map(|element| self.of(element)).collect();
                let element = shapes.into_iter().reduce(|one, other| common(one, &other));
                Shape::list(element.unwrap_or(Shape::Any))
            }
            Kind::Map(entries) => self.map(entries),
            Kind::Call { function, arguments } => {
                let shapes: Vec<Shape> = arguments.iter().map(|argument| self.of(argument)).collect();
                of_function(*function, shapes.first())
            }
            Kind::OrElse { wanted, otherwise } => {
                let wanted = self.of(wanted);
                let otherwise = self.of(otherwise);
                common(wanted.present().clone(), &otherwise)
            }
            Kind::Loop(the_loop) => self.a_loop(the_loop),
        }
    }

    fn name(&mut self, name: &str, span: Span) -> Shape {
        let local = self.locals.iter().rev().find(|(known, _)| *known == name);
        if let Some(shape) = local.map(|(_, shape)| shape).or_else(|| self.names.get(name)) {
            return shape.clone();
        }
        let known: Vec<&str> = self.names.keys().map(String::as_str).collect();
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("here one can read: {}", known.join(", ")),
        };
        self.errors.push(NameError {
            span,
            message: format!("nothing is called `{name}` here"),
            help,
        });
        Shape::Any
    }

    fn field(&mut self, shape: &Shape, field: &str, span: Span) -> Shape {
        let (message, help) = match shape.present() {
            Shape::Any | Shape::Optional(_) => return Shape::Any,
            Shape::Dictionary(inner) => return inner.as_ref().clone(),
            Shape::Record(fields) => {
                if let Some(shape) = fields.get(field) {
                    return shape.clone();
                }
                let known: Vec<&str> = fields.keys().map(String::as_str).collect();
                let help = match nearest(field, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "there are no fields here".to_owned(),
                    None => format!("there are: {}", known.join(", ")),
                };
                (format!("there is no field `{field}`"), help)
            }
            other @ (Shape::Bool | Shape::Int | Shape::Decimal | Shape::Text | Shape::List(_)) => (
                format!("`{field}` is read from {}", other.kind()),
                "only a map has fields; use `.map(item, ...)` to visit a list".to_owned(),
            ),
        };
        self.errors.push(NameError { span, message, help });
        Shape::Any
    }

    fn map(&mut self, entries: &'n [(Node, Node)]) -> Shape {
        let mut fields = BTreeMap::new();
        let mut all_constant = true;
        for (name, value) in entries {
            let shape = self.of(value);
            if let Kind::Constant(Value::Text(name)) = &name.kind {
                fields.insert(name.clone(), shape);
            } else {
                self.of(name);
                all_constant = false;
            }
        }
        if all_constant {
            Shape::Record(fields)
        } else {
            Shape::Dictionary(Box::new(Shape::Any))
        }
    }

    fn a_loop(&mut self, the_loop: &'n Loop) -> Shape {
        let over = self.of(&the_loop.over);
        let item = element_or_name(&over);
        self.locals.push((&the_loop.item, item.clone()));
        if let Some(only) = &the_loop.only {
            self.of(only);
        }
        let body = self.of(&the_loop.body);
        self.locals.pop();
        match the_loop.kind {
            LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne => Shape::Bool,
            LoopKind::Map => Shape::list(body),
            LoopKind::Filter => Shape::list(item),
        }
    }
}

fn of_value(value: &Value) -> Shape {
    match value {
        Value::Null | Value::List(_) | Value::Map(_) => Shape::Any,
        Value::Bool(_) => Shape::Bool,
        Value::Int(_) => Shape::Int,
        Value::Decimal(_) => Shape::Decimal,
        Value::Text(_) => Shape::Text,
    }
}

fn element(shape: &Shape) -> Shape {
    match shape.present() {
        Shape::List(element) | Shape::Dictionary(element) => element.as_ref().clone(),
        Shape::Any
        | Shape::Bool
        | Shape::Int
        | Shape::Decimal
        | Shape::Text
        | Shape::Record(_)
        | Shape::Optional(_) => Shape::Any,
    }
}

/// What a loop visits: elements of a list, names of a map.
fn element_or_name(shape: &Shape) -> Shape {
    if matches!(shape.present(), Shape::Record(_) | Shape::Dictionary(_)) {
        Shape::Text
    } else {
        element(shape)
    }
}

fn common(one: Shape, other: &Shape) -> Shape {
    if one == *other { one } else { Shape::Any }
}

fn of_operator(operator: Operator, left: Shape, right: &Shape) -> Shape {
    match operator {
        Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual
        | Operator::In => Shape::Bool,
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
            match (&left, right) {
                (Shape::Int, Shape::Decimal) | (Shape::Decimal, Shape::Int) => Shape::Decimal,
                _ => common(left, right),
            }
        }
    }
}

fn of_function(function: Function, first: Option<&Shape>) -> Shape {
    match function {
        Function::Size
        | Function::Int
        | Function::Seconds
        | Function::Minutes
        | Function::Hours
        | Function::Days => Shape::Int,
        Function::Contains | Function::StartsWith | Function::EndsWith => Shape::Bool,
        Function::Lower | Function::Trim | Function::Join | Function::Text | Function::Money => Shape::Text,
        Function::Decimal => Shape::Decimal,
        Function::Sum | Function::Min | Function::Max => first.map_or(Shape::Any, element),
    }
}
