//! Walks a checked expression. Every step and every copied value costs fuel, so that evaluation ends soon.

use std::rc::Rc;

use amends_engine::Value;
use amends_engine::expr::Scope;

use super::functions::Function;
use super::limits::FUEL;
use super::node::{Kind, Loop, LoopKind, Node, Operator};
use super::number;

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A name, field or element is not there: what `or_else` replaces.
    Missing(String),
    /// Anything else.
    Wrong(String),
}

impl Failure {
    /// The second half of a sentence that begins with the expression.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Missing(reason) | Self::Wrong(reason) => reason,
        }
    }
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Wrong(reason)
    }
}

/// A value that is borrowed from the scope as long as possible: orders are large and most expressions read
/// one field.
#[derive(Debug, Clone)]
enum Held<'a> {
    Borrowed(&'a Value),
    Shared(Rc<Value>),
}

impl Held<'_> {
    fn as_value(&self) -> &Value {
        match self {
            Self::Borrowed(value) => value,
            Self::Shared(value) => value,
        }
    }
}

impl From<Value> for Held<'_> {
    fn from(value: Value) -> Self {
        Self::Shared(Rc::new(value))
    }
}

type Got<'a> = Result<Held<'a>, Failure>;

/// The value of `node` with the names of `scope`.
pub(crate) fn evaluate(node: &Node, scope: &Scope<'_>) -> Result<Value, Failure> {
    let mut machine = Machine {
        names: scope
            .iter()
            .map(|(name, value)| (name, Held::Borrowed(value)))
            .collect(),
        fuel: FUEL,
    };
    let held = machine.eval(node)?;
    machine.own(held)
}

struct Machine<'a> {
    /// Names in scope; loop variables are pushed on top and hide what is below.
    names: Vec<(&'a str, Held<'a>)>,
    fuel: u64,
}

impl<'a> Machine<'a> {
    fn eval(&mut self, node: &'a Node) -> Got<'a> {
        self.burn(1)?;
        match &node.kind {
            Kind::Constant(value) => Ok(Held::Borrowed(value)),
            Kind::Name(name) => self.name(name),
            Kind::Select { operand, field } => {
                let held = self.eval(operand)?;
                self.field(held, field)
            }
            Kind::Has { operand, field } => {
                let held = self.eval(operand)?;
                let kind = held.as_value().kind();
                let fields = held
                    .as_value()
                    .as_map()
                    .ok_or_else(|| format!("asks `has` of {kind}"))?;
                Ok(truth(fields.contains_key(field)))
            }
            Kind::Index { operand, at } => self.index(operand, at),
            Kind::Not(operand) => Ok(truth(!self.truth_of(operand)?)),
            Kind::Negate(operand) => {
                let held = self.eval(operand)?;
                let negated = number::arithmetic(Operator::Subtract, &Value::Int(0), held.as_value())?;
                Ok(negated.into())
            }
            Kind::And(left, right) => self.both(left, right, false),
            Kind::Or(left, right) => self.both(left, right, true),
            Kind::If {
                condition,
                then,
                otherwise,
            } => {
                if self.truth_of(condition)? {
                    self.eval(then)
                } else {
                    self.eval(otherwise)
                }
            }
            Kind::Binary {
                operator,
                left,
                right,
            } => self.binary(*operator, left, right),
            Kind::List(elements) => self.list(elements),
            Kind::Map(entries) => self.map(entries),
            Kind::Call { function, arguments } => self.call(*function, arguments),
            Kind::OrElse { wanted, otherwise } => match self.eval(wanted) {
                Ok(held) if *held.as_value() != Value::Null => Ok(held),
                Ok(_) | Err(Failure::Missing(_)) => self.eval(otherwise),
                Err(failure @ Failure::Wrong(_)) => Err(failure),
            },
            Kind::Loop(the_loop) => self.run_loop(the_loop),
        }
    }

    fn burn(&mut self, amount: u64) -> Result<(), Failure> {
        let left = self.fuel.checked_sub(amount);
        // Once out of fuel nothing else succeeds, also where another failure would be forgotten.
        self.fuel = left.unwrap_or(0);
        match left {
            Some(_) => Ok(()),
            None => Err(Failure::Wrong(
                "takes too long; use fewer or smaller loops".to_owned(),
            )),
        }
    }

    /// Copies what is borrowed, paying for its size.
    fn own(&mut self, held: Held<'a>) -> Result<Value, Failure> {
        match held {
            Held::Borrowed(value) => self.copy(value),
            Held::Shared(value) => match Rc::try_unwrap(value) {
                Ok(value) => Ok(value),
                Err(shared) => self.copy(&shared),
            },
        }
    }

    fn copy(&mut self, value: &Value) -> Result<Value, Failure> {
        self.burn(weight(value))?;
        Ok(value.clone())
    }

    fn name(&mut self, name: &str) -> Got<'a> {
        self.names
            .iter()
            .rev()
            .find(|(known, _)| *known == name)
            .map(|(_, held)| held.clone())
            .ok_or_else(|| Failure::Missing(format!("reads `{name}`, which is not there")))
    }

