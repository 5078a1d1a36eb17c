//! Derivatives of gate circuits, against finite differences and against dual numbers.

use kirchhoff_circuit::{Gate, GateBuilder, GateCircuit, simplify};
use kirchhoff_evaluate::{FoldError, GradientError, PerLeaf, fold, fold_gradient};
use kirchhoff_kernel::{Cancelled, Monitor};
use kirchhoff_semiring::{Boolean, Counting, Embed, Law, Laws, Real, Semiring, Viterbi};
use proptest::prelude::*;

use crate::simplified::{Matrices, any_circuit};

/// The real numbers, in double precision.
#[derive(Clone, Copy)]
struct Double;

impl Semiring for Double {
    type Value = f64;

    fn zero(&self) -> f64 {
        0.0
    }

    fn one(&self) -> f64 {
        1.0
    }

    fn plus(&self, a: &f64, b: &f64) -> f64 {
        a + b
    }

    fn times(&self, a: &f64, b: &f64) -> f64 {
        a * b
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes])
    }
}

/// Dual numbers: a value and its derivative by one leaf. The definition of a derivative, a fold for every leaf.
struct Dual<S>(S);

impl<S: Semiring> Semiring for Dual<S> {
    type Value = (S::Value, S::Value);

    fn zero(&self) -> Self::Value {
        (self.0.zero(), self.0.zero())
    }

    fn one(&self) -> Self::Value {
        (self.0.one(), self.0.zero())
    }

    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        (self.0.plus(&a.0, &b.0), self.0.plus(&a.1, &b.1))
    }

    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        (self.0.times(&a.0, &b.0), self.0.plus(&self.0.times(&a.0, &b.1), &self.0.times(&a.1, &b.0)))
    }
}

/// The circuit with a variable for every contribution, after the variables that it has.
fn variables_alone(circuit: &GateCircuit) -> GateCircuit {
    let mut builder = GateBuilder::like(circuit, u64::MAX);
    let mut leaves = 0;
    let mapped = circuit.map_gates(|_, gate, mapped| match gate {
        Gate::Contribution { .. } => {
            let number = builder.declare(&format!("leaf {leaves}"));
            leaves += 1;
            builder.variable(number).map(Some)
        }
        gate => builder.copy(circuit, gate, mapped).map(Some),
    });
    builder.copy_outputs(circuit, &mapped.unwrap()).unwrap();
    builder.finish().unwrap()
}

