//! Gives every part of an expression its type, and makes a graph of it.

use super::column::{ColumnType, Constant};
use super::error::Problem;
use super::expression::{Binary, Expression, Node, Term, Unary};
use super::graph::{Graph, Id};
use super::operation::Operation;

/// The type of a part, from what stands below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Known(ColumnType),
    /// Numbers as they are written, and sums of truth values: what stands around them decides.
    Open,
}

use ColumnType::{Bool, F32, F64, U64};
use Type::{Known, Open};

/// Adds an expression to `graph`, as a value of type `kind`. `inputs` has the value of each column of each variable.
pub(super) fn lower(
    expression: &Expression,
    kind: ColumnType,
    inputs: &[Vec<Id>],
    graph: &mut Graph,
) -> Result<Id, Problem> {
    let nodes = &expression.nodes;
    let types = infer(nodes, inputs, graph)?;
    let (wanted, own, guards) = expect(nodes, &types, kind)?;
    let mut values: Vec<Id> = Vec::with_capacity(nodes.len());
    let mut guard_values: Vec<Option<Id>> = vec![None; guards.list.len()];
    for (at, node) in nodes.iter().enumerate() {
        let guard = guards.value(guards.of[at], &values, &mut guard_values, graph);
        let made = own[at];
        let value = match &node.term {
            Term::Number { text, whole } => graph.add_constant(number(text, *whole, made, node.place)?),
            Term::Infinity => graph.add_constant(infinity(made, node.place)?),
            Term::Truth(truth) => graph.add_constant(Constant::bool(*truth)),
            Term::Variable { variable, column } => inputs[*variable][*column],
            Term::Unary(operation, a) => match (operation, made) {
                (Unary::Not, _) => graph.apply(Operation::Unary(Unary::Not), &[values[*a]], guard, Bool),
                (Unary::Abs | Unary::Floor | Unary::Ceil | Unary::Round, U64) => values[*a],
                (operation, F32 | F64) => graph.apply(Operation::Unary(*operation), &[values[*a]], guard, made),
                (Unary::Negate, _) => return Err(Problem::new(node.place, format!("a {made} has no negative"))),
                (operation, _) => return Err(not_real(*operation, made, node.place)),
            },
            Term::Binary(operation, a, b) => {
                graph.apply(Operation::Binary(*operation), &[values[*a], values[*b]], guard, made)
            }
            Term::If(c, a, b) => graph.apply(Operation::Select, &[values[*c], values[*a], values[*b]], guard, made),
            Term::Convert(to, a) => graph.convert(values[*a], *to, guard),
        };
        values.push(graph.convert(value, wanted[at], guard));
    }
    // The whole is the last node.
    Ok(values[values.len() - 1])
}

fn infer(nodes: &[Node], inputs: &[Vec<Id>], graph: &Graph) -> Result<Vec<Type>, Problem> {
    let mut types: Vec<Type> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let found = match &node.term {
            Term::Number { .. } | Term::Infinity => Open,
            Term::Truth(_) => Known(Bool),
            Term::Variable { variable, column } => Known(graph.kind(inputs[*variable][*column])),
            Term::Unary(Unary::Not, a) => {
                truth("not", types[*a], nodes[*a].place)?;
                Known(Bool)
            }
            Term::Unary(operation, a) => match (operation, types[*a]) {
                (_, Open | Known(Bool)) => Open,
                (_, Known(F32 | F64)) => types[*a],
                (Unary::Abs | Unary::Floor | Unary::Ceil | Unary::Round, Known(U64)) => Known(U64),
                (Unary::Negate, Known(U64)) => {
                    return Err(Problem::new(
                        node.place,
                        "a u64 has no negative; `f64(…)` makes a number that has one",
                    ));
                }
                (operation, Known(U64)) => return Err(not_real(*operation, U64, node.place)),
            },
            Term::Binary(operation, a, b) => match operation {
                Binary::And | Binary::Or => {
                    let name = if *operation == Binary::And { "and" } else { "or" };
                    truth(name, types[*a], nodes[*a].place)?;
                    truth(name, types[*b], nodes[*b].place)?;
                    Known(Bool)
                }
                Binary::Less | Binary::LessEqual | Binary::Equal | Binary::NotEqual => {
                    join(types[*a], types[*b], true, node.place)?;
                    Known(Bool)
                }
                Binary::Min | Binary::Max => join(types[*a], types[*b], true, node.place)?,
                Binary::Add
                | Binary::Subtract
                | Binary::Multiply
                | Binary::Divide
                | Binary::Remainder
                | Binary::Power => join(types[*a], types[*b], false, node.place)?,
            },
            Term::If(c, a, b) => {
                truth("if", types[*c], nodes[*c].place)?;
                join(types[*a], types[*b], true, node.place)?
            }
            Term::Convert(kind, _) => Known(*kind),
        };
        types.push(found);
    }
    Ok(types)
}

