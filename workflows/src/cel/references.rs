//! Which paths of the scope an expression reads.

use super::node::{Kind, Node, Span};

/// A path read from the scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its names: `["steps", "sales_order", "order"]`.
    pub path: Vec<String>,
    /// Where it stands in the expression.
    pub span: Span,
}

/// All paths read by `node`, in the order written; loop variables are not among them.
pub(super) fn of(node: &Node) -> Vec<Reference> {
    let mut found = Vec::new();
    collect(node, &mut Vec::new(), &mut found);
    found
}

fn collect<'n>(node: &'n Node, local: &mut Vec<&'n str>, found: &mut Vec<Reference>) {
    if let Some(path) = path(node) {
        if path.first().is_some_and(|root| !local.contains(root)) {
            found.push(Reference {
                path: path.into_iter().map(str::to_owned).collect(),
                span: node.span,
            });
        }
        return;
    }
    if let Kind::Loop(the_loop) = &node.kind {
        collect(&the_loop.over, local, found);
        local.push(&the_loop.item);
        the_loop.only.iter().for_each(|only| collect(only, local, found));
        collect(&the_loop.body, local, found);
        local.pop();
        return;
    }
    for child in children(node) {
        collect(child, local, found);
    }
}

/// The dotted path that `node` spells, if it spells one.
fn path(node: &Node) -> Option<Vec<&str>> {
    match &node.kind {
        Kind::Name(name) => Some(vec![name]),
        Kind::Select { operand, field } | Kind::Has { operand, field } => {
            let mut path = path(operand)?;
            path.push(field);
            Some(path)
        }
        Kind::Constant(_)
        | Kind::Index { .. }
        | Kind::Not(_)
        | Kind::Negate(_)
        | Kind::And(..)
        | Kind::Or(..)
        | Kind::If { .. }
        | Kind::Binary { .. }
        | Kind::List(_)
        | Kind::Map(_)
        | Kind::Call { .. }
        | Kind::OrElse { .. }
        | Kind::Loop(_) => None,
    }
}

fn children(node: &Node) -> Vec<&Node> {
    match &node.kind {
        Kind::Constant(_) | Kind::Name(_) => Vec::new(),
        Kind::Select { operand, .. }
        | Kind::Has { operand, .. }
        | Kind::Not(operand)
        | Kind::Negate(operand) => {
            vec![operand]
        }
        Kind::Index { operand, at } => vec![operand, at],
        Kind::And(left, right) | Kind::Or(left, right) | Kind::Binary { left, right, .. } => {
            vec![left, right]
        }
        Kind::OrElse { wanted, otherwise } => vec![wanted, otherwise],
        Kind::If {
            condition,
            then,
            otherwise,
        } => vec![condition, then, otherwise],
        Kind::List(elements) => elements.iter().collect(),
        Kind::Map(entries) => entries.iter().flat_map(|(name, value)| [name, value]).collect(),
        Kind::Call { arguments, .. } => arguments.iter().collect(),
        Kind::Loop(the_loop) => vec![&the_loop.over, &the_loop.body],
    }
}
