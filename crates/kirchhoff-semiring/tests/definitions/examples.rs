//! The definitions that come with the project.

use kirchhoff_semiring::{
    Annotation, Cells, Defined, DefinedVisitor, Definition, Embed, Law, Meaning, Order, Project, Semiring, SemiringInfo,
};

use crate::report;

const EXAMPLES: [(&str, &str); 9] = [
    ("cheapest", include_str!("../../../../examples/semirings/cheapest.toml")),
    ("two-cheapest", include_str!("../../../../examples/semirings/two-cheapest.toml")),
    ("interval", include_str!("../../../../examples/semirings/interval.toml")),
    ("dual", include_str!("../../../../examples/semirings/dual.toml")),
    ("security", include_str!("../../../../examples/semirings/security.toml")),
    ("expected-length", include_str!("../../../../examples/semirings/expected-length.toml")),
    ("goedel", include_str!("../../../../examples/semirings/goedel.toml")),
    ("log-probability", include_str!("../../../../examples/semirings/log-probability.toml")),
    ("largest", include_str!("../../../../examples/semirings/largest.toml")),
];

pub(crate) fn example(name: &str) -> Definition {
    let (_, text) = EXAMPLES.into_iter().find(|(known, _)| *known == name).expect("an example");
    Definition::from_toml(text, name).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn texts() -> impl Iterator<Item = &'static str> {
    EXAMPLES.into_iter().map(|(_, text)| text)
}

/// Runs the block form over all pairs of elements at once, and one at a time, and wants the same to the bit.
struct Blocks;

impl DefinedVisitor for Blocks {
    type Output = usize;

    fn number<V: Cells>(self, semiring: &Defined<V>) -> usize
    where
        Defined<V>: Embed<Value = V>,
    {
        blocks(semiring)
    }

    fn record<V: Cells>(self, semiring: &Defined<V>) -> usize {
        blocks(semiring)
    }
}

fn blocks<V: Cells>(semiring: &Defined<V>) -> usize {
    let elements = semiring.elements();
    let (mut sums, mut theta, mut relevance) = (Vec::new(), Vec::new(), Vec::new());
    for (index, a) in elements.iter().enumerate() {
        for b in &elements {
            sums.push(elements[(index * 7) % elements.len()]);
            theta.push(*a);
            relevance.push(*b);
        }
    }
    let scalar: Vec<V> = (0..sums.len())
        .map(|lane| semiring.plus(&sums[lane], &semiring.times(&theta[lane], &relevance[lane])))
        .collect();
    semiring.accumulate(&mut sums, &theta, &relevance);
    assert_eq!(sums, scalar);

    let d: Vec<f32> = (-300..300).map(|step| step as f32 / 128.0).collect();
    let mut block = vec![semiring.zero(); d.len()];
    semiring.theta_block(&d, &mut block);
    assert_eq!(block, d.iter().map(|d| semiring.theta(*d)).collect::<Vec<_>>());
    assert_eq!(semiring.take_fault(), Ok(()));

    let shown = semiring.array(elements.clone()).to_f64();
    assert_eq!(shown, elements.iter().map(|value| semiring.project(value)).collect::<Vec<_>>());

    // Sums of rows: five rows of as many lanes as there are elements.
    let rows: Vec<V> = (0..5).flat_map(|_| elements.clone()).collect();
    let mut sums = vec![semiring.one(); elements.len()];
    assert!(semiring.sum_rows(&mut sums, &rows));
    for (sum, element) in sums.iter().zip(&elements) {
        let expected = (1..5).fold(*element, |sum, _| semiring.plus(&sum, element));
        assert!(semiring.close(sum, &expected), "{sum:?} is not {expected:?}");
    }
    elements.len()
}

#[test]
fn every_example_keeps_its_laws_and_its_blocks_agree() {
    for (name, _) in EXAMPLES {
        let definition = example(name);
        let report = definition.check().unwrap_or_else(|error| panic!("{error}"));
        assert!(report.elements >= 5, "{name} is checked on {} elements", report.elements);
        assert!(report.hints.is_empty(), "{name} does not declare {:?}", report.hints);
        assert_eq!(definition.name(), name);
        assert!(!definition.description().is_empty());
        assert!(definition.semiring().visit(Blocks) >= 5);
    }
}

#[test]
fn the_cheapest_path_comes_with_its_number() {
    let definition = example("cheapest");
    assert_eq!(definition.order(), Order::Cost);
    assert_eq!(definition.carrier_text(), "(cost: f32, number: u64)");
    assert_eq!(definition.times_text(), "cost: a.cost + b.cost, number: a.number * b.number");
    let kirchhoff_semiring::DefinedSemiring::Wide2(semiring) = definition.semiring() else { panic!("two columns") };
    let [half, quarter] = [0.5, 0.25].map(|d| semiring.theta(d));
    // Two paths of two halvings, one of four.
    let both = semiring.plus(&semiring.times(&half, &half), &quarter);
    let all = semiring.plus(&both, &semiring.times(&quarter, &quarter));
    let columns = semiring.columns(&[all, semiring.zero()]);
    assert_eq!(columns[0].0, "cost");
    assert_eq!(columns[0].1.to_f64(), [2.0, f64::INFINITY]);
    assert_eq!(columns[1].1.to_f64(), [2.0, 0.0]);
    assert_eq!(semiring.project(&all), 2.0);
}

