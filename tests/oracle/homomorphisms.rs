//! Relevance commutes with homomorphisms of semirings, edge for edge the same contributions.

use std::sync::Arc;

use kirchhoff_circuit::Layer;
use kirchhoff_compile::{MaximumPooling, Rule};
use kirchhoff_evaluate::PerEdge;
use kirchhoff_semiring::{Annotation, Boolean, Bottleneck, Counting, Embed, Product, Semiring, Viterbi};

use crate::harness::{Case, Start};
use crate::network::{Sort, network};
use crate::random::{Random, Verdict, cases};
use crate::rules::Request;

/// A random network under one of the given rules, for two inputs.
fn case(random: &mut Random, size: usize, rules: &[Rule]) -> Result<Case, String> {
    let description = network(random, size, Sort::default());
    let maximum_pooling = if random.chance(0.5) { MaximumPooling::Winner } else { MaximumPooling::Average };
    let request = Request { maximum_pooling, ..Request::from(random.pick(rules).clone()) };
    let inputs = description.inputs(random, 2);
    Case::new(description, &request, &inputs, 2)
}

/// The semiring's 1 on one output of each execution.
fn target(random: &mut Random, case: &Case) -> Vec<Start> {
    let outputs = case.size(case.last());
    let mut start = vec![Start::Zero; 2 * outputs];
    start.chunks_mut(outputs).for_each(|execution| execution[random.below(outputs)] = Start::One);
    start
}

fn embedded<S: Embed>(semiring: &S, start: &[Start]) -> Vec<S::Value> {
    start.iter().map(|start| start.embed(semiring)).collect()
}

/// The values of all tensors in one row.
fn row<V: Clone>(relevance: &[Vec<V>]) -> Vec<V> {
    relevance.concat()
}

const RULES: [Rule; 5] = [Rule::ZERO, Rule::gamma(0.25), Rule::alpha_beta(2.0, 1.0), Rule::MAX_ABS, Rule::Z_PLUS];

#[test]
fn a_neuron_is_relevant_where_it_has_a_path() {
    cases("counting to boolean", 200, 12, &|seed, size| {
        let mut random = Random::new(seed);
        let case = case(&mut random, size, &RULES)?;
        let start = target(&mut random, &case);
        for theta in [1e-9, 0.0, -0.05, 0.1, 0.4] {
            let annotations = case.annotations(&vec![Annotation::Threshold(theta); case.rules.len()]);
            let counts = case.evaluate(&Counting, &annotations, &embedded(&Counting, &start), None);
            let truths = case.evaluate(&Boolean, &annotations, &embedded(&Boolean, &start), None);
            for (count, truth) in row(&counts.relevance).iter().zip(row(&truths.relevance)) {
                if count.is_zero() == truth {
                    return Err(format!("θ = {theta}: {count} paths, relevant: {truth}"));
                }
            }
            for (counts, truths) in counts.ledgers.iter().zip(&truths.ledgers) {
                if counts != truths {
                    return Err(format!("θ = {theta}: the ledgers differ, {counts:?} and {truths:?}"));
                }
            }
        }
        Ok(Verdict::Compared)
    });
}

#[test]
fn the_bottleneck_is_the_critical_threshold() {
    cases("bottleneck to boolean", 100, 12, &|seed, size| {
        let mut random = Random::new(seed);
        let case = case(&mut random, size, &[Rule::ZERO])?;
        let start = target(&mut random, &case);
        let identity = case.annotations(&vec![Annotation::Identity; case.rules.len()]);
        let bottleneck = case.evaluate(&Bottleneck, &identity, &embedded(&Bottleneck, &start), None);
        let critical = row(&bottleneck.relevance);
        let finite: Vec<f32> = critical.iter().copied().filter(|theta| theta.is_finite()).collect();
        // Half of them are critical thresholds themselves, where ≥ and > differ.
        let exact = (0..if finite.is_empty() { 0 } else { 10 }).map(|_| *random.pick(&finite)).collect::<Vec<_>>();
        let spread = (0..10).map(|_| (3.0 * random.unit() - 1.5).powi(3) as f32).collect::<Vec<_>>();
        for theta in exact.into_iter().chain(spread) {
            let annotations = case.annotations(&vec![Annotation::Threshold(theta); case.rules.len()]);
            let truths = case.evaluate(&Boolean, &annotations, &embedded(&Boolean, &start), None);
            for (&critical, truth) in critical.iter().zip(row(&truths.relevance)) {
                if (critical >= theta) != truth {
                    return Err(format!("θ = {theta}: bottleneck {critical}, relevant: {truth}"));
                }
            }
        }
        Ok(Verdict::Compared)
    });
}

