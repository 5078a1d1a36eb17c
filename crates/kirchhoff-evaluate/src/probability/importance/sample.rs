//! Estimated importance, from random worlds and random orders.

use kirchhoff_circuit::{Gate, GateBuilder, GateCircuit, GateError, simplify};
use kirchhoff_kernel::Monitor;
use kirchhoff_semiring::{Boolean, Semiring, Worlds};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

use super::super::diagram::{check_outputs, live, occurring, truths};
use super::super::sample::{
    Estimate, Leaves, ROUND, Round, Sampling, WORDS, Words, generator, in_rounds, ones, sample,
};
use super::super::{ProbabilityError, check};
use super::Importance;
use crate::error::FoldError;
use crate::fold::fold;
use crate::leaves::AnnotateLeaves;

/// The importance of a variable, estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ImportanceEstimate {
    /// The estimate. Where it is a difference of two shares, chance may make it negative.
    pub importance: f64,
    /// Its standard error; infinite where nothing is known.
    pub standard_error: f64,
    /// The lower end of the interval that holds the importance with a confidence of 95 %, not below 0.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What sampling has found of the importance of variables.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportanceEstimates {
    /// One a variable. Those that the output does not depend on have 0, which is certain.
    pub variables: Vec<ImportanceEstimate>,
    /// The worlds, or orders, that were sampled.
    pub worlds: u64,
    /// Whether the error is as small as was asked for.
    pub reached: bool,
}

/// Estimates the importance of every variable of a circuit for the output at a position, contributions being what
/// `annotate` makes of them.
///
/// Shapley's measure is the share of random orders in which the variable is pivotal: in each, the one pivot is found by
/// bisection, as gates are monotone, so that 512 orders take as many folds as the number of variables has binary digits;
/// intervals are Wilson's. The other two are the share of random worlds with the variable in which the output is 1, less
/// that among those without it (Wang & Jia, "Data Banzhaf", 2023): one fold for 512 worlds and all variables, with Newcombe's
/// intervals ("Interval estimation for the difference between independent proportions", 1998). Each interval stands for
/// itself: of many variables, some 5 % are off theirs. Sampling stops when all are narrow enough, or when
/// [`max_worlds`](Sampling::max_worlds) worlds, or orders, are spent; the same seed gives the same estimates on any
/// number of threads. Each thread takes 64 bytes a gate, and for Shapley's measure 2 KiB a variable.
///
/// # Errors
/// An output that is not there, what is no probability of each variable, a variable that is certain or impossible in
/// Birnbaum's measure, annotations that do not fit, or cancellation.
pub fn estimate_importance(
    circuit: &GateCircuit,
    annotate: &impl AnnotateLeaves<Boolean>,
    output: usize,
    measure: &Importance,
    sampling: Sampling,
    monitor: &dyn Monitor,
) -> Result<ImportanceEstimates, ProbabilityError> {
    check_outputs(circuit, [output].iter())?;
    let part = alone(circuit, &truths(circuit, annotate)?, output)?;
    let live = live(&part, part.outputs().iter().copied());
    let players = occurring(&part, &live);
    match measure {
        Importance::Shapley => pivots(&part, &players, sampling, monitor),
        Importance::Banzhaf => differences(&part, &players, &vec![0.5; part.variables().len()], sampling, monitor),
        Importance::Birnbaum(probabilities) => {
            check(circuit.variables(), probabilities)?;
            let certain = |&&player: &&u32| matches!(probabilities[player as usize], 0.0 | 1.0);
            if let Some(&player) = players.iter().find(certain) {
                let (variable, got) = (part.variables()[player as usize].clone(), probabilities[player as usize]);
                return Err(ProbabilityError::Certain { variable, got });
            }
            differences(&part, &players, probabilities, sampling, monitor)
        }
    }
}

/// The circuit of one output, with constants for contributions, as small as linear-time rewrites make it. Variables keep
/// their numbers.
fn alone(circuit: &GateCircuit, leaves: &[bool], output: usize) -> Result<GateCircuit, GateError> {
    let root = circuit.outputs()[output];
    let live = live(circuit, [root].into_iter());
    let mut builder = GateBuilder::like(circuit, u64::MAX);
    let mut leaves = leaves.iter();
    let mapped = circuit.map_gates(|id, gate, mapped| {
        let leaf = matches!(gate, Gate::Contribution { .. }).then(|| leaves.next());
        if !live[id.index()] {
            return Ok(None);
        }
        let made = match leaf {
            Some(Some(&true)) => builder.one(),
            Some(_) => builder.zero(),
            None => builder.copy(circuit, gate, mapped),
        };
        made.map(Some)
    })?;
    builder.output("value", &[], &[mapped.of(root)])?;
    Ok(simplify(&builder.finish()?, Boolean.laws())?.0)
}

