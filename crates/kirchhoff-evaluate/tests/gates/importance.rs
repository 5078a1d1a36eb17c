//! Shapley, Banzhaf and Birnbaum importance, against their definitions over all coalitions.

use kirchhoff_circuit::{GateBuilder, GateId};
use kirchhoff_evaluate::{
    Importance, Importances, ProbabilityError, Sampling, estimate_importance, exact_importance, importance,
};
use kirchhoff_kernel::{Cancelled, Monitor};

use crate::network::Random;
use crate::probability::{THETA, VARIABLES, circuit, probabilities};
use crate::together::{WORLDS, chance, table, value};

fn factorial(n: usize) -> f64 {
    (1..=n).map(|k| k as f64).product()
}

/// By definition: a weighted sum over the coalitions of the others in which the variable is pivotal.
fn by_definition(table: &[bool], variable: usize, measure: &Importance) -> f64 {
    let without = (0..WORLDS).filter(|&world| !value(world, variable));
    let pivotal = without.filter(|&world| table[world | 1 << variable] && !table[world]);
    let weight = |world: usize| match measure {
        Importance::Shapley => {
            let size = world.count_ones() as usize;
            factorial(size) * factorial(VARIABLES - 1 - size) / factorial(VARIABLES)
        }
        Importance::Banzhaf => 2.0 / WORLDS as f64,
        Importance::Birnbaum(probabilities) => {
            let mut others = probabilities.clone();
            others[variable] = 0.0;
            chance(world, &others)
        }
    };
    pivotal.map(weight).sum()
}

fn measures(random: &mut Random) -> [Importance; 3] {
    [Importance::Shapley, Importance::Banzhaf, Importance::Birnbaum(probabilities(random))]
}

#[test]
fn a_thousand_circuits_agree_with_the_definitions() {
    let mut random = Random(41);
    let mut other_than_zero = [0; 3];
    for number in 0..1000 {
        let circuit = circuit(&mut random);
        let output = number % 3;
        let table = &table(&circuit)[output];
        for (measure, other_than_zero) in measures(&mut random).iter().zip(&mut other_than_zero) {
            let exact = exact_importance(&circuit, &THETA, output, measure, 100_000, &()).unwrap();
            for (variable, exact) in exact.iter().enumerate() {
                let expected = by_definition(table, variable, measure);
                assert!((exact - expected).abs() < 1e-12, "{measure:?}: {exact} {expected}");
                *other_than_zero += usize::from(expected > 0.0);
            }
            if *measure == Importance::Shapley {
                let whole = f64::from(u8::from(table[WORLDS - 1])) - f64::from(u8::from(table[0]));
                assert!((exact.iter().sum::<f64>() - whole).abs() < 1e-12, "what all have together is shared out");
            }
        }
    }
    assert!(other_than_zero.iter().all(|&count| count > 1000), "{other_than_zero:?}");
}

#[test]
fn estimates_hold_the_exact_importance_as_often_as_they_say() {
    let mut random = Random(42);
    let (mut held, mut all) = ([0; 3], [0; 3]);
    for seed in 0..150 {
        let circuit = circuit(&mut random);
        let birnbaum = (0..VARIABLES).map(|_| [0.5, 0.9, 0.125, 0.3][random.below(4)]).collect();
        let measures = [Importance::Shapley, Importance::Banzhaf, Importance::Birnbaum(birnbaum)];
        for (number, measure) in measures.iter().enumerate() {
            let sampling = Sampling { seed, max_worlds: 2048, error: 0.0 };
            let estimates = estimate_importance(&circuit, &THETA, 0, measure, sampling, &()).unwrap();
            let exact = exact_importance(&circuit, &THETA, 0, measure, 100_000, &()).unwrap();
            for (estimate, exact) in estimates.variables.iter().zip(exact) {
                let off = (estimate.importance - exact).abs();
                assert!(off <= 5.0 * estimate.standard_error + 0.01, "{measure:?} {estimate:?} {exact}");
                // A variable that never decides is no pivot by chance; one that always does has no error.
                if exact == 0.0 && *measure == Importance::Shapley {
                    assert_eq!((estimate.importance, estimate.low), (0.0, 0.0));
                } else if estimate.standard_error > 0.0 && exact < 1.0 - 1e-9 {
                    held[number] += usize::from(estimate.low <= exact && exact <= estimate.high);
                    all[number] += 1;
                }
            }
        }
    }
    for (held, all) in held.into_iter().zip(all) {
        let share = held as f64 / f64::from(all);
        assert!(all > 200 && share > 0.93, "{held} of {all}");
    }
}

