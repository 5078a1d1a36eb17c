//! Hand-made cases of every rewrite, and one that is wrongly classed.

use kirchhoff_semiring::{Boolean, Counting, Law, Laws, Semiring};

use super::super::GateArrays;
use super::*;

/// The value of the first output, by recursion, every variable a value of its own.
fn value<S: Semiring>(circuit: &GateCircuit, semiring: &S, variables: &[S::Value]) -> S::Value {
    fn of<S: Semiring>(circuit: &GateCircuit, semiring: &S, variables: &[S::Value], gate: GateId) -> S::Value {
        let child = |child: &GateId| of(circuit, semiring, variables, *child);
        match circuit.gate(gate) {
            Gate::Zero => semiring.zero(),
            Gate::One => semiring.one(),
            Gate::Contribution { .. } => unreachable!("the cases have variables only"),
            Gate::Variable(number) => variables[number as usize].clone(),
            Gate::Plus(children) => {
                children.iter().map(child).fold(semiring.zero(), |sum, value| semiring.plus(&sum, &value))
            }
            Gate::Times(children) => {
                children.iter().map(child).fold(semiring.one(), |product, value| semiring.times(&product, &value))
            }
        }
    }
    of(circuit, semiring, variables, circuit.outputs()[0])
}

enum Formula {
    Zero,
    One,
    Variable(u32),
    Plus(Vec<Formula>),
    Times(Vec<Formula>),
}

use Formula::{One, Plus, Times, Variable, Zero};

const A: Formula = Variable(0);
const B: Formula = Variable(1);
const C: Formula = Variable(2);

/// The circuit of a formula, gate by gate as it is written: nothing shared, any number of children.
fn circuit(formula: &Formula) -> GateCircuit {
    #[derive(Default)]
    struct Made {
        kinds: Vec<u8>,
        offsets: Vec<u32>,
        operands: Vec<u32>,
    }
    fn make(formula: &Formula, made: &mut Made) -> u32 {
        let (kind, own) = match formula {
            Zero => (GateKind::Zero, Vec::new()),
            One => (GateKind::One, Vec::new()),
            Variable(number) => (GateKind::Variable, vec![*number]),
            Plus(children) => (GateKind::Plus, children.iter().map(|child| make(child, made)).collect()),
            Times(children) => (GateKind::Times, children.iter().map(|child| make(child, made)).collect()),
        };
        made.kinds.push(kind as u8);
        made.operands.extend(own);
        made.offsets.push(made.operands.len() as u32);
        made.kinds.len() as u32 - 1
    }
    let mut made = Made { offsets: vec![0], ..Made::default() };
    let output = make(formula, &mut made);
    let variables = ["a", "b", "c"].map(str::to_string).to_vec();
    let arrays = GateArrays {
        kinds: made.kinds.into(),
        offsets: made.offsets.into(),
        operands: made.operands.into(),
        contributions: Vec::new().into(),
        contribution_layers: Vec::new().into(),
        edges: None,
        outputs: vec![output].into(),
        output_tensors: vec![super::super::OutputTensor { name: "value".to_string(), shape: vec![] }],
        variables,
        layers: Vec::new(),
        laws: Laws::NONE,
    };
    GateCircuit::arranged(arrays).unwrap()
}

