//! Edges joined in one operation, against the operations one by one, to the bit.

use kirchhoff_semiring::{
    Annotation, Cells, Defined, DefinedSemiring, DefinedVisitor, Definition, EdgeLanes, Embed, Instructions, Semiring,
};
use proptest::prelude::*;

use crate::defined;
use crate::examples::texts;
use crate::interpreter::{Kind, tree};

/// Sources, edges, and a seed for all numbers.
#[derive(Clone, Copy, Debug)]
struct Shape {
    sources: usize,
    /// Sources that are there, of those that a vector is filled up with.
    wanted: usize,
    edges: usize,
    seed: u32,
}

fn shape() -> impl Strategy<Value = Shape> {
    let sources = prop_oneof![1usize..80, 1usize..1300, Just(64), Just(512), Just(513)];
    (sources, 0usize..5, 0usize..40, any::<u32>()).prop_map(|(sources, fewer, edges, seed)| Shape {
        sources,
        wanted: sources - fewer.min(sources - 1),
        edges,
        seed,
    })
}

/// Numbers with a few bits each, some of them 0 or equal.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as f32 / 64.0 - 2.0
    };
    (0..count).map(|_| next()).map(|x| if x.abs() < 0.3 { 0.0 } else { x }).collect()
}

/// Holds a block of edges to the edges.
struct Agree {
    annotation: Annotation,
    shape: Shape,
}

impl Agree {
    fn check<V: Cells>(&self, semiring: &Defined<V>, theta: impl Fn(f32) -> V) -> Result<(), TestCaseError> {
        let Shape { sources, wanted, edges, seed } = self.shape;
        let Some(join) = semiring.edges(self.annotation) else {
            prop_assert!(false, "no edges under {}", self.annotation);
            return Ok(());
        };
        let (own, weights) = (numbers(sources, seed), numbers(edges, seed ^ 1));
        let starts: Vec<usize> = (0..edges).map(|edge| (edge * 37 + seed as usize % 91) % 300).collect();
        let values = numbers(sources + 300, seed ^ 2);
        // Relevance and sums are elements: Θ of a contribution.
        let elements = |count, seed| numbers(count, seed).into_iter().map(&theta).collect::<Vec<V>>();
        let (relevance, before) = (elements(sources + 300, seed ^ 3), elements(wanted, seed ^ 4));
        let _ = semiring.take_fault();

        let mut expected = before.clone();
        for (source, sum) in expected.iter_mut().enumerate() {
            for (&start, &weight) in starts.iter().zip(&weights) {
                let at = start + source;
                let theta = theta(own[source] * (weight * values[at]));
                *sum = semiring.plus(sum, &semiring.times(&theta, &relevance[at]));
            }
        }
        let fault_of_all = semiring.take_fault().is_err();
        // What no result needs is not computed in blocks, and no fault.
        for source in 0..wanted {
            for (&start, &weight) in starts.iter().zip(&weights) {
                let at = start + source;
                let (theta, mut sum) = ([theta(own[source] * (weight * values[at]))], [before[source]]);
                semiring.accumulate(&mut sum, &theta, &relevance[at..=at]);
            }
        }
        let fault = semiring.take_fault().is_err();
        let relevance = join.columns(&relevance);
        let edges = EdgeLanes { own: &own, values: &values, relevance: &relevance, starts: &starts, weights: &weights };
        for set in Instructions::available() {
            Instructions::force(Some(set));
            let mut sums = before.clone();
            join.join(&edges, &mut sums);
            Instructions::force(None);
            for (source, (sum, expected)) in sums.iter().zip(&expected).enumerate() {
                let same = (0..semiring.column_types().len()).all(|column| same(semiring, sum, expected, column));
                prop_assert!(same, "{sum:?} is not {expected:?} at source {source} under {set}");
            }
            let found = semiring.take_fault().is_err();
            prop_assert!(found || !fault, "no fault where there is one");
            prop_assert!(!found || fault_of_all || wanted < sources, "a fault where there is none");
        }
        Ok(())
    }
}

/// Whether two values have the same bits in a column, where no number is no number.
fn same<V: Cells>(semiring: &Defined<V>, a: &V, b: &V, column: usize) -> bool {
    let [a, b] = [a, b].map(|value| value.bits(column));
    let nan = |bits: u64| match semiring.column_types()[column].kind {
        kirchhoff_semiring::ColumnType::F32 => f32::from_bits(bits as u32).is_nan(),
        kirchhoff_semiring::ColumnType::F64 => f64::from_bits(bits).is_nan(),
        _ => false,
    };
    a == b || nan(a) && nan(b)
}

impl DefinedVisitor for Agree {
    type Output = Result<(), TestCaseError>;

    fn number<V: Cells>(self, semiring: &Defined<V>) -> Self::Output
    where
        Defined<V>: Embed<Value = V>,
    {
        match self.annotation {
            Annotation::Own => self.check(semiring, |d| semiring.theta(d)),
            annotation => self.check(semiring, |d| annotation.apply(semiring, d)),
        }
    }

    fn record<V: Cells>(self, semiring: &Defined<V>) -> Self::Output {
        let truth = |holds: bool| if holds { semiring.one() } else { semiring.zero() };
        match self.annotation {
            Annotation::Threshold(theta) => self.check(semiring, |d| truth(d >= theta)),
            Annotation::ThresholdAbs(theta) => self.check(semiring, |d| truth(d.abs() > theta)),
            _ => self.check(semiring, |d| semiring.theta(d)),
        }
    }
}

