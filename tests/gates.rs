//! Gate circuits of trained networks: unrolled, dropped to what matters, simplified and folded, they give the relevance
//! that the stream gives.

use std::path::Path;
use std::sync::Arc;

use kirchhoff_circuit::{
    GateCircuit, LayeredCircuit, SaturateOptions, Start, StopReason, TensorId, UnrollError, UnrollOptions, Variables,
    saturate, simplify, unroll,
};
use kirchhoff_compile::{Assignment, Composite, Rule, compile};
use kirchhoff_data::{Preprocessing, read_inputs};
use kirchhoff_evaluate::{Annotations, Bookkeeping, Keep, fold, stream};
use kirchhoff_formula::{FormulaOptions, parse, text};
use kirchhoff_network::import::{self, ImportOptions};
use kirchhoff_network::{Execution, Network, canonical};
use kirchhoff_semiring::{Annotation, Embed, SemiringInfo, SemiringVisitor, semirings, visit};
use safetensors::SafeTensors;

/// Compares the relevance of the input, from the logit or 1 at one target, in one execution.
struct Compare<'a> {
    layered: &'a LayeredCircuit,
    execution: usize,
    target: usize,
    gates: &'a GateCircuit,
}

impl SemiringVisitor for Compare<'_> {
    type Output = ();

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) {
        let Compare { layered, execution, target, gates } = self;
        let annotations = Annotations::uniform(layered, info.annotation);
        annotations.check_gates(gates, &info.name, semiring.carrier()).unwrap();
        let outputs = layered.tensor(layered.output()).size();
        let mut start = vec![semiring.zero(); layered.batch() * outputs];
        start[execution * outputs + target] = semiring.one();
        let mut keep = Keep::input(layered);
        stream(layered, &semiring, &annotations, &start, Bookkeeping::default(), &mut keep, &()).unwrap();
        let size = layered.tensor(layered.input()).size();
        let streamed = &keep.relevance(layered.input()).unwrap()[execution * size..(execution + 1) * size];
        let streamed: Vec<f64> = streamed.iter().map(|value| semiring.project(value)).collect();

        let one = [semiring.one()];
        let folded = fold(gates, &semiring, &annotations, &one, &()).unwrap();
        let (simplified, report) = simplify(gates, semiring.laws()).unwrap();
        let simply = fold(&simplified, &semiring, &annotations, &one, &()).unwrap();
        println!("{}: {:?} became {:?}", info.name, report.before, report.after);
        for (what, values) in [("unrolled", folded), ("simplified", simply)] {
            let values: Vec<f64> = values.iter().map(|value| semiring.project(value)).collect();
            let worst = worst(&values, &streamed);
            // Counts are exact, and so is what is never added; other sums are taken in another order.
            let allowed = match &*info.name {
                "boolean" | "counting" | "fuzzy" | "bottleneck" => 0.0,
                _ => 1e-5,
            };
            assert!(worst <= allowed, "{}, {what}: {worst:e}", info.name);
        }
    }
}

/// The largest difference, relative to the largest magnitude; infinities must agree.
fn worst(got: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let largest = expected.iter().filter(|value| value.is_finite()).fold(f64::MIN_POSITIVE, |a, b| a.max(b.abs()));
    let difference = |(got, expected): (&f64, &f64)| if got == expected { 0.0 } else { (got - expected).abs() };
    let worst = got.iter().zip(expected).map(difference);
    worst.fold(0.0, |a: f64, b| if b.is_nan() { f64::INFINITY } else { a.max(b) }) / largest
}

fn assignment(rule: &str) -> Assignment {
    rule.parse::<Composite>().map_or_else(|_| rule.parse::<Rule>().unwrap().into(), Assignment::from)
}

fn check(execution: &Execution, rule: &str, number: usize) {
    let layered = compile(execution, &assignment(rule)).unwrap();
    let logits = execution.output(number);
    let target = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
    let options = UnrollOptions { execution: number, start: Start::VariablesAt(vec![target]), ..Default::default() };
    let gates = unroll(&layered, &options, &()).unwrap();
    assert_eq!(gates.variables(), [format!("start[{target}]")]);
    for info in semirings().iter().filter(|info| info.rule == rule) {
        visit(&info.name, Compare { layered: &layered, execution: number, target, gates: &gates }).unwrap();
    }
}