/// Birnbaum's measure.
fn differences(
    circuit: &GateCircuit,
    players: &[u32],
    probabilities: &[f64],
    sampling: Sampling,
    monitor: &dyn Monitor,
) -> Result<ImportanceEstimates, ProbabilityError> {
    let count = |round: &Round| {
        let counts = players.iter().flat_map(|&player| {
            let with = &round.variables[player as usize];
            let both: Words = std::array::from_fn(|word| with[word] & round.outputs[0][word]);
            [ones(with), ones(&both)]
        });
        [ones(&round.outputs[0])].into_iter().chain(counts).collect()
    };
    let mut variables = vec![ImportanceEstimate::default(); circuit.variables().len()];
    let progress = sample(circuit, Vec::new(), probabilities, sampling, monitor, &count, &mut |counts, worlds| {
        for (&player, own) in players.iter().zip(counts[1..].chunks_exact(2)) {
            let with = Estimate::new(own[1], own[0]);
            let without = Estimate::new(counts[0] - own[1], worlds - own[0]);
            variables[player as usize] = difference(with, without);
        }
        variables.iter().all(|variable| variable.high - variable.low <= 2.0 * sampling.error)
    })?;
    Ok(ImportanceEstimates { variables, worlds: progress.worlds, reached: progress.reached })
}

/// The difference of two shares, with Newcombe's interval.
fn difference(with: Estimate, without: Estimate) -> ImportanceEstimate {
    let importance = with.probability - without.probability;
    let below = (with.probability - with.low).hypot(without.high - without.probability);
    let above = (with.high - with.probability).hypot(without.probability - without.low);
    ImportanceEstimate {
        importance,
        standard_error: with.standard_error.hypot(without.standard_error),
        low: (importance - below).clamp(0.0, 1.0),
        high: (importance + above).clamp(0.0, 1.0),
    }
}

/// Shapley's measure.
fn pivots(
    circuit: &GateCircuit,
    players: &[u32],
    sampling: Sampling,
    monitor: &dyn Monitor,
) -> Result<ImportanceEstimates, ProbabilityError> {
    let none = ImportanceEstimate::default();
    let mut variables = vec![none; circuit.variables().len()];
    let leaves = Leaves(Vec::new());
    let value = |variables: &[Words]| -> Result<Words, FoldError> {
        Ok(fold(circuit, &Worlds::<WORDS>, &leaves, variables, monitor)?[0])
    };
    let [nobody, everybody] = [0, u64::MAX].map(|all| vec![[all; WORDS]; circuit.variables().len()]);
    if value(&nobody)? == value(&everybody)? {
        return Ok(ImportanceEstimates { variables, worlds: 0, reached: true });
    }
    let look = &mut |counts: &[u64], orders: u64| {
        for (&player, &count) in players.iter().zip(counts) {
            let Estimate { probability: importance, standard_error, low, high } = Estimate::new(count, orders);
            variables[player as usize] = ImportanceEstimate { importance, standard_error, low, high };
        }
        variables.iter().all(|variable| variable.high - variable.low <= 2.0 * sampling.error)
    };
    let progress = in_rounds(sampling, look, |round| {
        let mut generator = generator(sampling.seed, round);
        let orders: Vec<Vec<u32>> = (0..ROUND).map(|_| order(&mut generator, players.len())).collect();
        // The output is 0 after the first `low` of each order, and 1 after the first `high`.
        let (mut low, mut high) = (vec![0; orders.len()], vec![players.len(); orders.len()]);
        while low.iter().zip(&high).any(|(low, high)| high - low > 1) {
            let mut values = vec![[0; WORDS]; circuit.variables().len()];
            for (world, order) in orders.iter().enumerate() {
                for &place in &order[..low[world].midpoint(high[world])] {
                    values[players[place as usize] as usize][world / 64] |= 1 << (world % 64);
                }
            }
            let value = value(&values)?;
            for world in 0..orders.len() {
                let middle = low[world].midpoint(high[world]);
                // Where both ends are neighbours, the middle is the lower one, and the output 0 there.
                if value[world / 64] >> (world % 64) & 1 == 1 {
                    high[world] = middle;
                } else {
                    low[world] = middle;
                }
            }
        }
        let mut counts = vec![0; players.len()];
        for (order, pivot) in orders.iter().zip(high) {
            counts[order[pivot - 1] as usize] += 1;
        }
        Ok(counts)
    })?;
    Ok(ImportanceEstimates { variables, worlds: progress.worlds, reached: progress.reached })
}

/// A random order of so many things, all orders being equally probable (Fisher & Yates).
fn order(generator: &mut ChaCha8Rng, count: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    for last in (1..count).rev() {
        order.swap(last, below(generator, last as u32 + 1) as usize);
    }
    order
}

/// A random number below a limit, without bias (Lemire, "Fast random integer generation in an interval", 2019).
fn below(generator: &mut ChaCha8Rng, limit: u32) -> u32 {
    let threshold = limit.wrapping_neg() % limit;
    loop {
        let product = u64::from(generator.next_u32()) * u64::from(limit);
        if product as u32 >= threshold {
            return (product >> 32) as u32;
        }
    }
}
