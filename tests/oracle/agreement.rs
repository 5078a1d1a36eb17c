//! The evaluator finds what the oracle finds: relevance under every rule, semiring and annotation.

use std::cell::RefCell;
use std::collections::BTreeMap;

use kirchhoff_compile::{Bounds, MaximumPooling, Rule};
use kirchhoff_network::{Execution, Operator};
use kirchhoff_semiring::{Annotation, find, semirings};

use crate::forward::check_activations;
use crate::harness::{Case, Start};
use crate::network::{Description, Sort, network, wide_network};
use crate::random::{Random, Verdict, cases};
use crate::relevance::{Algebra, Range, Row};
use crate::rules::{Base, Request, has_edges, is_maximum};

/// The largest error that single precision is allowed, relative to the largest magnitude.
const PROMISED: f64 = 1e-4;

/// How many tensors were compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compared {
    /// Up to [`PROMISED`] errors.
    pub narrow: usize,
    /// Up to larger errors, where cancellation on this network makes single precision so bad; or not at all, where
    /// rounding decides whether Θ keeps some edge.
    pub wide: usize,
}

/// Compares `wanted` random networks under the rules that `request` draws, in every semiring and annotation.
fn agree(name: &str, wanted: usize, request: impl Fn(&mut Random, &mut Description) -> Request) {
    let tally = RefCell::new(BTreeMap::<(&str, &str), Compared>::new());
    cases(name, wanted, 11, &|seed, size| {
        let mut random = Random::new(seed);
        let mut description = network(&mut random, size, Sort::default());
        let request = request(&mut random, &mut description);
        let inputs = description.inputs(&mut random, 2);
        let case = Case::new(description, &request, &inputs, 2)?;
        if !case.is_certain() {
            return Ok(Verdict::Unsuitable);
        }
        check_ranges(&case)?;
        compare_all(name, seed, &case, &mut random, |semiring, label, compared| {
            let mut tally = tally.borrow_mut();
            let sum = tally.entry((semiring, label)).or_default();
            *sum = Compared { narrow: sum.narrow + compared.narrow, wide: sum.wide + compared.wide };
        })?;
        Ok(Verdict::Compared)
    });
    for (key, compared) in tally.borrow().iter() {
        println!("{name} {key:?}: {compared:?}");
        // Different annotations for different layers seldom stay in a narrow carrier.
        let few = key.1 == "mixed";
        assert!(
            few || 3 * compared.narrow > compared.wide,
            "{name} {key:?}: the networks are ill-conditioned: {compared:?}"
        );
    }
}

/// Compares a case in every semiring and annotation; `count` is told how many tensors.
pub fn compare_all(
    name: &str,
    seed: u64,
    case: &Case,
    random: &mut Random,
    mut count: impl FnMut(&'static str, &'static str, Compared),
) -> Result<(), String> {
    for (number, info) in semirings().iter().enumerate() {
        for (label, chosen) in choices(random, case) {
            // A pass of `rank` fills a histogram of a megabyte a layer: each semiring has its turn.
            if label == "rank" && !(seed as usize + number).is_multiple_of(6) {
                continue;
            }
            // What is left of sums that cancel, and nothing beside it, decides about ranks of quotients by it.
            if label == "rank" && name == Rule::epsilon(0.0).to_string() {
                continue;
            }
            let start = start(random, case, &info.name);
            let compared = compare(case, &info.name, &chosen, &start)
                .map_err(|error| format!("{} {chosen:?} from {start:?}: {error}", info.name))?;
            if let Some(compared) = compared {
                count(&info.name, label, compared);
            }
        }
    }
    Ok(())
}

/// The contributions lie in the interval that the evaluator claims for the rule.
pub fn check_ranges(case: &Case) -> Result<(), String> {
    for layer in case.circuit.layers() {
        let range = layer.rule.range();
        for contributions in &case.contributions {
            for d in &contributions[case.layer(&layer.name)].edges {
                let slack = d.error + 1e-6;
                if d.value < range.low - slack || d.value > range.high + slack {
                    return Err(format!("{} under {}: {d:?} is outside of {range}", layer.name, layer.rule_name));
                }
            }
        }
    }
    Ok(())
}

