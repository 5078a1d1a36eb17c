//! Simplification keeps the value in every semiring that has the laws, and others refuse the result.

use kirchhoff_circuit::{GateArrays, GateCircuit, GateKind, GateLayer, OutputTensor, UnrollOptions, simplify, unroll};
use kirchhoff_evaluate::{FoldError, PerLeaf, RankedAnnotations, fold};
use kirchhoff_semiring::{
    Annotation, Boolean, Counting, Embed, Law, Laws, Product, Real, Semiring, SemiringInfo, SemiringVisitor, semirings,
    visit,
};
use proptest::prelude::*;

use crate::network::{Random, circuit};

/// A gate: its kind, what distinguishes a leaf, and children, counted from the gate downwards.
pub type Draft = (u8, u32, Vec<usize>);

/// Any circuit: constants, few different leaves, gates of 0 to 4 children, equal gates and equal children, dead gates.
pub fn any_circuit() -> impl Strategy<Value = GateCircuit> {
    let kind = prop_oneof![1 => 0u8..2, 3 => 2u8..4, 8 => 4u8..6];
    let gate = (kind, 0u32..6, prop::collection::vec(0usize..8, 0..5));
    (prop::collection::vec(gate, 1..40), prop::collection::vec(0usize..40, 1..4)).prop_map(|(gates, outputs)| {
        let count = gates.len();
        GateCircuit::arranged(arrays(gates, outputs.into_iter().map(|output| (output % count) as u32).collect()))
            .unwrap()
    })
}

/// The circuit of drafts, gate by gate: nothing shared, any number of children.
pub fn arrays(gates: Vec<Draft>, outputs: Vec<u32>) -> GateArrays {
    let (mut kinds, mut offsets, mut operands) = (Vec::new(), vec![0], Vec::new());
    let (mut contributions, mut contribution_layers) = (Vec::new(), Vec::new());
    for (kind, leaf, children) in gates {
        let kind = GateKind::from_number(kind).unwrap();
        match kind {
            GateKind::Zero | GateKind::One => {}
            GateKind::Contribution => {
                operands.push(contributions.len() as u32);
                contribution_layers.push(leaf / 3);
                contributions.push([0.25, 0.5, 1.0][leaf as usize % 3]);
            }
            GateKind::Variable => operands.push(leaf % 3),
            GateKind::Plus | GateKind::Times => {
                let gate = kinds.len();
                operands.extend(children.iter().filter(|_| gate > 0).map(|child| (gate - 1 - child % gate) as u32));
            }
        }
        kinds.push(kind as u8);
        offsets.push(operands.len() as u32);
    }
    GateArrays {
        kinds: kinds.into(),
        offsets: offsets.into(),
        operands: operands.into(),
        contributions: contributions.into(),
        contribution_layers: contribution_layers.into(),
        edges: None,
        output_tensors: vec![OutputTensor { name: "value".to_string(), shape: vec![outputs.len()] }],
        outputs: outputs.into(),
        variables: ["x", "y", "z"].map(str::to_string).to_vec(),
        layers: ["0", "1"].map(|name| GateLayer { name: name.to_string(), rule: String::new(), range: None }).to_vec(),
        laws: Laws::NONE,
    }
}

/// Two-by-two matrices of a semiring: `⊗` does not commute, `⊕` is as idempotent as that of the entries.
#[derive(Clone, Copy)]
pub struct Matrices<S>(pub S);

impl<S: Semiring> Semiring for Matrices<S> {
    type Value = [S::Value; 4];

    fn zero(&self) -> Self::Value {
        [self.0.zero(), self.0.zero(), self.0.zero(), self.0.zero()]
    }

    fn one(&self) -> Self::Value {
        [self.0.one(), self.0.zero(), self.0.zero(), self.0.one()]
    }

    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        [0, 1, 2, 3].map(|i| self.0.plus(&a[i], &b[i]))
    }

    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        [[0, 0], [0, 1], [1, 0], [1, 1]].map(|[row, column]| {
            let product = |k: usize| self.0.times(&a[2 * row + k], &b[2 * k + column]);
            self.0.plus(&product(0), &product(1))
        })
    }

    fn laws(&self) -> Laws {
        self.0.laws().and(Laws::of(&[Law::IdempotentPlus]))
    }
}

