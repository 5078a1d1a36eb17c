//! Thresholds that are chosen to keep a share of each layer, against their definition.

use std::collections::BTreeMap;

use kirchhoff_compile::{MaximumPooling, Rule};
use kirchhoff_evaluate::{Annotations, Coverage, LayerTheta, choose_thresholds};
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
