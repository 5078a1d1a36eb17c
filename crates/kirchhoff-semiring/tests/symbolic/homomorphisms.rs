//! Maps from symbolic semirings that keep 0, 1, ⊕ and ⊗: one formula answers every question.

use kirchhoff_semiring::{
    Boolean, Bottleneck, Bounded, Count, Counting, Fuzzy, How, LawChecker, Laws, MinimalWitnesses, Overflow,
    Polynomial, PosBool, Product, Semiring, Symbolic, TopK, Tropical, Variable, Viterbi, Which, Why, Witnesses,
};
use proptest::prelude::*;

use crate::strategies::{VARIABLES, both, known, minimal_witnesses, paths, polynomial, weight, witnesses};

/// Whether `map` keeps the constants, and the operations on `a` and `b`.
fn preserves<A: Semiring, B: Semiring>(
    (from, to): (&A, &B),
    map: impl Fn(&A::Value) -> B::Value,
    [a, b]: [A::Value; 2],
) -> Result<(), TestCaseError> {
    prop_assert_eq!(map(&from.zero()), to.zero());
    prop_assert_eq!(map(&from.one()), to.one());
    let (sum, mapped_sum) = (map(&from.plus(&a, &b)), to.plus(&map(&a), &map(&b)));
    prop_assert!(to.close(&sum, &mapped_sum), "{:?} ⊕ {:?}: {:?} and {:?}", a, b, sum, mapped_sum);
    let (product, mapped_product) = (map(&from.times(&a, &b)), to.times(&map(&a), &map(&b)));
    prop_assert!(to.close(&product, &mapped_product), "{:?} ⊗ {:?}: {:?} and {:?}", a, b, product, mapped_product);
    Ok(())
}

/// Whether to substitute `values` in polynomials is a homomorphism that takes each variable to its value.
fn substitution<S: Semiring>(
    semiring: &S,
    values: &[S::Value],
    polynomials: [Bounded<Polynomial>; 2],
) -> Result<(), TestCaseError> {
    let value = |variable: Variable| values[variable.0 as usize].clone();
    let map = |polynomial: &Bounded<Polynomial>| polynomial.as_ref().unwrap().evaluate(semiring, value).unwrap();
    for variable in (0..VARIABLES).map(Variable) {
        prop_assert!(semiring.close(&map(&How::new().variable(variable)), &value(variable)));
    }
    preserves((&How::new(), semiring), map, polynomials)
}

fn weights() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(weight(), VARIABLES as usize)
}

