//! The strongest paths through layered circuits are those of gate circuits, and those that a list of the best at every neuron
//! has.

use std::collections::HashSet;

use kirchhoff::ask::{PathsOf, layer_paths, strongest_paths};
use kirchhoff::explain::{ExplainError, GateOptions, Neurons, Question, Symbolic, Target, compile_gates};
use kirchhoff_circuit::{LayeredCircuit, TensorId};
use kirchhoff_compile::compile;
use kirchhoff_evaluate::{Annotations, Bookkeeping, Keep, PathError, Paths, RelevancePath, stream};
use kirchhoff_kernel::Scratch;
use kirchhoff_network::Execution;
use kirchhoff_semiring::{
    Annotation, DefaultStart, Embed, Law, SemiringInfo, SemiringVisitor, Viterbi, semirings, visit,
};

use crate::network::{Sort, network};
use crate::random::{Random, Verdict, cases};

const COUNT: usize = 4;

#[test]
fn paths_of_layers_are_paths_of_gates() {
    cases("paths", 120, 7, &|seed, size| {
        let mut random = Random::new(seed);
        let description = network(&mut random, size, Sort::default());
        let inputs = description.inputs(&mut random, 1);
        let execution = Execution::run(description.network(), &inputs, 1, &()).map_err(|error| error.to_string())?;
        let mut question = Question::new("viterbi").unwrap();
        if random.chance(0.3) {
            question = question.with_annotation(Annotation::Keep(0.2));
        }
        let circuit = compile(&execution, &question.assignment).map_err(|error| error.to_string())?;
        let options = GateOptions { symbolic: Symbolic::Edges, ..GateOptions::default() };
        let (gates, notes) = compile_gates(&execution, &question, &options, &()).map_err(|error| error.to_string())?;
        let expected = strongest_paths(&gates, &notes, &question, COUNT, &()).map_err(|error| error.to_string())?;
        let all = PathsOf::Neurons(Vec::new());
        let found = layer_paths(&circuit, &question, &all, COUNT, None, &()).map_err(|error| error.to_string())?;
        assert_eq!(expected.len(), found.len());
        let weights = |paths: &[kirchhoff::ask::RelevancePath]| -> Vec<f64> {
            paths.iter().map(|path| path.weight).filter(|&weight| weight > 1e-30).collect()
        };
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.name, expected.name);
            let (got, wanted) = (weights(&found.paths), weights(&expected.paths));
            if !alike(&got, &wanted) {
                return Err(format!("{}: {got:?}, in gates {wanted:?}", found.name));
            }
            // Where one path alone is the best, it has the same edges under the same names.
            if let ([first, rest @ ..], [wanted, ..]) = (&found.paths[..], &expected.paths[..])
                && rest.iter().all(|path| path.weight < 0.999 * first.weight)
                && first.weight > 1e-30
            {
                let names = |path: &kirchhoff::ask::RelevancePath| {
                    path.edges.iter().map(|edge| edge.name.clone()).collect::<Vec<_>>()
                };
                // A name that two edges have is told apart in gates alone.
                let plain = |name: &String| name.split('#').next().unwrap_or_default().to_string();
                assert_eq!(names(first), names(wanted).iter().map(plain).collect::<Vec<_>>());
            }
        }
        Ok(Verdict::Compared)
    });
}

fn alike(got: &[f64], wanted: &[f64]) -> bool {
    let near = |(a, b): (&f64, &f64)| a == b || (a - b).abs() <= 1e-5 * a.abs().max(b.abs()).max(1e-3);
    got.len() == wanted.len() && got.iter().zip(wanted).all(near)
}

/// The weights of the best paths from every neuron of every tensor, by lists of the best that are merged edge by edge.
struct Lists<'a> {
    circuit: &'a LayeredCircuit,
    question: &'a Question,
    annotations: Annotations,
    execution: usize,
}

