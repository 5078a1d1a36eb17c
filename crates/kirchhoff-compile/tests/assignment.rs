//! Which rule each layer of a network takes.

use std::sync::Arc;

use kirchhoff_circuit::{LayerRule, RuleError, SeparableRule};
use kirchhoff_compile::{
    AffineTreatment, Assignment, Bounds, CompileError, Composite, LayerPattern, MaximumPooling, Normaliser, Part, Rule,
    Slopes, SoftmaxTreatment, SourceFactor, Stabiliser, Treatments, WeightFactor, compile, composites, rules,
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
    Assignment::from(Rule::ZERO).choose(pattern, rule.parse().unwrap()).resolve(&network(false))
}

#[test]
fn composites_name_a_rule_for_each_kind() {
    // first, relu, max, affine, second, add, average, flatten, dense
    let (pass, winner, norm, epsilon) = ("pass", "winner", "norm", "epsilon(1e-6)");
    let gamma = "gamma(0.25)";
    assert_eq!(
        resolved(&composite("epsilon-gamma-box")),
        ["z-box", pass, winner, epsilon, gamma, norm, norm, pass, epsilon]
    );
    assert_eq!(
        resolved(&composite("epsilon-alpha2-beta1-flat")),
        ["flat", pass, winner, epsilon, "alpha-beta(2, 1)", norm, norm, pass, epsilon]
    );
    let averaged = composite("epsilon-plus").with_maximum_pooling(MaximumPooling::Average);
    assert_eq!(resolved(&averaged), ["z-plus", pass, norm, epsilon, "z-plus", norm, norm, pass, epsilon]);
    // As Zennit has it.
    let affine = Treatments { affine: Some(AffineTreatment::Pass), ..Treatments::NONE };
    assert_eq!(resolved(&averaged.with_treatments(affine))[3], pass);
}

#[test]
fn one_rule_goes_to_every_layer_with_edges() {
    let (pass, winner, norm) = ("pass", "winner", "norm");
    assert_eq!(
        resolved(&Rule::W_SQUARE.into()),
        ["w-square", pass, winner, "w-square", "w-square", norm, norm, pass, "w-square"]
    );
    let averaged = Assignment::from(Rule::MAX_ABS).with_maximum_pooling(MaximumPooling::Average);
    assert_eq!(resolved(&averaged).iter().filter(|rule| *rule == "max-abs").count(), 7);
}

#[test]
fn the_papers_rules_go_by_number() {
    let rules = composite("paper-vgg").resolve(&network(true)).unwrap();
    let rules: Vec<_> = rules[1..].iter().map(Rule::to_string).collect();
    let rms = "epsilon-rms(0.25)";
    // The maximum pool among the first sixteen is averaged, and has no weights for gamma to speak of; normalisation that
    // is not folded takes what composites give it.
    assert_eq!(rules, ["zero", "pass", "norm", "epsilon(1e-6)", rms, rms, rms, "pass", "zero"]);
    let winner = composite("paper-vgg").with_maximum_pooling(MaximumPooling::Winner).resolve(&network(true)).unwrap();
    assert_eq!(winner[3], Rule::WINNER);
    let error = composite("paper-vgg").resolve(&network(false)).unwrap_err();
    assert!(matches!(error, CompileError::Unnumbered { layer, .. } if layer == "first"));
}

#[test]
fn single_layers_take_what_is_named_for_them() {
    let rules = choose("second", "gamma(0.5)").unwrap();
    assert_eq!(rules.iter().filter(|rule| **rule == Rule::gamma(0.5)).count(), 1);
    // A pattern spreads as a rule for the whole network does.
    let rules = choose("a*", "gamma(0.5)").unwrap();
    assert_eq!(rules[4..8], [Rule::gamma(0.5), Rule::ZERO, Rule::NORM, Rule::NORM]);
    // Later choices win.
    let assignment = Assignment::from(Rule::ZERO)
        .choose(LayerPattern::new("*").unwrap(), Rule::FLAT)
        .choose(LayerPattern::new("dense").unwrap(), Rule::W_SQUARE);
    let rules = assignment.resolve(&network(false)).unwrap();
    assert_eq!([&rules[1], &rules[9]], [&Rule::FLAT, &Rule::W_SQUARE]);
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
        assert_eq!(rule.info(), Some(info));
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
    let mut names: Vec<_> = composites().iter().map(|composite| &composite.name).collect();
    names.dedup();
    assert_eq!(names.len(), 9);
}

