//! Relevance from hidden layers, through some neurons only and without others: what it is path by path, and in gates.

use std::cell::Cell;

use kirchhoff::ask::removal;
use kirchhoff_circuit::{LayeredCircuit, TensorId};
use kirchhoff_compile::{LayerPattern, compile};
use kirchhoff_evaluate::Annotations;
use kirchhoff_explain::{
    ExplainError, GateOptions, Neurons, Question, Symbolic, Target, compile_gates, evaluate_gates, explain,
};
use kirchhoff_kernel::Scratch;
use kirchhoff_network::Execution;
use kirchhoff_semiring::{DefaultStart, Embed, SemiringInfo, SemiringVisitor, semirings, visit};

use crate::network::{Sort, network};
use crate::random::{Random, Verdict, cases};

const BATCH: usize = 2;

/// Relevance of the inputs in one execution, by walking edges with the tensors that each path has passed.
struct Naive<'a> {
    circuit: &'a LayeredCircuit,
    annotations: Annotations,
    execution: usize,
    start: TensorId,
    /// The neurons that start, with their signs.
    targets: Vec<(usize, f32)>,
    from_activations: bool,
    through: Vec<(TensorId, Vec<usize>)>,
    removed: Vec<(TensorId, Vec<usize>)>,
}

impl Naive<'_> {
    /// What a path has passed once it is at a neuron; nothing where it must not be there.
    fn passed(&self, before: usize, tensor: TensorId, neuron: usize) -> Option<usize> {
        let is_removed = |(at, neurons): &(TensorId, Vec<usize>)| *at == tensor && neurons.contains(&neuron);
        if self.removed.iter().any(is_removed) {
            return None;
        }
        let mut passed = before;
        for (bit, (at, neurons)) in self.through.iter().enumerate() {
            match *at == tensor {
                true if neurons.contains(&neuron) => passed |= 1 << bit,
                true => return None,
                false => {}
            }
        }
        Some(passed)
    }
}

impl SemiringVisitor for Naive<'_> {
    type Output = Vec<f64>;

    fn visit<S: Embed + Clone + 'static>(self, _: &'static SemiringInfo, semiring: S) -> Vec<f64> {
        let circuit = self.circuit;
        let states = 1 << self.through.len();
        let size = |tensor: TensorId| circuit.tensor(tensor).size();
        // For each tensor, neuron and set of passed tensors.
        let mut relevance: Vec<Vec<S::Value>> =
            circuit.tensors().iter().map(|tensor| vec![semiring.zero(); tensor.size() * states]).collect();
        let activations = &circuit.tensor(self.start).activations[self.execution * size(self.start)..];
        for &(neuron, sign) in &self.targets {
            if let Some(passed) = self.passed(0, self.start, neuron) {
                let start = if self.from_activations { activations[neuron] } else { 1.0 };
                let is_one = !self.from_activations && sign > 0.0;
                relevance[self.start.index()][neuron * states + passed] =
                    if is_one { semiring.one() } else { semiring.embed(sign * start) };
            }
        }
        for (index, layer) in circuit.layers().iter().enumerate().rev() {
            if layer.destination > self.start {
                continue;
            }
            let contributions = circuit.contributions(layer, &()).unwrap();
            let destinations = relevance[layer.destination.index()].clone();
            for (number, link) in layer.links.iter().enumerate() {
                let edges = circuit.edges_in(layer, number, &contributions, self.execution);
                let sources = edges.wiring.sources();
                for first in (0..sources).step_by(edges.wiring.source_block()) {
                    let block = first..(first + edges.wiring.source_block()).min(sources);
                    edges.leaving(block, &mut Scratch::default(), |run, contributions| {
                        for (at, &d) in contributions.iter().enumerate() {
                            let theta = match layer.is_annotated() {
                                true => self.annotations.of(index).apply(&semiring, d),
                                false => semiring.one(),
                            };
                            let (source, destination) = (run.source_at(at), run.destination_at(at));
                            for before in 0..states {
                                let Some(passed) = self.passed(before, link.source, source) else { continue };
                                let product = semiring.times(&theta, &destinations[destination * states + before]);
                                let sum = &mut relevance[link.source.index()][source * states + passed];
                                *sum = semiring.plus(sum, &product);
                            }
                        }
                    });
                }
            }
        }
        let all = |&input: &TensorId| -> Vec<f64> {
            let values = relevance[input.index()].chunks(states);
            values.map(|values| semiring.project(&values[states - 1])).collect()
        };
        circuit.inputs().iter().flat_map(all).collect()
    }
}