/// Whether simplification by each set of laws that the semiring has keeps the outputs; leaves take the values in turn.
fn keeps<S: Semiring>(
    circuit: &GateCircuit,
    semiring: &S,
    values: &[S::Value],
    same: impl Fn(&S::Value, &S::Value) -> bool,
) -> Result<(), TestCaseError> {
    // The value depends on the layer: equal contributions of different layers are different leaves.
    let theta = PerLeaf(|layer: usize, d: f32| values[(layer + (d * 4.0) as usize) % values.len()].clone());
    let variables: Vec<S::Value> = (0..3).map(|number| values[(number * 2 + 1) % values.len()].clone()).collect();
    let before = fold(circuit, semiring, &theta, &variables, &()).unwrap();
    for laws in [Laws::NONE, semiring.laws().and(Laws::of(&[Law::CommutativeTimes])), semiring.laws()] {
        let (simplified, report) = simplify(circuit, laws).unwrap();
        prop_assert!(laws.include(simplified.laws()));
        prop_assert!(report.after.gates <= report.before.gates && report.after.wires <= report.before.wires);
        let after = fold(&simplified, semiring, &theta, &variables, &()).unwrap();
        for (a, b) in before.iter().zip(&after) {
            prop_assert!(same(a, b), "{a:?} became {b:?}, {report:?}");
        }
    }
    Ok(())
}

struct Keeps<'a>(&'a GateCircuit);