#[test]
fn parameters_are_listed_with_their_defaults() {
    let signature = |name: &str| rules().iter().find(|info| info.name == name).unwrap().signature();
    assert_eq!(signature("zero"), "");
    assert_eq!(signature("epsilon"), "ε = 1e-6");
    assert_eq!(signature("epsilon-rms"), "c = 0.25");
    assert_eq!(signature("alpha-beta"), "α = 2, β = 1, α − β = 1");
    assert_eq!(signature("z-box"), "low and high; by default the bounds of the input");
}

#[test]
fn arguments_are_what_the_rule_takes() {
    let message = |text: &str| text.parse::<Rule>().unwrap_err().to_string();
    assert_eq!(message("zero(1)"), "`zero` takes no argument, not 1");
    assert_eq!(message("gamma(1, 2)"), "`gamma` takes one argument (γ), not 2");
    assert_eq!(message("z-box(1)"), "`z-box` takes 2 arguments (low, high), not 1");
    assert_eq!(message("z-box(2, 1)"), "`z-box` takes low ≤ high within the range of f32, not 2, 1");
    assert_eq!(message("gamma(-1)"), "`gamma` takes γ ≥ 0 within the range of f32, not -1");
    assert_eq!(message("alpha-beta(2, 0)"), "`alpha-beta` takes α and β with β ≥ 0 and α − β = 1, not 2, 0");
    assert_eq!(message("alpha-beta(0, -1)"), "`alpha-beta` takes α and β with β ≥ 0 and α − β = 1, not 0, -1");
    for text in ["alpha-beta(1)", "alpha-beta(3)"] {
        assert!(text.parse::<Rule>().is_err(), "{text}");
    }
    for text in ["alpha-beta(1000.1, 999.1)", "alpha-beta(1, 0)", "epsilon(0)", "z-box(1, 1)"] {
        let rule: Rule = text.parse().unwrap();
        assert_eq!((rule.check(), rule.to_string()), (Ok(()), text.to_string()));
    }
    // What a program asks for is held to the same.
    for rule in [Rule::gamma(-1.0), Rule::epsilon(f32::INFINITY), Rule::alpha_beta(2.0, 0.0), Rule::z_box(2.0, 1.0)] {
        let refused = Assignment::from(rule.clone()).resolve(&network(false)).unwrap_err();
        // As texts: of two errors about NaN, which equals nothing, neither equals the other.
        assert_eq!(refused.to_string(), CompileError::Arguments(rule.check().unwrap_err()).to_string());
        let pattern = LayerPattern::new("dense").unwrap();
        assert!(Assignment::from(Rule::ZERO).choose(pattern, rule).resolve(&network(false)).is_err());
    }
}

#[test]
fn constructors_make_what_the_text_reads() {
    for (text, rule) in [
        ("zero", Rule::ZERO),
        ("epsilon(0.5)", Rule::epsilon(0.5)),
        ("epsilon-rms(0.5)", Rule::epsilon_rms(0.5)),
        ("gamma(0.5)", Rule::gamma(0.5)),
        ("alpha-beta(2, 1)", Rule::alpha_beta(2.0, 1.0)),
        ("z-plus", Rule::Z_PLUS),
        ("z-box", Rule::Z_BOX),
        ("z-box(-1, 1)", Rule::z_box(-1.0, 1.0)),
        ("w-square", Rule::W_SQUARE),
        ("flat", Rule::FLAT),
        ("norm", Rule::NORM),
        ("max-abs", Rule::MAX_ABS),
        ("pass", Rule::PASS),
        ("winner", Rule::WINNER),
    ] {
        assert_eq!((text.parse(), rule.to_string()), (Ok(rule), text.to_string()));
    }
}

