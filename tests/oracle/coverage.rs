//! Thresholds that are chosen to keep a share of each layer, against their definition.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kirchhoff::explain::{Answer, Layers, Question, Registry, explain, explain_all, explain_circuit};
use kirchhoff_compile::{MaximumPooling, Rule, compile};
use kirchhoff_evaluate::{Annotations, Coverage, LayerTheta, choose_thresholds};
use kirchhoff_kernel::Monitor;
use kirchhoff_network::Execution;
use kirchhoff_semiring::{Annotation, Boolean};

use crate::harness::Case;
use crate::network::{Sort, network};
use crate::random::{Random, Verdict, cases};
use crate::rules::Request;

const FLOOR: f64 = Annotation::DEFAULT_THETA as f64;

#[test]
fn a_chosen_threshold_is_the_largest_that_keeps_the_share() {
    cases("coverage", 150, 12, &|seed, size| {
        let mut random = Random::new(seed);
        let description = network(&mut random, size, Sort::default());
        let maximum_pooling = if random.chance(0.5) { MaximumPooling::Winner } else { MaximumPooling::Average };
        let rule = random.pick(&[Rule::ZERO, Rule::gamma(0.25), Rule::alpha_beta(2.0, 1.0), Rule::MAX_ABS]).clone();
        let request = Request { maximum_pooling, ..Request::from(rule) };
        let inputs = description.inputs(&mut random, 2);
        let case = Case::new(description, &request, &inputs, 2)?;
        if !case.is_certain() {
            return Ok(Verdict::Unsuitable);
        }
        // Some layers are given a threshold, and one output of each execution is the target.
        let share = Coverage::new(*random.pick(&[0.05, 0.2, 0.5, 1.0])).unwrap();
        let theta = |_| match random.chance(0.2) {
            true => LayerTheta::Given(Annotation::ThresholdAbs(0.05)),
            false => LayerTheta::Chosen(share),
        };
        let thetas: Vec<LayerTheta> = case.circuit.layers().iter().map(theta).collect();
        let outputs = case.size(case.last());
        let mut start = vec![false; 2 * outputs];
        start.chunks_mut(outputs).for_each(|execution| execution[random.below(outputs)] = true);

        let chosen = choose_thresholds(&case.circuit, &thetas, &start, &()).map_err(|error| error.to_string())?;
        for (execution, annotations) in chosen.iter().enumerate() {
            check(&case, &thetas, share, &start, execution, annotations)?;
        }
        Ok(Verdict::Compared)
    });
}

/// Holds the thresholds of one execution to their definition, given what is relevant under them.
fn check(
    case: &Case,
    thetas: &[LayerTheta],
    share: Coverage,
    start: &[bool],
    execution: usize,
    annotations: &Annotations,
) -> Result<(), String> {
    let relevance = case.evaluate(&Boolean, annotations, start, None).relevance;
    let relevant = |layer: usize, neuron: usize| relevance[layer][execution * case.size(layer) + neuron];
    for (index, layer) in case.circuit.layers().iter().enumerate() {
        let number = case.layer(&layer.name);
        if !layer.is_annotated() || annotations.of(index) == Annotation::ThresholdAbs(0.05) {
            if let LayerTheta::Given(annotation) = thetas[index] {
                assert_eq!(annotations.of(index), annotation);
            }
            continue;
        }
        let Annotation::Threshold(theta) = annotations.of(index) else { return Err("no threshold".to_string()) };
        let theta = f64::from(theta);
        // The largest contribution of each source to a relevant neuron, from below and from above.
        let mut critical: BTreeMap<(usize, usize), (f64, f64)> = BTreeMap::new();
        let contributions = &case.contributions[execution][number].edges;
        for (edge, d) in case.edges[number].iter().zip(contributions) {
            if relevant(number, edge.destination) {
                let least = (f64::NEG_INFINITY, f64::NEG_INFINITY);
                let (low, high) = critical.entry((edge.argument, edge.source)).or_insert(least);
                (*low, *high) = (low.max(d.low()), high.max(d.high()));
            }
        }
        let sources: usize =
            case.description.layers[number].arguments.iter().map(|&argument| case.size(argument)).sum();
        let wanted = (share.share() * sources as f64).ceil() as usize;
        // The interval of an oracle's number is that of its own rounding; the evaluator's is wider.
        let slack = 1e-5 * theta;
        let surely_above = critical.values().filter(|(low, _)| *low > theta + slack).count();
        let perhaps_reached = critical.values().filter(|(_, high)| *high >= theta - slack).count();
        if theta < FLOOR || surely_above >= wanted {
            return Err(format!("layer {}: {surely_above} of {sources} lie above θ = {theta}", layer.name));
        }
        if theta > FLOOR && perhaps_reached < wanted {
            return Err(format!("layer {}: {perhaps_reached} of {sources} reach θ = {theta}", layer.name));
        }
    }
    Ok(())
}

