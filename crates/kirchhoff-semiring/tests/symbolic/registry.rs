//! The registry lists every symbolic semiring once, under names that no numeric one has.

use std::collections::HashSet;

use kirchhoff_semiring::{
    Annotation, Call, SemiringInfo, Symbolic, SymbolicVisitor, find_symbolic, semirings, symbolic_semirings,
    visit_symbolic,
};

struct Limit;

impl SymbolicVisitor for Limit {
    type Output = usize;

    fn visit<S: Symbolic + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> usize {
        for (text, value) in [(&*info.zero, semiring.zero()), (&*info.one, semiring.one())] {
            assert_eq!(value.unwrap().to_string(), text, "{}", info.name);
        }
        semiring.limit()
    }
}

#[test]
fn entries_describe_their_semirings() {
    for info in symbolic_semirings() {
        assert_eq!(visit_symbolic(&info.name, Limit), Ok(info.limit.unwrap().default));
        assert_eq!(visit_symbolic(&format!("{}(7)", info.name), Limit), Ok(7));
        assert_eq!(find_symbolic(&info.name), Ok(info));
        assert_eq!(info.annotation.to_string().parse::<Annotation>(), Ok(info.annotation));
    }
}

#[test]
fn names_are_unique_across_both_registries() {
    let symbolic = symbolic_semirings().iter().map(|info| &*info.name);
    let names: Vec<_> = semirings().iter().map(|info| &*info.name).chain(symbolic).collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    for name in names {
        assert_eq!(name.parse(), Ok(Call::named(name)));
    }
}

#[test]
fn the_table_of_the_semantics_is_complete() {
    let names: Vec<_> = symbolic_semirings().iter().map(|info| &*info.name).collect();
    assert_eq!(names, ["which", "why", "posbool", "polynomial", "top-k"]);
}

#[test]
fn wrong_names_and_arguments_are_explained() {
    let message = |text| visit_symbolic(text, Limit).unwrap_err().to_string();
    assert_eq!(message("polynomail"), "unknown symbolic semiring `polynomail`: did you mean `polynomial`?");
    assert_eq!(message("top"), "unknown symbolic semiring `top`: did you mean `top-k`?");
    assert_eq!(message("top-k(0)"), "`top-k` takes a whole k ≥ 1, not 0");
    assert_eq!(message("top-k(2.5)"), "`top-k` takes a whole k ≥ 1, not 2.5");
    assert_eq!(message("why(1e30)"), "`why` takes a whole limit ≥ 1, not 1000000000000000000000000000000");
    assert_eq!(message("why(1, 2)"), "`why` takes one argument (limit), not 2");
    assert!(message("top-k(").starts_with("cannot read `top-k(`"));
}

#[test]
fn entries_are_machine_readable() {
    let json = serde_json::to_value(find_symbolic("top-k").unwrap()).unwrap();
    assert_eq!((&json["limit"]["name"], &json["limit"]["default"]), (&"k".into(), &3.into()));
    assert_eq!(json["laws"], serde_json::json!(["commutative-times", "idempotent-plus"]));
    assert_eq!(json["annotation"], "identity");
}
