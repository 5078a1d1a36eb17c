//! The strongest paths through layered circuits are those of gate circuits.

use std::collections::HashSet;

use kirchhoff::ask::strongest_paths;
use kirchhoff::explain::{GateOptions, Question, Symbolic, compile_gates};
use kirchhoff_compile::compile;
use kirchhoff_evaluate::{Bookkeeping, Keep, PathError, Paths, RelevancePath, stream};
use kirchhoff_network::Execution;
use kirchhoff_semiring::{Annotation, Viterbi};

use crate::network::{Sort, network};
use crate::random::{Random, Verdict, cases};

const COUNT: usize = 4;

#[test]
fn paths_of_layers_are_paths_of_gates() {
    cases("paths", 120, 7, &|seed, size| {
        let mut random = Random::new(seed);
        let description = network(&mut random, size, Sort::default());
        let inputs = description.inputs(&mut random, 2);
        let execution = Execution::run(description.network(), &inputs, 2, &()).map_err(|error| error.to_string())?;
        let mut question = Question::new("viterbi").unwrap();
        if random.chance(0.3) {
            question = question.with_annotation(Annotation::Keep(0.2));
        }
        let circuit = compile(&execution, &question.assignment).map_err(|error| error.to_string())?;
        let annotations = question.annotations(&circuit).unwrap();
        let number = random.below(2);
        let outputs = circuit.tensor(circuit.output()).size();
        let mut start = vec![0.0_f32; 2 * outputs];
        for (execution, targets) in question.resolve(&circuit).unwrap().into_iter().enumerate() {
            targets.into_iter().for_each(|(output, _)| start[execution * outputs + output] = 1.0);
        }
        let mut keep = Keep::all(&circuit);
        stream(&circuit, &Viterbi, &annotations, &start, Bookkeeping::default(), &mut keep, &()).unwrap();
        let mut paths = Paths::new(&circuit, &annotations, &keep, number, COUNT).unwrap();

        let options = GateOptions { execution: number, symbolic: Symbolic::Edges, ..GateOptions::default() };
        let (gates, notes) = compile_gates(&execution, &question, &options, &()).map_err(|error| error.to_string())?;
        let mut asked = question.clone();
        asked.targets.truncate(1);
        let expected = strongest_paths(&gates, &notes, &asked, COUNT, &()).map_err(|error| error.to_string())?;
        let input = circuit.input();
        assert_eq!(expected.len(), circuit.tensor(input).size());
        for (neuron, expected) in expected.iter().enumerate() {
            let found = paths.from(input, neuron, &()).unwrap();
            check(&circuit, input, &found);
            let weights = |weights: Vec<f64>| weights.into_iter().filter(|&weight| weight > 1e-30).collect::<Vec<_>>();
            let got = weights(found.iter().map(|path| path.weight).collect());
            let wanted = weights(expected.paths.iter().map(|path| path.weight).collect());
            if got.len() != wanted.len() || got.iter().zip(&wanted).any(|(a, b)| (a - b).abs() > 1e-5 * a.max(*b)) {
                return Err(format!("neuron {neuron}: {got:?}, in gates {wanted:?}"));
            }
        }
        Ok(Verdict::Compared)
    });
}

/// Paths are joined, weigh what their edges weigh, end at the output, and are not twice the same.
fn check(circuit: &kirchhoff_circuit::LayeredCircuit, from: kirchhoff_circuit::TensorId, paths: &[RelevancePath]) {
    let mut seen = HashSet::new();
    for path in paths {
        let mut tensor = from;
        let mut product = 1.0;
        for step in &path.steps {
            let layer = &circuit.layers()[step.layer];
            assert!(
                layer.links.iter().any(|link| link.source == tensor),
                "an edge of {} leaves the neuron",
                layer.name
            );
            assert!(step.neuron < circuit.tensor(layer.destination).size());
            tensor = layer.destination;
            product *= f64::from(step.weight);
        }
        assert_eq!(tensor, circuit.output());
        assert!((product - path.weight).abs() <= 1e-5 * product, "{product} and {}", path.weight);
        let steps: Vec<_> = path.steps.iter().map(|step| (step.layer, step.neuron, step.weight.to_bits())).collect();
        seen.insert(steps);
    }
    assert!(seen.len() == paths.len() || paths.len() > 1, "a path is there once, or its neurons are joined twice");
    assert!(paths.windows(2).all(|pair| pair[0].weight >= pair[1].weight * (1.0 - 1e-6)), "the strongest first");
}

#[test]
fn what_paths_cannot_follow_is_refused() {
    let mut random = Random::new(1);
    let description = network(&mut random, 4, Sort::default());
    let inputs = description.inputs(&mut random, 1);
    let execution = Execution::run(description.network(), &inputs, 1, &()).unwrap();
    let question = Question::new("viterbi").unwrap();
    let circuit = compile(&execution, &question.assignment).unwrap();
    let annotations = question.annotations(&circuit).unwrap();
    let mut start = vec![0.0_f32; circuit.tensor(circuit.output()).size()];
    start[0] = 1.0;
    let mut keep = Keep::all(&circuit);
    stream(&circuit, &Viterbi, &annotations, &start, Bookkeeping::default(), &mut keep, &()).unwrap();
    let size = circuit.tensor(circuit.input()).size();
    let mut paths = Paths::new(&circuit, &annotations, &keep, 0, 2).unwrap().with_limit(0);
    let error = paths.from(circuit.input(), size, &()).unwrap_err();
    assert!(error.to_string().contains(&format!("no neuron {size}")), "{error}");
    let relevant = (0..size).find(|&neuron| keep.relevance(circuit.input()).unwrap()[neuron] > 0.0).unwrap();
    assert_eq!(paths.from(circuit.input(), relevant, &()).unwrap_err(), PathError::Steps { limit: 0 });
    let ranks = question.with_annotation(Annotation::Rank).annotations(&circuit).unwrap();
    let error = Paths::new(&circuit, &ranks, &keep, 0, 2).err().unwrap().to_string();
    assert!(error.contains("`rank`"), "{error}");
}
