//! Formulas mean what their circuits mean: read back, or evaluated by programs that know nothing of circuits.

mod arithmetic;
mod boolean;
mod cuts;
mod drawings;
mod hostile;
mod round_trip;

use kirchhoff_circuit::GateCircuit;
use kirchhoff_evaluate::{PerLeaf, fold};
use kirchhoff_formula::FormulaOptions;
use kirchhoff_semiring::Real;
use proptest::prelude::*;

use crate::simplified::any_circuit;

/// Any circuit over x, y, z, with contributions of every size and sign.
fn numbers() -> impl Strategy<Value = GateCircuit> {
    let number = prop_oneof![
        4 => (-9i8..9).prop_map(|eighths| f32::from(eighths) / 8.0),
        2 => -1.0f32..1.0,
        1 => prop::sample::select(&[1e-9f32, -2.5e-12, 3e8, -7.25e9, -0.0, f32::MIN_POSITIVE][..]),
    ];
    (any_circuit(), prop::collection::vec(number, 40)).prop_map(|(circuit, numbers)| {
        let count = circuit.arrays().contributions.len();
        circuit.with_contributions(numbers[..count].to_vec().into()).unwrap()
    })
}

/// Every way of sharing subformulas out.
fn options() -> impl Strategy<Value = FormulaOptions> {
    let expand = prop::sample::select(&[1u64, 3, 7, 50, u64::MAX][..]);
    expand.prop_map(|expand| FormulaOptions { expand, max_gates: 100_000, ..FormulaOptions::default() })
}

/// The outputs in the real numbers, without Θ, for x, y and z.
fn real(circuit: &GateCircuit, variables: &[f32]) -> Vec<f32> {
    fold(circuit, &Real, &PerLeaf(|_: usize, d: f32| d), variables, &()).unwrap()
}

/// Equal to the last bit; whatever is no number equals whatever else is none.
fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

const POINT: [f32; 3] = [0.75, -1.5, 2.0];
