//! The reference cases of `tests/golden/op-*`: relevance that a float64 reference, which writes out every edge, gives seven
//! networks of operators that are no sums of weights (see the README there), on the input and on hidden tensors.

use std::sync::Arc;

use kirchhoff_circuit::{LayeredCircuit, TensorId, UnrollOptions, unroll};
use kirchhoff_compile::{Assignment, Composite, MaximumPooling, ProductTreatment, Rule, Treatments, compile};
use kirchhoff_evaluate::{Annotations, Bookkeeping, Keep, fold, stream};
use kirchhoff_network::import::{self, ImportOptions};
use kirchhoff_network::{Execution, Network, NodeId, canonical};
use kirchhoff_semiring::{Annotation, Embed, SemiringInfo, SemiringVisitor, visit};
use safetensors::SafeTensors;
use serde::Deserialize;

mod reference;

use reference::{floats, folder, worst_error};

#[derive(Deserialize)]
struct Cases {
    samples: usize,
    inputs: Vec<Named>,
    outputs: Vec<Named>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    shape: Vec<usize>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    semiring: String,
    setting: String,
    theta: Vec<serde_json::Value>,
    start: String,
    target: Target,
    tensors: Vec<String>,
}

#[derive(Deserialize)]
struct Target {
    output: String,
    index: Vec<Vec<usize>>,
}

/// What a user would ask for.
fn assignment(setting: &str) -> Assignment {
    let (base, products) = setting.split_once(", ").map_or((setting, None), |(base, rest)| (base, Some(rest)));
    let mut words = base.split(' ');
    let base: Assignment = match (words.next(), words.next()) {
        (Some("composite"), Some(name)) => name.parse::<Composite>().unwrap().into(),
        (Some("rule"), Some(name)) => {
            let arguments: Vec<&str> = words.collect();
            let call =
                if arguments.is_empty() { name.to_string() } else { format!("{name}({})", arguments.join(", ")) };
            call.parse::<Rule>().unwrap().into()
        }
        other => panic!("{other:?}"),
    };
    match products {
        None => base,
        Some("half for every product") => {
            let half = Some(ProductTreatment::Half);
            base.with_treatments(Treatments { product: half, matrix_product: half, ..Treatments::NONE })
        }
        Some("max pooling as average") => base.with_maximum_pooling(MaximumPooling::Average),
        Some(other) => panic!("{other}"),
    }
}

/// Evaluates a case over its semiring, by the stream and by gates, and projects the relevance of tensors to float64.
struct Evaluate<'a> {
    circuit: &'a LayeredCircuit,
    annotations: Annotations,
    start: Vec<f32>,
    from_one: bool,
    tensors: &'a [TensorId],
}

impl SemiringVisitor for Evaluate<'_> {
    /// The values of each tensor: of all executions by the stream, of the first by gates.
    type Output = Vec<[Vec<f64>; 2]>;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> Self::Output {
        let Evaluate { circuit, annotations, start, from_one, tensors } = self;
        annotations.check(circuit, &info.name, semiring.carrier()).unwrap();
        let value = |&start: &f32| match (from_one, start != 0.0) {
            (_, false) => semiring.zero(),
            (true, true) => semiring.one(),
            (false, true) => semiring.embed(start),
        };
        let start: Vec<_> = start.iter().map(value).collect();
        let mut keep = Keep::all(circuit);
        stream(circuit, &semiring, &annotations, &start, Bookkeeping::default(), &mut keep, &()).unwrap();
        let project = |values: &[S::Value]| values.iter().map(|value| semiring.project(value)).collect::<Vec<f64>>();

        let options = UnrollOptions { tensors: tensors.to_vec(), max_gates: 10_000_000, ..UnrollOptions::default() };
        let gates = unroll(circuit, &options, &()).unwrap();
        let outputs = circuit.tensor(circuit.output()).size();
        let folded = fold(&gates, &semiring, &annotations, &start[..outputs], &()).unwrap();
        let mut rest = &folded[..];
        let mut by_gates = |tensor: &TensorId| {
            let values;
            (values, rest) = rest.split_at(circuit.tensor(*tensor).size());
            project(values)
        };
        let found = |tensor: &TensorId| {
            let streamed = keep.relevance(*tensor).map(&project).unwrap_or_default();
            [streamed, by_gates(tensor)]
        };
        tensors.iter().map(found).collect()
    }
}