    fn field(&mut self, held: Held<'a>, field: &str) -> Got<'a> {
        let missing = |value: &Value| match value {
            Value::Map(_) => Failure::Missing(format!("has no field `{field}`")),
            Value::Null => Failure::Missing(format!("reads `{field}` of nothing")),
            Value::Bool(_) | Value::Int(_) | Value::Decimal(_) | Value::Text(_) | Value::List(_) => {
                Failure::Wrong(format!("reads `{field}` of {}", value.kind()))
            }
        };
        match held {
            Held::Borrowed(value) => value.get(field).map(Held::Borrowed).ok_or_else(|| missing(value)),
            Held::Shared(value) => {
                let inner = value.get(field).ok_or_else(|| missing(&value))?;
                Ok(self.copy(inner)?.into())
            }
        }
    }

    fn index(&mut self, operand: &'a Node, at: &'a Node) -> Got<'a> {
        let held = self.eval(operand)?;
        let at = self.eval(at)?;
        if let Some(field) = at.as_value().as_text() {
            return self.field(held, field);
        }
        let position = at
            .as_value()
            .as_int()
            .ok_or_else(|| format!("uses {} as a position", at.as_value().kind()))?;
        if held.as_value().as_list().is_none() {
            return Err(format!("takes an element of {}", held.as_value().kind()).into());
        }
        let missing = || Failure::Missing(format!("has no element {position}"));
        match held {
            Held::Borrowed(list) => nth(list, position).map(Held::Borrowed).ok_or_else(missing),
            Held::Shared(list) => {
                let inner = nth(&list, position).ok_or_else(missing)?;
                Ok(self.copy(inner)?.into())
            }
        }
    }

    fn truth_of(&mut self, node: &'a Node) -> Result<bool, Failure> {
        let held = self.eval(node)?;
        held.as_value()
            .as_bool()
            .ok_or_else(|| format!("needs true or false where it has {}", held.as_value().kind()).into())
    }

