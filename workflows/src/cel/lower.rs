//! From the parser's tree to ours. With `parse.rs` the only code that knows the crate `cel`.

use std::str::FromStr;

use amends_engine::Value;
use cel::common::ast::{
    CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, MapExpr, SelectExpr, SourceInfo, operators,
};
use rust_decimal::Decimal;

use super::functions::{FUNCTIONS, Function};
use super::limits::DEPTH_MAX;
use super::node::{Kind, Loop, LoopKind, Node, Operator, Span};
use super::parse::{SyntaxError, SyntaxFault};
use crate::suggest::nearest;

pub(super) struct Lowering<'s> {
    source: &'s str,
    info: &'s SourceInfo,
}

type Lowered<T> = Result<T, SyntaxError>;

impl<'s> Lowering<'s> {
    pub(super) fn new(source: &'s str, info: &'s SourceInfo) -> Self {
        Self { source, info }
    }

    /// Our form of the whole expression.
    pub(super) fn expression(&self, expr: &IdedExpr) -> Lowered<Node> {
        self.node(expr, 0)
    }

    fn node(&self, expr: &IdedExpr, depth: usize) -> Lowered<Node> {
        let own = self.span(expr.id);
        if depth > DEPTH_MAX {
            return Err(SyntaxError::limit(own, "is nested too deeply"));
        }
        let deeper = depth + 1;
        let kind = match &expr.expr {
            Expr::Literal(literal) => Kind::Constant(self.literal(literal, own)?),
            Expr::Ident(name) if name.starts_with('.') || name.starts_with('@') => {
                return Err(SyntaxError::syntax(own, format!("`{name}` is not a name"), None));
            }
            Expr::Ident(name) => Kind::Name(name.clone()),
            Expr::Select(select) => self.select(select, deeper)?,
            Expr::List(list) => Kind::List(self.nodes(&list.elements, deeper)?),
            Expr::Map(map) => self.map(map, own, deeper)?,
            Expr::Call(call) => self.call(call, own, deeper)?,
            Expr::Struct(message) => {
                return Err(SyntaxError::syntax(
                    own,
                    format!("`{}{{...}}` is not supported", message.type_name),
                    Some("write a map: {'name': value}".to_owned()),
                ));
            }
            Expr::Comprehension(_) | Expr::Unspecified => {
                return Err(SyntaxError::syntax(own, "this cannot be read".to_owned(), None));
            }
        };
        let span = self.whole(&kind, own);
        Ok(Node { kind, span })
    }

    fn nodes(&self, expressions: &[IdedExpr], depth: usize) -> Lowered<Vec<Node>> {
        expressions.iter().map(|expr| self.node(expr, depth)).collect()
    }

    fn boxed(&self, expr: &IdedExpr, depth: usize) -> Lowered<Box<Node>> {
        self.node(expr, depth).map(Box::new)
    }

    fn literal(&self, literal: &LiteralValue, span: Span) -> Lowered<Value> {
        match literal {
            LiteralValue::Null => Ok(Value::Null),
            LiteralValue::Boolean(truth) => Ok(Value::Bool(*truth.inner())),
            LiteralValue::Int(number) => Ok(Value::Int(*number.inner())),
            LiteralValue::String(text) => Ok(Value::text(text.inner())),
            LiteralValue::Double(number) => self.decimal(span).ok_or_else(|| {
                let number = number.inner();
                SyntaxError::syntax(
                    span,
                    format!("`{number}` is not an exact decimal"),
                    Some("write it plainly: 22.49".to_owned()),
                )
            }),
            LiteralValue::UInt(number) => {
                let number = number.inner();
                Err(SyntaxError::syntax(
                    span,
                    format!("`{number}u` is unsigned, and all numbers here are signed"),
                    Some(format!("write {number}")),
                ))
            }
            LiteralValue::Bytes(_) => Err(SyntaxError::syntax(
                span,
                "bytes are not a value here".to_owned(),
                Some("write text: 'abc'".to_owned()),
            )),
        }
    }

    /// A number with a point, read from the text itself: the parser's float has already lost digits.
    fn decimal(&self, span: Span) -> Option<Value> {
        let written = self.source.get(span.start..span.end)?;
        let number = Decimal::from_str_exact(written)
            .or_else(|_| Decimal::from_scientific(written))
            .or_else(|_| Decimal::from_str(written))
            .ok()?;
        Some(Value::Decimal(number))
    }