fn check(name: &str) {
    let folder = folder(name);
    let network = import::read(&folder.join("model.onnx"), &ImportOptions::default()).unwrap().network;
    let whole = canonical(&network).unwrap();
    let cases: Cases = serde_json::from_slice(&std::fs::read(folder.join("cases.json")).unwrap()).unwrap();
    let bytes = std::fs::read(folder.join("expected.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(whole.inputs().len(), cases.inputs.len());
    assert_eq!(whole.outputs().len(), cases.outputs.len());
    // The network of each output, on the inputs that it needs.
    let execution = |output: &Named| {
        let network: Arc<Network> = Arc::new(whole.for_output(&output.name).unwrap());
        let values = |&input: &NodeId| floats(&expected, &format!("input/{}", network.known_as(input)));
        let values: Vec<Vec<f64>> = network.inputs().iter().map(values).collect();
        let own = |sample: usize| {
            values.iter().flat_map(move |values| values.chunks(values.len() / cases.samples).nth(sample))
        };
        let input: Vec<f32> = (0..cases.samples).flat_map(own).flatten().map(|&value| value as f32).collect();
        let execution = Execution::run(network.clone(), &input, cases.samples, &()).unwrap();
        let wanted = floats(&expected, &format!("output/{}", output.name));
        let worst = worst_error(&execution.outputs().iter().map(|&v| f64::from(v)).collect::<Vec<_>>(), &wanted);
        println!("{name}: output {}, worst error {worst:.1e}", output.name);
        assert!(worst < 1e-5);
        execution
    };
    let executions: Vec<Execution> = cases.outputs.iter().map(execution).collect();

    let mut compared = 0;
    let mut wrong = Vec::new();
    for case in &cases.cases {
        let at = cases.outputs.iter().position(|output| output.name == case.target.output).unwrap();
        let (output, execution) = (&cases.outputs[at], &executions[at]);
        let network = execution.network();
        let circuit = compile(execution, &assignment(&case.setting)).unwrap();
        let annotation: Annotation = case.theta[0].as_str().unwrap().parse().unwrap();
        let theta = case.theta.get(1).map(|theta| theta.as_f64().unwrap() as f32);
        let annotation = theta.map_or(annotation, |theta| annotation.with_theta(theta).unwrap());
        let annotations = Annotations::new(vec![annotation; circuit.layers().len()]);
        let size = execution.output(0).len();
        let mut start = vec![0.0; execution.outputs().len()];
        for (sample, index) in case.target.index.iter().enumerate() {
            let place = index.iter().zip(&output.shape).fold(0, |place, (&i, &length)| place * length + i);
            let place = sample * size + place;
            start[place] = if case.start == "one" { 1.0 } else { execution.outputs()[place] };
        }
        let tensor = |name: &String| {
            let node = network.find(name).unwrap_or_else(|| panic!("{name} is no tensor of the network"));
            TensorId(node.index() as u32)
        };
        let tensors: Vec<TensorId> = case.tensors.iter().map(tensor).collect();
        let from_one = case.start == "one";
        let evaluate = Evaluate { circuit: &circuit, annotations, start, from_one, tensors: &tensors };
        let found = visit(&case.semiring, evaluate).unwrap();
        let mut report = String::new();
        for (tensor, [streamed, gates]) in case.tensors.iter().zip(&found) {
            let key = format!("{}/{tensor}", case.name);
            let wanted = floats(&expected, &key);
            compared += 1;
            let gates_wanted = &wanted[..wanted.len() / cases.samples];
            for (got, wanted, way) in [(streamed, &wanted[..], "stream"), (gates, gates_wanted, "gates")] {
                if got.len() != wanted.len() {
                    wrong.push(format!("{key} by {way}: {} values, not {}", got.len(), wanted.len()));
                    continue;
                }
                match theta {
                    Some(theta) => {
                        let differ = got.iter().zip(wanted).filter(|(got, wanted)| got != wanted).count();
                        let allowed = if theta == 1e-9 { 0 } else { wanted.len().div_ceil(500) };
                        if differ > allowed {
                            wrong.push(format!("{key} by {way}: {differ} of {} entries differ", wanted.len()));
                        }
                        report += &format!(" {differ}");
                    }
                    None => {
                        let worst = worst_error(got, wanted);
                        if worst.is_nan() || worst >= 1e-4 {
                            wrong.push(format!("{key} by {way}: worst error {worst:.1e} of the largest magnitude"));
                        }
                        report += &format!(" {worst:.0e}");
                    }
                }
            }
        }
        println!("{name:10} {:28}{report}", case.name);
    }
    let values = |key: &&str| !key.starts_with("input/") && !key.starts_with("output/");
    assert_eq!(compared, expected.names().into_iter().filter(values).count(), "{name}: tensors in the file");
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

#[test]
fn squeeze_and_excitation() {
    check("op-se");
}

#[test]
fn an_image_to_image_network() {
    check("op-unet");
}

#[test]
fn several_inputs_and_outputs() {
    check("op-mixed");
}

#[test]
fn a_vision_transformer() {
    check("op-vit");
}

#[test]
fn an_encoder_of_tokens() {
    check("op-encoder");
}

#[test]
fn a_long_short_term_memory() {
    check("op-lstm");
}

#[test]
fn gated_recurrent_units_in_both_directions() {
    check("op-gru");
}
