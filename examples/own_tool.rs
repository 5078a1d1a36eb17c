//! The command-line tool with three semirings more. Every verb knows them by their names:
//!
//! `cargo run --release -p kirchhoff-cli --example own_tool -- explain --semiring viterbi,longest,labels --out out`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use kirchhoff::explain::{Described, NameError, Registry};
use kirchhoff::semiring::{Array, Carrier, Embed, Interval, Law, Laws, Meaning, Project, Semiring};

fn main() -> Result<ExitCode, NameError> {
    let longest = Described::new("longest", Longest).with_theta(|_: &str, d: f32| (d > 0.0).then_some(1));
    let labels = Described::new("labels", Labels)
        .with_theta(|layer: &str, d: f32| (d > 1e-9).then(|| BTreeSet::from([layer.to_string()])))
        .with_description("the layers that some path of relevant edges goes through");
    let mean = Described::embedding("capped-sum", CappedSum).with_rule("max-abs").with_meaning(Meaning::Share);
    Ok(kirchhoff_cli::main(Registry::built_in().with(longest)?.with(labels)?.with(mean)?))
}

/// The longest path, by number of edges; `None` where there is no path.
#[derive(Clone)]
struct Longest;

impl Semiring for Longest {
    type Value = Option<u32>;

    fn zero(&self) -> Option<u32> {
        None
    }

    fn one(&self) -> Option<u32> {
        Some(0)
    }

    fn plus(&self, a: &Option<u32>, b: &Option<u32>) -> Option<u32> {
        *a.max(b)
    }

    fn times(&self, a: &Option<u32>, b: &Option<u32>) -> Option<u32> {
        Some((*a)? + (*b)?)
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes, Law::Selective])
    }

    fn elements(&self) -> Vec<Option<u32>> {
        vec![None, Some(0), Some(1), Some(2), Some(5)]
    }
}

impl Project for Longest {
    fn project(&self, a: &Option<u32>) -> f64 {
        a.map_or(f64::NEG_INFINITY, f64::from)
    }
}

/// Sets of labels, all that occur on some path; `None` where there is no path. The values own memory.
#[derive(Clone)]
struct Labels;

impl Semiring for Labels {
    type Value = Option<BTreeSet<String>>;

    fn zero(&self) -> Self::Value {
        None
    }

    fn one(&self) -> Self::Value {
        Some(BTreeSet::new())
    }

    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        match (a, b) {
            (None, other) | (other, None) => other.clone(),
            (Some(a), Some(b)) => Some(a | b),
        }
    }

    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        Some(a.as_ref()? | b.as_ref()?)
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes, Law::IdempotentPlus, Law::IdempotentTimes])
    }

    fn elements(&self) -> Vec<Self::Value> {
        let set = |labels: &[&str]| Some(labels.iter().map(ToString::to_string).collect());
        vec![None, set(&[]), set(&["a"]), set(&["b"]), set(&["a", "b"])]
    }
}

impl Project for Labels {
    /// How many labels there are, −1 where there is no path.
    fn project(&self, a: &Self::Value) -> f64 {
        a.as_ref().map_or(-1.0, |labels| labels.len() as f64)
    }
}

/// Sums of paths' products, capped at 1: `min(a + b, 1)` and `×`. Real numbers stand for its elements, so every annotation
/// whose values lie in `[0, 1]` suits it. It is no semiring (`⊗` does not distribute beyond the cap), which `laws` tells.
#[derive(Clone)]
struct CappedSum;

impl Semiring for CappedSum {
    type Value = f32;

    fn zero(&self) -> f32 {
        0.0
    }

    fn one(&self) -> f32 {
        1.0
    }

    fn plus(&self, a: &f32, b: &f32) -> f32 {
        (a + b).min(1.0)
    }

    fn times(&self, a: &f32, b: &f32) -> f32 {
        a * b
    }

    fn laws(&self) -> Laws {
        Laws::of(&[Law::CommutativeTimes])
    }

    fn elements(&self) -> Vec<f32> {
        vec![0.0, 1.0, 0.5, 0.75, 0.25]
    }
}

impl Project for CappedSum {
    fn project(&self, a: &f32) -> f64 {
        f64::from(*a)
    }

    fn array(&self, values: Vec<f32>) -> Array {
        Array::F32(values)
    }
}

impl Embed for CappedSum {
    fn carrier(&self) -> Carrier {
        Carrier::real(Interval::UNIT)
    }

    fn embed(&self, x: f32) -> f32 {
        x.clamp(0.0, 1.0)
    }
}