/// `n` pairs in the worst order: the diagram of `x₁yₙ ∨ x₂yₙ₋₁ ∨ …` with all `x` before all `y` has 2ⁿ nodes.
#[test]
fn beyond_the_limit_of_nodes_importance_is_estimated() {
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
    let sampling = Sampling { max_worlds: 4096, error: 0.0, ..Sampling::default() };
    let of = |measure| importance(&circuit, &THETA, 0, &measure, 50_000, sampling, &()).unwrap();
    let Importances::Estimated(shapley) = of(Importance::Shapley) else { panic!("too large to be exact") };
    // By symmetry.
    assert!(shapley.variables.iter().all(|own| (own.importance - 1.0 / 48.0).abs() < 5.0 * own.standard_error));
    let total: f64 = shapley.variables.iter().map(|own| own.importance).sum();
    assert!((total - 1.0).abs() < 1e-12, "every order has one pivot: {total}");
    let Importances::Estimated(banzhaf) = of(Importance::Banzhaf) else { panic!("too large to be exact") };
    let expected = 0.5 * 0.75f64.powi(n as i32 - 1);
    assert!(banzhaf.variables.iter().all(|own| (own.importance - expected).abs() < 5.0 * own.standard_error));
    assert!(matches!(
        importance(&circuit, &THETA, 0, &Importance::Banzhaf, usize::MAX >> 20, sampling, &Stop),
        Err(ProbabilityError::Fold(_))
    ));
}

struct Stop;

impl Monitor for Stop {
    fn cancelled(&self) -> bool {
        true
    }
}

#[test]
fn estimates_are_the_same_every_time() {
    let circuit = circuit(&mut Random(44));
    let run = |seed| {
        let sampling = Sampling { seed, max_worlds: 1 << 16, error: 0.02 };
        [Importance::Shapley, Importance::Banzhaf]
            .map(|measure| estimate_importance(&circuit, &THETA, 0, &measure, sampling, &()).unwrap())
    };
    let several = run(1);
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| run(1));
    assert_eq!(alone, several);
    assert_ne!(run(2), several);
    assert!(several.iter().all(|estimates| estimates.reached && estimates.worlds < 1 << 16), "{several:?}");
    let narrow = |own: &kirchhoff_evaluate::ImportanceEstimate| own.high - own.low <= 0.04;
    assert!(several.iter().all(|estimates| estimates.variables.iter().all(narrow)));
}

#[test]
fn what_has_no_importance_is_refused() {
    let circuit = circuit(&mut Random(45));
    let sampling = Sampling { max_worlds: 512, ..Sampling::default() };
    let missing = Err(ProbabilityError::Output { got: 3, count: 3 });
    assert_eq!(exact_importance(&circuit, &THETA, 3, &Importance::Banzhaf, 1000, &()), missing);
    let estimate = |measure| estimate_importance(&circuit, &THETA, 0, &measure, sampling, &());
    let error = estimate(Importance::Birnbaum(vec![1.0; VARIABLES])).unwrap_err();
    assert!(error.to_string().contains("has probability 1: its importance can be computed exactly"), "{error}");
    let short = estimate(Importance::Birnbaum(vec![0.5])).unwrap_err();
    assert!(short.to_string().contains("9 variables, but 1 values are given"), "{short}");
    let cancelled = exact_importance(&circuit, &THETA, 0, &Importance::Shapley, 100_000, &Stop).unwrap_err();
    assert_eq!(cancelled, Cancelled.into());
}