/// Questions that leave thresholds open, in semirings whose sums, maxima and counts are different code.
fn open(rule: &Rule, share: f64) -> Vec<Question> {
    let best = r#"define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(abs(d), 1)")"#;
    let semirings = ["boolean", "counting", "counting-float", "viterbi", "bottleneck", best];
    let question = |text: &&str| {
        let question = Question::of(Registry::built_in().read(text, true).unwrap());
        let question = question.with_rules(rule.clone()).with_coverage(Coverage::new(share).unwrap());
        Question { layers: Layers::All, count_kept: true, ..question }
    };
    semirings.iter().map(question).collect()
}

/// An answer as text that tells all bits apart, but for the time that it took.
fn text(answer: &Answer) -> String {
    format!("{:?}", Answer { time: Duration::ZERO, ..answer.clone() })
}

#[test]
fn an_input_has_the_same_answer_alone_and_in_a_batch() {
    cases("open thresholds", 20, 8, &|seed, size| {
        let mut random = Random::new(seed);
        let description = network(&mut random, size, Sort::default());
        let (network, inputs) = (description.network(), description.inputs(&mut random, 3));
        let rules = [Rule::ZERO, Rule::gamma(0.25), Rule::alpha_beta(2.0, 1.0), Rule::MAX_ABS];
        let questions = open(random.pick(&rules), *random.pick(&[0.1, 0.3]));
        let run = |inputs: &[f32], batch| {
            Execution::run(network.clone(), inputs, batch, &()).map_err(|error| error.to_string())
        };
        let together = explain_all(&run(&inputs, 3)?, &questions, &()).map_err(|error| error.to_string())?;
        for (question, together) in questions.iter().zip(&together) {
            let mut alone: Option<Answer> = None;
            for input in inputs.chunks(inputs.len() / 3) {
                let answer = explain(&run(input, 1)?, question, &()).map_err(|error| error.to_string())?;
                match &mut alone {
                    None => alone = Some(answer),
                    Some(earlier) => earlier.append(answer),
                }
            }
            let (together, alone) = (text(together), text(&alone.unwrap()));
            if together != alone {
                return Err(format!("{}: {together} in a batch, {alone} alone", question.semiring.name));
            }
        }
        Ok(Verdict::Compared)
    });
}

/// Counts the edges that are done.
#[derive(Default)]
struct Done(AtomicU64);

impl Monitor for Done {
    fn advance(&self, edges: u64) {
        self.0.fetch_add(edges, Ordering::Relaxed);
    }
}

/// The edges that are done in some work.
fn done<T>(work: impl FnOnce(&dyn Monitor) -> T) -> u64 {
    let done = Done::default();
    work(&done);
    done.0.into_inner()
}

#[test]
fn normalisers_are_computed_once_for_all_inputs_and_questions() {
    let mut random = Random::new(3);
    let description = network(&mut random, 6, Sort::default());
    let inputs = description.inputs(&mut random, 3);
    let execution = Execution::run(description.network(), &inputs, 3, &()).unwrap();
    // Its normalisers are no outputs of the network.
    let questions = open(&Rule::MAX_ABS, 0.3);
    let circuit = compile(&execution, &questions[0].assignment).unwrap();
    let normalisers = done(|monitor| {
        circuit.layers().iter().for_each(|layer| drop(circuit.contributions(layer, monitor).unwrap()));
    });
    assert!(normalisers > 0);
    let mut each = 0;
    for question in &questions {
        // To choose, then to explain input by input, is to compute them twice.
        let settled = question.settle(&circuit, &()).unwrap();
        let choice = done(|monitor| question.settle(&circuit, monitor).unwrap());
        let parts = done(|monitor| {
            for (input, question) in settled.iter().enumerate() {
                explain_circuit(&circuit.part(input..input + 1), question, monitor).unwrap();
            }
        });
        let at_once = done(|monitor| explain_circuit(&circuit, question, monitor).unwrap());
        assert_eq!(at_once + normalisers, choice + parts, "{}", question.semiring.name);
        each += at_once;
    }
    let all = done(|monitor| explain_all(&execution, &questions, monitor).unwrap());
    assert_eq!(all + (questions.len() as u64 - 1) * normalisers, each);
}

#[test]
fn nothing_is_chosen_for_no_inputs() {
    let description = network(&mut Random::new(5), 4, Sort::default());
    let execution = Execution::run(description.network(), &[], 0, &()).unwrap();
    for question in open(&Rule::ZERO, 0.5) {
        let answer = explain(&execution, &question, &()).unwrap();
        assert!(answer.ledgers.is_empty() && answer.tensors.iter().all(|tensor| tensor.values.to_f64().is_empty()));
        assert!(answer.settings.iter().all(|setting| setting.annotation.as_deref() != Some("threshold(0.000000001)")));
    }
}
