//! A semiring of one's own: how many halvings the cheapest path from the answer to a pixel costs, and how many paths
//! are that cheap.
//!
//! Run with `cargo run --release --example own_semiring`.

use std::sync::Arc;

use kirchhoff::compile::{Rule, compile};
use kirchhoff::embedded;
use kirchhoff::evaluate::{Bookkeeping, Keep, PerEdge, stream};
use kirchhoff::explain::top;
use kirchhoff::network::Execution;
use kirchhoff::semiring::{Law, LawChecker, Laws, Semiring};

/// The cost of the cheapest paths, and their number; `None` where there is no path.
struct CheapestPaths;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Paths {
    cost: u32,
    number: u64,
}

impl Semiring for CheapestPaths {
    type Value = Option<Paths>;

    fn zero(&self) -> Option<Paths> {
        None
    }

    fn one(&self) -> Option<Paths> {
        Some(Paths { cost: 0, number: 1 })
    }

    fn plus(&self, a: &Option<Paths>, b: &Option<Paths>) -> Option<Paths> {
        match (a, b) {
            (None, other) | (other, None) => *other,
            (Some(a), Some(b)) if a.cost == b.cost => Some(Paths { cost: a.cost, number: a.number + b.number }),
            (Some(a), Some(b)) => Some(if a.cost < b.cost { *a } else { *b }),
        }
    }

    fn times(&self, a: &Option<Paths>, b: &Option<Paths>) -> Option<Paths> {
        let (a, b) = ((*a)?, (*b)?);
        Some(Paths { cost: a.cost + b.cost, number: a.number * b.number })
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes])
    }

    fn elements(&self) -> Vec<Option<Paths>> {
        let paths = |cost, number| Some(Paths { cost, number });
        vec![self.zero(), self.one(), paths(1, 1), paths(1, 2), paths(2, 1), paths(3, 5)]
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Is it a semiring at all? The checker finds out, and shows the shortest counterexample if it is not.
    let report = LawChecker::new().check(&CheapestPaths);
    println!("{report}\n");
    if !report.passed() {
        return Err("not a semiring".into());
    }

    let (network, digits) = embedded::digits()?;
    let execution = Execution::run(Arc::new(network), &digits.values[..784], 1, &())?;
    let circuit = compile(&execution, &Rule::MAX_ABS.into())?;

    // Θ: a contribution from 0 to 1 costs as many halvings as lead from 1 down to it.
    let halvings = PerEdge(|_: &kirchhoff::circuit::Layer, contribution: f32| {
        (contribution > 0.0).then(|| Paths { cost: (-contribution.log2()).round().max(0.0) as u32, number: 1 })
    });
    let mut start = vec![None; execution.outputs().len()];
    start[top(execution.outputs())] = CheapestPaths.one();
    let mut keep = Keep::input(&circuit);
    stream(&circuit, &CheapestPaths, &halvings, &start, Bookkeeping::default(), &mut keep, &())?;

    println!(
        "halvings on the cheapest path to each pixel; the number of paths that cheap, in the last row that has any:"
    );
    let relevance = keep.relevance(circuit.input()).ok_or("the input was asked for")?;
    for row in relevance.chunks(28) {
        let cost = |paths: &Option<Paths>| paths.map_or(" ·".to_string(), |paths| format!("{:2}", paths.cost));
        println!("{}", row.iter().map(cost).collect::<String>());
    }
    if let Some(row) = relevance.chunks(28).rfind(|row| row.iter().any(Option::is_some)) {
        println!("{:?}", row.iter().flatten().map(|paths| paths.number).collect::<Vec<_>>());
    }
    Ok(())
}
