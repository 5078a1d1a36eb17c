//! The fold of an unrolled circuit is the stream.

use kirchhoff_circuit::{GateCircuit, LayeredCircuit, Start, TensorId, UnrollError, UnrollOptions, Variables, unroll};
use kirchhoff_evaluate::{Annotations, Bookkeeping, FoldError, Keep, PerLeaf, RankedAnnotations, fold, stream};
use kirchhoff_kernel::{Cancelled, Monitor};
use kirchhoff_semiring::{Annotation, Embed, Real, SemiringInfo, SemiringVisitor, semirings, visit};

use crate::network::{Random, circuit};

/// Folds and streams one circuit over a semiring, in every way of starting, and compares some tensors.
struct Compare<'a> {
    circuit: &'a LayeredCircuit,
    annotation: Annotation,
    random: &'a mut Random,
}

/// The outputs in the real numbers without signs.
fn magnitudes<S: Embed>(gates: &GateCircuit, annotation: Annotation, semiring: &S, variables: &[S::Value]) -> Vec<f32> {
    let theta = |_: usize, d: f32| match annotation {
        Annotation::Rank => 1.0,
        annotation => annotation.apply(&Real, d).abs(),
    };
    let variables: Vec<f32> = variables.iter().map(|value| semiring.project(value).abs() as f32).collect();
    fold(gates, &Real, &PerLeaf(theta), &variables, &()).unwrap()
}

impl SemiringVisitor for Compare<'_> {
    /// Whether the annotation fits.
    type Output = bool;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> bool {
        let Compare { circuit, annotation, random } = self;
        let annotations = Annotations::uniform(circuit, annotation);
        let carrier = semiring.carrier();
        let fits = annotations.check(circuit, &info.name, carrier);
        let (outputs, execution) = (circuit.tensor(circuit.output()).size(), random.below(2));
        let targets = [random.below(outputs), random.below(outputs)];
        let tensors: Vec<TensorId> =
            (0..circuit.tensors().len()).map(|index| TensorId(index as u32)).filter(|_| random.below(2) > 0).collect();
        let numbers: Vec<S::Value> =
            [0.5, -0.75, 3.0].into_iter().filter(|&x| carrier.contains(x.into())).map(|x| semiring.embed(x)).collect();
        let ranked = RankedAnnotations::new(annotations.clone(), circuit, execution, &()).unwrap();
        let keep =
            |_: usize, d: f32| annotation == Annotation::Rank || !semiring.is_zero(&annotation.apply(&semiring, d));
        for (start, dropping) in [
            (Start::Variables, false),
            (Start::VariablesAt(targets.to_vec()), false),
            (Start::OnesAt(targets.to_vec()), false),
            (Start::Variables, true),
            (Start::OnesAt(vec![targets[0]]), true),
        ] {
            let value = |random: &mut Random| match random.below(3) {
                0 if !numbers.is_empty() => numbers[random.below(numbers.len())].clone(),
                _ => semiring.one(),
            };
            let (mut values, mut variables) = (vec![semiring.zero(); outputs], Vec::new());
            let started: Vec<usize> = match &start {
                Start::Variables => (0..outputs).collect(),
                Start::VariablesAt(targets) | Start::OnesAt(targets) => targets.clone(),
            };
            for target in started {
                if semiring.is_zero(&values[target]) {
                    values[target] = if matches!(start, Start::OnesAt(_)) { semiring.one() } else { value(random) };
                    variables.push(values[target].clone());
                }
            }
            if matches!(start, Start::OnesAt(_)) {
                variables.clear();
            }

            let options = UnrollOptions {
                execution,
                start,
                tensors: tensors.clone(),
                keep: if dropping { Some(&keep) } else { None },
                ..UnrollOptions::default()
            };
            let gates = unroll(circuit, &options, &()).unwrap();
            assert_eq!(annotations.check_gates(&gates, &info.name, carrier), fits);
            if fits.is_err() {
                return false;
            }
            let folded = fold(&gates, &semiring, &ranked, &variables, &()).unwrap();

            let mut whole = vec![semiring.zero(); 2 * outputs];
            whole[execution * outputs..(execution + 1) * outputs].clone_from_slice(&values);
            let mut keep = Keep::all(circuit);
            stream(circuit, &semiring, &annotations, &whole, Bookkeeping::default(), &mut keep, &()).unwrap();
            let asked = if tensors.is_empty() { vec![circuit.input()] } else { tensors.clone() };
            for &tensor in &asked {
                let (name, size) = (&circuit.tensor(tensor).name, circuit.tensor(tensor).size());
                let streamed = &keep.relevance(tensor).unwrap()[execution * size..(execution + 1) * size];
                let range = gates.output_range(name).unwrap();
                let folded = &folded[range.clone()];
                // Real summands cancel, and the stream may add them up in another order: what rounding may do is
                // measured against the sum of their magnitudes.
                let sizes = magnitudes(&gates, annotation, &semiring, &variables);
                let same = |i: usize| {
                    let difference = semiring.project(&folded[i]) - semiring.project(&streamed[i]);
                    semiring.close(&folded[i], &streamed[i])
                        || info.name == "real" && difference.abs() <= 1e-5 * f64::from(sizes[range.start + i])
                };
                let differs = (0..size).find(|&i| !same(i));
                assert_eq!(
                    differs, None,
                    "{folded:?} {streamed:?} {}, {}, {:?}, {name}",
                    info.name, annotation, options.start
                );
            }
        }
        true
    }
}

