//! The probability that an output is 1, against the enumeration of all worlds.

use kirchhoff_circuit::{GateBuilder, GateCircuit, GateId, GateLayer};
use kirchhoff_evaluate::{
    FoldError, PerLeaf, ProbabilityError, Sampling, estimate_probability, exact_probability, fold,
};
use kirchhoff_kernel::{Cancelled, Monitor};
use kirchhoff_semiring::{Boolean, Worlds};

use crate::network::Random;

pub const VARIABLES: usize = 9;

/// Contributions above this are 1.
pub const THETA: PerLeaf<fn(usize, f32) -> bool> = PerLeaf(|_, d| d > 0.5);

/// A formula over variables and contributions, with gates that several others use.
pub fn circuit(random: &mut Random) -> GateCircuit {
    let layer = GateLayer { name: "0".to_string(), rule: "zero".to_string(), range: None };
    let mut builder = GateBuilder::new(vec![layer], 1000);
    let mut gates: Vec<GateId> = Vec::new();
    for number in 0..VARIABLES {
        let variable = builder.declare(&format!("x[{number}]"));
        gates.push(builder.variable(variable).unwrap());
    }
    gates.push(builder.contribution(0, 0.25).unwrap());
    gates.push(builder.contribution(0, 0.75).unwrap());
    for _ in 0..25 {
        let children: Vec<GateId> = (0..1 + random.below(4)).map(|_| gates[random.below(gates.len())]).collect();
        let gate = if random.below(2) == 0 { builder.plus(&children) } else { builder.times(&children) };
        gates.push(gate.unwrap());
    }
    let outputs: Vec<GateId> = (0..3).map(|number| gates[gates.len() - 1 - 4 * number]).collect();
    builder.output("value", &[3], &outputs).unwrap();
    builder.finish().unwrap()
}

pub fn probabilities(random: &mut Random) -> Vec<f64> {
    (0..VARIABLES).map(|_| [0.0, 1.0, 0.5, 0.9, 0.125, 0.3][random.below(6)]).collect()
}

fn relevant(circuit: &GateCircuit, world: usize) -> Vec<bool> {
    let values: Vec<bool> = (0..VARIABLES).map(|variable| world >> variable & 1 == 1).collect();
    fold(circuit, &Boolean, &THETA, &values, &()).unwrap()
}

/// The sum of the probabilities of all worlds in which an output is 1.
fn enumerated(circuit: &GateCircuit, probabilities: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; 3];
    for world in 0..1 << VARIABLES {
        let chance = |(variable, p): (usize, &f64)| if world >> variable & 1 == 1 { *p } else { 1.0 - p };
        let chance: f64 = probabilities.iter().enumerate().map(chance).product();
        for (sum, relevant) in sums.iter_mut().zip(relevant(circuit, world)) {
            *sum += if relevant { chance } else { 0.0 };
        }
    }
    sums
}

#[test]
fn decision_diagrams_agree_with_the_enumeration_of_all_worlds() {
    let mut random = Random(21);
    let mut between = 0;
    for _ in 0..1000 {
        let (circuit, probabilities) = (circuit(&mut random), probabilities(&mut random));
        let exact = exact_probability(&circuit, &THETA, &probabilities, 100_000, &()).unwrap();
        for (exact, expected) in exact.iter().zip(enumerated(&circuit, &probabilities)) {
            assert!((exact - expected).abs() < 1e-12, "{exact} {expected}");
            between += usize::from(expected > 0.0 && expected < 1.0);
        }
    }
    assert!(between > 200, "{between}");
}

#[test]
fn estimates_hold_the_exact_probability_as_often_as_they_say() {
    let mut random = Random(22);
    let (mut held, mut all) = (0, 0);
    for seed in 0..400 {
        let (circuit, probabilities) = (circuit(&mut random), probabilities(&mut random));
        let sampling = Sampling { seed, max_worlds: 2048, error: 0.0 };
        let estimates = estimate_probability(&circuit, &THETA, &probabilities, sampling, &()).unwrap();
        assert_eq!((estimates.worlds, estimates.reached), (2048, false));
        let exact = exact_probability(&circuit, &THETA, &probabilities, 100_000, &()).unwrap();
        for (estimate, exact) in estimates.outputs.iter().zip(exact) {
            assert!(
                (estimate.probability - exact).abs() <= 5.0 * estimate.standard_error + 0.01,
                "{estimate:?} {exact}"
            );
            if exact > 0.0 && exact < 1.0 {
                held += usize::from(estimate.low <= exact && exact <= estimate.high);
                all += 1;
            }
        }
    }
    let share = f64::from(held as u32) / f64::from(all);
    println!("{held} of {all} intervals hold the probability");
    assert!(all > 200 && (0.92..=0.98).contains(&share), "{share} of {all}");
}

