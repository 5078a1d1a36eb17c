//! Outputs together, the most probable world, decision diagrams and models: against the enumeration of all worlds.

use kirchhoff_circuit::{GateBuilder, GateCircuit};
use kirchhoff_evaluate::{
    Fate, PerLeaf, ProbabilityError, Sampling, conditional_probability, decision_diagrams,
    estimate_conditional_probability, estimate_expected_outputs, exact_probability, exact_probability_gradient,
    expected_outputs, fold, joint_probability, most_probable_world,
};
use kirchhoff_semiring::{Boolean, Worlds};

use crate::network::Random;
use crate::probability::{THETA, VARIABLES, circuit, probabilities};

pub const WORLDS: usize = 1 << VARIABLES;
const OUTPUTS: usize = 3;

pub fn value(world: usize, variable: usize) -> bool {
    world >> variable & 1 == 1
}

/// The value of each output in each world, from one fold over words of worlds.
pub fn table(circuit: &GateCircuit) -> Vec<Vec<bool>> {
    let word = |variable: usize, word: usize| {
        (0..64).map(|bit| u64::from(value(64 * word + bit, variable)) << bit).sum::<u64>()
    };
    let variables: Vec<[u64; 8]> =
        (0..VARIABLES).map(|variable| std::array::from_fn(|number| word(variable, number))).collect();
    let theta = PerLeaf(|_: usize, d: f32| if d > 0.5 { [u64::MAX; 8] } else { [0; 8] });
    let outputs = fold(circuit, &Worlds::<8>, &theta, &variables, &()).unwrap();
    outputs.iter().map(|words| (0..WORLDS).map(|world| words[world / 64] >> (world % 64) & 1 == 1).collect()).collect()
}

/// The probability of a world.
pub fn chance(world: usize, probabilities: &[f64]) -> f64 {
    let chances = probabilities.iter().enumerate();
    chances.map(|(variable, &p)| if value(world, variable) { p } else { 1.0 - p }).product()
}

/// Some outputs, perhaps none.
fn some_outputs(random: &mut Random) -> Vec<usize> {
    (0..OUTPUTS).filter(|_| random.below(2) == 0).collect()
}