/// The type in which two operands meet. Two truth values stay such where `keep` says so, and are numbers elsewhere.
fn join(a: Type, b: Type, keep: bool, place: usize) -> Result<Type, Problem> {
    match (a, b) {
        (Known(Bool), Known(Bool)) if keep => Ok(Known(Bool)),
        (Open | Known(Bool), Open | Known(Bool)) => Ok(Open),
        (Known(kind), Open | Known(Bool)) | (Open | Known(Bool), Known(kind)) => Ok(Known(kind)),
        (Known(a), Known(b)) if a == b => Ok(Known(a)),
        (Known(F32 | F64), Known(F32 | F64)) => Ok(Known(F64)),
        (Known(a), Known(b)) => {
            let float = if a == U64 { b } else { a };
            Err(Problem::new(place, format!("{a} meets {b}; `{float}(…)` or `u64(…)` converts one of them")))
        }
    }
}

fn truth(name: &str, found: Type, place: usize) -> Result<(), Problem> {
    match found {
        Known(Bool) => Ok(()),
        Known(kind) => {
            Err(Problem::new(place, format!("`{name}` takes bool, not {kind}; write a comparison, such as `x != 0`")))
        }
        Open => Err(Problem::new(place, format!("`{name}` takes bool, not a number; write a comparison, or `true`"))),
    }
}

fn not_real(operation: Unary, kind: ColumnType, place: usize) -> Problem {
    let name = format!("{operation:?}").to_lowercase();
    Problem::new(place, format!("`{name}` takes f32 or f64, not {kind}; write `{name}(f64(…))`"))
}

/// Where the operands of operations that may be faults count: not where `if`, `and`, `or` leave them out.
struct Guards {
    /// The guard of each node.
    of: Vec<Option<usize>>,
    list: Vec<Guard>,
}

struct Guard {
    /// The node that decides.
    condition: usize,
    /// What it must be.
    truth: bool,
    outer: Option<usize>,
}

impl Guards {
    fn add(&mut self, condition: usize, truth: bool, outer: Option<usize>) -> Option<usize> {
        self.list.push(Guard { condition, truth, outer });
        Some(self.list.len() - 1)
    }

    /// The condition as a value; conditions come before what they guard.
    fn value(&self, guard: Option<usize>, values: &[Id], made: &mut [Option<Id>], graph: &mut Graph) -> Option<Id> {
        let mut chain = Vec::new();
        let mut next = guard;
        while let Some(at) = next.filter(|at| made[*at].is_none()) {
            chain.push(at);
            next = self.list[at].outer;
        }
        for at in chain.into_iter().rev() {
            let Guard { condition, truth, outer } = self.list[at];
            let own = values[condition];
            let own = if truth { own } else { graph.apply(Operation::Unary(Unary::Not), &[own], None, Bool) };
            let whole = match outer.and_then(|outer| made[outer]) {
                None => own,
                Some(outer) => graph.apply(Operation::Binary(Binary::And), &[outer, own], None, Bool),
            };
            made[at] = Some(whole);
        }
        guard.and_then(|at| made[at])
    }
}