#[test]
fn folding_what_is_unrolled_is_streaming() {
    let mut random = Random(1);
    let mut compared = 0;
    for info in semirings() {
        for annotation in [info.annotation, Annotation::Threshold(0.1), Annotation::AbsClamp, Annotation::Rank] {
            // A histogram of ranks takes a megabyte a layer.
            for _ in 0..if annotation == Annotation::Rank { 1 } else { 6 } {
                let circuit = circuit(&mut random, &info.rule);
                compared += usize::from(
                    visit(&info.name, Compare { circuit: &circuit, annotation, random: &mut random }).unwrap(),
                );
            }
        }
    }
    assert!(compared > 120, "{compared}");
}

#[test]
fn gates_are_counted_before_any_is_made() {
    let mut random = Random(2);
    for case in 0..300 {
        let circuit = circuit(&mut random, "zero");
        let tensors = (0..circuit.tensors().len() as u32).map(TensorId).filter(|_| random.below(2) > 0);
        let variables = match case % 3 {
            0 => Variables::None,
            1 => Variables::Edges,
            _ => Variables::Neurons(tensors.collect()),
        };
        let contributions = random.below(3) > 0;
        let options =
            |max_gates| UnrollOptions { max_gates, contributions, variables: variables.clone(), ..Default::default() };
        let Err(UnrollError::TooLarge { gates, max_gates: 1 }) = unroll(&circuit, &options(1), &()) else {
            panic!("a circuit of one gate")
        };
        assert!(unroll(&circuit, &options(gates - 1), &()).is_err());
        let made = unroll(&circuit, &options(gates), &()).unwrap().gates();
        assert!(made as u64 <= gates, "{made} gates were made of {gates}");

        // Few edges are kept, and few gates allowed.
        let keep = |_: usize, d: f32| d > 0.4;
        let kept = |max_gates| UnrollOptions { keep: Some(&keep), ..options(max_gates) };
        let Err(UnrollError::TooLarge { gates: fewer, .. }) = unroll(&circuit, &kept(1), &()) else {
            panic!("a circuit of one gate")
        };
        assert!(fewer <= gates);
        assert!(unroll(&circuit, &kept(fewer), &()).unwrap().gates() as u64 <= fewer);
    }
}

#[test]
fn what_is_not_there_is_named() {
    let circuit = circuit(&mut Random(3), "zero");
    let unrolled = |options: UnrollOptions<'_>| unroll(&circuit, &options, &()).unwrap_err();
    let missing = |what, got, count| UnrollError::Missing { what, got, count };
    let options = UnrollOptions::default;
    assert_eq!(unrolled(UnrollOptions { execution: 2, ..options() }), missing("execution", 2, 2));
    let start = Start::OnesAt(vec![1, 3]);
    assert_eq!(unrolled(UnrollOptions { start, ..options() }), missing("output neuron", 3, 3));
    let tensors = vec![TensorId(99)];
    assert_eq!(unrolled(UnrollOptions { tensors, ..options() }), missing("tensor", 99, circuit.tensors().len()));
}

#[test]
fn work_can_be_cancelled() {
    struct Stop;
    impl Monitor for Stop {
        fn cancelled(&self) -> bool {
            true
        }
    }
    let circuit = circuit(&mut Random(4), "zero");
    let options = UnrollOptions { start: Start::OnesAt(vec![0]), ..UnrollOptions::default() };
    assert_eq!(unroll(&circuit, &options, &Stop), Err(UnrollError::Cancelled(Cancelled)));
    let gates = unroll(&circuit, &options, &()).unwrap();
    let theta = PerLeaf(|_: usize, d: f32| d);
    assert_eq!(fold(&gates, &Real, &theta, &[], &Stop), Err(FoldError::Cancelled(Cancelled)));
}
