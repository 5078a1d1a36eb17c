//! The difference of semirings that have one.

use kirchhoff_semiring::{Embed, Semiring, SemiringInfo, SemiringVisitor, Worlds, semirings, visit};

/// The axioms of a monus (Amer, "Equationally complete classes of commutative monoids with monus", 1984), on all triples of
/// elements and of sums of them; and that `a ⊖ b` is the least of the elements `c` with `a ≤ b ⊕ c`.
fn check<S: Semiring>(name: &str, semiring: &S) {
    let mut elements = semiring.elements();
    for (a, b) in elements.clone().iter().zip(elements.clone().iter().skip(1)) {
        let sum = semiring.plus(a, b);
        if !elements.contains(&sum) {
            elements.push(sum);
        }
    }
    let minus = |a: &S::Value, b: &S::Value| semiring.minus(a, b).unwrap();
    let plus = |a: &S::Value, b: &S::Value| semiring.plus(a, b);
    let same = |law: &str, a: &S::Value, b: &S::Value| assert!(semiring.close(a, b), "{name}, {law}: {a:?} {b:?}");
    let zero = semiring.zero();
    for a in &elements {
        same("a ⊖ a = 0", &minus(a, a), &zero);
        same("0 ⊖ a = 0", &minus(&zero, a), &zero);
        same("a ⊖ 0 = a", &minus(a, &zero), a);
        for b in &elements {
            same("a ⊕ (b ⊖ a) = b ⊕ (a ⊖ b)", &plus(a, &minus(b, a)), &plus(b, &minus(a, b)));
            for c in &elements {
                same("a ⊖ (b ⊕ c) = (a ⊖ b) ⊖ c", &minus(a, &plus(b, c)), &minus(&minus(a, b), c));
            }
        }
    }
}

struct Differences;

impl SemiringVisitor for Differences {
    type Output = bool;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> bool {
        let has = semiring.minus(&semiring.one(), &semiring.zero()).is_some();
        assert_eq!(info.monus, has, "{}", info.name);
        if has {
            check(&info.name, &semiring);
        }
        has
    }
}

#[test]
fn differences_are_those_of_a_monus() {
    let with: Vec<&str> =
        semirings().iter().map(|info| &*info.name).filter(|name| visit(name, Differences).unwrap()).collect();
    for name in ["boolean", "counting", "viterbi", "tropical", "bottleneck", "fuzzy", "lukasiewicz", "max-plus"] {
        assert!(with.contains(&name), "{name}: {with:?}");
    }
    // Of rounded sums what is left of a difference may be rounding alone.
    for name in ["real", "log", "counting-float"] {
        assert!(!with.contains(&name), "{name}: {with:?}");
    }
    check("worlds", &Worlds::<2>);
}