/// From the whole to the parts: the type that each node is wanted in, the one it is made in, and its guard.
fn expect(
    nodes: &[Node],
    types: &[Type],
    kind: ColumnType,
) -> Result<(Vec<ColumnType>, Vec<ColumnType>, Guards), Problem> {
    let mut wanted = vec![kind; nodes.len()];
    let mut own = wanted.clone();
    let mut guards = Guards { of: vec![None; nodes.len()], list: Vec::new() };
    for (at, node) in nodes.iter().enumerate().rev() {
        let made = match types[at] {
            Known(found) => found,
            Open => wanted[at],
        };
        assignable(types[at], wanted[at], node)?;
        own[at] = made;
        let guard = guards.of[at];
        match &node.term {
            Term::Number { .. } | Term::Infinity | Term::Truth(_) | Term::Variable { .. } => {}
            Term::Unary(_, a) => {
                wanted[*a] = made;
                guards.of[*a] = guard;
            }
            Term::Binary(operation, a, b) => {
                let meet = match operation {
                    Binary::Less | Binary::LessEqual | Binary::Equal | Binary::NotEqual => {
                        match join(types[*a], types[*b], true, node.place)? {
                            Known(kind) => kind,
                            Open => F64,
                        }
                    }
                    _ => made,
                };
                (wanted[*a], wanted[*b]) = (meet, meet);
                (guards.of[*a], guards.of[*b]) = (guard, guard);
                match operation {
                    Binary::And => guards.of[*b] = guards.add(*a, true, guard),
                    Binary::Or => guards.of[*b] = guards.add(*a, false, guard),
                    _ => {}
                }
            }
            Term::If(c, a, b) => {
                (wanted[*c], wanted[*a], wanted[*b]) = (Bool, made, made);
                guards.of[*c] = guard;
                guards.of[*a] = guards.add(*c, true, guard);
                guards.of[*b] = guards.add(*c, false, guard);
            }
            Term::Convert(to, a) => {
                wanted[*a] = match types[*a] {
                    Known(kind) => kind,
                    Open => *to,
                };
                guards.of[*a] = guard;
            }
        }
    }
    Ok((wanted, own, guards))
}

/// Whether a part of type `found` may stand where `wanted` is needed: without loss, or a number as it is written.
fn assignable(found: Type, wanted: ColumnType, node: &Node) -> Result<(), Problem> {
    let fits = match found {
        Known(found) => found == wanted || (found == Bool) || (found == F32 && wanted == F64),
        Open => {
            let literal = matches!(node.term, Term::Number { .. } | Term::Infinity);
            if wanted == Bool && !literal {
                return Err(Problem::new(
                    node.place,
                    "this is a number where bool is needed; write a comparison, or `bool(…)`",
                ));
            }
            true
        }
    };
    if fits {
        return Ok(());
    }
    let Known(found) = found else { return Ok(()) };
    let instead = if wanted == Bool { "a comparison, or `bool(…)`".to_string() } else { format!("`{wanted}(…)`") };
    Err(Problem::new(node.place, format!("this is {found} where {wanted} is needed; write {instead}")))
}

fn number(text: &str, whole: bool, kind: ColumnType, place: usize) -> Result<Constant, Problem> {
    let problem = |text: String| Err(Problem::new(place, text));
    match kind {
        F32 | F64 => {
            let x: f64 = text.parse().unwrap_or(f64::INFINITY);
            let (constant, largest) = match kind {
                F32 => (text.parse().map_or(Constant::f32(f32::INFINITY), Constant::f32), f64::from(f32::MAX)),
                _ => (Constant::f64(x), f64::MAX),
            };
            if constant.to_f64().is_infinite() {
                return problem(format!("{text} is more than the largest {kind}, {largest:e}; infinity is `inf`"));
            }
            Ok(constant)
        }
        U64 if !whole => {
            let x: f64 = text.parse().unwrap_or(f64::INFINITY);
            if x.fract() == 0.0 && x < 9e15 {
                return Ok(Constant::u64(x as u64));
            }
            problem(format!("{text} is no u64; write a whole number in digits, or use a column of f32 or f64"))
        }
        U64 => match text.parse() {
            Ok(x) => Ok(Constant::u64(x)),
            Err(_) => problem(format!("{text} is more than the largest u64, {}", u64::MAX)),
        },
        Bool => match text {
            "0" => Ok(Constant::bool(false)),
            "1" => Ok(Constant::bool(true)),
            _ => problem(format!("{text} is no bool; write `false` or `true`")),
        },
    }
}

fn infinity(kind: ColumnType, place: usize) -> Result<Constant, Problem> {
    match kind {
        F32 => Ok(Constant::f32(f32::INFINITY)),
        F64 => Ok(Constant::f64(f64::INFINITY)),
        U64 => Err(Problem::new(place, format!("u64 has no infinity; its largest number is {}", u64::MAX))),
        Bool => Err(Problem::new(place, "`inf` is no bool; write `false` or `true`")),
    }
}