/// The rewrites that fired, with their counts, and the number of gates afterwards.
fn fired(formula: &Formula, laws: &[Law]) -> (Vec<(&'static str, u64)>, usize) {
    let (simplified, report) = simplify(&circuit(formula), Laws::of(laws)).unwrap();
    let fired = report.rewrites.iter().filter(|firings| firings.count > 0);
    (fired.map(|firings| (firings.rewrite, firings.count)).collect(), simplified.gates())
}

#[test]
fn constants_follow_the_axioms() {
    assert_eq!(fired(&Plus(vec![A, Zero, B, Zero]), &[]), (vec![("share", 1), ("drop-zero", 2)], 3));
    assert_eq!(fired(&Times(vec![One, A, B]), &[]), (vec![("drop-one", 1)], 3));
    assert_eq!(
        fired(&Plus(vec![A, Times(vec![B, Zero, C])]), &[]),
        (vec![("unwrap", 1), ("drop-zero", 1), ("annihilate", 1)], 1)
    );
    // Without absorption, 1 ⊕ a stays.
    assert_eq!(fired(&Plus(vec![One, A]), &[]).1, 3);
    assert_eq!(fired(&Plus(vec![One, A]), &[Law::Absorptive]), (vec![("one-absorbs", 1)], 1));
}

#[test]
fn gates_of_no_or_one_child_are_unwrapped() {
    assert_eq!(fired(&Plus(vec![]), &[]), (vec![("unwrap", 1)], 1));
    assert_eq!(fired(&Times(vec![Plus(vec![A])]), &[]), (vec![("unwrap", 2)], 1));
}

#[test]
fn gates_with_one_user_are_flattened() {
    let nested = Plus(vec![Plus(vec![A, Plus(vec![B, C])]), Times(vec![A, Times(vec![B, C])])]);
    let (fired, gates) = fired(&nested, &[]);
    assert_eq!((fired, gates), (vec![("flatten", 3), ("share", 3)], 5));
}

#[test]
fn equal_gates_are_shared_up_to_the_order_that_does_not_matter() {
    let sums = Times(vec![Plus(vec![A, B]), Plus(vec![B, A])]);
    assert_eq!(fired(&sums, &[]), (vec![("share", 3), ("sort-plus", 1)], 4));
    let products = Plus(vec![Times(vec![A, B]), Times(vec![B, A])]);
    assert_eq!(fired(&products, &[]), (vec![("share", 2)], 5));
    let commutative = fired(&products, &[Law::CommutativeTimes]);
    assert_eq!(commutative, (vec![("share", 3), ("sort-times", 1)], 4));
}

#[test]
fn equal_children_merge_where_a_law_says_so() {
    let twice = |gate: fn(Vec<Formula>) -> Formula| gate(vec![A, A, B]);
    assert_eq!(fired(&twice(Plus), &[]).0, [("share", 1)]);
    assert_eq!(fired(&twice(Plus), &[Law::IdempotentPlus]).0, [("share", 1), ("merge-summands", 1)]);
    assert_eq!(fired(&twice(Times), &[Law::IdempotentPlus]).0, [("share", 1)]);
    assert_eq!(fired(&twice(Times), &[Law::IdempotentTimes]).0, [("share", 1), ("merge-factors", 1)]);
    // Only neighbours are equal where ⊗ does not commute.
    assert_eq!(fired(&Times(vec![A, B, A]), &[Law::IdempotentTimes]).0, [("share", 1)]);
    let both = [Law::IdempotentTimes, Law::CommutativeTimes];
    assert_eq!(fired(&Times(vec![A, B, A]), &both).0, [("share", 1), ("sort-times", 1), ("merge-factors", 1)]);
}

#[test]
fn products_are_absorbed_by_their_factors() {
    let absorbed = Plus(vec![A, Times(vec![B, A, C]), Times(vec![B, C])]);
    let (counts, gates) = fired(&absorbed, &[Law::Absorptive]);
    assert!(counts.contains(&("absorb", 1)), "{counts:?}");
    assert_eq!(gates, 5);
    assert_eq!(fired(&absorbed, &[Law::IdempotentPlus]).1, 6);
}

#[test]
fn dead_gates_are_counted() {
    let live = circuit(&Plus(vec![A, B]));
    let mut arrays = live.arrays().clone();
    arrays.outputs = vec![0].into();
    let (simplified, report) = simplify(&GateCircuit::new(arrays).unwrap(), Laws::NONE).unwrap();
    assert_eq!((report.count("dead"), simplified.gates(), simplified.variables().len()), (2, 1, 3));
    assert_eq!((report.before.gates, report.after.gates), (3, 1));
}

#[test]
fn the_laws_that_were_used_are_required() {
    let all = Laws::of(&Law::ALL);
    let required = |formula: &Formula| simplify(&circuit(formula), all).unwrap().0.laws();
    assert_eq!(required(&Plus(vec![A, Times(vec![B, One])])), Laws::NONE);
    assert_eq!(required(&Plus(vec![A, A])), Laws::of(&[Law::IdempotentPlus]));
    assert_eq!(required(&Times(vec![B, A, B])), Laws::of(&[Law::CommutativeTimes, Law::IdempotentTimes]));
    // And once required, always required.
    let (once, _) = simplify(&circuit(&Plus(vec![A, A])), all).unwrap();
    assert_eq!(simplify(&once, Laws::NONE).unwrap().0.laws(), Laws::of(&[Law::IdempotentPlus]));
}

#[test]
fn a_rewrite_that_claims_too_few_laws_shows() {
    let formula = circuit(&Plus(vec![A, A]));
    let original = REWRITES.iter().find(|rewrite| rewrite.name == "merge-summands").unwrap();
    let planted = Rewrite { needs: Laws::NONE, ..*original };
    let (wrong, _) = simplify_by(&formula, Laws::NONE, &[&planted]).unwrap();
    assert_eq!(wrong.laws(), Laws::NONE);
    // Counting would take it for its own, and count 2 paths as 1; boolean has the law.
    let two = Counting.plus(&Counting.one(), &Counting.one());
    assert_eq!(value(&formula, &Counting, &[Counting.one()]), two);
    assert_eq!(value(&wrong, &Counting, &[Counting.one()]), Counting.one());
    assert_eq!(value(&wrong, &Boolean, &[true]), value(&formula, &Boolean, &[true]));
}

#[test]
fn long_chains_take_neither_stack_nor_quadratic_time() {
    // ((a ⊕ b) ⊗ c) ⊕ b) ⊗ c ..., and a sum nested on the left.
    for alternating in [false, true] {
        let mut builder = GateBuilder::new(Vec::new(), 1_000_000);
        let leaves = ["a", "b", "c"].map(|name| builder.declare(name));
        let [mut gate, b, c] = leaves.map(|leaf| builder.variable(leaf).unwrap());
        for step in 0..200_000 {
            gate = if alternating && step % 2 == 0 {
                builder.times(&[gate, c]).unwrap()
            } else {
                builder.plus(&[gate, b]).unwrap()
            };
        }
        builder.output("value", &[1], &[gate]).unwrap();
        let chain = builder.finish().unwrap();
        assert_eq!(chain.depth(), 200_000);
        let (simplified, report) = simplify(&chain, Laws::NONE).unwrap();
        let (depth, flattened) = if alternating { (200_000, 0) } else { (1, 199_999) };
        assert_eq!((simplified.depth(), report.count("flatten")), (depth, flattened));
    }
}
