//! `N[X]` is the universal commutative semiring: substitution into the polynomial of a circuit is evaluation of the
//! circuit, in every other one.

use kirchhoff_circuit::GateCircuit;
use kirchhoff_evaluate::{PerLeaf, fold};
use kirchhoff_semiring::{
    Embed, Expression, How, Law, Polynomial, PosBool, Product, Semiring, SemiringInfo, SemiringVisitor, Symbolic, TopK,
    Tropical, Variable, Viterbi, Which, Why, semirings, visit,
};

use crate::network::Random;
use crate::saturated::circuit;

/// Variables of a circuit, and behind them one for each contribution that it may have.
const VARIABLES: u32 = 3;

fn leaf(layer: usize, d: f32) -> Variable {
    Variable(VARIABLES + 3 * layer as u32 + [0.25, 0.5, 1.0].iter().position(|&known| known == d).unwrap() as u32)
}

/// The polynomial of each output, where they are not too long.
fn polynomials(circuit: &GateCircuit) -> Option<Vec<Polynomial>> {
    let how = How::with_limit(300);
    let theta = PerLeaf(|layer: usize, d: f32| how.variable(leaf(layer, d)));
    let variables: Vec<_> = (0..VARIABLES).map(|number| how.variable(Variable(number))).collect();
    fold(circuit, &how, &theta, &variables, &()).unwrap().into_iter().collect::<Result<_, _>>().ok()
}

/// How many values were compared.
fn compare<S: Semiring>(
    circuit: &GateCircuit,
    polynomials: &[Polynomial],
    semiring: &S,
    values: &[S::Value],
    same: impl Fn(&S::Value, &S::Value) -> bool,
) -> usize {
    let value = |variable: Variable| values[(variable.0 as usize * 2 + 1) % values.len()].clone();
    let theta = PerLeaf(|layer: usize, d: f32| value(leaf(layer, d)));
    let variables: Vec<S::Value> = (0..VARIABLES).map(|number| value(Variable(number))).collect();
    let direct = fold(circuit, semiring, &theta, &variables, &()).unwrap();
    for (polynomial, direct) in polynomials.iter().zip(&direct) {
        let substituted = polynomial.evaluate(semiring, value).unwrap();
        assert!(same(&substituted, direct), "{polynomial}: {substituted:?} substituted, {direct:?} evaluated");
    }
    direct.len()
}

struct Registered<'a>(&'a GateCircuit, &'a [Polynomial]);

impl SemiringVisitor for Registered<'_> {
    type Output = usize;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> usize {
        if !semiring.laws().has(Law::CommutativeTimes) {
            return 0;
        }
        // Numbers of one sign, so that nothing cancels: rounding stays as small as it is.
        let numbers = [0.5, 0.75, 0.25, 3.0, 1.0, 0.0, 2.0, -0.5, -2.0];
        let numbers = numbers.into_iter().filter(|&x| semiring.carrier().contains(f64::from(x)));
        let mut values: Vec<S::Value> = numbers.map(|x| semiring.embed(x)).collect();
        values.extend([semiring.zero(), semiring.one()]);
        if info.name == "real" {
            values.retain(|value| semiring.project(value) >= 0.0);
        }
        let exact = ["boolean", "counting", "fuzzy", "bottleneck"].contains(&&*info.name);
        compare(self.0, self.1, &semiring, &values, |a, b| {
            let (x, y) = (semiring.project(a), semiring.project(b));
            a == b || !exact && (semiring.close(a, b) || (x - y).abs() <= 1e-4 * x.abs().max(y.abs()))
        })
    }
}

/// Compares in a symbolic semiring: variables, sums and products of them.
fn symbolic<S: Symbolic>(circuit: &GateCircuit, polynomials: &[Polynomial], semiring: &S) -> usize {
    let [x, y, z] = [1, 2, 3].map(|number| semiring.weighted(Variable(number), 0.5));
    let values =
        [x.clone(), semiring.plus(&x, &z), y.clone(), semiring.one(), semiring.times(&y, &z), z, semiring.zero()];
    // What outgrows its limit tells nothing.
    compare(circuit, polynomials, semiring, &values, |a, b| a == b || a.is_err() || b.is_err())
}

#[test]
fn substitution_into_the_polynomial_is_evaluation_in_every_commutative_semiring() {
    let (mut compared, mut terms, mut tested) = (0, 0, 0);
    for number in 0..3000 {
        let circuit = circuit(&mut Random(1_000_000 + number));
        let Some(polynomials) = polynomials(&circuit) else { continue };
        tested += 1;
        terms += polynomials.iter().map(Expression::terms).sum::<usize>();
        for info in semirings() {
            compared += visit(&info.name, Registered(&circuit, &polynomials)).unwrap();
        }
        compared += symbolic(&circuit, &polynomials, &Which::new());
        compared += symbolic(&circuit, &polynomials, &Why::with_limit(2000));
        compared += symbolic(&circuit, &polynomials, &PosBool::with_limit(2000));
        compared += symbolic(&circuit, &polynomials, &How::with_limit(2000));
        compared += symbolic(&circuit, &polynomials, &TopK::new(3));
        let pairs = [(0.5, 2.0), (1.0, 0.0), (0.25, 1.0), (0.0, f32::INFINITY)];
        compared += compare(&circuit, &polynomials, &Product(Viterbi, Tropical), &pairs, |a, b| {
            Product(Viterbi, Tropical).close(a, b)
        });
    }
    println!("{tested} circuits with {terms} monomials: {compared} values compared");
    assert!(tested > 2500 && terms > 4 * tested && compared > 30 * tested);
}