fn digits() -> Execution {
    let (network, inputs) = kirchhoff::embedded::digits().unwrap();
    Execution::run(Arc::new(network), &inputs.values, inputs.count, &()).unwrap()
}

#[test]
fn the_embedded_digits() {
    let execution = digits();
    for number in 0..10 {
        check(&execution, ["zero", "epsilon", "max-abs"][number % 3], number);
    }
}

#[test]
fn few_edges_matter_to_a_digit() {
    let execution = digits();
    let layered = compile(&execution, &Rule::ZERO.into()).unwrap();
    let annotation = Annotation::Threshold(0.05);
    let keep = |_: usize, d: f32| annotation.apply(&kirchhoff_semiring::Boolean, d);
    let options = |keep| UnrollOptions { start: Start::OnesAt(vec![7]), keep, ..UnrollOptions::default() };
    let whole = unroll(&layered, &options(None), &()).unwrap();
    let kept = unroll(&layered, &options(Some(&keep)), &()).unwrap();
    println!("{:?} of {:?}", kept.size(), whole.size());
    assert!(20 * kept.gates() < whole.gates());
    let annotations = Annotations::uniform(&layered, annotation);
    let relevance = |gates| fold(gates, &kirchhoff_semiring::Counting, &annotations, &[], &()).unwrap();
    assert_eq!(relevance(&kept), relevance(&whole));
}

#[test]
fn a_circuit_beyond_the_limit_says_how_large_it_would_be() {
    let layered = compile(&digits(), &Rule::ZERO.into()).unwrap();
    let options = UnrollOptions { max_gates: 10_000, ..UnrollOptions::default() };
    let error = unroll(&layered, &options, &()).unwrap_err();
    // Two constants, 10 starts, a leaf and a product for each of 266,200 edges, a sum for each neuron but those that
    // a ReLU passes on.
    let gates = 2 + 10 + 2 * (784 * 300 + 300 * 100 + 100 * 10) + 784 + 300 + 100;
    assert_eq!(error, UnrollError::TooLarge { gates, max_gates: 10_000 });
}

#[test]
fn the_convolutional_network() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/mnist-cnn");
    let network: Network = import::read(&folder.join("model.onnx"), &ImportOptions::default()).unwrap().network;
    let bytes = std::fs::read(folder.join("expected.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let inputs = tensors.tensor("inputs").unwrap();
    assert_eq!(inputs.dtype(), safetensors::Dtype::F32);
    let inputs: Vec<f32> = inputs.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    let execution = Execution::run(Arc::new(canonical(&network).unwrap()), &inputs[..784], 1, &()).unwrap();
    for rule in ["zero", "epsilon", "max-abs"] {
        check(&execution, rule, 0);
    }
}

/// Where the variables of an XOR formula stand.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Letters {
    /// On the edges: the polynomial of all paths.
    Edges,
    /// On the neurons of every layer: which of them the answer rests on.
    Neurons,
    /// On the target alone: the real formula, its numbers being leaves.
    Start,
}

/// The best that a hand makes of the formula of one input, by the number of hidden neurons that relevance goes through
/// (one or two), and by how many pairs of edges from the inputs to the first of them have one contribution.
fn by_hand(letters: Letters, hidden: usize, equal: bool) -> &'static str {
    match (letters, hidden, equal) {
        (Letters::Edges, 1, _) => r#"(circuit (output "x" (2) (* "a" "c") (* "a" "d")))"#,
        (Letters::Edges, ..) => r#"(circuit (output "x" (2) (+ (* "a" "c") (* "b" "e")) (+ (* "a" "d") (* "b" "f"))))"#,
        (Letters::Neurons, 1, _) => r#"(circuit (let g (* "h2" "h1" "h0")) (output "x" (2) (* "x0" g) (* "x1" g)))"#,
        (Letters::Neurons, ..) => {
            r#"(circuit (let g (+ (* "h1" "h0") (* "k1" "k0"))) (output "x" (2) (* "x0" "h2" g) (* "x1" "h2" g)))"#
        }
        (Letters::Start, 1, true) => r#"(circuit (let g (* "s" "a" "c")) (output "x" (2) g g))"#,
        (Letters::Start, 1, false) => r#"(circuit (output "x" (2) (* "s" "a" "c") (* "s" "a" "d")))"#,
        (Letters::Start, _, true) => {
            r#"(circuit (let g (* "s" "a" "c")) (output "x" (2) (+ g (* "s" "b" "e")) (+ g (* "s" "b" "f"))))"#
        }
        (Letters::Start, _, false) => {
            r#"(circuit (output "x" (2) (* "s" (+ (* "a" "c") (* "b" "e"))) (* "s" (+ (* "a" "d") (* "b" "f")))))"#
        }
    }
}

