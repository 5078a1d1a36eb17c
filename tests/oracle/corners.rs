//! The corners of the definitions, each on a network of two or three layers whose relevance is known by hand; and that
//! random networks reach all kinds of layers.

use std::collections::BTreeMap;
use std::sync::Arc;

use kirchhoff_circuit::LayerRule;
use kirchhoff_compile::{Bounds, MaximumPooling, Part, Rule, Slopes, SourceFactor, WeightFactor, compile};
use kirchhoff_evaluate::{Annotations, Bookkeeping, Keep, stream};
use kirchhoff_kernel::Window;
use kirchhoff_network::*;
use kirchhoff_semiring::{Annotation, Boolean, Counting, Real, Semiring};

use crate::harness::Case;
use crate::network::{Description, Layer, Sort, network};
use crate::random::Random;
use crate::rules::Request;

/// An input of the given shape and one layer behind it.
fn one_layer(shape: &[usize], operator: Operator, result: &[usize]) -> Description {
    let input = Layer {
        name: "input".into(),
        operator: Operator::Input(Input::default()),
        arguments: Vec::new(),
        shape: shape.to_vec(),
    };
    let layer = Layer { name: "layer".into(), operator, arguments: vec![0], shape: result.to_vec() };
    Description { layers: vec![input, layer] }
}

fn dense(weights: &[f32], inputs: usize, bias: Option<&[f32]>) -> Description {
    let outputs = weights.len() / inputs;
    let (weights, bias) = (weights.to_vec().into(), bias.map(|bias| bias.to_vec().into()));
    one_layer(&[inputs], Operator::Dense(Dense { inputs, outputs, weights, bias }), &[outputs])
}

/// The relevance of the inputs in the real semiring, from 1 at every output.
fn real(description: Description, request: impl Into<Request>, inputs: &[f32]) -> Vec<f32> {
    let case = Case::new(description, &request.into(), inputs, 1).unwrap();
    let annotations = case.annotations(&vec![Annotation::Identity; case.rules.len()]);
    let start = vec![Real.one(); case.size(case.last())];
    case.evaluate(&Real, &annotations, &start, None).relevance.swap_remove(0)
}

/// As [`real`], under a rule that the oracle does not know.
fn real_under(rule: Rule, description: &Description, inputs: &[f32]) -> Vec<f32> {
    let execution = Execution::run(description.network(), inputs, 1, &()).unwrap();
    let circuit = compile(&execution, &rule.into()).unwrap();
    let annotations = Annotations::uniform(&circuit, Annotation::Identity);
    let start = vec![1.0; circuit.tensor(circuit.output()).size()];
    let mut keep = Keep::input(&circuit);
    stream(&circuit, &Real, &annotations, &start, Bookkeeping::default(), &mut keep, &()).unwrap();
    keep.relevance(circuit.input()).unwrap().to_vec()
}

#[test]
fn the_sign_of_0_is_positive() {
    let cancelling = || dense(&[1.0, 1.0], 2, None);
    assert_eq!(real(cancelling(), Rule::ZERO, &[1.0, -1.0]), [1.0 / 1e-9, -1.0 / 1e-9]);
    assert_eq!(real(cancelling(), Rule::epsilon(0.5), &[1.0, -1.0]), [2.0, -2.0]);
    assert_eq!(real(cancelling(), Rule::epsilon(0.5), &[-1.0, 0.0]), [1.0 / 1.5, 0.0]);
}

#[test]
fn gamma_gives_no_contributions_where_the_output_is_0() {
    assert_eq!(real(dense(&[1.0, 1.0], 2, None), Rule::gamma(0.25), &[1.0, -1.0]), [0.0, 0.0]);
    assert_eq!(real(dense(&[1.0, 1.0], 2, Some(&[-2.0])), Rule::gamma(0.25), &[1.0, 1.0]), [0.0, 0.0]);
}

