//! The reference cases of `tests/golden`: relevance that Zennit and a dense float64 reference gave two small trained
//! networks on ten digits (see the README there). Each case is checked on the input and on every hidden layer.

use std::collections::BTreeMap;
use std::sync::Arc;

use kirchhoff_circuit::LayeredCircuit;
use kirchhoff_compile::{Assignment, Bounds, Composite, LayerPattern, MaximumPooling, Rule, compile};
use kirchhoff_evaluate::{Annotations, Bookkeeping, Keep, stream};
use kirchhoff_network::import::{self, ImportOptions};
use kirchhoff_network::{Execution, Network, canonical};
use kirchhoff_semiring::{Annotation, Embed, SemiringInfo, SemiringVisitor, visit};
use safetensors::SafeTensors;
use serde::Deserialize;

mod reference;

use reference::{floats, folder, worst_error};

#[derive(Deserialize)]
struct Cases {
    modules: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    semiring: String,
    #[serde(default)]
    theta: String,
    #[serde(default)]
    composite: Option<String>,
    start: String,
    maxpool: String,
    #[serde(default)]
    rules: BTreeMap<String, Vec<serde_json::Value>>,
    #[serde(default)]
    thetas: BTreeMap<String, f32>,
}

/// The network of a folder, as the importers read it, in canonical form.
fn network(name: &str, file: &str) -> Network {
    let folder = folder(name);
    let description = folder.join("architecture.toml");
    let options = ImportOptions {
        architecture: (file.ends_with("safetensors") && description.exists()).then_some(&*description),
        ..ImportOptions::default()
    };
    canonical(&import::read(&folder.join(file), &options).unwrap().network).unwrap()
}

/// Evaluates a case over its semiring and projects the relevance of every tensor to float64.
struct Evaluate<'a> {
    circuit: &'a LayeredCircuit,
    annotations: Annotations,
    start: Vec<f32>,
    from_one: bool,
}

impl SemiringVisitor for Evaluate<'_> {
    type Output = BTreeMap<String, Vec<f64>>;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> Self::Output {
        self.annotations.check(self.circuit, &info.name, semiring.carrier()).unwrap();
        let value = |&start: &f32| match (self.from_one, start != 0.0) {
            (_, false) => semiring.zero(),
            (true, true) => semiring.one(),
            (false, true) => semiring.embed(start),
        };
        let start: Vec<_> = self.start.iter().map(value).collect();
        let mut keep = Keep::all(self.circuit);
        stream(self.circuit, &semiring, &self.annotations, &start, Bookkeeping::default(), &mut keep, &()).unwrap();
        keep.into_relevance()
            .map(|(tensor, relevance)| {
                let name = self.circuit.tensor(tensor).name.clone();
                (name, relevance.iter().map(|value| semiring.project(value)).collect())
            })
            .collect()
    }
}