#[test]
fn a_definition_describes_its_semiring() {
    let mut info = SemiringInfo::new("");
    example("security").describe(&mut info);
    assert_eq!((&*info.name, &*info.plus, &*info.zero, &*info.rule), ("security", "min(a, b)", "4", "max-abs"));
    assert_eq!(info.meaning, Meaning::Cost);
    example("dual").describe(&mut info);
    assert_eq!(info.meaning, Meaning::Signed);
    info.zero_number = f64::NEG_INFINITY;
    example("log-probability").describe(&mut info);
    assert_eq!((info.meaning, info.annotation), (Meaning::Score, Annotation::MinusNegLog));
}

#[test]
fn a_derivative_is_that_of_the_product() {
    let kirchhoff_semiring::DefinedSemiring::Wide2(semiring) = example("dual").semiring() else {
        panic!("two columns")
    };
    // (3 x) (5 x) + 7 x at 1: 22, with the slope 37.
    let [three, five, seven] = [3.0, 5.0, 7.0].map(|d| semiring.theta(d));
    let sum = semiring.plus(&semiring.times(&three, &five), &seven);
    let columns = semiring.columns(&[sum]);
    assert_eq!((columns[0].1.to_f64()[0], columns[1].1.to_f64()[0]), (22.0, 37.0));
}

#[test]
fn more_laws_than_declared_are_named_and_fewer_refused() {
    let text = |laws: &str| {
        format!(
            r#"define(value="u64", plus="min(a, b)", times="max(a, b)", zero=9, one=0, theta="u64(max(d, 0))"{laws})"#
        )
    };
    let report = crate::defined(&text("")).check().unwrap();
    assert!(report.hints.contains(&Law::Selective) && report.hints.contains(&Law::CommutativeTimes));
    let wrong = r#"define(plus="a + b", times="a * b", zero=0, one=1, theta="d", laws=["idempotent"])"#;
    let error = crate::defined(wrong).check().unwrap_err().to_string();
    assert!(error.contains("⊕ idempotent: a ⊕ a = a fails for a = 1.0: left 2.0, right 1.0"), "{error}");
    // The checker finds the same in what kernels are given.
    let kirchhoff_semiring::DefinedSemiring::F32(semiring) = crate::defined(wrong).semiring() else {
        panic!("one f32")
    };
    assert!(!report_passes(&semiring));
}

fn report_passes<V: Cells>(semiring: &Defined<V>) -> bool {
    report(semiring).passed()
}

#[test]
fn counterexamples_of_records_name_their_columns() {
    let text = include_str!("../../../../examples/semirings/cheapest.toml");
    let broken = text.replace("a.number * b.number", "a.number + b.number");
    let error = Definition::from_toml(&broken, "broken.toml").unwrap().check().unwrap_err().to_string();
    assert!(error.contains("(cost 0.0, number 1)"), "{error}");
}

#[test]
fn an_expression_that_is_an_annotation_is_known_as_one() {
    let theta = |text: &str| {
        let text = format!(r#"define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="{text}")"#);
        crate::defined(&text).semiring().annotation()
    };
    assert_eq!(theta("d"), Some(Annotation::Identity));
    assert_eq!(theta("min(abs(d), 1)"), Some(Annotation::AbsClamp));
    assert_eq!(theta("min(1, abs(d))"), Some(Annotation::AbsClamp));
    assert_eq!(theta("-log(min(abs(d), 1))"), Some(Annotation::NegLog));
    assert_eq!(theta("log(min(abs(d), 1))"), Some(Annotation::MinusNegLog));
    assert_eq!(theta("d / 4"), Some(Annotation::Scale(4.0)));
    assert_eq!(theta("d >= 0.25"), Some(Annotation::Threshold(0.25)));
    assert_eq!(theta("if(0.25 <= d, 1, 0)"), Some(Annotation::Threshold(0.25)));
    assert_eq!(theta("abs(d) > 0.25"), Some(Annotation::ThresholdAbs(0.25)));
    assert_eq!(theta("d > 0.25"), Some(Annotation::Threshold(0.25f32.next_up())));
    assert_eq!(theta("threshold(0.5)"), Some(Annotation::Threshold(0.5)));
    assert_eq!(theta("if(d >= 0.25, 0, 1)"), None);
    assert_eq!(theta("d * d"), None);
    assert_eq!(theta("-log2(min(abs(d), 1))"), None);
}
