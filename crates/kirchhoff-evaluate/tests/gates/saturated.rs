//! A hundred thousand random circuits keep their value in every semiring of their class, after the linear-time pass and
//! after equality saturation.

use kirchhoff_circuit::{GateCircuit, SaturateOptions, saturate, simplify};
use kirchhoff_evaluate::{PerLeaf, fold};
use kirchhoff_semiring::{
    Boolean, Counting, Embed, How, Law, Laws, PosBool, Product, Semiring, SemiringInfo, SemiringVisitor, Symbolic,
    Variable, Why, semirings, visit,
};
use rayon::prelude::*;

use crate::network::Random;
use crate::simplified::{Draft, Matrices, arrays};

const CIRCUITS: usize = 100_000;

/// What a circuit is simplified for, in turn.
const CLASSES: [&[Law]; 7] = [
    &[],
    &[Law::CommutativeTimes],
    &[Law::IdempotentPlus],
    &[Law::CommutativeTimes, Law::IdempotentPlus],
    &[Law::CommutativeTimes, Law::Absorptive],
    &[Law::CommutativeTimes, Law::IdempotentTimes, Law::Absorptive],
    &Law::ALL,
];

/// Small enough for a hundred thousand, large enough for every rewrite to fire.
const SMALL: SaturateOptions = SaturateOptions {
    max_nodes: 300,
    max_alternatives: 16,
    max_iterations: 8,
    max_terms: 16,
    max_steps: 1000,
    max_time: None,
};

/// A circuit of up to twenty gates, leaves in front. Every other one is a sum of products, with something to factor; the
/// others are anything, with constants, gates of no or one child, equal and dead gates.
pub fn circuit(random: &mut Random) -> GateCircuit {
    let mut below = |limit: usize| random.below(limit);
    let leaf = |below: &mut dyn FnMut(usize) -> usize| (2 + below(2) as u8, below(6) as u32, Vec::new());
    let mut gates: Vec<Draft> = Vec::new();
    let mut outputs = Vec::new();
    if below(2) == 0 {
        let leaves = 3 + below(3);
        gates.extend((0..leaves).map(|_| leaf(&mut below)));
        let products = 3 + below(5);
        // Children are counted from the gate downwards.
        gates.extend((0..products).map(|number| {
            let children = (0..1 + below(3)).map(|_| number + below(leaves)).collect();
            (5, 0, children)
        }));
        outputs.push(gates.len() as u32);
        gates.push((4, 0, (0..products).collect()));
    } else {
        gates.extend((0..2 + below(4)).map(|_| match below(12) {
            constant @ 0..2 => (constant as u8, 0, Vec::new()),
            _ => leaf(&mut below),
        }));
    }
    for _ in 0..1 + below(5) {
        let reach = gates.len();
        let children = (0..below(5)).map(|_| below(reach)).collect();
        gates.push((4 + below(2) as u8, 0, children));
    }
    let last = gates.len() as u32 - 1;
    outputs.extend([last, below(gates.len()) as u32]);
    GateCircuit::arranged(arrays(gates, outputs)).unwrap()
}

/// A circuit before and after both passes.
struct Simplified {
    before: GateCircuit,
    after: [GateCircuit; 2],
}

impl Simplified {
    /// How many values were compared over a semiring, of which those that differ are a panic.
    fn compare<S: Semiring>(
        &self,
        name: &str,
        semiring: &S,
        values: &[S::Value],
        same: impl Fn(&S::Value, &S::Value) -> bool,
    ) -> usize {
        let after: Vec<&GateCircuit> =
            self.after.iter().filter(|after| semiring.laws().include(after.laws())).collect();
        if after.is_empty() {
            return 0;
        }
        let theta = PerLeaf(|layer: usize, d: f32| values[(layer + (d * 4.0) as usize) % values.len()].clone());
        let variables: Vec<S::Value> = (0..3).map(|number| values[(number * 2 + 1) % values.len()].clone()).collect();
        let before = fold(&self.before, semiring, &theta, &variables, &()).unwrap();
        let mut compared = 0;
        for after in after {
            for (a, b) in before.iter().zip(fold(after, semiring, &theta, &variables, &()).unwrap()) {
                assert!(same(a, &b), "{name}: {a:?} became {b:?} with {}", after.laws());
                compared += 1;
            }
        }
        compared
    }
}

