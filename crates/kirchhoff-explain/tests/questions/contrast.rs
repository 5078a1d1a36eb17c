//! What is relevant to one output beyond what is to another.

use std::sync::Arc;

use kirchhoff_circuit::Leaves;
use kirchhoff_explain::{
    AnySemiring, ExplainError, GateOptions, Layers, Question, Symbolic, Target, compile_gates, evaluate_executions,
    evaluate_gates, explain, expressions,
};
use kirchhoff_network::{Activation, Dense, Execution, NetworkBuilder, Operator};
use kirchhoff_semiring::{Definition, semirings};

/// A perceptron of widths 5, 6, 4 on two inputs, with weights that look random.
fn execution(seed: u64) -> Execution {
    let mut state = seed;
    let mut number = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let mut builder = NetworkBuilder::new();
    let mut node = builder.input("input", &[5]).unwrap();
    for (layer, [inputs, outputs]) in [[5, 6], [6, 4]].into_iter().enumerate() {
        let weights: Vec<f32> = (0..inputs * outputs).map(|_| number()).collect();
        let dense = Dense { inputs, outputs, weights: weights.into(), bias: None };
        node = builder.add((2 * layer).to_string(), Operator::Dense(dense), &[node]).unwrap();
        if layer == 0 {
            node = builder.add("1".to_string(), Operator::Activation(Activation::Relu), &[node]).unwrap();
        }
    }
    let values: Vec<f32> = (0..10).map(|_| number()).collect();
    Execution::run(Arc::new(builder.finish(node).unwrap()), &values, 2, &()).unwrap()
}

/// `a ⊖ b` on values as numbers: counts are subtracted, and where ⊕ selects, what is more relevant stays.
fn difference(semiring: &AnySemiring, a: f64, b: f64) -> f64 {
    let more = |x: f64| semiring.meaning.importance(x);
    match &*semiring.name {
        "counting" => (a - b).max(0.0),
        _ if more(a) > more(b) => a,
        _ => semiring.zero_number,
    }
}

#[test]
fn contrasts_are_differences_wherever_a_semiring_has_one() {
    let (mut asked, mut beyond) = (0, 0);
    for seed in 0..20 {
        let execution = execution(seed);
        for info in semirings() {
            let question = Question { layers: Layers::All, ..Question::new(&info.name).unwrap() };
            let of = |target: &str| question.clone().with_targets(vec![target.parse::<Target>().unwrap()]);
            let question_zero = question.semiring.zero_number;
            let answer = explain(&execution, &of("2-1"), &());
            if !info.monus {
                assert_eq!(matches!(answer, Err(ExplainError::Start { .. })), info.name != "real", "{}", info.name);
                continue;
            }
            let (answer, own, other) = (
                answer.unwrap(),
                explain(&execution, &of("2"), &()).unwrap(),
                explain(&execution, &of("1"), &()).unwrap(),
            );
            assert_eq!(answer.targets[0], [(2, 1.0), (1, -1.0)]);
            for (tensor, (own, other)) in answer.tensors.iter().zip(own.tensors.iter().zip(&other.tensors)) {
                let values = [tensor, own, other].map(|tensor| tensor.values.to_f64());
                for ((got, a), b) in values[0].iter().zip(&values[1]).zip(&values[2]) {
                    assert_eq!(*got, difference(&question.semiring, *a, *b), "{} {}: {a} {b}", info.name, tensor.name);
                    beyond += usize::from(*got != question.semiring.zero_number && *a != *got);
                }
            }
            // Gate circuits of one input, and of every input.
            let options = GateOptions { execution: 1, ..GateOptions::default() };
            let (gates, notes) = compile_gates(&execution, &of("2-1"), &options, &()).unwrap();
            let folded = evaluate_gates(&gates, &notes, &of("2-1"), &()).unwrap();
            let question = Question { layers: Layers::Input, ..of("2-1") };
            let edges = GateOptions { leaves: Leaves::Edges, ..GateOptions::default() };
            let (gates, notes) = compile_gates(&execution, &question, &edges, &()).unwrap();
            let all = evaluate_executions(&gates, &notes, &execution, &[question], 1 << 20, &()).unwrap();
            let [own, other] = [&own, &other].map(|answer| answer.tensors[0].values.to_f64());
            let near = |a: f64, b: f64| a == b || (a - b).abs() <= 1e-5 * a.abs().max(b.abs()) + 1e-6;
            let streamed = answer.tensors[0].values.to_f64();
            let check = |got: &[f64], first: usize| {
                for (at, got) in got.iter().enumerate() {
                    let (a, b, expected) = (own[first + at], other[first + at], streamed[first + at]);
                    // Rounding decides which of two equals is more, and gates are summed in another order.
                    let either = near(a, b) && (near(*got, a) || *got == question_zero);
                    assert!(near(*got, expected) || either, "{}: {got} {expected}, of {a} and {b}", info.name);
                }
            };
            check(&folded.tensors[0].values.to_f64(), 5);
            check(&all[0].tensors[0].values.to_f64(), 0);
            asked += 1;
        }
    }
    assert!(asked >= 160 && beyond > 20, "{asked} {beyond}");
}

