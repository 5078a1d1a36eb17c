//! Every symbolic semiring keeps the axioms and its declared laws.

use kirchhoff_semiring::{
    Bounded, Check, Condition, Expression, How, Law, LawChecker, Overflow, PosBool, Semiring, SemiringInfo, Symbolic,
    SymbolicVisitor, TopK, Variable, Which, Why, symbolic_semirings, visit_symbolic,
};
use proptest::prelude::*;

use crate::strategies::{known, lineage, minimal_witnesses, paths, polynomial, witnesses};

/// Three values are enough for any axiom; 0 and 1 join them.
fn check<S: Semiring>(semiring: &S, values: Vec<S::Value>, limited: bool) -> Result<(), TestCaseError> {
    let report = LawChecker::new().with_budget(0).check_elements(semiring, values);
    // Of values that are not known, differences are not known either.
    let known = |check: &&Check| !(limited && is_of_difference(check.condition));
    prop_assert!(report.failures().find(known).is_none(), "{report}");
    prop_assert_eq!(
        report.checks.iter().any(|check| is_of_difference(check.condition)),
        semiring.minus(&semiring.zero(), &semiring.zero()).is_some()
    );
    Ok(())
}

fn is_of_difference(condition: Condition) -> bool {
    matches!(condition, Condition::MonusSelf | Condition::MonusZero | Condition::MonusExchange | Condition::MonusSum)
}

/// The value, unknown where it has more terms than the semiring's limit.
fn limited<S: Symbolic>(semiring: &S, value: S::Expression) -> Bounded<S::Expression> {
    if value.terms() <= semiring.limit() { Ok(value) } else { Err(overflow()) }
}

/// Any overflow: all are equal.
fn overflow() -> Overflow {
    let [x, y] = [1, 2].map(|number| How::with_limit(1).variable(Variable(number)));
    How::with_limit(1).plus(&x, &y).unwrap_err()
}

macro_rules! random {
    ($($name:ident: $semiring:expr, $value:expr $(, $limited:literal)?;)*) => {
        proptest! {
            $(#[test]
            fn $name(values in prop::collection::vec($value, 3)) {
                check(&$semiring, values, false $(|| $limited)?)?;
            })*
        }
    };
}

random! {
    which_on_random_elements: Which::new(), known(lineage());
    why_on_random_elements: Why::new(), known(witnesses());
    posbool_on_random_elements: PosBool::new(), known(minimal_witnesses());
    polynomial_on_random_elements: How::new(), known(polynomial());
    top_1_on_random_elements: TopK::new(1), known(paths(1));
    top_2_on_random_elements: TopK::new(2), known(paths(2));
    top_3_on_random_elements: TopK::new(3), known(paths(3));
    // With all that is too large taken for one element, these two are semirings still.
    small_which_on_random_elements: Which::with_limit(2), lineage().prop_map(|a| limited(&Which::with_limit(2), a)), true;
    small_polynomial_on_random_elements: How::with_limit(3), polynomial().prop_map(|a| limited(&How::with_limit(3), a)), true;
}

/// `a ⊖ b` is the least `c` with `a ≤ b ⊕ c`, where `a ≤ b` says that some `c` makes `b` of `a`: tried for all `c` of a list.
fn least<S: Symbolic>(semiring: &S, values: &[S::Value]) -> Result<(), TestCaseError> {
    // In idempotent semirings `a ≤ b` is `a ⊕ b = b`; in all, `b ⊖ a` makes `b` of `a` if anything does.
    let below = |a: &S::Value, b: &S::Value| semiring.plus(a, &semiring.minus(b, a).unwrap()) == *b;
    let own = values.iter().flat_map(|a| values.iter().map(|b| semiring.minus(a, b).unwrap()));
    let candidates: Vec<S::Value> = values.iter().cloned().chain(own).collect();
    for a in values {
        for b in values {
            let difference = semiring.minus(a, b).unwrap();
            prop_assert!(below(a, &semiring.plus(b, &difference)), "{a:?} ⊖ {b:?} = {difference:?}");
            for c in &candidates {
                if below(a, &semiring.plus(b, c)) {
                    prop_assert!(below(&difference, c), "{a:?} ⊖ {b:?} = {difference:?}, but {c:?}");
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn differences_are_the_least(
        lineages in prop::collection::vec(known(lineage()), 3),
        witness_sets in prop::collection::vec(known(witnesses()), 3),
        formulas in prop::collection::vec(known(minimal_witnesses()), 3),
        polynomials in prop::collection::vec(known(polynomial()), 3),
    ) {
        least(&Which::new(), &lineages)?;
        least(&Why::new(), &witness_sets)?;
        least(&PosBool::new(), &formulas)?;
        least(&How::new(), &polynomials)?;
    }
}

/// Of the best paths there is no least set that makes up for those of another target: more than one of them are cut off.
#[test]
fn several_best_paths_have_no_difference() {
    let top = TopK::new(2);
    assert_eq!(top.minus(&top.one(), &top.zero()), None);
}

struct CheckOwnElements;

impl SymbolicVisitor for CheckOwnElements {
    type Output = ();

    fn visit<S: Symbolic + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) {
        let elements = semiring.elements();
        assert_eq!(elements[..2], [semiring.zero(), semiring.one()], "{}: the simplest come first", info.name);
        let report = LawChecker::new().check(&semiring);
        assert!(report.passed(), "{}:\n{report}", info.name);
        assert!(report.hints.is_empty(), "{} has laws that it does not declare:\n{report}", info.name);
    }
}

#[test]
fn registered_semirings_keep_what_they_declare_and_declare_all_they_keep() {
    for info in symbolic_semirings() {
        visit_symbolic(&info.name, CheckOwnElements).unwrap();
    }
    visit_symbolic("top-k(1)", CheckOwnElements).unwrap();
    visit_symbolic("top-k(2)", CheckOwnElements).unwrap();
}

#[test]
fn the_single_best_path_is_selective() {
    assert!(TopK::new(1).laws().has(Law::Selective) && TopK::new(1).laws().has(Law::Absorptive));
    assert!(!TopK::new(2).laws().has(Law::Selective) && !TopK::new(2).laws().has(Law::Absorptive));
}

#[test]
fn values_are_written_as_the_documentation_says() {
    fn shown<S: Symbolic>(semiring: S) -> [String; 5] {
        let [x, y, z] = [1, 2, 3].map(|number| semiring.weighted(Variable(number), 0.5));
        let mixed = semiring.plus(&semiring.times(&x, &x), &semiring.times(&y, &z));
        let doubled = semiring.plus(&mixed, &mixed);
        [semiring.zero(), semiring.one(), x, mixed, doubled].map(|value| value.unwrap().to_string())
    }
    assert_eq!(shown(Which::new()), ["⊥", "∅", "{x₁}", "{x₁, x₂, x₃}", "{x₁, x₂, x₃}"]);
    assert_eq!(shown(Why::new()), ["∅", "{∅}", "{{x₁}}", "{{x₁}, {x₂, x₃}}", "{{x₁}, {x₂, x₃}}"]);
    assert_eq!(shown(PosBool::new()), ["⊥", "⊤", "x₁", "x₁ ∨ (x₂ ∧ x₃)", "x₁ ∨ (x₂ ∧ x₃)"]);
    assert_eq!(shown(How::new()), ["0", "1", "x₁", "x₁² + x₂·x₃", "2·x₁² + 2·x₂·x₃"]);
    let best = "{0.25: x₁², 0.25: x₂·x₃}";
    assert_eq!(shown(TopK::new(3)), ["{}", "{1: ∅}", "{0.5: x₁}", best, best]);
}