fn check(name: &str, file: &str) {
    let network = network(name, file);
    println!("{name}/{file}");
    let folder = folder(name);
    let cases: Cases = serde_json::from_slice(&std::fs::read(folder.join("cases.json")).unwrap()).unwrap();
    let bytes = std::fs::read(folder.join("expected.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    let inputs: Vec<f32> = floats(&expected, "inputs").into_iter().map(|value| value as f32).collect();
    let labels: Vec<usize> = floats(&expected, "labels").into_iter().map(|label| label as usize).collect();
    let execution = Execution::run(Arc::new(network.clone()), &inputs, labels.len(), &()).unwrap();
    let logits = floats(&expected, "logits");
    let worst = worst_error(&execution.outputs().iter().map(|&v| f64::from(v)).collect::<Vec<_>>(), &logits);
    println!("{name:10} {:32} worst error {worst:.1e}", "logits");
    assert!(worst < 1e-5);

    // Both networks are chains: the first node is the input, and node i + 1 is module i, whatever the file calls it.
    let names: Vec<String> = network.nodes().map(|(_, node)| node.name.clone()).collect();
    assert_eq!(names.len(), cases.modules.len() + 1);
    let mut compared = 0;
    for case in &cases.cases {
        let circuit = compile(&execution, &assignment(case, &cases.modules, &names[1..])).unwrap();
        let annotation = |layer: &kirchhoff_circuit::Layer| {
            let annotation: Annotation =
                if case.theta.is_empty() { "identity" } else { &case.theta[..] }.parse().unwrap();
            let module = names.iter().position(|name| *name == layer.name).unwrap() - 1;
            match case.thetas.get(&module.to_string()) {
                Some(&theta) => annotation.with_theta(theta).unwrap(),
                None => annotation,
            }
        };
        let annotations = Annotations::new(circuit.layers().iter().map(annotation).collect());
        let from_one = case.start == "one";
        let mut start = vec![0.0; execution.outputs().len()];
        for (input, &label) in labels.iter().enumerate() {
            let index = input * execution.output(input).len() + label;
            start[index] = if from_one { 1.0 } else { execution.outputs()[index] };
        }
        let relevance = visit(&case.semiring, Evaluate { circuit: &circuit, annotations, start, from_one }).unwrap();
        let exact = case.thetas.values().all(|&theta| theta == 1e-9);
        let thresholds = !case.thetas.is_empty();
        let mut report = String::new();
        for module in 0..cases.modules.len() {
            let key = match &case.composite {
                Some(_) if module == 0 => case.name.clone(),
                _ => format!("{}/before_module_{module}", case.name),
            };
            if !expected.names().contains(&&key[..]) {
                continue;
            }
            let (got, wanted) = (&relevance[&names[module]], floats(&expected, &key));
            assert_eq!(got.len(), wanted.len(), "{key}");
            compared += 1;
            if thresholds {
                let wrong = got.iter().zip(&wanted).filter(|(got, wanted)| got != wanted).count();
                report += &format!(" {module}:{wrong}/{}", wanted.len());
                let allowed = if exact { 0 } else { wanted.len() / 500 };
                assert!(wrong <= allowed, "{name} {key}: {wrong} of {} entries differ", wanted.len());
            } else {
                let worst = worst_error(got, &wanted);
                report += &format!(" {module}:{worst:.1e}");
                assert!(worst < 1e-4, "{name} {key}: worst error {worst:.1e} of the largest magnitude");
            }
        }
        println!("{name:10} {:32}{report}", case.name);
    }
    assert_eq!(compared, expected.names().len() - 3, "every expected tensor but inputs, labels and logits");
}

fn assignment(case: &Case, modules: &[String], layers: &[String]) -> Assignment {
    let pooling = if case.maxpool == "winner" { MaximumPooling::Winner } else { MaximumPooling::Average };
    let base: Assignment = match &case.composite {
        Some(composite) => composite.parse::<Composite>().unwrap().into(),
        None => Rule::ZERO.into(),
    };
    let bounds = Bounds { low: [0.0].into(), high: [1.0].into() };
    let mut assignment = base.with_maximum_pooling(pooling).with_bounds(bounds);
    for (module, rule) in &case.rules {
        if case.maxpool == "winner" && modules[module.parse::<usize>().unwrap()].starts_with("MaxPool") {
            // The reference lists a rule for its maximum pool even where the winner takes all.
            continue;
        }
        let (name, parameters) = rule.split_first().unwrap();
        let parameters: Vec<_> = parameters.iter().map(|value| value.to_string()).collect();
        let text = if parameters.is_empty() {
            name.as_str().unwrap().to_string()
        } else {
            format!("{}({})", name.as_str().unwrap(), parameters.join(","))
        };
        let layer = LayerPattern::new(&layers[module.parse::<usize>().unwrap()]).unwrap();
        assignment = assignment.choose(layer, text.parse().unwrap());
    }
    assignment
}

#[test]
fn the_perceptron_from_safetensors() {
    check("mnist-mlp", "model.safetensors");
}

#[test]
fn the_perceptron_from_onnx() {
    check("mnist-mlp", "model.onnx");
}

#[test]
fn the_convolutional_network_from_safetensors() {
    check("mnist-cnn", "model.safetensors");
}

#[test]
fn the_convolutional_network_from_onnx() {
    check("mnist-cnn", "model.onnx");
}