/// A random part of a tensor: a neuron, an entry of its first axis, or all.
fn part(random: &mut Random, shape: &[usize]) -> String {
    let index = |random: &mut Random, length: &usize| random.below((*length).max(1)).to_string();
    match random.below(4) {
        0 => "*".to_string(),
        1 => shape.iter().map(|length| index(random, length)).collect::<Vec<_>>().join(","),
        2 if shape.len() > 1 => format!("{}{}", index(random, &shape[0]), ",:".repeat(shape.len() - 1)),
        _ => {
            let last = shape.last().copied().unwrap_or(1);
            let range = format!("{}:", random.below(last));
            [vec![":".to_string(); shape.len() - 1], vec![range]].concat().join(",")
        }
    }
}

fn neurons(random: &mut Random, circuit: &LayeredCircuit, last: TensorId) -> Neurons {
    let tensor = &circuit.tensors()[random.below(last.index() + 1)];
    Neurons { layer: tensor.name.clone(), place: part(random, &tensor.shape) }
}

/// A random question about a random network: from where, through what, and without what.
fn question(random: &mut Random, circuit: &LayeredCircuit, semiring: &str) -> Question {
    let mut question = Question::new(semiring).unwrap();
    let mut start = circuit.output();
    if random.chance(0.7) {
        let plus = neurons(random, circuit, circuit.output());
        start = circuit.find(&plus.layer).unwrap();
        question.targets = vec![Target::Neurons { plus: vec![plus], minus: Vec::new() }];
    }
    question.through = (0..random.below(3)).map(|_| neurons(random, circuit, start)).collect();
    question.removed = (0..random.below(3)).map(|_| neurons(random, circuit, start)).collect();
    question
}

fn close(got: &[f64], wanted: &[f64], tolerance: f64) -> bool {
    let largest = wanted.iter().filter(|value| value.is_finite()).fold(0.0_f64, |a, b| a.max(b.abs()));
    let near = |(a, b): (&f64, &f64)| a == b || (a - b).abs() <= tolerance * largest.max(1e-6);
    got.len() == wanted.len() && got.iter().zip(wanted).all(near)
}

/// The values of the inputs of an execution.
fn of_inputs(answer: &kirchhoff_explain::Answer, circuit: &LayeredCircuit, execution: usize) -> Vec<f64> {
    let values = |input: &TensorId| {
        let input = circuit.tensor(*input);
        let tensor = answer.tensors.iter().find(|tensor| tensor.name == input.name).unwrap();
        let all = tensor.values.to_f64();
        let size = input.size();
        if all.len() == size { all } else { all[execution * size..(execution + 1) * size].to_vec() }
    };
    circuit.inputs().iter().flat_map(values).collect()
}

#[test]
fn conditions_are_those_of_paths() {
    let relevant = Cell::new(0);
    cases("conditions", 150, 9, &|seed, size| {
        let mut random = Random::new(seed);
        let description = network(&mut random, size, Sort::default());
        let inputs = description.inputs(&mut random, BATCH);
        let execution =
            Execution::run(description.network(), &inputs, BATCH, &()).map_err(|error| error.to_string())?;
        let info = random.pick(semirings());
        let plain = Question::new(&info.name).unwrap();
        let circuit = compile(&execution, &plain.assignment).map_err(|error| error.to_string())?;
        let question = question(&mut random, &circuit, &info.name);
        let answer = explain(&execution, &question, &()).map_err(|error| error.to_string())?;
        let started = question.started(&circuit).unwrap();
        let targets = question.resolve(&started).unwrap();
        let find = |all: &[Neurons]| {
            let mut merged: Vec<(TensorId, Vec<usize>)> = Vec::new();
            for one in all {
                let (tensor, found) = one.find(&circuit).unwrap();
                match merged.iter_mut().find(|(at, _)| *at == tensor) {
                    Some((_, neurons)) => neurons.extend(found),
                    None => merged.push((tensor, found)),
                }
            }
            merged
        };
        for (number, targets) in targets.iter().enumerate() {
            let naive = Naive {
                circuit: &circuit,
                annotations: question.annotations(&circuit).unwrap(),
                execution: number,
                start: started.output(),
                targets: targets.clone(),
                from_activations: question.start == DefaultStart::Logit,
                through: find(&question.through),
                removed: find(&question.removed),
            };
            let wanted = visit(&info.name, naive).unwrap();
            let got = of_inputs(&answer, &circuit, number);
            relevant.set(relevant.get() + usize::from(wanted.iter().any(|value| *value != info.zero_number)));
            if !close(&got, &wanted, 1e-4) {
                return Err(format!("{}: {question:?}\n{got:?}\npath by path {wanted:?}", info.name));
            }

            let options = GateOptions { execution: number, ..GateOptions::default() };
            let (gates, notes) =
                compile_gates(&execution, &question, &options, &()).map_err(|error| error.to_string())?;
            let mut one = question.clone();
            one.targets.truncate(1);
            let folded = evaluate_gates(&gates, &notes, &one, &()).map_err(|error| error.to_string())?;
            if !close(&of_inputs(&folded, &circuit, number), &wanted, 1e-4) {
                return Err(format!("{}: {question:?}: gates differ", info.name));
            }
        }
        Ok(Verdict::Compared)
    });
    // Conditions leave something in many cases.
    assert!(relevant.get() > 75, "{} of {}", relevant.get(), 150 * BATCH);
}