proptest! {
    #[test]
    fn polynomial_to_counting(
        values in prop::collection::vec((0..5u64).prop_map(Count::from), VARIABLES as usize),
        both in both(polynomial),
    ) {
        substitution(&Counting, &values, both)?;
    }

    #[test]
    fn polynomial_to_boolean(
        values in prop::collection::vec(any::<bool>(), VARIABLES as usize),
        both in both(polynomial),
    ) {
        substitution(&Boolean, &values, both)?;
    }

    #[test]
    fn polynomial_to_best_paths_and_bottlenecks(
        values in weights(),
        both in both(polynomial),
    ) {
        substitution(&Viterbi, &values, both.clone())?;
        substitution(&Fuzzy, &values, both.clone())?;
        let pairs: Vec<_> = values.iter().map(|weight| (-weight.ln(), *weight)).collect();
        substitution(&Product(Tropical, Bottleneck), &pairs, both.clone())?;
        for k in [1, 2, 5] {
            let top = TopK::new(k);
            let edges: Vec<_> = (0..).map(Variable).zip(&values).map(|(x, weight)| top.weighted(x, *weight)).collect();
            substitution(&top, &edges, both.clone())?;
        }
    }

    #[test]
    fn polynomial_to_polynomial(
        values in prop::collection::vec(known(polynomial()), VARIABLES as usize),
        both in both(polynomial),
    ) {
        substitution(&How::new(), &values, both)?;
    }

    #[test]
    fn polynomial_to_why_to_which(both in both(polynomial)) {
        let witnesses = |polynomial: &Bounded<Polynomial>| polynomial.as_ref().map(Polynomial::witnesses).map_err(unknown);
        let lineage = |witnesses: &Bounded<Witnesses>| witnesses.as_ref().map(Witnesses::lineage).map_err(unknown);
        preserves((&How::new(), &Why::new()), witnesses, both.clone())?;
        preserves((&How::new(), &Which::new()), |polynomial| lineage(&witnesses(polynomial)), both.clone())?;
        for polynomial in both.into_iter().flatten() {
            prop_assert_eq!(polynomial.lineage(), polynomial.witnesses().lineage());
            prop_assert_eq!(polynomial.minimal_witnesses(), polynomial.witnesses().minimal());
        }
    }

    #[test]
    fn the_views_of_a_polynomial_are_substitutions(polynomial in polynomial()) {
        fn substituted<S: Symbolic>(polynomial: &Polynomial, semiring: S) -> S::Expression {
            polynomial.evaluate(&semiring, |variable| semiring.variable(variable)).unwrap().unwrap()
        }
        prop_assert_eq!(substituted(&polynomial, How::new()), polynomial.clone());
        prop_assert_eq!(substituted(&polynomial, Why::new()), polynomial.witnesses());
        prop_assert_eq!(substituted(&polynomial, Which::new()), polynomial.lineage());
        prop_assert_eq!(substituted(&polynomial, PosBool::new()), polynomial.minimal_witnesses());
        prop_assert_eq!(polynomial.evaluate(&Counting, |_| Count::ONE).unwrap(), polynomial.count());
    }

    #[test]
    fn why_to_which(both in both(witnesses)) {
        let map = |witnesses: &Bounded<Witnesses>| witnesses.as_ref().map(Witnesses::lineage).map_err(unknown);
        preserves((&Why::new(), &Which::new()), map, both)?;
    }

    #[test]
    fn why_to_posbool(both in both(witnesses)) {
        let map = |witnesses: &Bounded<Witnesses>| witnesses.as_ref().map(Witnesses::minimal).map_err(unknown);
        preserves((&Why::new(), &PosBool::new()), map, both)?;
    }

    #[test]
    fn posbool_to_lattices(
        both in both(minimal_witnesses),
        truths in prop::collection::vec(any::<bool>(), VARIABLES as usize),
        shares in weights(),
    ) {
        let truth = |variable: Variable| truths[variable.0 as usize];
        let share = |variable: Variable| shares[variable.0 as usize];
        let known = |value: &Bounded<MinimalWitnesses>| value.clone().unwrap();
        preserves((&PosBool::new(), &Boolean), |value| known(value).holds(truth), both.clone())?;
        preserves((&PosBool::new(), &Boolean), |value| known(value).evaluate(&Boolean, truth).unwrap(), both.clone())?;
        preserves((&PosBool::new(), &Fuzzy), |value| known(value).evaluate(&Fuzzy, share).unwrap(), both)?;
    }

    /// Equal exactly when they agree under every assignment.
    #[test]
    fn posbool_is_canonical(both in [minimal_witnesses(), minimal_witnesses()]) {
        let [a, b] = both;
        let agree = (0..1u32 << VARIABLES).all(|world| {
            let truth = |variable: Variable| world >> variable.0 & 1 == 1;
            a.holds(truth) == b.holds(truth)
        });
        prop_assert_eq!(a == b, agree);
    }

    #[test]
    fn top_k_to_fewer_and_to_viterbi(both in both(|| paths(4))) {
        for k in 1..4 {
            let fewer = TopK::new(k);
            preserves((&TopK::new(4), &fewer), |value| fewer.plus(value, &fewer.zero()), both.clone())?;
        }
        let best = |value: &Bounded<_>| {
            let paths: &kirchhoff_semiring::Paths = value.as_ref().unwrap();
            paths.best().map_or(0.0, |path| path.weight() as f32)
        };
        preserves((&TopK::new(4), &Viterbi), best, both)?;
    }
}

fn unknown(overflow: &Overflow) -> Overflow {
    *overflow
}

#[test]
fn substitution_refuses_semirings_that_lack_its_laws() {
    /// Declares nothing.
    #[derive(Clone, Copy)]
    struct Shy;

    impl Semiring for Shy {
        type Value = bool;
        fn zero(&self) -> bool {
            false
        }
        fn one(&self) -> bool {
            true
        }
        fn plus(&self, a: &bool, b: &bool) -> bool {
            a | b
        }
        fn times(&self, a: &bool, b: &bool) -> bool {
            a & b
        }
    }

    assert!(LawChecker::new().check(&Shy).passed());
    assert_eq!(Shy.laws(), Laws::NONE);
    let error = Polynomial::from(Variable(1)).evaluate(&Shy, |_| true).unwrap_err();
    assert_eq!(error.to_string(), "substitution into a polynomial needs a semiring with more laws: ⊗ commutative");
    let minimal = Polynomial::from(Variable(1)).minimal_witnesses();
    assert!(minimal.evaluate(&Viterbi, |_| 1.0).unwrap_err().to_string().ends_with("⊗ idempotent"));
}
