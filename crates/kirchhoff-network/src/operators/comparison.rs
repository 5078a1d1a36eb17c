//! Comparisons of two tensors, value by value.

use kirchhoff_kernel::Values;

use super::broadcast::joined_pair;
use super::{LayerKind, Link, Operation, ShapeError, Shapes, Step};
use crate::encoding::Encoder;
use crate::execute::ExecutionError;
use crate::export::onnx::{Export, cast_to};
use crate::import::onnx::proto::data_type;

/// 1 where a relation holds between two arguments, else 0. Either may be repeated along axes where it has length 1.
///
/// What it computes says which of other values are taken: it is a constant of the execution, to which no relevance goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The relation.
    pub relation: Relation,
}

/// A relation of two numbers. As truth values, all numbers but 0 are true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// They are equal.
    Equal,
    /// The first is less.
    Less,
    /// The first is less, or they are equal.
    LessOrEqual,
    /// Both are true.
    And,
    /// One of them is true.
    Or,
    /// One of them alone is true.
    Either,
}

impl Relation {
    /// Every relation, with its name in messages and encodings and the operator of ONNX that it is.
    const TABLE: [(Relation, &'static str, &'static str); 6] = [
        (Relation::Equal, "equal", "Equal"),
        (Relation::Less, "less", "Less"),
        (Relation::LessOrEqual, "less or equal", "LessOrEqual"),
        (Relation::And, "and", "And"),
        (Relation::Or, "or", "Or"),
        (Relation::Either, "either", "Xor"),
    ];

    fn entry(self) -> &'static (Relation, &'static str, &'static str) {
        &Relation::TABLE[self as usize]
    }

    /// The relation that an operator of ONNX tells, and whether of its arguments in the other order.
    pub(crate) fn from_onnx(operator: &str) -> Option<(Self, bool)> {
        let (operator, swapped) = match operator {
            "Greater" => ("Less", true),
            "GreaterOrEqual" => ("LessOrEqual", true),
            other => (other, false),
        };
        let found = Relation::TABLE.iter().find(|(_, _, onnx)| *onnx == operator);
        found.map(|&(relation, ..)| (relation, swapped))
    }

    /// Whether it holds.
    pub fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Relation::Equal => a == b,
            Relation::Less => a < b,
            Relation::LessOrEqual => a <= b,
            Relation::And => a != 0.0 && b != 0.0,
            Relation::Or => a != 0.0 || b != 0.0,
            Relation::Either => (a != 0.0) != (b != 0.0),
        }
    }

    /// Whether it is one of truth values.
    pub(crate) fn is_of_truth_values(self) -> bool {
        matches!(self, Relation::And | Relation::Or | Relation::Either)
    }
}

impl Operation for Comparison {
    fn name(&self) -> &'static str {
        "comparison"
    }

    fn kind(&self) -> LayerKind {
        LayerKind::Passing
    }

    fn encode(&self, encoder: &mut Encoder) {
        encoder.text("comparison");
        encoder.text(self.relation.entry().1);
    }

    fn output_shape(&self, arguments: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        joined_pair(arguments)
    }

    fn run(&self, step: &Step<'_>) -> Result<Values, ExecutionError> {
        Ok(step.combined(|a, b| f32::from(u8::from(self.relation.holds(a.into(), b.into())))))
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn links(&self, _: &Shapes<'_>) -> Vec<Link> {
        Vec::new()
    }

    fn is_condition(&self) -> bool {
        true
    }

    fn export(&self, export: &mut Export<'_>) {
        let mut inputs = export.broadcast();
        // Whether a value is 0.
        if self.relation == Relation::And && inputs[0] == inputs[1] {
            inputs.truncate(1);
            return export.truth("Cast", inputs, vec![cast_to(data_type::BOOL)]);
        }
        if self.relation.is_of_truth_values() {
            for (number, input) in inputs.iter_mut().enumerate() {
                let argument = std::mem::take(input);
                *input = export.part(&format!("truth{number}"), "Cast", vec![argument], vec![cast_to(data_type::BOOL)]);
            }
        }
        export.truth(self.relation.entry().2, inputs, Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_relations() {
        for (position, (relation, _, onnx)) in Relation::TABLE.into_iter().enumerate() {
            assert_eq!(relation as usize, position);
            assert_eq!(Relation::from_onnx(onnx), Some((relation, false)));
        }
        assert_eq!(Relation::from_onnx("Greater"), Some((Relation::Less, true)));
        assert_eq!(Relation::from_onnx("Not"), None);
    }
}