fn hold(table: &[Vec<bool>], outputs: &[usize], world: usize) -> bool {
    outputs.iter().all(|&output| table[output][world])
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

#[test]
fn a_thousand_circuits_agree_with_the_enumeration_of_all_worlds() {
    let mut random = Random(31);
    let (mut impossible, mut between) = (0, 0);
    for _ in 0..1000 {
        let (circuit, probabilities) = (circuit(&mut random), probabilities(&mut random));
        let (table, given) = (table(&circuit), some_outputs(&mut random));
        let sum = |holds: &dyn Fn(usize) -> bool| -> f64 {
            (0..WORLDS).filter(|&world| holds(world)).map(|world| chance(world, &probabilities)).sum()
        };
        let expected = sum(&|world| hold(&table, &given, world));
        let joint = joint_probability(&circuit, &THETA, &probabilities, &given, 100_000, &()).unwrap();
        assert!(close(joint, expected), "{joint} {expected}");

        let conditional = conditional_probability(&circuit, &THETA, &probabilities, &given, 100_000, &()).unwrap();
        assert!(close(conditional.given, expected));
        assert_eq!(conditional.outputs.is_some(), expected > 0.0);
        for (output, got) in conditional.outputs.iter().flatten().enumerate() {
            let both = sum(&|world| table[output][world] && hold(&table, &given, world));
            assert!((got - both / expected).abs() < 1e-11, "{got} {both} {expected}");
        }

        let relevant = expected_outputs(&circuit, &THETA, &probabilities, 100_000, &()).unwrap();
        let counted = |world: usize| table.iter().filter(|output| output[world]).count() as f64;
        let mean: f64 = (0..WORLDS).map(|world| chance(world, &probabilities) * counted(world)).sum();
        assert!(close(relevant, mean), "{relevant} {mean}");

        for wanted in [true, false] {
            let worlds = (0..WORLDS).filter(|&world| hold(&table, &given, world) == wanted);
            let best = worlds.map(|world| chance(world, &probabilities)).fold(0.0, f64::max);
            let fate = if wanted { Fate::Kept } else { Fate::Lost };
            let found = most_probable_world(&circuit, &THETA, &probabilities, &given, fate, 100_000, &());
            match found.unwrap() {
                None => assert_eq!(best, 0.0),
                Some(found) => {
                    let world = (0..VARIABLES).map(|variable| usize::from(found.values[variable]) << variable).sum();
                    let holds = hold(&table, &given, world) == wanted;
                    assert!(holds && close(found.probability, best), "{found:?} {best}");
                    assert!(close(found.log_probability, best.ln()) && close(chance(world, &probabilities), best));
                }
            }
        }
        impossible += usize::from(expected == 0.0);
        between += usize::from(expected > 0.0 && expected < 1.0);
    }
    assert!(impossible > 30 && between > 300, "{impossible} {between}");
}

#[test]
fn diagrams_are_the_functions_and_count_their_models() {
    let mut random = Random(32);
    for _ in 0..1000 {
        let circuit = circuit(&mut random);
        let table = table(&circuit);
        let fixed: Vec<Option<bool>> =
            (0..VARIABLES).map(|_| [None, None, None, Some(false), Some(true)][random.below(5)]).collect();
        let events = [vec![0], vec![], some_outputs(&mut random)];
        let events: Vec<&[usize]> = events.iter().map(|event| &event[..]).collect();
        let diagrams = decision_diagrams(&circuit, &THETA, &events, &|variable| fixed[variable], 100_000, &()).unwrap();
        for (diagram, event) in diagrams.iter().zip(events) {
            let fits = |world: &usize| {
                fixed.iter().enumerate().all(|(v, fixed)| fixed.is_none_or(|own| own == value(*world, v)))
            };
            let mut models = 0u32;
            for world in (0..WORLDS).filter(fits) {
                let values: Vec<bool> = (0..VARIABLES).map(|variable| value(world, variable)).collect();
                assert_eq!(diagram.evaluate(&values), hold(&table, event, world));
                models += u32::from(hold(&table, event, world));
            }
            assert_eq!(diagram.models(), models.into());
            // Reduced and ordered: no node decides nothing, none stands twice, and variables ascend.
            let nodes = diagram.nodes();
            let of = |node: u32| node.checked_sub(2).map(|own| nodes[own as usize].variable);
            for (own, node) in nodes.iter().enumerate() {
                assert!(node.low != node.high && !nodes[..own].contains(node), "{nodes:?}");
                assert!(node.low < own as u32 + 2 && node.high < own as u32 + 2);
                assert!(
                    [node.low, node.high].into_iter().all(|child| of(child).is_none_or(|below| below > node.variable))
                );
                assert!(fixed[node.variable as usize].is_none());
            }
        }
    }
}

/// The probability is linear in that of each variable: its derivative is a difference.
#[test]
fn gradients_of_probabilities_are_differences() {
    let mut random = Random(33);
    let mut other_than_zero = 0;
    for _ in 0..1000 {
        let (circuit, mut probabilities) = (circuit(&mut random), probabilities(&mut random));
        let gradients = exact_probability_gradient(&circuit, &THETA, &probabilities, 100_000, &()).unwrap();
        let values = exact_probability(&circuit, &THETA, &probabilities, 100_000, &()).unwrap();
        for ((probability, _), value) in gradients.iter().zip(values) {
            assert!(close(*probability, value));
        }
        for variable in 0..VARIABLES {
            let own = probabilities[variable];
            let [without, with] = [0.0, 1.0].map(|p| {
                probabilities[variable] = p;
                exact_probability(&circuit, &THETA, &probabilities, 100_000, &()).unwrap()
            });
            probabilities[variable] = own;
            for (output, (_, derivatives)) in gradients.iter().enumerate() {
                assert!(close(derivatives[variable], with[output] - without[output]));
                other_than_zero += usize::from(derivatives[variable] > 0.0);
            }
        }
    }
    assert!(other_than_zero > 1000, "{other_than_zero}");
}

#[test]
fn sampled_intervals_hold_as_often_as_they_say() {
    let mut random = Random(34);
    let (mut held, mut all, mut means, mut counted) = (0, 0, 0, 0);
    for seed in 0..300 {
        let (circuit, probabilities) = (circuit(&mut random), probabilities(&mut random));
        let given = some_outputs(&mut random);
        let sampling = Sampling { seed, max_worlds: 4096, error: 0.0 };
        let exact = conditional_probability(&circuit, &THETA, &probabilities, &given, 100_000, &()).unwrap();
        let estimates =
            estimate_conditional_probability(&circuit, &THETA, &probabilities, &given, sampling, &()).unwrap();
        assert_eq!((estimates.worlds, estimates.reached), (4096, false));
        let pairs = exact.outputs.iter().flatten().zip(&estimates.outputs).chain([(&exact.given, &estimates.given)]);
        for (&exact, estimate) in pairs.filter(|(exact, _)| **exact > 0.0 && **exact < 1.0) {
            held += usize::from(estimate.low <= exact && exact <= estimate.high);
            all += 1;
        }
        let mean = expected_outputs(&circuit, &THETA, &probabilities, 100_000, &()).unwrap();
        let estimate = estimate_expected_outputs(&circuit, &THETA, &probabilities, sampling, &()).unwrap();
        assert!((estimate.mean - mean).abs() <= 6.0 * estimate.standard_error + 1e-9, "{estimate:?} {mean}");
        if estimate.standard_error > 0.01 {
            means += usize::from(estimate.low <= mean && mean <= estimate.high);
            counted += 1;
        }
    }
    let shares = [held as f64 / all as f64, means as f64 / counted as f64];
    assert!(all > 200 && counted > 40 && shares[0] > 0.92 && shares[1] > 0.88, "{shares:?} {all} {counted}");
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let circuit = circuit(&mut Random(35));
    let p = [0.5; VARIABLES];
    let missing = ProbabilityError::Output { got: 3, count: 3 };
    assert_eq!(joint_probability(&circuit, &THETA, &p, &[0, 3], 1000, &()), Err(missing.clone()));
    let sampling = Sampling { max_worlds: 512, ..Sampling::default() };
    let estimate = estimate_conditional_probability(&circuit, &THETA, &p, &[3], sampling, &());
    assert_eq!(estimate, Err(missing.clone()));
    assert_eq!(missing.to_string(), "there is no output 3: the circuit has 3, counted from 0");
    let limit = most_probable_world(&circuit, &THETA, &p, &[0, 1, 2], Fate::Kept, 3, &()).unwrap_err();
    assert_eq!(limit, ProbabilityError::Nodes { max_nodes: 3 });
    let range = joint_probability(&circuit, &THETA, &[2.0; VARIABLES], &[0], 1000, &());
    assert!(matches!(range, Err(ProbabilityError::Range { .. })));
}

/// Given what never holds, nothing is known.
#[test]
fn the_impossible_is_no_condition() {
    let mut builder = GateBuilder::new(Vec::new(), 10);
    let zero = builder.zero().unwrap();
    let a = builder.declare("a");
    let a = builder.variable(a).unwrap();
    builder.output("x", &[2], &[zero, a]).unwrap();
    let circuit = builder.finish().unwrap();
    let exact = conditional_probability(&circuit, &THETA, &[0.5], &[0], 100, &()).unwrap();
    assert_eq!((exact.given, exact.outputs), (0.0, None));
    let sampling = Sampling { max_worlds: 512, ..Sampling::default() };
    let estimates = estimate_conditional_probability(&circuit, &THETA, &[0.5], &[0], sampling, &()).unwrap();
    assert_eq!((estimates.outputs[1].low, estimates.outputs[1].high), (0.0, 1.0));
    assert!(fold(&circuit, &Boolean, &THETA, &[true], &()).unwrap()[1]);
}