#[test]
fn without_a_stabiliser_a_normaliser_of_0_gives_nothing() {
    let rule = Rule::epsilon(0.0);
    // The numerators cancel, or are 0, or their sum is too small to divide by.
    assert_eq!(real(dense(&[1.0, 1.0], 2, None), rule.clone(), &[1.0, -1.0]), [0.0, 0.0]);
    assert_eq!(real(dense(&[1.0, 1.0], 2, None), rule.clone(), &[0.0, 0.0]), [0.0, 0.0]);
    assert_eq!(real(dense(&[1.0, 0.0], 2, None), rule.clone(), &[1e-40, 1.0]), [0.0, 0.0]);
    // Everywhere else, contributions are shares of the sum as it is, whatever its sign.
    assert_eq!(real(dense(&[3.0, 1.0], 2, None), rule.clone(), &[1.0, -1.0]), [1.5, -0.5]);
    assert_eq!(real(dense(&[-3.0, 1.0], 2, None), rule.clone(), &[1.0, 1.0]), [1.5, -0.5]);
    assert_eq!(real(dense(&[1.0, 1.0], 2, Some(&[2.0])), rule.clone(), &[1e-30, 0.0]), [5e-31, 0.0]);
    // The same root mean square below 0: z + 1e-9 + √(mean z²) is 1e-9, and smaller than f32 can tell from 0.
    let rms = real(dense(&[1.0, 1.0], 2, None), Rule::epsilon_rms(1.0), &[-1.0, 0.0]);
    assert!(rms.iter().all(|relevance| !relevance.is_nan()), "{rms:?}");
    // What is not shared out stays with the stabiliser.
    let case = Case::new(dense(&[1.0, 1.0], 2, None), &rule.into(), &[1.0, -1.0], 1).unwrap();
    let annotations = case.annotations(&[Annotation::Identity; 2]);
    let amount = |relevance: &[f32], amounts: &mut [f64]| {
        amounts.iter_mut().zip(relevance).for_each(|(amount, &relevance)| *amount = f64::from(relevance));
    };
    let ledger = case.evaluate(&Real, &annotations, &[2.0], Some(std::sync::Arc::new(amount))).ledgers.swap_remove(0);
    let conservation = ledger.layers[0].conservation.unwrap();
    assert_eq!([conservation.entered, conservation.stabiliser, conservation.left], [2.0, 2.0, 0.0]);
}

#[test]
fn a_rule_of_the_users_own_goes_where_one_of_the_registry_does() {
    let activation = SourceFactor::Activation;
    let magnitude = (activation(Slopes::ABSOLUTE), WeightFactor::Weight(Slopes::ABSOLUTE));
    let rule = Rule::custom("magnitude", [Part { bias: false, ..Part::share([magnitude], 0.0) }]).unwrap();
    // |a w| / Σ |a w|.
    assert_eq!(real_under(rule, &dense(&[3.0, -1.0], 2, Some(&[7.0])), &[-1.0, 1.0]), [0.75, 0.25]);
    // Nothing tells a copy of a rule of the registry from the rule.
    for original in [Rule::ZERO, Rule::gamma(0.5), Rule::alpha_beta(2.0, 1.0), Rule::MAX_ABS, Rule::FLAT] {
        let LayerRule::Separable(terms) = original.layer_rule(&Bounds::default()) else { panic!("{original}") };
        let copy = Rule::custom("copy", terms.parts).unwrap();
        assert_eq!(copy.fits(), original.fits());
        let description = dense(&[0.5, -1.0, 2.0, 0.25, 3.0, -0.125], 3, Some(&[0.5, -0.25]));
        let inputs = [1.0, -0.5, 0.75];
        assert_eq!(real_under(copy, &description, &inputs), real(description, original, &inputs));
    }
}

#[test]
fn nothing_is_shared_out_among_zeros() {
    let rules =
        [Rule::ZERO, Rule::epsilon(1e-6), Rule::epsilon_rms(0.25), Rule::gamma(0.25), Rule::Z_PLUS, Rule::MAX_ABS];
    for rule in rules {
        assert_eq!(real(dense(&[1.0, -1.0, 0.5, 2.0], 2, None), rule.clone(), &[0.0, 0.0]), [0.0, 0.0], "{rule}");
        assert_eq!(real(dense(&[0.0, 0.0], 2, None), rule.clone(), &[3.0, -1.0]), [0.0, 0.0], "{rule}");
    }
    assert_eq!(real(dense(&[0.0, 0.0], 2, None), Rule::W_SQUARE, &[3.0, -1.0]), [0.0, 0.0]);
    // Equal shares ask for neither weights nor activations.
    let half = (1.0 / (2.0 + 1e-6)) as f32;
    assert_eq!(real(dense(&[0.0, 0.0], 2, None), Rule::FLAT, &[0.0, 0.0]), [half, half]);
}