impl SemiringVisitor for Lists<'_> {
    /// The numbers of the best paths of each neuron of each tensor.
    type Output = Vec<Vec<Vec<f64>>>;

    fn visit<S: Embed + Clone + 'static>(self, _: &'static SemiringInfo, semiring: S) -> Self::Output {
        let Lists { circuit, question, annotations, execution } = self;
        let conditions = question.conditions(circuit).unwrap();
        let better = |a: &S::Value, b: &S::Value| a != b && semiring.plus(a, b) == *a;
        let mut best: Vec<Vec<Vec<S::Value>>> =
            circuit.tensors().iter().map(|tensor| vec![Vec::new(); tensor.size()]).collect();
        for (output, sign) in question.resolve(circuit).unwrap().swap_remove(execution) {
            let start = match question.start {
                DefaultStart::One => semiring.one(),
                DefaultStart::Logit => semiring.embed(sign * circuit.outputs(execution)[output]),
            };
            best[circuit.output().index()][output].push(start);
        }
        let exclude = |best: &mut Vec<Vec<S::Value>>, tensor: TensorId| {
            conditions.excluded(tensor, best.len()).into_iter().for_each(|neuron| best[neuron].clear());
        };
        for (index, layer) in circuit.layers().iter().enumerate().rev() {
            if layer.destination > circuit.output() {
                continue;
            }
            exclude(&mut best[layer.destination.index()], layer.destination);
            let contributions = circuit.contributions(layer, &()).unwrap();
            let destinations = best[layer.destination.index()].clone();
            for (number, link) in layer.links.iter().enumerate() {
                if conditions.leads_past(link.source, layer.destination) {
                    continue;
                }
                let edges = circuit.edges_in(layer, number, &contributions, execution);
                let sources = edges.wiring.sources();
                for first in (0..sources).step_by(edges.wiring.source_block()) {
                    let block = first..(first + edges.wiring.source_block()).min(sources);
                    edges.leaving(block, &mut Scratch::default(), |run, contributions| {
                        for (at, &d) in contributions.iter().enumerate() {
                            let theta = match layer.is_annotated() {
                                true => annotations.of(index).apply(&semiring, d),
                                false => semiring.one(),
                            };
                            let list = &mut best[link.source.index()][run.source_at(at)];
                            for weight in &destinations[run.destination_at(at)] {
                                let weight = semiring.times(&theta, weight);
                                if !semiring.is_zero(&weight) {
                                    let place = list.partition_point(|other| !better(&weight, other));
                                    list.insert(place, weight);
                                    list.truncate(COUNT);
                                }
                            }
                        }
                    });
                }
            }
        }
        for &input in circuit.inputs() {
            exclude(&mut best[input.index()], input);
            if conditions.ends_before(input) {
                best[input.index()].iter_mut().for_each(Vec::clear);
            }
        }
        let shown = |list: &Vec<S::Value>| list.iter().map(|weight| semiring.project(weight)).collect();
        best.iter().map(|tensor| tensor.iter().map(shown).collect()).collect()
    }
}

#[test]
fn paths_are_the_best_of_all_in_every_selective_semiring() {
    let selective: Vec<&SemiringInfo> = semirings().iter().filter(|info| info.laws.has(Law::Selective)).collect();
    for name in ["viterbi", "tropical", "max-plus", "bottleneck", "fuzzy"] {
        assert!(selective.iter().any(|info| info.name == name), "{name}");
    }
    cases("best paths", 150, 8, &|seed, size| {
        let mut random = Random::new(seed);
        let description = network(&mut random, size, Sort::default());
        let inputs = description.inputs(&mut random, 2);
        let execution = Execution::run(description.network(), &inputs, 2, &()).map_err(|error| error.to_string())?;
        let info = random.pick(&selective);
        let mut question = Question::new(&info.name).unwrap();
        let whole = compile(&execution, &question.assignment).map_err(|error| error.to_string())?;
        let of = |random: &mut Random, last: TensorId| {
            let tensor = &whole.tensors()[random.below(last.index() + 1)];
            let place = match tensor.shape.len() {
                1 => random.below(tensor.shape[0]).to_string(),
                axes => format!("{}{}", random.below(tensor.shape[0]), ",:".repeat(axes - 1)),
            };
            Neurons { layer: tensor.name.clone(), place }
        };
        let mut start = whole.output();
        if random.chance(0.4) {
            let plus = of(&mut random, whole.output());
            start = whole.find(&plus.layer).unwrap();
            question.targets = vec![Target::Neurons { plus: vec![plus], minus: Vec::new() }];
        }
        question.removed = (0..random.below(2)).map(|_| of(&mut random, start)).collect();
        if random.chance(0.2) {
            question.through = vec![of(&mut random, start)];
        }
        let circuit = question.started(&whole).unwrap();
        let number = random.below(2);
        let lists = Lists {
            circuit: &circuit,
            question: &question,
            annotations: question.annotations(&circuit).unwrap(),
            execution: number,
        };
        let wanted = visit(&info.name, lists).unwrap();
        let mut paths =
            kirchhoff::explain::strongest_paths(&circuit, &question, COUNT, &()).map_err(|error| error.to_string())?;
        paths.choose(number);
        let weights = |found: &[RelevancePath<f64>]| found.iter().map(|path| path.weight).collect::<Vec<_>>();
        let of_input = |input: &TensorId| wanted[input.index()].iter().flatten().copied().collect::<Vec<f64>>();
        let mut all: Vec<f64> = circuit.inputs().iter().flat_map(of_input).collect();
        for &input in circuit.inputs() {
            for (neuron, wanted) in wanted[input.index()].iter().enumerate() {
                let found = paths.from(input, neuron, &()).map_err(|error| error.to_string())?;
                check(&circuit, (input, neuron), &found);
                // What underflows is no path in numbers of half the length.
                if !alike(&weights(&found), wanted) && wanted.iter().all(|weight| weight.abs() > 1e-30) {
                    return Err(format!("{}: neuron {neuron}: {:?}, of all {wanted:?}", info.name, weights(&found)));
                }
            }
        }
        // The zero of the semiring is worst: better ones come first.
        all.sort_by(|a, b| if info.zero_number > 0.0 { a.total_cmp(b) } else { b.total_cmp(a) });
        all.truncate(COUNT);
        let found = paths.overall(&()).map_err(|error| error.to_string())?;
        if !alike(&weights(&found), &all) && all.iter().all(|weight| weight.abs() > 1e-30) {
            return Err(format!("{}: overall {:?}, of all {all:?}", info.name, weights(&found)));
        }
        found.iter().for_each(|path| check(&circuit, (path.tensor, path.neuron), std::slice::from_ref(path)));
        Ok(Verdict::Compared)
    });
}