/// Holds the gradient, for every output by itself, to dual numbers.
fn agrees_with_dual_numbers<S: Semiring + Copy>(
    circuit: &GateCircuit,
    semiring: S,
    theta: fn(usize, f32) -> S::Value,
    variables: &[S::Value],
    close: fn(&S::Value, &S::Value) -> bool,
) {
    let plain = variables_alone(circuit);
    let leaves = circuit.arrays().contribution_layers.iter().zip(&*circuit.arrays().contributions);
    let leaves = leaves.map(|(&layer, &d)| theta(layer as usize, d));
    let values: Vec<S::Value> = variables.iter().cloned().chain(leaves).collect();
    let none = PerLeaf(|_: usize, _: f32| -> (S::Value, S::Value) { unreachable!("variables alone") });
    let expected: Vec<Vec<(S::Value, S::Value)>> = (0..values.len())
        .map(|leaf| {
            let seed = |(number, value): (usize, &S::Value)| {
                (value.clone(), if number == leaf { semiring.one() } else { semiring.zero() })
            };
            let seeded: Vec<_> = values.iter().enumerate().map(seed).collect();
            fold(&plain, &Dual(semiring), &none, &seeded, &()).unwrap()
        })
        .collect();
    for output in 0..circuit.outputs().len() {
        let weights: Vec<S::Value> = (0..circuit.outputs().len())
            .map(|other| if other == output { semiring.one() } else { semiring.zero() })
            .collect();
        let gradient = fold_gradient(circuit, &semiring, &PerLeaf(theta), variables, &weights, &()).unwrap();
        let folded = fold(circuit, &semiring, &PerLeaf(theta), variables, &()).unwrap();
        assert_eq!(gradient.outputs, folded);
        let derivatives = gradient.variables.iter().chain(&gradient.contributions);
        assert_eq!(gradient.variables.len() + gradient.contributions.len(), expected.len());
        for (derivative, expected) in derivatives.zip(&expected) {
            assert!(close(derivative, &expected[output].1), "{derivative:?} {:?}", expected[output].1);
        }
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs())) || a == b || !b.is_finite()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn gradients_agree_with_dual_numbers_in_every_commutative_semiring(circuit in any_circuit()) {
        let real: [f64; 3] = [0.75, -1.5, 0.0];
        agrees_with_dual_numbers(&circuit, Double, |layer, d| f64::from(d) - layer as f64, &real, |a, b| close(*a, *b));
        let counts = [2.0, 3.0, 0.0].map(|count| Counting.embed(count));
        agrees_with_dual_numbers(&circuit, Counting, |_, d| Counting.embed(f32::from(d > 0.25)), &counts, |a, b| a == b);
        let truths = [true, false, true];
        agrees_with_dual_numbers(&circuit, Boolean, |_, d| d > 0.25, &truths, |a, b| a == b);
        // Powers of 2 have exact products.
        let halves = [0.5, 1.0, 0.0];
        agrees_with_dual_numbers(&circuit, Viterbi, |_, d| d, &halves, |a, b| a == b);
    }

    #[test]
    fn gradients_agree_with_finite_differences(circuit in any_circuit(), weights in prop::collection::vec(-2.0f64..2.0, 3)) {
        let theta = |_: usize, d: f32| f64::from(d);
        let variables = [0.5, -0.75, 0.25];
        let weights = &weights[..circuit.outputs().len()];
        let gradient = fold_gradient(&circuit, &Double, &PerLeaf(theta), &variables, weights, &()).unwrap();
        let plain = variables_alone(&circuit);
        let leaves: Vec<f64> = circuit.arrays().contributions.iter().map(|&d| f64::from(d)).collect();
        let values: Vec<f64> = variables.iter().chain(&leaves).copied().collect();
        let sum = |values: &[f64]| -> f64 {
            let none = PerLeaf(|_: usize, _: f32| -> f64 { unreachable!("variables alone") });
            let outputs = fold(&plain, &Double, &none, values, &()).unwrap();
            outputs.iter().zip(weights).map(|(output, weight)| weight * output).sum()
        };
        for (leaf, derivative) in gradient.variables.iter().chain(&gradient.contributions).enumerate() {
            let step = 1e-5;
            let [less, more] = [-step, step].map(|step| {
                let mut moved = values.clone();
                moved[leaf] += step;
                sum(&moved)
            });
            let difference = (more - less) / (2.0 * step);
            // Beyond, gates multiply so often that neither can be told.
            if derivative.abs() < 1e3 && less.abs() < 1e3 {
                let off = (derivative - difference).abs();
                prop_assert!(off <= 1e-4 * (1.0 + derivative.abs()), "{derivative} {difference}");
            }
        }
    }
}

#[test]
fn what_has_no_gradient_is_refused() {
    let mut builder = GateBuilder::new(Vec::new(), 10);
    let [a, b] = ["a", "b"].map(|name| builder.declare(name));
    let [a, b] = [builder.variable(a).unwrap(), builder.variable(b).unwrap()];
    let product = builder.times(&[a, b]).unwrap();
    let sum = builder.plus(&[a, product]).unwrap();
    builder.output("value", &[1], &[sum]).unwrap();
    let circuit = builder.finish().unwrap();
    let theta = PerLeaf(|_: usize, _: f32| true);
    let of = |circuit: &GateCircuit, weights: &[bool], monitor: &dyn Monitor| {
        fold_gradient(circuit, &Boolean, &theta, &[true, true], weights, monitor)
    };
    assert_eq!(of(&circuit, &[true], &()).unwrap().variables, [true, true]);
    assert_eq!(of(&circuit, &[], &()), Err(GradientError::Weights { got: 0, expected: 1 }));
    let (simplified, _) = simplify(&circuit, Boolean.laws()).unwrap();
    assert_eq!(simplified.gates(), 1);
    let error = of(&simplified, &[true], &()).unwrap_err();
    assert_eq!(error, GradientError::Simplified { law: Law::Absorptive });
    assert!(error.to_string().contains("take the circuit as it was compiled"), "{error}");

    let matrices = Matrices(Real);
    let theta = PerLeaf(|_: usize, _: f32| [0.0; 4]);
    let refused = fold_gradient(&circuit, &matrices, &theta, &[[1.0; 4]; 2], &[[1.0; 4]], &());
    assert_eq!(refused, Err(GradientError::NotCommutative));

    struct Stop;
    impl Monitor for Stop {
        fn cancelled(&self) -> bool {
            true
        }
    }
    assert_eq!(of(&circuit, &[true], &Stop), Err(FoldError::from(Cancelled).into()));
}