/// What a word of 64 worlds says is what 64 worlds say.
#[test]
fn a_word_is_64_worlds() {
    let mut random = Random(23);
    for _ in 0..50 {
        let circuit = circuit(&mut random);
        let worlds: Vec<usize> = (0..128).map(|_| random.below(1 << VARIABLES)).collect();
        let bits = |worlds: &[usize], variable: usize| {
            worlds.iter().enumerate().map(|(bit, world)| ((world >> variable & 1) as u64) << bit).sum::<u64>()
        };
        let values: Vec<[u64; 2]> =
            (0..VARIABLES).map(|variable| [bits(&worlds[..64], variable), bits(&worlds[64..], variable)]).collect();
        let theta = PerLeaf(|_: usize, d: f32| if d > 0.5 { [u64::MAX; 2] } else { [0; 2] });
        let words = fold(&circuit, &Worlds::<2>, &theta, &values, &()).unwrap();
        for (number, &world) in worlds.iter().enumerate() {
            let truths: Vec<bool> = words.iter().map(|word| word[number / 64] >> (number % 64) & 1 == 1).collect();
            assert_eq!(truths, relevant(&circuit, world));
        }
    }
}

#[test]
fn sampling_stops_at_the_error_that_is_asked_for_and_is_the_same_every_time() {
    let circuit = circuit(&mut Random(24));
    let probabilities = [0.5; VARIABLES];
    let run = |seed, error| {
        let sampling = Sampling { seed, error, max_worlds: 1 << 20 };
        estimate_probability(&circuit, &THETA, &probabilities, sampling, &()).unwrap()
    };
    let [coarse, fine] = [0.05, 0.005].map(|error| run(1, error));
    assert!(coarse.reached && fine.reached && coarse.worlds < fine.worlds, "{coarse:?} {fine:?}");
    assert!(fine.outputs.iter().all(|estimate| estimate.high - estimate.low <= 0.01));
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| run(1, 0.005));
    assert_eq!(alone, fine);
    assert_ne!(run(2, 0.005), fine);
}

#[test]
fn what_has_no_probability_is_refused() {
    let circuit = circuit(&mut Random(25));
    let exact = |probabilities: &[f64], max_nodes| exact_probability(&circuit, &THETA, probabilities, max_nodes, &());
    assert_eq!(exact(&[0.5; VARIABLES], 3), Err(ProbabilityError::Nodes { max_nodes: 3 }));
    let error = exact(&[1.5; VARIABLES], 1000).unwrap_err();
    assert_eq!(error.to_string(), "a probability of 1.5 for variable `x[0]`: it must lie between 0 and 1");
    assert!(matches!(exact(&[f64::NAN; VARIABLES], 1000), Err(ProbabilityError::Range { .. })));
    let wrong = ProbabilityError::Fold(FoldError::Variables { got: 1, expected: VARIABLES });
    assert_eq!(exact(&[0.5], 1000), Err(wrong.clone()));
    let estimate = |monitor: &dyn Monitor, probabilities: &[f64]| {
        estimate_probability(&circuit, &THETA, probabilities, Sampling::default(), monitor)
    };
    assert_eq!(estimate(&(), &[0.5]), Err(wrong));

    struct Stop;
    impl Monitor for Stop {
        fn cancelled(&self) -> bool {
            true
        }
    }
    let cancelled = ProbabilityError::Fold(FoldError::Cancelled(Cancelled));
    assert_eq!(estimate(&Stop, &[0.5; VARIABLES]), Err(cancelled.clone()));
    assert_eq!(exact_probability(&circuit, &THETA, &[0.5; VARIABLES], 1000, &Stop), Err(cancelled));
}

/// `n` pairs in the worst order: the diagram of `x₁yₙ ∨ x₂yₙ₋₁ ∨ …` with all `x` before all `y` has 2ⁿ nodes.
#[test]
fn diagrams_that_grow_exponentially_stop_at_the_limit() {
    let n = 24;
    let mut builder = GateBuilder::new(Vec::new(), 1000);
    let leaves: Vec<GateId> = (0..2 * n)
        .map(|number| {
            let variable = builder.declare(&format!("x[{number}]"));
            builder.variable(variable).unwrap()
        })
        .collect();
    let pairs: Vec<GateId> = (0..n).map(|i| builder.times(&[leaves[i], leaves[n + i]]).unwrap()).collect();
    let sum = builder.plus(&pairs).unwrap();
    builder.output("value", &[1], &[sum]).unwrap();
    let circuit = builder.finish().unwrap();
    let error = exact_probability(&circuit, &THETA, &vec![0.5; 2 * n], 50_000, &()).unwrap_err();
    assert_eq!(error, ProbabilityError::Nodes { max_nodes: 50_000 });
    let estimates = estimate_probability(&circuit, &THETA, &vec![0.5; 2 * n], Sampling::default(), &()).unwrap();
    let expected = 1.0 - 0.75f64.powi(n as i32);
    assert!(estimates.outputs[0].low <= expected && expected <= estimates.outputs[0].high, "{estimates:?}");
}