/// Paths are joined, begin and end where they should, and are not twice the same.
fn check(circuit: &LayeredCircuit, (from, neuron): (TensorId, usize), paths: &[RelevancePath<f64>]) {
    let mut seen = HashSet::new();
    for path in paths {
        assert_eq!((path.tensor, path.neuron), (from, neuron));
        let mut tensor = from;
        for step in &path.steps {
            let layer = &circuit.layers()[step.layer];
            assert_eq!(layer.links[step.link].source, tensor, "an edge of {} leaves the neuron", layer.name);
            assert!(step.neuron < circuit.tensor(layer.destination).size());
            tensor = layer.destination;
        }
        assert_eq!(tensor, circuit.output());
        let steps: Vec<_> =
            path.steps.iter().map(|step| (step.layer, step.link, step.neuron, step.weight.to_bits())).collect();
        seen.insert(steps);
    }
    assert!(seen.len() == paths.len() || paths.len() > 1, "a path is there once, or its neurons are joined twice");
}

/// Many paths that are equally strong are found one after the other, and not all at once.
#[test]
fn a_path_costs_a_step_for_each_of_its_edges() {
    let mut random = Random::new(3);
    let description = network(&mut random, 8, Sort::default());
    let inputs = description.inputs(&mut random, 1);
    let execution = Execution::run(description.network(), &inputs, 1, &()).unwrap();
    // Every edge that is kept weighs 1.
    let question = Question::new("viterbi").unwrap().with_annotation(Annotation::Threshold(-1e9));
    let circuit = compile(&execution, &question.assignment).unwrap();
    let annotations = question.annotations(&circuit).unwrap();
    let start = vec![1.0_f32; circuit.tensor(circuit.output()).size()];
    let mut keep = Keep::all(&circuit);
    stream(&circuit, &Viterbi, &annotations, &start, Bookkeeping::default(), &mut keep, &()).unwrap();
    let weight = |layer: usize, d: f32| annotations.of(layer).apply(&Viterbi, d);
    let (count, longest) = (20, circuit.layers().len() + 1);
    let mut paths = Paths::new(&circuit, &Viterbi, weight, keep, count).unwrap().with_limit(count * longest);
    assert_eq!(paths.overall(&()).unwrap().len(), count);
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
    let relevant = (0..size).find(|&neuron| keep.relevance(circuit.input()).unwrap()[neuron] > 0.0).unwrap();
    let weight = |layer: usize, d: f32| annotations.of(layer).apply(&Viterbi, d);
    let mut paths = Paths::new(&circuit, &Viterbi, weight, keep, 2).unwrap().with_limit(0);
    let error = paths.from(circuit.input(), size, &()).unwrap_err();
    assert!(error.to_string().contains(&format!("no neuron {size}")), "{error}");
    assert_eq!(paths.from(circuit.input(), relevant, &()).unwrap_err(), PathError::Steps { count: 2, limit: 0 });
    let refused = |question: &Question| {
        let circuit = compile(&execution, &question.assignment).unwrap();
        kirchhoff::explain::strongest_paths(&circuit, question, 2, &()).err().unwrap()
    };
    let error = refused(&question.with_annotation(Annotation::Rank)).to_string();
    assert!(error.contains("`rank`"), "{error}");
    let error = refused(&Question::new("counting").unwrap());
    assert_eq!(error, ExplainError::Paths(PathError::NotSelective));
}