fn agree(semiring: &DefinedSemiring, annotation: Annotation, shape: Shape) -> Result<(), TestCaseError> {
    semiring.visit(Agree { annotation, shape })
}

/// Operations of every kind: reduced, with an operation within, and edge by edge.
const FORMS: [&str; 12] = [
    r#"define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(d * d, 1)")"#,
    r#"define(plus="if(a > b, a, b)", times="a * b + 0", zero=0, one=1, theta="min(abs(d), 1)")"#,
    r#"define(plus="max(b, a)", times="a + b", zero=-inf, one=0, theta="d")"#,
    r#"define(plus="min(a, b)", times="a + b", zero=inf, one=0, theta="abs(d)")"#,
    r#"define(plus="a + b", times="b", zero=0, one=1, theta="d")"#,
    r#"define(plus="a + b", times="min(a, b)", zero=0, one=1, theta="d * 2")"#,
    r#"define(plus="b + a * 1", times="a", zero=0, one=1, theta="if(d > 0.5, 1, d)")"#,
    r#"define(plus="a", times="a - b", zero=0, one=1, theta="0.5")"#,
    r#"define(plus="b", times="a * b", zero=0, one=1, theta="d")"#,
    r#"define(value="f64", plus="a + b", times="a * b", zero=0, one=1, theta="threshold(0.5)")"#,
    r#"define(value="bool", plus="a or b", times="a and b", zero=false, one=true, theta="d >= 0.5")"#,
    r#"define(value="u64", plus="a + b", times="a * b", zero=0, one=1, theta="u64(d > 0) * 100000")"#,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn joined_edges_are_the_operations_one_by_one(which in 0usize..FORMS.len() + 9, shape in shape()) {
        let definition = match which.checked_sub(FORMS.len()) {
            None => defined(FORMS[which]),
            Some(example) => {
                let text = texts().nth(example).unwrap();
                Definition::from_toml(text, "example").unwrap()
            }
        };
        let semiring = definition.semiring();
        if matches!(definition.theta(), kirchhoff_semiring::DefinedTheta::Expression(_)) {
            agree(&semiring, Annotation::Own, shape)?;
        }
        agree(&semiring, Annotation::Threshold(0.4), shape)?;
        agree(&semiring, Annotation::ThresholdAbs(0.7), shape)?;
    }

    #[test]
    fn annotations_by_name_are_joined(double in any::<bool>(), which in 0usize..5, shape in shape()) {
        let value = if double { "f64" } else { "f32" };
        let semiring = defined(&format!(
            r#"define(value="{value}", plus="a + b", times="a * b * 1.5", zero=0, one=1, theta="identity")"#
        )).semiring();
        let annotations = [
            Annotation::Identity, Annotation::Scale(1.5), Annotation::AbsClamp, Annotation::NegLog, Annotation::MinusNegLog,
        ];
        agree(&semiring, annotations[which], shape)?;
    }

    #[test]
    fn random_expressions_are_joined(
        kind in prop::sample::select(&Kind::ALL[..]),
        plus in prop::collection::vec(any::<u8>(), 0..80),
        times in prop::collection::vec(any::<u8>(), 0..80),
        depth in 0usize..4,
        shape in shape(),
    ) {
        let [plus, times] = [plus, times].map(|bytes| tree(kind, kind, &mut bytes.iter(), depth).to_string());
        let name = kind.name();
        let semiring = defined(&format!(
            r#"define(value="{name}", plus="{plus}", times="{times}", zero=0, one=1, theta="threshold(0.5)")"#
        )).semiring();
        agree(&semiring, Annotation::Threshold(0.5), shape)?;
    }
}

/// Records whose columns ask for each other, before and after a sum.
#[test]
fn columns_of_sums_may_depend_on_each_other() {
    let record = |plus: [&str; 3]| {
        let [x, y, z] = plus;
        format!(
            "name = \"record\"\nvalue = {{ x = \"f32\", y = \"f32\", z = \"f32\" }}\nshow = \"a.x\"\norder = \"share\"\n\
             zero = {{ x = 0, y = 0, z = 0 }}\none = {{ x = 1, y = 1, z = 1 }}\n\
             plus = {{ x = \"{x}\", y = \"{y}\", z = \"{z}\" }}\n\
             times = {{ x = \"a.x * b.x\", y = \"a.x * b.y + a.y * b.x\", z = \"a.x * b.x\" }}\n\
             theta = {{ x = \"d\", y = \"-d\", z = \"max(d, 0)\" }}"
        )
    };
    let sums = [
        ["a.x + b.x", "a.y + b.y", "a.z + b.z"],
        ["a.x + b.x", "a.x + b.x", "a.z + b.z"],
        ["a.x + b.x", "a.y + (a.x + b.x)", "a.z + b.z"],
        ["a.y + b.x", "a.x + b.y", "max(a.z, b.x)"],
        ["max(a.x, b.x)", "if(a.x > b.x, a.y, b.y)", "b.z"],
        ["a.z", "min(a.y, b.x * b.y)", "a.x"],
    ];
    for plus in sums {
        let definition = Definition::from_toml(&record(plus), "record").unwrap();
        for (sources, edges) in [(70, 1), (64, 33), (600, 9)] {
            let shape = Shape { sources, wanted: sources - 3, edges, seed: 5 };
            agree(&definition.semiring(), Annotation::Own, shape).unwrap();
        }
    }
}