    fn select(&self, select: &SelectExpr, depth: usize) -> Lowered<Kind> {
        let operand = self.boxed(&select.operand, depth)?;
        let field = select.field.clone();
        Ok(if select.test {
            Kind::Has { operand, field }
        } else {
            Kind::Select { operand, field }
        })
    }

    fn map(&self, map: &MapExpr, span: Span, depth: usize) -> Lowered<Kind> {
        let mut entries = Vec::with_capacity(map.entries.len());
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                return Err(SyntaxError::syntax(
                    span,
                    "this map cannot be read".to_owned(),
                    None,
                ));
            };
            entries.push((self.node(&entry.key, depth)?, self.node(&entry.value, depth)?));
        }
        Ok(Kind::Map(entries))
    }

    fn call(&self, call: &CallExpr, span: Span, depth: usize) -> Lowered<Kind> {
        match (call.target.as_deref(), call.args.as_slice()) {
            (None, arguments) => match self.operator(&call.func_name, arguments, depth)? {
                Some(kind) => Ok(kind),
                None => self.function(call, arguments.iter().collect(), span, depth),
            },
            (Some(target), arguments) => {
                if let Some(kind) = LoopKind::named(&call.func_name) {
                    return self.a_loop(kind, target, arguments, span, depth);
                }
                let all = std::iter::once(target).chain(arguments).collect();
                self.function(call, all, span, depth)
            }
        }
    }

    fn operator(&self, name: &str, arguments: &[IdedExpr], depth: usize) -> Lowered<Option<Kind>> {
        Ok(Some(match (name, arguments) {
            (operators::CONDITIONAL, [condition, then, otherwise]) => Kind::If {
                condition: self.boxed(condition, depth)?,
                then: self.boxed(then, depth)?,
                otherwise: self.boxed(otherwise, depth)?,
            },
            (operators::LOGICAL_AND, [left, right]) => {
                Kind::And(self.boxed(left, depth)?, self.boxed(right, depth)?)
            }
            (operators::LOGICAL_OR, [left, right]) => {
                Kind::Or(self.boxed(left, depth)?, self.boxed(right, depth)?)
            }
            (operators::LOGICAL_NOT, [operand]) => Kind::Not(self.boxed(operand, depth)?),
            (operators::NEGATE, [operand]) => Kind::Negate(self.boxed(operand, depth)?),
            (operators::INDEX, [operand, at]) => Kind::Index {
                operand: self.boxed(operand, depth)?,
                at: self.boxed(at, depth)?,
            },
            (name, [left, right]) => {
                let symbol = name.trim_matches('_').trim_start_matches('@');
                let Some(operator) = Operator::written(symbol).filter(|_| symbol != name) else {
                    return Ok(None);
                };
                Kind::Binary {
                    operator,
                    left: self.boxed(left, depth)?,
                    right: self.boxed(right, depth)?,
                }
            }
            _ => return Ok(None),
        }))
    }

    fn function(
        &self,
        call: &CallExpr,
        arguments: Vec<&IdedExpr>,
        span: Span,
        depth: usize,
    ) -> Lowered<Kind> {
        match (call.func_name.as_str(), arguments.as_slice()) {
            ("has", [argument]) if call.target.is_none() => return self.has(argument, span, depth),
            ("or_else", [wanted, otherwise]) => {
                return Ok(Kind::OrElse {
                    wanted: self.boxed(wanted, depth)?,
                    otherwise: self.boxed(otherwise, depth)?,
                });
            }
            _ => {}
        }
        let Some(signature) = Function::named(&call.func_name) else {
            return Err(unknown_function(&call.func_name, span));
        };
        if signature.arguments != arguments.len() {
            return Err(SyntaxError::syntax(
                span,
                format!(
                    "`{}` takes {} value(s), not {}",
                    signature.name,
                    signature.arguments,
                    arguments.len()
                ),
                Some(format!("write {}", signature.usage)),
            ));
        }
        let arguments = arguments.into_iter().map(|argument| self.node(argument, depth));
        Ok(Kind::Call {
            function: signature.function,
            arguments: arguments.collect::<Lowered<_>>()?,
        })
    }

    fn has(&self, argument: &IdedExpr, span: Span, depth: usize) -> Lowered<Kind> {
        if let Expr::Select(select) = &argument.expr
            && !select.test
        {
            return Ok(Kind::Has {
                operand: self.boxed(&select.operand, depth)?,
                field: select.field.clone(),
            });
        }
        Err(SyntaxError::syntax(
            span,
            "`has` asks for a field".to_owned(),
            Some("write has(order.meta.gift)".to_owned()),
        ))
    }

    fn a_loop(
        &self,
        kind: LoopKind,
        over: &IdedExpr,
        arguments: &[IdedExpr],
        span: Span,
        depth: usize,
    ) -> Lowered<Kind> {
        let (item, only, body) = match (kind, arguments) {
            (LoopKind::Map, [item, only, body]) => (item, Some(only), body),
            (_, [item, body]) => (item, None, body),
            _ => {
                return Err(SyntaxError::syntax(
                    span,
                    "a loop takes a name and an expression".to_owned(),
                    Some("write order.lines.map(line, line.sku)".to_owned()),
                ));
            }
        };
        let Expr::Ident(item) = &item.expr else {
            return Err(SyntaxError::syntax(
                self.span(item.id),
                "the first part of a loop is a plain name".to_owned(),
                Some("write order.lines.map(line, line.sku)".to_owned()),
            ));
        };
        Ok(Kind::Loop(Box::new(Loop {
            kind,
            over: self.node(over, depth)?,
            item: item.clone(),
            only: only.map(|only| self.node(only, depth)).transpose()?,
            body: self.node(body, depth)?,
        })))
    }

    /// The parser's spans end on their last character; ours end behind it.
    fn span(&self, id: u64) -> Span {
        let Some((start, stop)) = self.info.offset_for(id) else {
            return Span::default();
        };
        Span {
            start: self.boundary(start as usize),
            end: self.boundary(stop as usize + 1),
        }
    }

    /// The first character boundary at or behind `byte`.
    fn boundary(&self, byte: usize) -> usize {
        (byte..self.source.len())
            .find(|at| self.source.is_char_boundary(*at))
            .unwrap_or(self.source.len())
    }

    /// The parser locates a selection by its dot and a call by its bracket; people want the whole of it.
    fn whole(&self, kind: &Kind, own: Span) -> Span {
        let inner = match kind {
            Kind::Select { operand, field } | Kind::Has { operand, field } => {
                let after = self.source.get(operand.span.end..).unwrap_or_default();
                let end = after
                    .find(field.as_str())
                    .map_or(own.end, |at| operand.span.end + at + field.len());
                return operand.span.joined(Span {
                    start: operand.span.start,
                    end,
                });
            }
            Kind::Constant(_) | Kind::Name(_) => return own,
            Kind::Index { operand, at } => operand.span.joined(at.span),
            Kind::Not(operand) | Kind::Negate(operand) => operand.span,
            Kind::And(left, right) | Kind::Or(left, right) | Kind::Binary { left, right, .. } => {
                left.span.joined(right.span)
            }
            Kind::If {
                condition, otherwise, ..
            } => condition.span.joined(otherwise.span),
            Kind::OrElse { wanted, otherwise } => wanted.span.joined(otherwise.span),
            Kind::List(elements) => spans(elements.iter(), own),
            Kind::Map(entries) => spans(entries.iter().map(|(_, value)| value), own),
            Kind::Call { arguments, .. } => spans(arguments.iter(), own),
            Kind::Loop(the_loop) => the_loop.over.span.joined(the_loop.body.span),
        };
        own.joined(inner)
    }
}

fn spans<'n>(nodes: impl Iterator<Item = &'n Node>, own: Span) -> Span {
    nodes.fold(own, |span, node| span.joined(node.span))
}

fn unknown_function(name: &str, span: Span) -> SyntaxError {
    let known = || {
        FUNCTIONS
            .iter()
            .map(|signature| signature.name)
            .chain(["has", "or_else"])
    };
    let help = match nearest(name, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", known().collect::<Vec<_>>().join(", ")),
    };
    SyntaxError {
        fault: SyntaxFault::UnknownFunction,
        message: format!("there is no function `{name}`"),
        help: Some(help),
        span,
    }
}
