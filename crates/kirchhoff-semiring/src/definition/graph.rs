//! Expressions as values that depend on each other: equal ones once, constants computed.

use std::collections::HashMap;

use super::column::{ColumnType, Constant};
use super::expression::{Binary, Unary};
use super::identities::Simpler;
use super::operation::{Operation, computed};

/// The index of a value.
pub(super) type Id = usize;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    /// The column of this index among the inputs.
    Input(usize),
    Constant(Constant),
    Apply {
        operation: Operation,
        /// Those that the operation does not take repeat the first.
        operands: [Id; 3],
        /// A fault counts in the lanes where this holds.
        guard: Option<Id>,
    },
}

/// A graph with its results.
#[derive(Clone, Debug)]
pub(super) struct Formula {
    pub(super) graph: Graph,
    pub(super) results: Vec<Id>,
}

/// Values, operands before what is made of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    values: Vec<(Value, ColumnType)>,
    ids: HashMap<(Value, ColumnType), Id>,
    /// Inputs that may be −0.
    signed: Vec<Id>,
}

impl Graph {
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn value(&self, id: Id) -> Value {
        self.values[id].0
    }

    pub(super) fn kind(&self, id: Id) -> ColumnType {
        self.values[id].1
    }

    pub(super) fn constant(&self, id: Id) -> Option<Constant> {
        match self.value(id) {
            Value::Constant(constant) => Some(constant),
            Value::Input(_) | Value::Apply { .. } => None,
        }
    }

    /// What a value is made of, its guard included; an operand that stands for several comes as often.
    pub(super) fn operands(&self, id: Id) -> impl Iterator<Item = Id> + use<> {
        let (operands, guard) = match self.value(id) {
            Value::Apply { operands, guard, .. } => (Some(operands), guard),
            Value::Input(_) | Value::Constant(_) => (None, None),
        };
        operands.into_iter().flatten().chain(guard)
    }

    fn intern(&mut self, value: Value, kind: ColumnType) -> Id {
        *self.ids.entry((value, kind)).or_insert_with(|| {
            self.values.push((value, kind));
            self.values.len() - 1
        })
    }

    /// A column that is never −0.
    pub(super) fn input(&mut self, index: usize, kind: ColumnType) -> Id {
        self.intern(Value::Input(index), kind)
    }

    /// A column that may be −0.
    pub(super) fn signed_input(&mut self, index: usize, kind: ColumnType) -> Id {
        let id = self.input(index, kind);
        self.signed.push(id);
        id
    }

    pub(super) fn add_constant(&mut self, constant: Constant) -> Id {
        self.intern(Value::Constant(constant), constant.kind)
    }

    /// A value of type `kind`: computed here if all operands are constants and it is no fault.
    pub(super) fn apply(&mut self, operation: Operation, operands: &[Id], guard: Option<Id>, kind: ColumnType) -> Id {
        let first = operands[0];
        let operands = [first, operands.get(1).copied().unwrap_or(first), operands.get(2).copied().unwrap_or(first)];
        if let [Some(a), Some(b), Some(c)] = operands.map(|id| self.constant(id))
            && let (constant, true) = computed(operation, [a, b, c], kind)
        {
            return self.add_constant(constant);
        }
        if let (Operation::Select, Some(condition)) = (operation, self.constant(first)) {
            return if condition.bits != 0 { operands[1] } else { operands[2] };
        }
        match self.simpler(operation, operands, kind) {
            Some(Simpler::Same(id)) => return id,
            Some(Simpler::Apply(operation, [a, b])) => return self.apply(operation, &[a, b], None, kind),
            None => {}
        }
        let guard = guard.filter(|_| self.may_fault(operation, first, kind));
        self.intern(Value::Apply { operation, operands, guard }, kind)
    }

    /// The results of a formula whose inputs are `inputs`.
    pub(super) fn inline(&mut self, formula: &Formula, inputs: &[Id]) -> Vec<Id> {
        let from = &formula.graph;
        let mut made: Vec<Id> = Vec::with_capacity(from.len());
        for id in 0..from.len() {
            made.push(match from.value(id) {
                Value::Input(index) => inputs[index],
                Value::Constant(constant) => self.add_constant(constant),
                Value::Apply { operation, operands, guard } => {
                    let (operands, guard) = (operands.map(|id| made[id]), guard.map(|id| made[id]));
                    self.apply(operation, &operands, guard, from.kind(id))
                }
            });
        }
        formula.results.iter().map(|&id| made[id]).collect()
    }

    fn may_fault(&self, operation: Operation, first: Id, kind: ColumnType) -> bool {
        match operation {
            Operation::Binary(Binary::Min | Binary::Max) => false,
            Operation::Binary(_) => kind == ColumnType::U64,
            Operation::Convert(_) => kind == ColumnType::U64 && self.kind(first).is_float(),
            Operation::Copy | Operation::Unary(_) | Operation::Select => false,
        }
    }

    /// The value of type `kind` that `id` stands for.
    pub(super) fn convert(&mut self, id: Id, kind: ColumnType, guard: Option<Id>) -> Id {
        if self.kind(id) == kind { id } else { self.apply(Operation::Convert(kind), &[id], guard, kind) }
    }

    /// The same number with 0 in place of −0, so that equal values have equal bits.
    pub(super) fn without_negative_zero(&mut self, id: Id) -> Id {
        if !self.kind(id).is_float() || !self.may_be_negative_zero(id) {
            return id;
        }
        let kind = self.kind(id);
        let zero = self.add_constant(Constant { kind, bits: 0 });
        self.apply(Operation::Binary(Binary::Add), &[id, zero], None, kind)
    }

    pub(super) fn may_be_negative_zero(&self, id: Id) -> bool {
        // Bottom up, since expressions may be long chains.
        let mut may = vec![false; id + 1];
        for (at, (value, _)) in self.values[..=id].iter().enumerate() {
            may[at] = match *value {
                Value::Input(_) => self.signed.contains(&at),
                Value::Constant(constant) => constant.to_f64() == 0.0 && constant.to_f64().is_sign_negative(),
                Value::Apply { operation, operands: [a, b, c], .. } => match operation {
                    Operation::Copy => may[a],
                    Operation::Unary(Unary::Abs | Unary::Exp) => false,
                    Operation::Unary(_) => true,
                    // Only −0 + −0 is −0.
                    Operation::Binary(Binary::Add) => may[a] && may[b],
                    Operation::Binary(Binary::Min | Binary::Max) => may[a] || may[b],
                    Operation::Binary(_) => true,
                    Operation::Select => may[b] || may[c],
                    // Rounding to f32 makes it of small negative numbers.
                    Operation::Convert(kind) => may[a] || (kind == ColumnType::F32 && self.kind(a) == ColumnType::F64),
                },
            };
        }
        may[id]
    }
}