/// The XOR networks of the tutorial, on all of their inputs.
#[test]
fn xor_formulas_become_no_larger_than_by_hand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/xor");
    let (mut formulas, mut smaller) = (0, 0);
    for (name, inputs) in [("xor", 2usize), ("useless", 3)] {
        let network = import::read(&folder.join(format!("{name}.safetensors")), &ImportOptions::default()).unwrap();
        let network = Arc::new(canonical(&network.network).unwrap());
        let values = read_inputs(&[folder.join(format!("{name}.npy"))], &[inputs], &Preprocessing::default()).unwrap();
        assert_eq!(values.count, 1 << inputs);
        let execution = Execution::run(network, &values.values, values.count, &()).unwrap();
        for (number, letters) in (0..values.count)
            .flat_map(|number| [Letters::Edges, Letters::Neurons, Letters::Start].map(|letters| (number, letters)))
        {
            let rule = if letters == Letters::Start { "epsilon" } else { "zero" };
            let layered = compile(&execution, &assignment(rule)).unwrap();
            let logits = execution.output(number);
            let target = usize::from(logits[1] > logits[0]);
            let keep = |_: usize, d: f32| d.abs() > 1e-9;
            let options = UnrollOptions {
                execution: number,
                start: match letters {
                    Letters::Start => Start::VariablesAt(vec![target]),
                    _ => Start::OnesAt(vec![target]),
                },
                keep: Some(&keep),
                variables: match letters {
                    Letters::Edges => Variables::Edges,
                    Letters::Neurons => Variables::Neurons((0..layered.tensors().len() as u32).map(TensorId).collect()),
                    Letters::Start => Variables::None,
                },
                contributions: letters == Letters::Start,
                ..UnrollOptions::default()
            };
            let gates = unroll(&layered, &options, &()).unwrap();
            let semiring = match letters {
                Letters::Neurons => "boolean",
                _ => "counting",
            };
            let laws = kirchhoff_semiring::find(semiring).unwrap().laws;
            let (smallest, report) = saturate(&gates, laws, &SaturateOptions::default(), &()).unwrap();
            assert_eq!(report.stop, StopReason::Saturated);

            // Contributions are leaves: the output's and, of the input, two for each hidden neuron, fewer if equal.
            let reached = |prefix: &str| gates.variables().iter().filter(|name| name.starts_with(prefix)).count();
            let (hidden, equal) = match letters {
                Letters::Edges => (reached("w2"), false),
                Letters::Neurons => (reached("h1"), false),
                Letters::Start => {
                    let arrays = gates.arrays();
                    let of = |layer: u32| arrays.contribution_layers.iter().filter(|&&own| own == layer).count();
                    let edges = of(0);
                    let hidden = of(2);
                    (hidden, edges < 2 * hidden)
                }
            };
            let hand = parse(by_hand(letters, hidden, equal), 100).unwrap();
            let useless = usize::from(inputs == 3);
            // What says of the useless input that it is 0 is one gate more.
            let by_hand = hand.size().total() + useless;
            let found = smallest.size().total();
            let text = text(&smallest, &FormulaOptions::default()).unwrap();
            println!(
                "{name} {number} {letters:?}: {} gates and wires, {} shared, {found} saturated, {by_hand} by hand",
                report.before.total(),
                report.shared.total()
            );
            assert!(found <= by_hand, "{name} {number} {letters:?}: {found}, {by_hand} by hand:\n{text}");
            assert!(useless == 0 || text.contains("R(x[2]) = 𝟘"), "{text}");
            formulas += 1;
            smaller += usize::from(report.after.total() < report.shared.total());
        }
    }
    println!("{smaller} of {formulas} formulas are smaller than with sharing alone");
    assert_eq!(formulas, 3 * (4 + 8));
    assert!(smaller >= 8, "{smaller} of {formulas}");
}
