//! The same bits, however the work is divided: among the executions of a batch, and among threads.

use std::sync::Arc;

use kirchhoff_compile::{Assignment, MaximumPooling, Rule, compile};
use kirchhoff_evaluate::{Annotations, Bookkeeping, Keep, stream};
use kirchhoff_kernel::{Weights, Window};
use kirchhoff_network::*;
use kirchhoff_semiring::{Annotation, Embed, SemiringInfo, SemiringVisitor, visit};
use rayon::ThreadPoolBuilder;

use crate::network::{Sort, network as random_network};
use crate::random::{Random, Verdict, cases};

/// Semirings and annotations whose sums, maxima, counts and histograms are all different code.
const QUESTIONS: [(&str, Annotation); 9] = [
    ("real", Annotation::Identity),
    ("boolean", Annotation::Threshold(0.01)),
    ("counting", Annotation::Threshold(0.0)),
    ("counting-float", Annotation::ThresholdAbs(0.02)),
    ("viterbi", Annotation::AbsClamp),
    ("tropical", Annotation::NegLog),
    ("bottleneck", Annotation::Identity),
    ("log", Annotation::MinusNegLog),
    ("fuzzy", Annotation::Rank),
];

/// The relevance of every tensor and the ledgers, as text that tells all bits apart, one an execution.
struct Text<'a> {
    execution: &'a Execution,
    assignment: &'a Assignment,
    annotation: Annotation,
}

impl SemiringVisitor for Text<'_> {
    type Output = Vec<String>;

    fn visit<S: Embed + Clone + 'static>(self, _: &'static SemiringInfo, semiring: S) -> Vec<String> {
        let circuit = compile(self.execution, self.assignment).unwrap();
        let annotations = Annotations::uniform(&circuit, self.annotation);
        let outputs = circuit.tensor(circuit.output()).size();
        let one = |index: usize| if index.is_multiple_of(outputs) { semiring.one() } else { semiring.zero() };
        let start: Vec<S::Value> = (0..circuit.batch() * outputs).map(one).collect();
        let mut keep = Keep::all(&circuit);
        let amount = |values: &[S::Value], amounts: &mut [f64]| {
            amounts.iter_mut().zip(values).for_each(|(amount, value)| *amount = semiring.project(value));
        };
        let ledgers = stream(
            &circuit,
            &semiring,
            &annotations,
            &start,
            Bookkeeping { amount: Some(std::sync::Arc::new(amount)), kept: true },
            &mut keep,
            &(),
        )
        .unwrap();
        let mut texts: Vec<String> = ledgers.iter().map(|ledger| format!("{ledger:?}")).collect();
        for (tensor, relevance) in keep.into_relevance() {
            let tensor = circuit.tensor(tensor);
            for (execution, relevance) in relevance.chunks(tensor.size()).enumerate() {
                let part = execution * tensor.size()..(execution + 1) * tensor.size();
                texts[execution] += &format!("{} {:?} {relevance:?}", tensor.name, &tensor.activations[part]);
            }
        }
        texts
    }
}

/// The texts of every question under every rule.
fn texts(network: &Arc<Network>, inputs: &[f32], batch: usize, rules: &[Rule]) -> Vec<Vec<String>> {
    let execution = Execution::run(network.clone(), inputs, batch, &()).unwrap();
    let mut texts = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        let pooling = [MaximumPooling::Winner, MaximumPooling::Average][number % 2];
        let assignment = Assignment::from(rule.clone()).with_maximum_pooling(pooling);
        for (semiring, annotation) in QUESTIONS {
            let text = Text { execution: &execution, assignment: &assignment, annotation };
            texts.push(visit(semiring, text).unwrap());
        }
    }
    texts
}