struct Registered<'a>(&'a Simplified);

impl SemiringVisitor for Registered<'_> {
    type Output = usize;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> usize {
        // Sums and products of these are exact, up to sums that need more than 24 bits.
        let numbers = [3.0, 0.5, -0.5, 2.0, 0.25, -2.0, 1.0, 0.0, 0.75];
        let numbers = numbers.into_iter().filter(|&x| semiring.carrier().contains(f64::from(x)));
        let mut values: Vec<S::Value> = numbers.map(|x| semiring.embed(x)).collect();
        values.extend([semiring.zero(), semiring.one()]);
        if info.name == "real" {
            // With one sign nothing cancels, so that rounding stays as small as it is.
            values.retain(|value| semiring.project(value) >= 0.0);
        }
        let rounds = ["real", "log", "counting-float", "viterbi"].contains(&&*info.name);
        self.0.compare(&info.name, &semiring, &values, |a, b| {
            let (x, y) = (semiring.project(a), semiring.project(b));
            a == b || rounds && (semiring.close(a, b) || (x - y).abs() <= 1e-4 * x.abs().max(y.abs()))
        })
    }
}

/// The values of a symbolic semiring: three variables, of which two sums.
fn symbols<S: Symbolic>(semiring: &S) -> Vec<S::Value> {
    let [x, y, z] = [1, 2, 3].map(|number| semiring.variable(Variable(number)));
    vec![x.clone(), y.clone(), semiring.plus(&x, &z), semiring.one(), z, semiring.plus(&y, &semiring.one())]
}

impl Simplified {
    /// Compares over every semiring of the registry, three free ones, and three where ⊗ does not commute.
    fn compare_everywhere(&self) -> usize {
        let mut compared: usize =
            semirings().iter().map(|info| visit(&info.name, Registered(self)).expect("it is registered")).sum();
        let how = How::with_limit(200);
        // A polynomial that outgrows its limit tells nothing.
        compared += self.compare("polynomial", &how, &symbols(&how), |a, b| a == b || a.is_err() || b.is_err());
        let why = Why::with_limit(1000);
        compared += self.compare("why", &why, &symbols(&why), |a, b| a == b || a.is_err() || b.is_err());
        let posbool = PosBool::with_limit(1000);
        compared += self.compare("posbool", &posbool, &symbols(&posbool), |a, b| a == b || a.is_err() || b.is_err());
        let relations =
            [0b0100, 0b1010, 0b0111, 0b1100, 0b1011].map(|bits: u8| [0, 1, 2, 3].map(|at| bits >> at & 1 == 1));
        compared += self.compare("relations", &Matrices(Boolean), &relations, |a, b| a == b);
        let both = relations.map(|matrix| matrix.map(|entry| (entry, !entry)));
        compared += self.compare("pairs", &Matrices(Product(Boolean, Boolean)), &both, |a, b| a == b);
        let count = |entry: bool| if entry { Counting.one() } else { Counting.zero() };
        let counts = relations.map(|matrix| matrix.map(count));
        compared + self.compare("matrices", &Matrices(Counting), &counts, |a, b| a == b)
    }
}

#[test]
fn a_hundred_thousand_circuits_keep_their_values() {
    let circuits = (0..CIRCUITS).into_par_iter().with_min_len(1000).map(|number| {
        let laws = Laws::of(CLASSES[number % CLASSES.len()]);
        let before = circuit(&mut Random(number as u64));
        let (linear, _) = simplify(&before, laws).unwrap();
        let (saturated, report) = saturate(&before, laws, &SMALL, &()).unwrap();
        let [original, once, twice] = [&before, &linear, &saturated].map(|circuit| circuit.size().total());
        assert!(twice <= once && once <= original);
        let compared = Simplified { before, after: [linear, saturated] }.compare_everywhere();
        assert!(compared > 0, "{laws}");
        (compared, usize::from(report.after != report.linear.after))
    });
    let (compared, smaller) = circuits.reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    println!("{CIRCUITS} circuits, of which saturation made {smaller} smaller still: {compared} values compared");
    assert!(compared > 10 * CIRCUITS && smaller > CIRCUITS / 20);
}