    /// `&&` and `||`: the side that decides also decides when the other one fails.
    fn both(&mut self, left: &'a Node, right: &'a Node, decides: bool) -> Got<'a> {
        match self.truth_of(left) {
            Ok(value) if value == decides => Ok(truth(decides)),
            Ok(_) => self.truth_of(right).map(truth),
            Err(failure) => match self.truth_of(right) {
                Ok(value) if value == decides => Ok(truth(decides)),
                Ok(_) | Err(_) => Err(failure),
            },
        }
    }

    fn binary(&mut self, operator: Operator, left: &'a Node, right: &'a Node) -> Got<'a> {
        let left = self.eval(left)?;
        let right = self.eval(right)?;
        let (left, right) = (left.as_value(), right.as_value());
        let value = match operator {
            Operator::Equal => Value::Bool(self.same(left, right)?),
            Operator::NotEqual => Value::Bool(!self.same(left, right)?),
            Operator::Less => Value::Bool(number::order(left, right)?.is_lt()),
            Operator::LessOrEqual => Value::Bool(number::order(left, right)?.is_le()),
            Operator::Greater => Value::Bool(number::order(left, right)?.is_gt()),
            Operator::GreaterOrEqual => Value::Bool(number::order(left, right)?.is_ge()),
            Operator::In => Value::Bool(self.within(left, right)?),
            Operator::Add => self.add(left, right)?,
            Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                number::arithmetic(operator, left, right)?
            }
        };
        Ok(value.into())
    }

    fn same(&mut self, left: &Value, right: &Value) -> Result<bool, Failure> {
        self.burn(weight(left).min(weight(right)))?;
        Ok(number::same(left, right))
    }

    fn within(&mut self, wanted: &Value, container: &Value) -> Result<bool, Failure> {
        match (container, wanted) {
            (Value::List(elements), _) => {
                for element in elements {
                    if self.same(wanted, element)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Value::Map(fields), Value::Text(name)) => Ok(fields.contains_key(name)),
            (other, _) => Err(format!("looks for {} in {}", wanted.kind(), other.kind()).into()),
        }
    }

    fn add(&mut self, left: &Value, right: &Value) -> Result<Value, Failure> {
        match (left, right) {
            (Value::Text(left), Value::Text(right)) => {
                self.burn(text_weight(left) + text_weight(right))?;
                Ok(Value::Text(format!("{left}{right}")))
            }
            (Value::List(left), Value::List(right)) => {
                let all = left.iter().chain(right);
                Ok(Value::List(
                    all.map(|element| self.copy(element)).collect::<Result<_, _>>()?,
                ))
            }
            (left, right) => Ok(number::arithmetic(Operator::Add, left, right)?),
        }
    }

    fn list(&mut self, elements: &'a [Node]) -> Got<'a> {
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            let held = self.eval(element)?;
            values.push(self.own(held)?);
        }
        Ok(Value::List(values).into())
    }

    fn map(&mut self, entries: &'a [(Node, Node)]) -> Got<'a> {
        let mut fields = std::collections::BTreeMap::new();
        for (name, value) in entries {
            let name = self.eval(name)?;
            let held = self.eval(value)?;
            let value = self.own(held)?;
            let Value::Text(name) = name.as_value() else {
                return Err(format!("uses {} as a field name", name.as_value().kind()).into());
            };
            if fields.insert(name.clone(), value).is_some() {
                return Err(format!("gives the field `{name}` twice").into());
            }
        }
        Ok(Value::Map(fields).into())
    }

    fn call(&mut self, function: Function, arguments: &'a [Node]) -> Got<'a> {
        let mut held = Vec::with_capacity(arguments.len());
        for argument in arguments {
            held.push(self.eval(argument)?);
        }
        let values: Vec<&Value> = held.iter().map(Held::as_value).collect();
        self.burn(values.iter().map(|value| shallow_weight(value)).sum())?;
        Ok(function.apply(&values)?.into())
    }

    fn run_loop(&mut self, the_loop: &'a Loop) -> Got<'a> {
        let over = self.eval(&the_loop.over)?;
        let mut results = Results::new(the_loop.kind);
        for element in self.elements(over)? {
            self.names.push((&the_loop.item, element));
            let outcome = self.one_turn(the_loop);
            let element = self.names.pop();
            if results.turn(outcome, element.map(|(_, held)| held), self)? {
                break;
            }
        }
        results.finish()
    }

    /// What one element gives; `None` when the condition of a `map` passes it over.
    fn one_turn(&mut self, the_loop: &'a Loop) -> Result<Option<Value>, Failure> {
        if let Some(only) = &the_loop.only
            && !self.truth_of(only)?
        {
            return Ok(None);
        }
        if the_loop.kind == LoopKind::Map {
            let held = self.eval(&the_loop.body)?;
            return self.own(held).map(Some);
        }
        self.truth_of(&the_loop.body)
            .map(|truth| Some(Value::Bool(truth)))
    }

    /// Elements of a list, or names of a map in sorted order.
    fn elements(&mut self, over: Held<'a>) -> Result<Vec<Held<'a>>, Failure> {
        if let Held::Borrowed(Value::List(elements)) = over {
            return Ok(elements.iter().map(Held::Borrowed).collect());
        }
        match self.own(over)? {
            Value::List(elements) => Ok(elements.into_iter().map(Held::from).collect()),
            Value::Map(fields) => Ok(fields.into_keys().map(|name| Value::Text(name).into()).collect()),
            wrong @ (Value::Null | Value::Bool(_) | Value::Int(_) | Value::Decimal(_) | Value::Text(_)) => {
                Err(format!("loops over {}", wrong.kind()).into())
            }
        }
    }
}

/// What a loop has gathered so far.
struct Results {
    kind: LoopKind,
    values: Vec<Value>,
    hits: usize,
    /// An element for which `all` does not hold.
    refuted: bool,
    /// The first failure of `all` or `exists`, forgotten when another element decides.
    failure: Option<Failure>,
}

impl Results {
    fn new(kind: LoopKind) -> Self {
        Self {
            kind,
            values: Vec::new(),
            hits: 0,
            refuted: false,
            failure: None,
        }
    }

    /// Takes the outcome of one element; true when the rest need not be looked at.
    fn turn<'a>(
        &mut self,
        outcome: Result<Option<Value>, Failure>,
        element: Option<Held<'a>>,
        machine: &mut Machine<'a>,
    ) -> Result<bool, Failure> {
        let truth = match (self.kind, outcome) {
            (LoopKind::Map, outcome) => {
                self.values.extend(outcome?);
                return Ok(false);
            }
            (LoopKind::All | LoopKind::Exists, Err(failure)) => {
                machine.burn(1)?;
                self.failure.get_or_insert(failure);
                return Ok(false);
            }
            (LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne | LoopKind::Filter, outcome) => {
                outcome?.and_then(|value| value.as_bool()).unwrap_or(false)
            }
        };
        if truth {
            self.hits += 1;
            if self.kind == LoopKind::Filter
                && let Some(element) = element
            {
                self.values.push(machine.own(element)?);
            }
        }
        self.refuted |= !truth;
        Ok(match self.kind {
            LoopKind::All => !truth,
            LoopKind::Exists => truth,
            LoopKind::ExistsOne | LoopKind::Filter | LoopKind::Map => false,
        })
    }

    fn finish<'a>(self) -> Got<'a> {
        match (self.kind, self.failure) {
            (LoopKind::Map | LoopKind::Filter, _) => Ok(Value::List(self.values).into()),
            (LoopKind::ExistsOne, _) => Ok(truth(self.hits == 1)),
            (LoopKind::Exists, _) if self.hits > 0 => Ok(truth(true)),
            (LoopKind::All, _) if self.refuted => Ok(truth(false)),
            (LoopKind::Exists | LoopKind::All, Some(failure)) => Err(failure),
            (LoopKind::Exists, None) => Ok(truth(false)),
            (LoopKind::All, None) => Ok(truth(true)),
        }
    }
}

fn truth<'a>(value: bool) -> Held<'a> {
    Value::Bool(value).into()
}

fn nth(list: &Value, position: i64) -> Option<&Value> {
    list.as_list()?.get(usize::try_from(position).ok()?)
}

fn text_weight(text: &str) -> u64 {
    1 + text.len() as u64 / 32
}

/// What copying the value costs.
fn weight(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Decimal(_) => 1,
        Value::Text(text) => text_weight(text),
        Value::List(elements) => 1 + elements.iter().map(weight).sum::<u64>(),
        Value::Map(fields) => {
            1 + fields
                .iter()
                .map(|(name, value)| text_weight(name) + weight(value))
                .sum::<u64>()
        }
    }
}

/// What walking over the value once costs.
fn shallow_weight(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Decimal(_) => 1,
        Value::Text(text) => text_weight(text),
        Value::List(elements) => 1 + elements.len() as u64,
        Value::Map(fields) => 1 + fields.len() as u64,
    }
}