#[test]
fn an_execution_has_the_same_bits_alone_and_in_a_batch() {
    let rules = [Rule::ZERO, Rule::epsilon_rms(0.25), Rule::gamma(0.25), Rule::alpha_beta(2.0, 1.0), Rule::MAX_ABS];
    cases("batch", 20, 12, &|seed, size| {
        let mut random = Random::new(seed);
        let description = random_network(&mut random, size, Sort::default());
        let (network, inputs) = (description.network(), description.inputs(&mut random, 3));
        let rule = [random.pick(&rules).clone()];
        let together = texts(&network, &inputs, 3, &rule);
        for (execution, input) in inputs.chunks(inputs.len() / 3).enumerate() {
            for (together, alone) in together.iter().zip(texts(&network, input, 1, &rule)) {
                if together[execution] != alone[0] {
                    return Err(format!("{rule:?}: {} in a batch, {} alone", together[execution], alone[0]));
                }
            }
        }
        Ok(Verdict::Compared)
    });
}

/// A network with layers large enough that every loop over edges is worth dividing among threads.
fn large(random: &mut Random) -> Arc<Network> {
    let mut weights = |count: usize, fan_in: usize| -> Weights {
        (0..count).map(|_| ((2.0 * random.unit() - 1.0) * 2.0 / (fan_in as f64).sqrt()) as f32).collect()
    };
    let mut convolution = |inputs: usize, outputs: usize, groups: usize, window: Window| {
        let fan_in = inputs / groups * window.taps();
        let (weights, bias) = (weights(outputs * fan_in, fan_in), Some(weights(outputs, 4)));
        Operator::Convolution(Convolution { inputs, outputs, groups, window, weights, bias })
    };
    let three = Window::new([3, 3]).with_padding([1, 1]);
    let halved = Window::new([2, 2]).with_stride([2, 2]);
    let pool = |kind| Operator::Pool(Pool { kind, window: Some(halved) });
    let relu = Operator::Activation(Activation::Relu);
    let mut builder = NetworkBuilder::new();
    let input = builder.input("input", &[3, 32, 32]).unwrap();
    let mut add = |name: &str, operator, arguments: &[NodeId]| builder.add(name, operator, arguments).unwrap();
    let first = add("first", convolution(3, 16, 1, three), &[input]);
    let first = add("first.relu", relu.clone(), &[first]);
    let pooled = add("maximum", pool(PoolKind::Maximum), &[first]);
    let second = add("second", convolution(16, 16, 1, three), &[pooled]);
    let sum = add("sum", Operator::Add, &[second, pooled]);
    let sum = add("sum.relu", relu.clone(), &[sum]);
    let third = add("third", convolution(16, 16, 4, three), &[sum]);
    let third = add("average", pool(PoolKind::Average { count_padding: true }), &[third]);
    let flat = add("flat", Operator::Reshape(Reshape { shape: vec![1024] }), &[third]);
    let dense = |inputs, outputs, weights, bias| Operator::Dense(Dense { inputs, outputs, weights, bias });
    let hidden = add("hidden", dense(1024, 300, weights(1024 * 300, 1024), Some(weights(300, 4))), &[flat]);
    let hidden = add("hidden.relu", relu, &[hidden]);
    let output = add("output", dense(300, 10, weights(3000, 300), None), &[hidden]);
    Arc::new(builder.finish(output).unwrap())
}

#[test]
fn every_number_of_threads_has_the_same_bits() {
    let mut random = Random::new(7);
    let network = large(&mut random);
    let inputs: Vec<f32> = (0..2 * 3 * 32 * 32).map(|_| 2.0 * random.unit() as f32 - 1.0).collect();
    let rules = [Rule::epsilon(1e-6), Rule::MAX_ABS, Rule::epsilon_rms(0.25), Rule::alpha_beta(2.0, 1.0)];
    let with = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        // One input alone, so that threads have to share its layers, and two.
        pool.install(|| [texts(&network, &inputs[..3 * 32 * 32], 1, &rules), texts(&network, &inputs, 2, &rules)])
    };
    let one = with(1);
    for threads in [2, 3] {
        for (question, (one, several)) in one.iter().flatten().zip(with(threads).iter().flatten()).enumerate() {
            assert!(one == several, "question {question} has other bits on {threads} threads");
        }
    }
}