/// Annotations to try: each for all layers, thresholds of several sizes, and different ones for different layers.
fn choices(random: &mut Random, case: &Case) -> Vec<(&'static str, Vec<Annotation>)> {
    const THETAS: [f32; 7] = [0.0, -0.1, 0.02, 0.1, 0.3, -1e-9, 0.7];
    let count = case.description.layers.len();
    let mut choices: Vec<(&'static str, Vec<Annotation>)> =
        Annotation::ALL.iter().map(|annotation| (annotation.name(), vec![*annotation; count])).collect();
    let theta = *random.pick(&THETAS);
    choices.push(("threshold(θ)", vec![Annotation::Threshold(theta); count]));
    let scale = *random.pick(&[0.05, 0.7, 3.0]);
    choices.push(("scale(c)", vec![Annotation::Scale(scale); count]));
    choices.push(("keep(θ)", vec![Annotation::Keep(theta); count]));
    choices.push(("threshold-abs(θ)", vec![Annotation::ThresholdAbs(theta); count]));
    let mut theta = |rule: &Rule| if *rule == Rule::WINNER && random.chance(0.5) { 1.0 } else { *random.pick(&THETAS) };
    let single = case.rules.iter().map(|rule| Annotation::Threshold(theta(rule))).collect();
    choices.push(("threshold(θ of the layer)", single));
    let mixed = (0..count).map(|_| *random.pick(&Annotation::ALL[..8])).collect();
    choices.push(("mixed", mixed));
    choices
}

/// A random start for every output of every execution: mostly one target, sometimes several, or any numbers.
fn start(random: &mut Random, case: &Case, semiring: &str) -> Vec<Start> {
    let carrier = find(semiring).unwrap().embeds;
    let outputs = case.size(case.last());
    let mut start = vec![Start::Zero; 2 * outputs];
    for execution in start.chunks_mut(outputs) {
        execution[random.below(outputs)] = Start::One;
        if random.chance(0.4) {
            let numbers: Vec<f32> =
                [0.5, -0.75, 3.0, -2.0].into_iter().filter(|&x| carrier.contains(x.into())).collect();
            for start in execution {
                *start = match random.below(3) {
                    0 if !numbers.is_empty() => Start::Number(*random.pick(&numbers)),
                    1 => Start::Zero,
                    _ => Start::One,
                };
            }
        }
    }
    start
}

/// Compares the relevance of every tensor and the ledger; nothing if the annotations leave the carrier.
fn compare(case: &Case, semiring: &str, chosen: &[Annotation], start: &[Start]) -> Result<Option<Compared>, String> {
    let Some(evaluated) = case.evaluate_named(semiring, chosen, start) else { return Ok(None) };
    let (row, carrier) = (Row::of(semiring), find(semiring).unwrap().embeds);
    let mut compared = Compared::default();
    for (execution, start) in start.chunks(case.size(case.last())).enumerate() {
        let Some(theta) = case.theta(row, chosen, execution) else {
            compared.wide += case.last() + 1;
            continue;
        };
        for theta in theta.iter().flatten().filter(|theta| ![row.zero(), row.one()].contains(theta)) {
            // Rounding may leave a share a little above 1; more than that was to be refused.
            if !carrier.contains(theta.value) && !(1.0..1.0 + 1e-6).contains(&theta.value) {
                return Err(format!("{theta:?} was accepted for {carrier}"));
            }
        }
        let start = start.iter().map(|start| match start {
            Start::Zero => row.zero(),
            Start::One => row.one(),
            Start::Number(number) => Range::exactly(f64::from(*number)),
        });
        let expected = case.relevance(row, theta.clone(), start.collect());
        for (layer, expected) in expected.iter().enumerate() {
            let size = case.size(layer);
            // What no edge leads to has no relevance, and takes no memory.
            if evaluated.relevance[layer].is_empty() {
                match expected.iter().all(|range| *range == row.zero()) {
                    true => continue,
                    false => return Err(format!("{} has no relevance", case.description.layers[layer].name)),
                }
            }
            let got = &evaluated.relevance[layer][execution * size..(execution + 1) * size];
            let narrow = agrees(row, got, expected).map_err(|error| {
                format!("execution {execution}, tensor {}: {error}", case.description.layers[layer].name)
            })?;
            // Ranks are as wide as the bins of their histogram.
            if narrow || chosen.contains(&Annotation::Rank) {
                compared.narrow += 1;
            } else {
                compared.wide += 1;
            }
        }
        check_ledger(case, row, &evaluated.ledgers[execution], &theta, &expected)?;
    }
    Ok(Some(compared))
}

/// Whether values lie in the ranges that the oracle has for them, and those are as narrow as [`PROMISED`].
fn agrees(row: &Row, got: &[f64], expected: &[Range]) -> Result<bool, String> {
    let magnitudes = expected.iter().map(|range| range.value.abs()).filter(|size| size.is_finite());
    let largest = magnitudes.fold(row.smallest_magnitude(), f64::max);
    assert!(!row.name.starts_with("counting") || largest < (1u64 << 53) as f64, "the oracle counts in f64");
    let mut narrow = true;
    for (neuron, (&got, range)) in got.iter().zip(expected).enumerate() {
        if got.is_nan() || got < range.low || got > range.high {
            return Err(format!("neuron {neuron} has {got:e}, expected {range:?}, largest {largest:e}"));
        }
        narrow &= range.low == range.high || range.high - range.low <= 2.0 * PROMISED * largest;
    }
    Ok(narrow)
}

/// The ledger counts the edges, those that Θ keeps, the neurons, and those that are relevant.
fn check_ledger(
    case: &Case,
    row: &Row,
    ledger: &kirchhoff_evaluate::Ledger,
    theta: &[Vec<Range>],
    relevance: &[Vec<Range>],
) -> Result<(), String> {
    if ledger.layers.len() != case.last() {
        return Err(format!("{} ledger entries for {} layers", ledger.layers.len(), case.last()));
    }
    // What may be 0 or not by rounding counts for both.
    let zero = row.zero().value;
    let surely = |ranges: &[Range]| ranges.iter().filter(|range| range.low > zero || range.high < zero).count() as u64;
    let possibly = |ranges: &[Range]| ranges.iter().filter(|range| **range != row.zero()).count() as u64;
    for (entry, layer) in ledger.layers.iter().zip((1..=case.last()).rev()) {
        let counts = (&*entry.layer, entry.edges, entry.neurons);
        let expected =
            (case.description.layers[layer].name.as_str(), theta[layer].len() as u64, case.size(layer) as u64);
        if counts != expected {
            return Err(format!("the ledger has {counts:?}, expected {expected:?}"));
        }
        for (what, got, ranges) in
            [("kept", entry.kept, &theta[layer]), ("relevant", Some(entry.relevant), &relevance[layer])]
        {
            // Real relevance is propagated without a look at single edges.
            let Some(got) = got else { continue };
            if got < surely(ranges) || got > possibly(ranges) {
                let (least, most) = (surely(ranges), possibly(ranges));
                return Err(format!("{}: {got} {what}, expected {least} to {most}", entry.layer));
            }
        }
    }
    Ok(())
}

/// A rule for all layers, with maximum pools treated either way.
fn everywhere(rule: Rule) -> impl Fn(&mut Random, &mut Description) -> Request {
    move |random, _| Request { maximum_pooling: pooling(random), ..Request::from(rule.clone()) }
}

fn pooling(random: &mut Random) -> MaximumPooling {
    if random.chance(0.5) { MaximumPooling::Winner } else { MaximumPooling::Average }
}

macro_rules! rules {
    ($($test:ident: $rules:expr;)*) => {$(
        #[test]
        fn $test() {
            for rule in $rules {
                agree(&rule.to_string(), 16, everywhere(rule));
            }
        }
    )*};
}

rules! {
    zero_agrees: [Rule::ZERO];
    epsilon_agrees: [Rule::epsilon(1e-6), Rule::epsilon(0.25), Rule::epsilon(0.0)];
    epsilon_rms_agrees: [Rule::epsilon_rms(0.25), Rule::epsilon_rms(1.0)];
    gamma_agrees: [Rule::gamma(0.25), Rule::gamma(2.0), Rule::gamma(0.0)];
    alpha_beta_agrees: [Rule::alpha_beta(2.0, 1.0), Rule::alpha_beta(1.5, 0.5), Rule::alpha_beta(1.0, 0.0)];
    z_plus_agrees: [Rule::Z_PLUS];
    z_box_agrees: [Rule::z_box(-1.0, 1.0), Rule::z_box(0.0, 1.0), Rule::z_box(-0.5, 2.0)];
    w_square_agrees: [Rule::W_SQUARE];
    flat_agrees: [Rule::FLAT];
    max_abs_agrees: [Rule::MAX_ABS];
}

#[test]
fn different_rules_for_different_layers_agree() {
    agree("mixed", 60, |random, description| {
        let mut request = Request { maximum_pooling: pooling(random), ..Request::from(Rule::ZERO) };
        let channels = description.layers[0].shape[0];
        let count = *random.pick(&[1, channels, channels]);
        let low: Vec<f32> = (0..count).map(|_| -(random.unit() as f32) - 0.5).collect();
        let high: Vec<f32> = (0..count).map(|_| random.unit() as f32 + 0.5).collect();
        request.bounds = Bounds { low: low.into(), high: high.into() };
        for layer in &description.layers {
            if random.chance(0.7) {
                // One bound for all, one a channel, or one for each of the equal parts of a flattened image.
                let fits = |shape: &[usize]| shape[0] == count || (shape.len() == 1 && shape[0].is_multiple_of(count));
                let bounded = count == 1 || description.shapes(layer).first().is_some_and(|shape| fits(shape));
                if let Some(rule) = fitting(random, &layer.operator, request.maximum_pooling, bounded) {
                    request.choices.push((layer.name.clone(), rule));
                }
            }
        }
        request
    });
}

/// A random rule that fits a layer.
fn fitting(random: &mut Random, operator: &Operator, pooling: MaximumPooling, bounded: bool) -> Option<Rule> {
    let any = [Rule::ZERO, Rule::epsilon(0.01), Rule::epsilon_rms(0.25), Rule::MAX_ABS];
    let weighted = [Rule::gamma(0.5), Rule::alpha_beta(2.0, 1.0), Rule::Z_PLUS, Rule::W_SQUARE, Rule::FLAT];
    let mut rules = any.to_vec();
    match operator {
        operator if !has_edges(operator) => return random.chance(0.5).then_some(Rule::PASS),
        operator if is_maximum(operator) && pooling == MaximumPooling::Winner => return Some(Rule::WINNER),
        operator if is_maximum(operator) => rules.extend([Rule::WINNER, Rule::NORM]),
        Operator::Pool(_) => rules.push(Rule::NORM),
        Operator::Add => rules.extend([Rule::NORM, Rule::PASS]),
        operator => {
            rules.extend(weighted);
            rules.extend(vec![Rule::Z_BOX; if bounded { 4 } else { 0 }]);
            rules.extend(matches!(operator, Operator::Affine(_)).then_some(Rule::PASS));
        }
    }
    Some(random.pick(&rules).clone())
}

#[test]
fn wide_layers_agree() {
    let questions = [
        ("real", Annotation::Identity),
        ("real", Annotation::AbsClamp),
        ("counting", Annotation::Threshold(1e-9)),
        ("log", Annotation::MinusNegLog),
    ];
    cases("wide", 200, 1, &|seed, _| {
        let mut random = Random::new(seed);
        let description = wide_network(&mut random);
        let rules: Vec<Rule> = match random.below(7) {
            0 => vec![Rule::ZERO, Rule::epsilon(0.01)],
            1 => vec![Rule::epsilon_rms(0.25), Rule::Z_PLUS],
            2 => vec![Rule::gamma(0.25)],
            3 => vec![Rule::alpha_beta(2.0, 1.0)],
            4 => vec![Rule::z_box(-1.0, 1.0)],
            5 => vec![Rule::W_SQUARE, Rule::FLAT],
            _ => vec![Rule::MAX_ABS],
        };
        let request = everywhere(random.pick(&rules).clone())(&mut random, &mut description.clone());
        let inputs = description.inputs(&mut random, 2);
        let execution = Execution::run(description.network(), &inputs, 2, &()).map_err(|error| error.to_string())?;
        for number in 0..2 {
            check_activations(&description, &execution, number)?;
        }
        let case = Case::new(description, &request, &inputs, 2)?;
        if !case.is_certain() {
            return Ok(Verdict::Unsuitable);
        }
        for (semiring, annotation) in questions {
            let chosen = vec![annotation; case.rules.len()];
            let start = start(&mut random, &case, semiring);
            compare(&case, semiring, &chosen, &start).map_err(|error| format!("{request:?}, {semiring}: {error}"))?;
        }
        Ok(Verdict::Compared)
    });
}

#[test]
fn composites_agree() {
    for name in [
        "epsilon",
        "epsilon-gamma-box",
        "epsilon-plus",
        "epsilon-alpha2-beta1",
        "epsilon-plus-flat",
        "epsilon-alpha2-beta1-flat",
        "paper-vgg",
    ] {
        agree(name, 16, |random, description| {
            if name == "paper-vgg" {
                number(random, description);
            }
            let bounds = Bounds { low: [-1.0].into(), high: [1.0].into() };
            Request { base: Base::Composite(name), maximum_pooling: pooling(random), bounds, ..Rule::ZERO.into() }
        });
    }
}

/// Names layers as torchvision's VGG does: all but dense layers are `features`, numbered with gaps up to 30.
fn number(random: &mut Random, description: &mut Description) {
    let (mut feature, mut dense) = (0, 0);
    for layer in description.layers.iter_mut().skip(1) {
        if matches!(layer.operator, Operator::Dense(_)) {
            layer.name = format!("classifier.{dense}");
            dense += 1;
        } else {
            layer.name = format!("features.{feature}");
            feature += if feature < 14 { random.between(1, 4) } else { 1 };
        }
    }
}