/// `n = a⁺ w⁺`.
fn excitation() -> Part {
    Part::share([(SourceFactor::Activation(Slopes::POSITIVE), WeightFactor::Weight(Slopes::POSITIVE))], 1e-6)
}

#[test]
fn rules_of_the_users_own_are_assigned_like_others() {
    let rule = Rule::custom("excitation", [excitation()]).unwrap();
    let (pass, winner, norm, name) = ("pass", "winner", "norm", "excitation");
    assert_eq!(resolved(&rule.clone().into()), [name, pass, winner, name, name, norm, norm, pass, name]);
    let composite = Composite::custom("mine", rule.clone(), Rule::ZERO).with_first(Rule::FLAT, true);
    assert_eq!(
        composite.description,
        "flat on the first convolution, then excitation on convolutions, zero on dense layers"
    );
    assert_eq!(resolved(&composite.into()), ["flat", pass, winner, "epsilon(1e-6)", name, norm, norm, pass, "zero"]);
    let chosen = Assignment::from(Rule::ZERO).choose(LayerPattern::new("second").unwrap(), rule.clone());
    assert_eq!(resolved(&chosen)[4], name);
    let misplaced = Assignment::from(Rule::ZERO).choose(LayerPattern::new("add").unwrap(), rule.clone());
    assert!(matches!(misplaced.resolve(&network(false)), Err(CompileError::Unfit { rule, .. }) if rule == name));

    // The circuit keeps its terms, whatever it is called.
    let execution = Execution::run(Arc::new(network(false)), &[0.5; 128], 1, &()).unwrap();
    let circuit = compile(&execution, &rule.into()).unwrap();
    assert_eq!(circuit.layers()[0].rule_name, name);
    assert_eq!(circuit.layers()[0].rule, LayerRule::Separable(SeparableRule { parts: vec![excitation()] }));
}

#[test]
fn texts_tell_rules_of_the_users_own_apart() {
    let rules = [excitation(), Part { bias: false, ..excitation() }, Part { coefficient: 2.0, ..excitation() }]
        .map(|part| Rule::custom("mine", [part]).unwrap());
    let mut assignments: Vec<Assignment> = Vec::new();
    for rule in &rules {
        assignments.push(rule.clone().into());
        assignments.push(Assignment::from(Rule::ZERO).choose(LayerPattern::new("first").unwrap(), rule.clone()));
        let composite = Composite::custom("epsilon", rule.clone(), Rule::ZERO);
        assignments
            .extend([true, false].map(|convolutions| composite.clone().with_first(Rule::FLAT, convolutions).into()));
        assignments.push(composite.into());
    }
    assignments.push(composite("epsilon"));
    for (number, one) in assignments.iter().enumerate() {
        for other in &assignments[..number] {
            assert!(one != other && one.to_string() != other.to_string(), "{one}");
        }
    }
    assert_eq!(composite("epsilon").to_string().lines().next(), Some("composite: epsilon"));
    let text = assignments[0].to_string();
    assert_eq!(text.lines().next(), Some("rule: mine = 1.0 · (a(1.0, 0.0) w(1.0, 0.0)) / (Σ + b ± 1e-6)"));
}