#[test]
fn scales_of_the_bottleneck_are_those_of_the_thresholds() {
    cases("scaled bottleneck to boolean", 100, 12, &|seed, size| {
        let mut random = Random::new(seed);
        let case = case(&mut random, size, &RULES)?;
        let start = target(&mut random, &case);
        // Powers of 2 divide and multiply without rounding, so that d / c ≥ θ is d ≥ θ c even where both are equal.
        let scales: Vec<f32> = case.rules.iter().map(|_| *random.pick(&[0.125, 0.5, 1.0, 2.0, 16.0])).collect();
        let scaled = case.annotations(&scales.iter().map(|&scale| Annotation::Scale(scale)).collect::<Vec<_>>());
        let bottleneck = case.evaluate(&Bottleneck, &scaled, &embedded(&Bottleneck, &start), None);
        let critical = row(&bottleneck.relevance);
        let finite: Vec<f32> = critical.iter().copied().filter(|theta| theta.is_finite()).collect();
        let exact = (0..if finite.is_empty() { 0 } else { 10 }).map(|_| *random.pick(&finite)).collect::<Vec<_>>();
        let spread = (0..10).map(|_| (3.0 * random.unit() - 1.5).powi(3) as f32).collect::<Vec<_>>();
        for theta in exact.into_iter().chain(spread) {
            let thresholds: Vec<_> = scales.iter().map(|&scale| Annotation::Threshold(theta * scale)).collect();
            let annotations = case.annotations(&thresholds);
            let truths = case.evaluate(&Boolean, &annotations, &embedded(&Boolean, &start), None);
            for (&critical, truth) in critical.iter().zip(row(&truths.relevance)) {
                if (critical >= theta) != truth {
                    return Err(format!("θ = {theta}: bottleneck {critical}, relevant: {truth}"));
                }
            }
        }
        Ok(Verdict::Compared)
    });
}

#[test]
fn logarithms_turn_products_into_sums() {
    cases("viterbi, tropical, max-plus; real and log", 200, 12, &|seed, size| {
        let mut random = Random::new(seed);
        let case = case(&mut random, size, &[Rule::MAX_ABS])?;
        let start = target(&mut random, &case);
        let relevance = |semiring, annotation| {
            let chosen = vec![annotation; case.rules.len()];
            let evaluated = case.evaluate_named(semiring, &chosen, &start).ok_or("refused".to_string())?;
            Ok::<_, String>(row(&evaluated.relevance))
        };
        let viterbi = relevance("viterbi", Annotation::Identity)?;
        let tropical = relevance("tropical", Annotation::NegLog)?;
        let max_plus = relevance("max-plus", Annotation::MinusNegLog)?;
        let real = relevance("real", Annotation::AbsClamp)?;
        let log = relevance("log", Annotation::MinusNegLog)?;
        for neuron in 0..viterbi.len() {
            if max_plus[neuron] != -tropical[neuron] {
                return Err(format!("max-plus {}, tropical {}", max_plus[neuron], tropical[neuron]));
            }
            for (product, sum) in [(viterbi[neuron], -tropical[neuron]), (real[neuron], log[neuron])] {
                // Far below the smallest f32 the product is 0, and its logarithm is not.
                let lost = product < 1e-30 && (sum < -60.0);
                // Both round a few times a layer, relative to the product and to its logarithm.
                if !lost && product.ln() != sum && (product.ln() - sum).abs() > 1e-5 * (1.0 + sum.abs()) {
                    return Err(format!("a product {product} with logarithm {}, a sum {sum}", product.ln()));
                }
            }
        }
        Ok(Verdict::Compared)
    });
}

#[test]
fn a_product_of_semirings_is_both_at_once() {
    cases("product", 100, 12, &|seed, size| {
        let mut random = Random::new(seed);
        let case = case(&mut random, size, &RULES)?;
        let start = target(&mut random, &case);
        let count = |d: f32| Annotation::Threshold(0.02).apply(&Counting, d);
        let share = |d: f32| Annotation::AbsClamp.apply(&Viterbi, d);
        let pair = Product(Counting, Viterbi);
        let starts: Vec<_> = embedded(&Counting, &start).into_iter().zip(embedded(&Viterbi, &start)).collect();
        let both = PerEdge(|_: &Layer, d| (count(d), share(d)));
        let both = row(&case.evaluate(&pair, &both, &starts, None).relevance);
        let (counts, shares): (Vec<_>, Vec<_>) = both.into_iter().unzip();
        let annotations = |annotation| case.annotations(&vec![annotation; case.rules.len()]);
        let left = annotations(Annotation::Threshold(0.02));
        let left = row(&case.evaluate(&Counting, &left, &embedded(&Counting, &start), None).relevance);
        let right = annotations(Annotation::AbsClamp);
        let right = row(&case.evaluate(&Viterbi, &right, &embedded(&Viterbi, &start), None).relevance);
        // Alone, each of the two may take a kernel of its own, which multiplies in another order.
        let near = shares.iter().zip(&right).all(|(together, apart)| Viterbi.close(together, apart));
        if counts != left || !near {
            return Err(format!("together {counts:?} {shares:?}, apart {left:?} {right:?}"));
        }
        Ok(Verdict::Compared)
    });
}

#[test]
fn edges_that_pass_take_no_annotation() {
    // Threshold 2 drops every edge that takes Θ; what passes is not asked.
    use kirchhoff_network::{Activation, NetworkBuilder, Operator};
    let mut builder = NetworkBuilder::new();
    let input = builder.input("input", &[2]).unwrap();
    let output = builder.add("relu", Operator::Activation(Activation::Relu), &[input]).unwrap();
    let network = Arc::new(builder.finish(output).unwrap());
    let execution = kirchhoff_network::Execution::run(network, &[1.0, -1.0], 1, &()).unwrap();
    let circuit = kirchhoff_compile::compile(&execution, &Rule::ZERO.into()).unwrap();
    let annotations = kirchhoff_evaluate::Annotations::uniform(&circuit, Annotation::Threshold(2.0));
    let mut keep = kirchhoff_evaluate::Keep::input(&circuit);
    let start = [Boolean.one(), Boolean.zero()];
    kirchhoff_evaluate::stream(
        &circuit,
        &Boolean,
        &annotations,
        &start,
        kirchhoff_evaluate::Bookkeeping::default(),
        &mut keep,
        &(),
    )
    .unwrap();
    assert_eq!(keep.relevance(circuit.input()), Some(&[true, false][..]));
}