#[test]
fn what_is_removed_is_what_is_removed_of_gates() {
    cases("removed", 60, 7, &|seed, size| {
        let mut random = Random::new(seed);
        let description = network(&mut random, size, Sort::default());
        let inputs = description.inputs(&mut random, 1);
        let execution = Execution::run(description.network(), &inputs, 1, &()).map_err(|error| error.to_string())?;
        let info = random.pick(semirings());
        let plain = Question::new(&info.name).unwrap();
        let circuit = compile(&execution, &plain.assignment).map_err(|error| error.to_string())?;
        let removed = neurons(&mut random, &circuit, circuit.output());
        let (tensor, found) = removed.find(&circuit).unwrap();
        let layer = &circuit.tensor(tensor).name;
        let options = GateOptions {
            symbolic: Symbolic::Neurons(vec![LayerPattern::new(layer).unwrap()]),
            ..GateOptions::default()
        };
        let (gates, notes) = compile_gates(&execution, &plain, &options, &()).map_err(|error| error.to_string())?;
        let shape = &circuit.tensor(tensor).shape;
        let names: Vec<String> =
            found.iter().map(|&neuron| kirchhoff_circuit::neuron_name(layer, shape, neuron)).collect();
        let is_removed = |name: &str| names.iter().any(|removed| removed == name);
        let [_, left] = removal(&gates, &notes, &plain, &is_removed, &()).map_err(|error| error.to_string())?;
        let question = Question { removed: vec![removed], ..plain };
        let answer = explain(&execution, &question, &()).map_err(|error| error.to_string())?;
        let (got, wanted) = (of_inputs(&answer, &circuit, 0), of_inputs(&left, &circuit, 0));
        match close(&got, &wanted, 1e-4) {
            true => Ok(Verdict::Compared),
            false => Err(format!("{}: {names:?}: {got:?}, in gates {wanted:?}", info.name)),
        }
    });
}

#[test]
fn what_is_not_there_or_comes_too_late_is_refused() {
    let mut random = Random::new(5);
    let description = network(&mut random, 6, Sort::default());
    let inputs = description.inputs(&mut random, 1);
    let execution = Execution::run(description.network(), &inputs, 1, &()).unwrap();
    let circuit = compile(&execution, &Question::new("real").unwrap().assignment).unwrap();
    let [first, .., last] = circuit.tensors() else { panic!("several layers") };
    let all = |layer: &str| Neurons { layer: layer.to_string(), place: "*".to_string() };
    let ask = |change: &dyn Fn(&mut Question)| {
        let mut question = Question::new("real").unwrap();
        change(&mut question);
        explain(&execution, &question, &()).unwrap_err()
    };
    let target = |neurons: &[Neurons]| vec![Target::Neurons { plus: neurons.to_vec(), minus: Vec::new() }];
    let missing = ask(&|question| question.removed = vec![all("nowhere")]);
    assert!(matches!(missing, ExplainError::NoTensor { .. }), "{missing}");
    let missing = ask(&|question| question.through = vec![Neurons { place: "999".to_string(), ..all(&last.name) }]);
    assert!(missing.to_string().contains("there are no neurons"), "{missing}");
    let behind = ask(&|question| {
        question.targets = target(&[all(&first.name)]);
        question.through = vec![all(&last.name)];
    });
    assert!(matches!(behind, ExplainError::Behind { .. }), "{behind}");
    let several = ask(&|question| question.targets = target(&[all(&first.name), all(&last.name)]));
    assert!(several.to_string().contains("starts from one layer"), "{several}");
    let twice = ask(&|question| question.targets = target(&[all(&last.name), all(&last.name)]));
    assert!(twice.to_string().contains("twice"), "{twice}");
}