impl SemiringVisitor for Keeps<'_> {
    type Output = Result<(), TestCaseError>;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> Self::Output {
        // Powers of two are exact, however they are added and multiplied, until they outgrow f32; signs would cancel.
        let numbers = [0.5, 0.25, 1.0, 0.0, 0.125].into_iter().filter(|&x| semiring.carrier().contains(f64::from(x)));
        let mut values: Vec<S::Value> = numbers.map(|x| semiring.embed(x)).collect();
        values.extend([semiring.one(), semiring.zero()]);
        if info.name == "max-plus" {
            values.extend([-0.5, -2.0].map(|x| semiring.embed(x)));
        }
        let overflows = info.name == "real";
        keeps(self.0, &semiring, &values, |a, b| {
            let (x, y) = (semiring.project(a), semiring.project(b));
            // Rounding adds up along sums of thousands of paths.
            semiring.close(a, b)
                || (x - y).abs() <= 1e-4 * x.abs().max(y.abs())
                || overflows && !x.is_finite() && !y.is_finite()
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn the_value_stays_in_every_semiring_that_has_the_laws(circuit in any_circuit()) {
        for info in semirings() {
            // Exact counts of deep circuits have thousands of digits.
            if info.name != "counting" || circuit.depth() < 8 {
                visit(&info.name, Keeps(&circuit)).unwrap()?;
            }
        }
    }

    #[test]
    fn the_value_stays_where_times_does_not_commute(circuit in any_circuit()) {
        let matrices = |rows: [&str; 4]| rows.map(|row| <[bool; 4]>::try_from(row.bytes().map(|b| b == b'1').collect::<Vec<_>>()).unwrap());
        let values = matrices(["0100", "1010", "0111", "1100"]);
        keeps(&circuit, &Matrices(Boolean), &values, |a, b| a == b)?;
        let both = values.map(|matrix| matrix.map(|entry| (entry, entry)));
        keeps(&circuit, &Matrices(Product(Boolean, Boolean)), &both, |a, b| a == b)?;
        if circuit.depth() < 5 {
            let counts = values.map(|matrix| matrix.map(|entry| if entry { Counting.one() } else { Counting.zero() }));
            keeps(&circuit, &Matrices(Counting), &counts, |a, b| a == b)?;
        }
    }
}

#[test]
fn a_semiring_without_the_laws_is_refused() {
    let mut builder = kirchhoff_circuit::GateBuilder::new(Vec::new(), 10);
    let x = builder.declare("x");
    let x = builder.variable(x).unwrap();
    let sum = builder.plus(&[x, x]).unwrap();
    builder.output("value", &[1], &[sum]).unwrap();
    let circuit = builder.finish().unwrap();
    let theta = PerLeaf(|_: usize, _: f32| Counting.one());
    let two = Counting.plus(&Counting.one(), &Counting.one());
    assert_eq!(fold(&circuit, &Counting, &theta, &[Counting.one()], &()), Ok(vec![two]));

    let (simplified, _) = simplify(&circuit, Laws::of(&[Law::IdempotentPlus])).unwrap();
    let error = fold(&simplified, &Counting, &theta, &[Counting.one()], &()).unwrap_err();
    assert_eq!(error, FoldError::Law { law: Law::IdempotentPlus });
    assert!(error.to_string().contains("⊕ idempotent (a ⊕ a = a)"), "{error}");
    assert_eq!(fold(&simplified, &Boolean, &PerLeaf(|_: usize, _: f32| true), &[true], &()), Ok(vec![true]));
}

#[test]
fn what_does_not_fit_a_circuit_is_refused() {
    let layered = circuit(&mut Random(5), "zero");
    let gates = unroll(&layered, &UnrollOptions::default(), &()).unwrap();
    let theta = PerLeaf(|_: usize, d: f32| d);
    assert_eq!(
        fold(&gates, &Real, &theta, &[1.0], &()),
        Err(FoldError::Variables { got: 1, expected: gates.variables().len() })
    );
    let start = vec![1.0; gates.variables().len()];
    let uniform = |annotation| kirchhoff_evaluate::Annotations::uniform(&layered, annotation);
    assert!(matches!(fold(&gates, &Real, &uniform(Annotation::Rank), &start, &()), Err(FoldError::Ranks { .. })));
    let none = kirchhoff_evaluate::Annotations::new(Vec::new());
    assert!(matches!(fold(&gates, &Real, &none, &start, &()), Err(FoldError::Annotations { got: 0, .. })));
    let ranked = RankedAnnotations::new(uniform(Annotation::Rank), &layered, 0, &()).unwrap();
    assert!(fold(&gates, &Real, &ranked, &start, &()).is_ok());
}

/// Simplifies what is unrolled by the laws of a semiring and compares the relevance of the input.
struct Unrolled<'a>(&'a mut Random);

impl SemiringVisitor for Unrolled<'_> {
    type Output = [usize; 2];

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> [usize; 2] {
        let layered = circuit(self.0, &info.rule);
        let start = kirchhoff_circuit::Start::OnesAt(vec![0]);
        let gates = unroll(&layered, &UnrollOptions { start, ..UnrollOptions::default() }, &()).unwrap();
        let (simplified, report) = simplify(&gates, semiring.laws()).unwrap();
        let annotations = kirchhoff_evaluate::Annotations::uniform(&layered, info.annotation);
        let [before, after] =
            [&gates, &simplified].map(|gates| fold(gates, &semiring, &annotations, &[], &()).unwrap());
        let largest = before.iter().map(|value| semiring.project(value).abs()).filter(|x| x.is_finite());
        let largest = largest.fold(0.0, f64::max);
        for (a, b) in before.iter().zip(&after) {
            let difference = (semiring.project(a) - semiring.project(b)).abs();
            let signed = info.name == "real" && difference <= 1e-3 * largest;
            assert!(semiring.close(a, b) || signed, "{}: {a:?} became {b:?}", info.name);
        }
        [report.before.gates, report.after.gates]
    }
}

#[test]
fn unrolled_circuits_become_smaller_and_stay_the_same() {
    let mut random = Random(7);
    for info in semirings() {
        let mut sizes = [0, 0];
        for _ in 0..20 {
            let [before, after] = visit(&info.name, Unrolled(&mut random)).unwrap();
            sizes = [sizes[0] + before, sizes[1] + after];
        }
        println!("{}: {} gates become {}", info.name, sizes[0], sizes[1]);
        assert!(sizes[1] < sizes[0]);
    }
}
