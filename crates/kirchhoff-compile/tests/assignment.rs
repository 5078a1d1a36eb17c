//! Which rule each layer of a network takes.

use std::sync::Arc;

use kirchhoff_circuit::LayerRule;
use kirchhoff_compile::{
    Assignment, Bounds, CompileError, Composite, LayerPattern, MaximumPooling, Rule, compile, composites, rules,
};
use kirchhoff_kernel::Window;
use kirchhoff_network::{
    Activation, Affine, Convolution, Dense, Execution, Network, NetworkBuilder, Operator, Pool, PoolKind, Reshape,
    Softmax,
};

/// A network with a layer of every kind, named as torchvision's VGG names its own where `vgg` is set.
fn network(vgg: bool) -> Network {
    let name = |number: usize, other: &str| if vgg { format!("features.{number}") } else { other.to_string() };
    let convolution = |inputs: usize, outputs: usize| {
        Operator::Convolution(Convolution {
            inputs,
            outputs,
            groups: 1,
            window: Window::new([3, 3]).with_padding([1, 1]),
            weights: vec![0.1; inputs * outputs * 9].into(),
            bias: Some(vec![0.0; outputs].into()),
        })
    };
    let pool = |kind| Operator::Pool(Pool { kind, window: Some(Window::new([2, 2]).with_stride([2, 2])) });
    let mut b = NetworkBuilder::new();
    let mut x = b.input("input", &[2, 8, 8]).unwrap();
    x = b.add(name(0, "first"), convolution(2, 3), &[x]).unwrap();
    x = b.add(name(1, "relu"), Operator::Activation(Activation::Relu), &[x]).unwrap();
    x = b.add(name(4, "max"), pool(PoolKind::Maximum), &[x]).unwrap();
    let affine = Affine { scale: vec![1.0, 2.0, 3.0].into(), shift: vec![0.5; 3].into() };
    x = b.add(name(5, "affine"), Operator::Affine(affine), &[x]).unwrap();
    let branch = b.add(name(17, "second"), convolution(3, 3), &[x]).unwrap();
    x = b.add(name(18, "add"), Operator::Add, &[x, branch]).unwrap();
    x = b.add(name(23, "average"), pool(PoolKind::Average { count_padding: true }), &[x]).unwrap();
    x = b.add(name(29, "flatten"), Operator::Reshape(Reshape { shape: vec![12] }), &[x]).unwrap();
    let dense = Dense { inputs: 12, outputs: 2, weights: vec![0.1; 24].into(), bias: None };
    x = b.add(if vgg { "classifier.0" } else { "dense" }, Operator::Dense(dense), &[x]).unwrap();
    b.finish(x).unwrap()
}

/// The rules of all layers but the input, as text.
fn resolved(assignment: &Assignment) -> Vec<String> {
    let rules = assignment.resolve(&network(false)).unwrap();
    rules[1..].iter().map(Rule::to_string).collect()
}

fn composite(name: &str) -> Assignment {
    name.parse::<Composite>().unwrap().into()
}

fn choose(pattern: &str, rule: &str) -> Result<Vec<Rule>, CompileError> {
    let pattern = LayerPattern::new(pattern)?;
    Assignment::from(Rule::Zero).choose(pattern, rule.parse().unwrap()).resolve(&network(false))
}

#[test]
fn composites_name_a_rule_for_each_kind() {
    // first, relu, max, affine, second, add, average, flatten, dense
    let (pass, winner, norm, epsilon) = ("pass", "winner", "norm", "epsilon(1e-6)");
    let gamma = "gamma(0.25)";
    assert_eq!(
        resolved(&composite("epsilon-gamma-box")),
        ["z-box", pass, winner, pass, gamma, norm, norm, pass, epsilon]
    );
    assert_eq!(
        resolved(&composite("epsilon-alpha2-beta1-flat")),
        ["flat", pass, winner, pass, "alpha-beta(2, 1)", norm, norm, pass, epsilon]
    );
    let averaged = composite("epsilon-plus").with_maximum_pooling(MaximumPooling::Average);
    assert_eq!(resolved(&averaged), ["z-plus", pass, norm, pass, "z-plus", norm, norm, pass, epsilon]);
}

#[test]
fn one_rule_goes_to_every_layer_with_edges() {
    let (pass, winner, norm) = ("pass", "winner", "norm");
    assert_eq!(
        resolved(&Rule::WSquare.into()),
        ["w-square", pass, winner, "w-square", "w-square", norm, norm, pass, "w-square"]
    );
    let averaged = Assignment::from(Rule::MaxAbs).with_maximum_pooling(MaximumPooling::Average);
    assert_eq!(resolved(&averaged).iter().filter(|rule| *rule == "max-abs").count(), 7);
}