#[test]
fn what_makes_no_rule_is_refused() {
    for name in ["gamma", "", "a rule", " blank", "gamma(1)", "half)"] {
        let error = Rule::custom(name, [excitation()]).unwrap_err();
        assert!(matches!(&error, CompileError::RuleName { name: named, .. } if named == name), "{error}");
    }
    let wrong = |parts: Vec<Part>| match Rule::custom("wrong", parts) {
        Err(CompileError::Terms { error, .. }) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(wrong(Vec::new()), RuleError::Terms);
    assert_eq!(wrong(vec![excitation(); 5]), RuleError::Terms);
    assert_eq!(wrong(vec![Part { coefficient: f32::NAN, ..excitation() }]), RuleError::Factor);
    assert_eq!(wrong(vec![Part { stabiliser: Stabiliser::Signed(-1.0), ..excitation() }]), RuleError::Stabiliser);
    let product = (SourceFactor::Activation(Slopes::IDENTITY), WeightFactor::IDENTITY);
    let largest = Part { normaliser: Normaliser::Maximum, ..Part::share([product], 1e-6) };
    assert_eq!(wrong(vec![largest]), RuleError::Maximum);
    // Constants are one a channel of the layer that the rule goes to.
    let constants = |count: usize| {
        let numerator = (SourceFactor::Channel(vec![1.0; count].into()), WeightFactor::IDENTITY);
        let rule = Rule::custom("constants", [Part::share([numerator], 1e-6)]).unwrap();
        let execution = Execution::run(Arc::new(network(false)), &[0.5; 128], 1, &()).unwrap();
        let assignment = Assignment::from(Rule::ZERO).choose(LayerPattern::new("second").unwrap(), rule);
        compile(&execution, &assignment).map(|_| ())
    };
    assert_eq!(constants(3), Ok(()));
    let error = constants(5).unwrap_err().to_string();
    assert_eq!(error, "layer 'second', rule `constants`: 5 constants do not divide 48 neurons into channels");
}

#[test]
fn every_rule_has_at_most_four_terms() {
    for info in rules() {
        let rule: Rule = info.name.parse().unwrap();
        if let LayerRule::Separable(rule) = rule.layer_rule(&Bounds::default()) {
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
fn relevance_ends_at_a_softmax_unless_it_is_told_otherwise() {
    let mut b = NetworkBuilder::new();
    let x = b.input("input", &[2]).unwrap();
    let x = b.add("softmax", Operator::Softmax(Softmax { logarithm: false, axis: 0 }), &[x]).unwrap();
    let execution = Execution::run(Arc::new(b.finish(x).unwrap()), &[0.5; 2], 1, &()).unwrap();
    let circuit = compile(&execution, &Rule::ZERO.into()).unwrap();
    assert_eq!((circuit.edges(), &circuit.layers()[0].rule_name[..]), (0, "constant"));
    let taylor = Treatments { softmax: Some(SoftmaxTreatment::Taylor), ..Treatments::NONE };
    let circuit = compile(&execution, &Assignment::from(Rule::ZERO).with_treatments(taylor)).unwrap();
    assert_eq!((circuit.edges(), &circuit.layers()[0].rule_name[..]), (4, "taylor"));
}

#[test]
fn layers_of_exported_models_go_by_their_modules_too() {
    let dense = || Operator::Dense(Dense { inputs: 2, outputs: 2, weights: vec![0.5; 4].into(), bias: None });
    let mut b = NetworkBuilder::new();
    let mut x = b.input("input", &[2]).unwrap();
    for name in ["/conv1/Conv", "/layer4/layer4.0/conv1/Conv", "/layer4/layer4.1/conv1/Conv", "/fc/Gemm"] {
        x = b.add(name, dense(), &[x]).unwrap();
    }
    let network = b.finish(x).unwrap();
    let rules = |pattern: &str| {
        let pattern = LayerPattern::new(pattern).unwrap();
        let assignment = Assignment::from(Rule::ZERO).choose(pattern, Rule::gamma(0.25));
        let rules = assignment.resolve(&network)?;
        Ok::<_, CompileError>(rules[1..].iter().map(|rule| *rule == Rule::gamma(0.25)).collect::<Vec<_>>())
    };
    assert_eq!(rules("conv1"), Ok(vec![true, false, false, false]));
    assert_eq!(rules("/conv1/Conv"), Ok(vec![true, false, false, false]));
    assert_eq!(rules("layer4*"), Ok(vec![false, true, true, false]));
    assert_eq!(rules("layer4.1.*"), Ok(vec![false, false, true, false]));
    assert_eq!(rules("/layer4/*"), Ok(vec![false, true, true, false]));
    let error = rules("layer4.1.conv").unwrap_err().to_string();
    assert!(error.starts_with("no layer is named `layer4.1.conv` (did you mean `layer4.1.conv1`"), "{error}");
    let error = rules("xyz").unwrap_err().to_string();
    assert_eq!(
        error,
        "no layer is named `xyz`; the layers with edges are: /conv1/Conv, /layer4/layer4.0/conv1/Conv, \
         /layer4/layer4.1/conv1/Conv, /fc/Gemm"
    );
}