#[test]
fn a_bound_that_is_met_contributes_exactly_0() {
    // 0.1 and 0.7 are no multiples of a power of two: the terms of z-box cancel all the same.
    let description = || dense(&[0.7, -0.3, 0.9], 3, None);
    let case = Case::new(description(), &Rule::z_box(-0.1, 0.7).into(), &[-0.1, 0.7, 0.3], 1).unwrap();
    for theta in [1e-9, 1e-30] {
        let annotations = case.annotations(&[Annotation::Threshold(theta); 2]);
        let relevant = case.evaluate(&Boolean, &annotations, &[true], None).relevance.swap_remove(0);
        assert_eq!(relevant, [false, false, true]);
    }
}

#[test]
fn the_first_of_equal_maxima_wins() {
    let window = Window::new([2, 2]);
    let pool =
        || one_layer(&[1, 2, 3], Operator::Pool(Pool { kind: PoolKind::Maximum, window: Some(window) }), &[1, 1, 2]);
    assert_eq!(real(pool(), Rule::ZERO, &[0.0, 2.0, 1.0, 2.0, 2.0, 2.0]), [0.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(real(pool(), Rule::ZERO, &[0.0; 6]), [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(real(pool(), Rule::ZERO, &[-2.0, -1.0, -3.0, -1.0, -1.0, 0.0]), [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    let average = Request { maximum_pooling: MaximumPooling::Average, ..Request::from(Rule::NORM) };
    let got = real(pool(), average, &[1.0, 2.0, 0.0, 0.0, 1.0, 5.0]);
    let expected = [0.25, 0.75, 0.0, 0.0, 0.375, 0.625];
    assert!(got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-5), "{got:?}");
}

#[test]
fn negative_thresholds_keep_edges_that_contribute_nothing() {
    let counts = |layer: Operator, shape: &[usize], input: &[f32; 4], theta: f32| {
        let case = Case::new(one_layer(shape, layer, &[1; 3][..shape.len()]), &Rule::ZERO.into(), input, 1).unwrap();
        let annotations = case.annotations(&[Annotation::Threshold(theta); 2]);
        let counts = case.evaluate(&Counting, &annotations, &[Counting.one()], None).relevance.swap_remove(0);
        counts.iter().map(|count| count.to_u64().unwrap()).collect::<Vec<_>>()
    };
    // z = 1: contributions of 0, 4, 0 and −3.
    for (theta, expected) in [(1e-9, [0, 1, 0, 0]), (0.0, [1, 1, 1, 0]), (-4.0, [1; 4]), (4.5, [0; 4])] {
        let dense = dense(&[1.0; 4], 4, None);
        let case = Case::new(dense, &Rule::ZERO.into(), &[0.0, 4.0, 0.0, -3.0], 1).unwrap();
        let annotations = case.annotations(&[Annotation::Threshold(theta); 2]);
        let found = case.evaluate(&Counting, &annotations, &[Counting.one()], None).relevance.swap_remove(0);
        assert_eq!(found.iter().map(|count| count.to_u64().unwrap()).collect::<Vec<_>>(), expected, "θ = {theta}");
    }
    // The winner's edge is one whatever Θ, and the only one.
    for theta in [1e-9, 0.0, -0.5, 1.5] {
        let pool = Operator::Pool(Pool { kind: PoolKind::Maximum, window: Some(Window::new([2, 2])) });
        assert_eq!(counts(pool, &[1, 2, 2], &[1.0, 4.0, 2.0, 3.0], theta), [0, 1, 0, 0], "θ = {theta}");
    }
}

#[test]
fn neurons_that_no_window_covers_have_no_relevance() {
    let window = Window::new([1, 1]).with_stride([2, 2]);
    for kind in [PoolKind::Maximum, PoolKind::Average { count_padding: true }] {
        let pool = one_layer(&[1, 3, 3], Operator::Pool(Pool { kind, window: Some(window) }), &[1, 2, 2]);
        let covered = real(pool, Rule::NORM, &[1.0; 9]);
        assert_eq!(covered.iter().map(|value| value.round()).collect::<Vec<_>>(), [1., 0., 1., 0., 0., 0., 1., 0., 1.]);
    }
}

#[test]
fn a_tensor_that_is_added_to_itself_gets_both_halves() {
    let mut description = one_layer(&[2], Operator::Add, &[2]);
    description.layers[1].arguments = vec![0, 0];
    let annotations = [Annotation::Threshold(0.4); 2];
    let case = Case::new(description.clone(), &Rule::ZERO.into(), &[3.0, -0.5], 1).unwrap();
    let start = vec![Counting.one(); 2];
    let counts = case.evaluate(&Counting, &case.annotations(&annotations), &start, None).relevance.swap_remove(0);
    assert_eq!(counts.iter().map(|count| count.to_u64().unwrap()).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(real(description, Rule::ZERO, &[3.0, -0.5]), [1.0, 1.0]);
}

#[test]
fn random_networks_reach_every_kind_of_layer() {
    let mut reached = BTreeMap::<String, usize>::new();
    let mut reach = |what: &str, whether: bool| *reached.entry(what.to_string()).or_default() += usize::from(whether);
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let description = network(&mut random, 2 + seed as usize % 10, Sort::default());
        let users = |layer: usize| description.layers.iter().filter(|other| other.arguments.contains(&layer)).count();
        reach("several users", (0..description.layers.len()).any(|layer| users(layer) > 1));
        for layer in &description.layers {
            let (shapes, arguments) = (description.shapes(layer), &layer.arguments);
            reach(layer.operator.name(), true);
            match &layer.operator {
                Operator::Convolution(convolution) => {
                    let Convolution { inputs, groups, window, ref bias, .. } = *convolution;
                    reach("1-D convolution", layer.shape.len() == 2);
                    reach("depthwise", groups == inputs && groups > 1);
                    reach("groups", groups < inputs && groups > 1);
                    reach("convolution without bias", bias.is_none());
                    reach_window(&mut reach, "convolution", &window);
                }
                Operator::Pool(Pool { kind, window }) => {
                    let kind = match kind {
                        PoolKind::Maximum => "maximum",
                        PoolKind::Average { count_padding: true } => "average with padding",
                        PoolKind::Average { count_padding: false } => "average",
                    };
                    reach(&format!("{kind}, global"), window.is_none());
                    reach(&format!("{kind}, 1-D"), layer.shape.len() == 2);
                    if let Some(window) = window {
                        reach(&format!("{kind}, ceil"), window.ceil);
                        reach(&format!("{kind}, overlapping"), window.kernel[1] > window.stride[1]);
                        reach_window(&mut reach, kind, window);
                    }
                }
                Operator::Slice(slice) => reach("backwards", slice.axes.iter().any(|axis| axis.step < 0)),
                Operator::Add => {
                    reach("three branches", arguments.len() == 3);
                    reach("a tensor added to itself", arguments.len() == 2 && arguments[0] == arguments[1]);
                }
                Operator::Concatenate(Concatenate { axis }) => reach("inner axis", *axis > 0 && shapes[0].len() > 1),
                Operator::Activation(Activation::Gelu { tanh }) => reach(&format!("GELU, tanh: {tanh}"), true),
                _ => {}
            }
        }
        let execution = Execution::run(description.network(), &description.inputs(&mut random, 1), 1, &()).unwrap();
        reach("dead layer", dead(&execution));
    }
    let rare: Vec<_> = reached.iter().filter(|&(_, &times)| times < 5).collect();
    assert!(rare.is_empty() && reached.len() > 50, "{} kinds, of which rare: {rare:?}", reached.len());
}

fn reach_window(reach: &mut impl FnMut(&str, bool), what: &str, window: &Window) {
    reach(&format!("{what}, stride"), window.stride[1] > 1);
    reach(&format!("{what}, dilation"), window.dilation[1] > 1 && window.kernel[1] > 1);
    reach(&format!("{what}, padding"), window.padding[1] != [0, 0]);
    reach(&format!("{what}, asymmetric padding"), window.padding[1][0] != window.padding[1][1]);
}

/// Whether all neurons of a layer before the output are 0.
fn dead(execution: &Execution) -> bool {
    let network: &Arc<Network> = execution.network();
    network.nodes().any(|(node, _)| execution.activations(node).iter().all(|&value| value == 0.0))
}