#[test]
fn the_papers_rules_go_by_number() {
    let rules = composite("paper-vgg").resolve(&network(true)).unwrap();
    let rules: Vec<_> = rules[1..].iter().map(Rule::to_string).collect();
    let rms = "epsilon-rms(0.25)";
    // The maximum pool among the first sixteen is averaged, and has no weights for gamma to speak of; normalisation that
    // is not folded passes.
    assert_eq!(rules, ["zero", "pass", "norm", "pass", rms, rms, rms, "pass", "zero"]);
    let winner = composite("paper-vgg").with_maximum_pooling(MaximumPooling::Winner).resolve(&network(true)).unwrap();
    assert_eq!(winner[3], Rule::Winner);
    let error = composite("paper-vgg").resolve(&network(false)).unwrap_err();
    assert!(matches!(error, CompileError::Unnumbered { layer, .. } if layer == "first"));
}

#[test]
fn single_layers_take_what_is_named_for_them() {
    let rules = choose("second", "gamma(0.5)").unwrap();
    assert_eq!(rules.iter().filter(|rule| **rule == Rule::Gamma(0.5)).count(), 1);
    // A pattern spreads as a rule for the whole network does.
    let rules = choose("a*", "gamma(0.5)").unwrap();
    assert_eq!(rules[4..8], [Rule::Gamma(0.5), Rule::Zero, Rule::Norm, Rule::Norm]);
    // Later choices win.
    let assignment = Assignment::from(Rule::Zero)
        .choose(LayerPattern::new("*").unwrap(), Rule::Flat)
        .choose(LayerPattern::new("dense").unwrap(), Rule::WSquare);
    let rules = assignment.resolve(&network(false)).unwrap();
    assert_eq!((rules[1], rules[9]), (Rule::Flat, Rule::WSquare));
}

#[test]
fn what_does_not_fit_is_an_error_naming_both() {
    for (layer, rule) in [
        ("relu", "zero"),
        ("max", "epsilon"),
        ("add", "gamma"),
        ("first", "norm"),
        ("dense", "pass"),
        ("add", "winner"),
    ] {
        let message = choose(layer, rule).unwrap_err().to_string();
        assert!(
            message.contains(&format!("layer `{layer}`")) && message.contains(&format!("rule `{rule}")),
            "{message}"
        );
    }
    assert!(choose("max", "epsilon").unwrap_err().to_string().contains("treat maximum pooling as average"));
    let message = choose("no-such", "zero").unwrap_err().to_string();
    assert!(message.contains("`no-such`") && message.contains("first, max, affine"), "{message}");
    assert!(matches!(choose("a[", "zero"), Err(CompileError::Pattern { .. })));
}

#[test]
fn rules_are_written_as_they_are_read() {
    for info in rules() {
        let rule: Rule = info.name.parse().unwrap();
        assert_eq!(rule.info().name, info.name);
        assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule));
    }
    for text in ["epsilon(0.1)", "alpha-beta(1.5, 0.5)", "z-box(-2.5, 3)", "epsilon-rms(0.3)"] {
        assert_eq!(text.parse::<Rule>().unwrap().to_string(), text);
    }
    for text in ["gamma(-1)", "alpha-beta(2, 0)", "zero(1)", "z-box(1)", "z-box(2, 1)", "epsilon(1e99)"] {
        assert!(text.parse::<Rule>().is_err(), "{text}");
    }
    assert!("gama".parse::<Rule>().unwrap_err().to_string().contains("`gamma`"));
    assert!("epsilon-pluss".parse::<Composite>().unwrap_err().to_string().contains("`epsilon-plus`"));
    let mut names: Vec<_> = composites().iter().map(|composite| composite.name).collect();
    names.dedup();
    assert_eq!(names.len(), 7);
}

#[test]
fn every_rule_has_at_most_four_terms() {
    for info in rules() {
        let rule: Rule = info.name.parse().unwrap();
        if let LayerRule::Separable(rule) = rule.separable(&[0.0], &[1.0]) {
            let terms: usize = rule.parts.iter().map(|part| part.numerators.len()).sum();
            assert!((1..=4).contains(&terms), "{}: {terms}", info.name);
        }
    }
}

#[test]
fn bounds_fit_the_channels() {
    let execution = Execution::run(Arc::new(network(false)), &[0.5; 128], 1, &()).unwrap();
    let compiled = |low: &[f32], high: &[f32]| {
        let bounds = Bounds { low: low.into(), high: high.into() };
        compile(&execution, &composite("epsilon-gamma-box").with_bounds(bounds)).map(|_| ())
    };
    assert_eq!(compiled(&[0.0], &[1.0]), Ok(()));
    assert_eq!(compiled(&[0.0, -1.0], &[1.0]), Ok(()));
    assert!(matches!(compiled(&[0.0; 3], &[1.0; 3]), Err(CompileError::Bounds { channels: 2, low: 3, .. })));
    assert!(matches!(compiled(&[0.0, 2.0], &[1.0]), Err(CompileError::Bounds { .. })));
}

#[test]
fn a_softmax_is_not_compiled() {
    let mut b = NetworkBuilder::new();
    let x = b.input("input", &[2]).unwrap();
    let x = b.add("softmax", Operator::Softmax(Softmax { logarithm: false }), &[x]).unwrap();
    let execution = Execution::run(Arc::new(b.finish(x).unwrap()), &[0.5; 2], 1, &()).unwrap();
    let error = compile(&execution, &Rule::Zero.into()).unwrap_err();
    assert_eq!(error, CompileError::Softmax("softmax".to_string()));
}