/// What a symbolic semiring says of hidden neurons, by output.
fn symbolic(execution: &Execution, target: &str, semiring: &str) -> Result<Vec<String>, ExplainError> {
    let question = Question::new("boolean").unwrap().with_targets(vec![target.parse::<Target>().unwrap()]);
    let options = GateOptions { prune: true, symbolic: Symbolic::Hidden, ..GateOptions::default() };
    let (gates, notes) = compile_gates(execution, &question, &options, &())?;
    let found = expressions(&gates, &notes, semiring, &question, &())?;
    Ok(found.into_iter().map(|output| output.value.unwrap()).collect())
}

#[test]
fn symbolic_contrasts_are_differences() {
    let terms = |text: &str, between: &str| -> Vec<String> {
        let text = text.trim_matches(|c| c == '{' || c == '}');
        text.split(between).filter(|term| !["", "0", "∅", "⊥"].contains(term)).map(str::to_string).collect()
    };
    let (mut smaller, mut empty) = (0, 0);
    for seed in 0..40 {
        let execution = execution(seed);
        // One hidden layer: a witness of an input is one neuron, and so is a monomial, however it is written.
        for (semiring, between) in [("why", "}, {"), ("posbool", " ∨ "), ("which", ", "), ("polynomial", " + ")] {
            let [contrast, own, other] =
                ["2-1", "2", "1"].map(|target| symbolic(&execution, target, semiring).unwrap());
            for ((contrast, own), other) in contrast.iter().zip(&own).zip(&other) {
                let [contrast, own, other] = [contrast, own, other].map(|text| terms(text, between));
                let expected: Vec<_> = own.iter().filter(|term| !other.contains(term)).cloned().collect();
                assert_eq!(contrast, expected, "{semiring}: {own:?} {other:?}");
                smaller += usize::from(!contrast.is_empty() && contrast.len() < own.len());
                empty += usize::from(contrast.is_empty() && !own.is_empty());
            }
        }
        // There is no difference of best paths; and what is beyond what is no formula of gates.
        let error = symbolic(&execution, "2-1", "top-k(3)").unwrap_err();
        assert!(matches!(&error, ExplainError::Difference { variable } if variable == "start[1]"), "{error}");
    }
    assert!(smaller > 20 && empty > 20, "{smaller} {empty}");
}

#[test]
fn a_theta_of_neurons_is_for_edges_that_are_known() {
    let execution = execution(3);
    let definition = Definition::from_call(
        r#"define(name="ends", value="u64", plus="a + b", times="a * b", zero=0, one=1,
           theta="u64(d > 0) * (1 + source + 10 * destination)", laws=["commutative"])"#,
    )
    .unwrap();
    definition.check().unwrap();
    let question = Question::of(&definition).with_targets(vec!["2".parse::<Target>().unwrap()]);
    let streamed = explain(&execution, &question, &()).unwrap();
    // By hand, over the contributions of both layers.
    let counting = Question::new("counting").unwrap().with_targets(vec!["2".parse::<Target>().unwrap()]);
    let edges = GateOptions { leaves: Leaves::Edges, execution: 1, ..GateOptions::default() };
    let (gates, notes) = compile_gates(&execution, &counting, &edges, &()).unwrap();
    let arrays = gates.arrays();
    let ends = arrays.edges.as_ref().unwrap();
    let mut expected = [0u64; 5];
    for upper in 0..arrays.contributions.len() {
        for lower in 0..arrays.contributions.len() {
            let joined = gates.layers()[arrays.contribution_layers[upper] as usize].name == "2"
                && gates.layers()[arrays.contribution_layers[lower] as usize].name == "0"
                && ends.destinations[upper] == 2
                && ends.sources[upper] == ends.destinations[lower];
            if joined && arrays.contributions[upper] > 0.0 && arrays.contributions[lower] > 0.0 {
                let weight = |leaf: usize| u64::from(1 + ends.sources[leaf] + 10 * ends.destinations[leaf]);
                expected[ends.sources[lower] as usize] += weight(upper) * weight(lower);
            }
        }
    }
    assert_eq!(streamed.tensors[0].values.to_f64()[5..], expected.map(|number| number as f64));
    let folded = evaluate_gates(&gates, &notes, &question, &()).unwrap();
    assert_eq!(folded.tensors[0].values.to_f64(), expected.map(|number| number as f64));
    let all = evaluate_executions(&gates, &notes, &execution, std::slice::from_ref(&question), 1 << 20, &()).unwrap();
    assert_eq!(all[0].tensors[0].values.to_f64(), streamed.tensors[0].values.to_f64());

    let is_refused = |result: Result<(), ExplainError>| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains("asks for the neurons of an edge") && error.contains("--leaves edges"), "{error}");
    };
    let (gates, notes) = compile_gates(&execution, &counting, &GateOptions::default(), &()).unwrap();
    is_refused(evaluate_gates(&gates, &notes, &question, &()).map(|_| ()));
    let pruned = GateOptions { prune: true, ..GateOptions::default() };
    is_refused(compile_gates(&execution, &question, &pruned, &()).map(|_| ()));
    // Under a threshold nobody asks for neurons.
    let threshold = question.with_annotation("threshold(0.1)".parse().unwrap());
    evaluate_gates(&gates, &notes, &threshold, &()).unwrap();
}
