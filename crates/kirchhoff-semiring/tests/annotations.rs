//! Annotations: values, names, images, and what they refuse.

use kirchhoff_semiring::{
    Annotation, AnnotationLoop, Boolean, Bottleneck, Count, Counting, Embed, Image, Interval, Log, MaxPlus, RankTable,
    Ranks, Real, SemiringInfo, SemiringVisitor, Tropical, Viterbi, find, semirings, visit,
};
use proptest::prelude::*;

fn message(text: &str) -> String {
    text.parse::<Annotation>().unwrap_err().to_string()
}

#[test]
fn annotations_are_what_their_formulas_say() {
    use Annotation::*;
    assert_eq!(Identity.apply(&Real, -0.25), -0.25);
    assert_eq!([-1.0, 0.0, 0.5].map(|d| Scale(0.25).apply(&Bottleneck, d)), [-4.0, 0.0, 2.0]);
    assert_eq!([-1.0, 0.4, 0.5, 0.6].map(|d| Threshold(0.5).apply(&Boolean, d)), [false, false, true, true]);
    assert_eq!([-1.0, 0.4, 0.5, 0.6].map(|d| ThresholdAbs(0.5).apply(&Boolean, d)), [true, false, false, true]);
    assert_eq!([-3.0, -0.5, 0.0, 2.0].map(|d| AbsClamp.apply(&Viterbi, d)), [1.0, 0.5, 0.0, 1.0]);
    let logarithm = 0.5f32.ln();
    assert_eq!([-0.5, 2.0, 0.0].map(|d| NegLog.apply(&Tropical, d)), [-logarithm, 0.0, f32::INFINITY]);
    assert_eq!([-0.5, 2.0, 0.0].map(|d| MinusNegLog.apply(&MaxPlus, d)), [logarithm, 0.0, f32::NEG_INFINITY]);
}

#[test]
fn truth_is_the_semirings_own() {
    let theta = Annotation::Threshold(0.0);
    assert_eq!([theta.apply(&Tropical, 1.0), theta.apply(&Tropical, -1.0)], [0.0, f32::INFINITY]);
    assert_eq!([theta.apply(&Bottleneck, 1.0), theta.apply(&Bottleneck, -1.0)], [f32::INFINITY, f32::NEG_INFINITY]);
    assert_eq!([theta.apply(&Counting, 1.0), theta.apply(&Counting, -1.0)], [Count::ONE, Count::ZERO]);
    assert!(theta.apply(&Boolean, -0.0), "−0 ≥ 0");
}

struct Collect<'a>(&'a [f32]);

impl<V> AnnotationLoop<V> for Collect<'_> {
    type Output = Vec<V>;

    fn run(self, theta: impl Fn(f32) -> V + Copy + Send + Sync) -> Vec<V> {
        self.0.iter().map(|&d| theta(d)).collect()
    }
}

#[test]
fn a_specialised_loop_applies_the_annotation() {
    let contributions = [-2.0, -0.5, 0.0, 1e-9, 0.3, 0.7, 5.0];
    let mut ranks = Ranks::new();
    contributions.iter().for_each(|&d| ranks.add(d));
    let table = ranks.finish();
    for annotation in Annotation::ALL {
        let specialised = annotation.specialise(&Log, || &table, Collect(&contributions));
        let expected = contributions.map(|d| match annotation {
            Annotation::Rank => table.share(d),
            _ => annotation.apply(&Log, d),
        });
        assert_eq!(specialised, expected, "{annotation}");
    }
}

#[test]
#[should_panic(expected = "needs the layer's table")]
fn rank_cannot_be_applied_to_one_contribution_alone() {
    Annotation::Rank.apply(&Viterbi, 0.5);
}

#[test]
fn names_are_read() {
    assert_eq!("identity".parse(), Ok(Annotation::Identity));
    assert_eq!("threshold".parse(), Ok(Annotation::Threshold(1e-9)));
    assert_eq!("threshold(-0.5)".parse(), Ok(Annotation::Threshold(-0.5)));
    assert_eq!("threshold-abs( 0.05 )".parse(), Ok(Annotation::ThresholdAbs(0.05)));
    assert_eq!("−neg-log".parse(), Ok(Annotation::MinusNegLog));
    assert_eq!("rank".parse(), Ok(Annotation::Rank));
    assert_eq!("scale(0.05)".parse(), Ok(Annotation::Scale(0.05)));
    assert!(Annotation::ALL.iter().all(|annotation| annotation.to_string().parse() == Ok(*annotation)));
}

#[test]
fn what_is_no_annotation_is_refused_with_a_reason() {
    assert_eq!(message("treshold(1)"), "unknown annotation `treshold`: did you mean `threshold` or `threshold-abs`?");
    assert_eq!(message("identity(1)"), "`identity` takes no argument, not 1");
    assert_eq!(message("threshold(1, 2)"), "`threshold` takes one argument (θ), not 2");
    assert_eq!(message("threshold(inf)"), "in `threshold(inf)`, argument 1 is `inf`, not a finite number");
    assert_eq!(message("threshold(1e60)"), format!("`threshold` takes a θ within the range of f32, not {}", 1e60));
    assert!(message("threshold(1e-60)").contains("within the range of f32"));
    assert_eq!(message("scale(0)"), "`scale` takes a number above 0 within the range of f32, not 0");
    assert_eq!(message("scale(-2)"), "`scale` takes a number above 0 within the range of f32, not -2");
}

#[test]
fn a_threshold_can_be_replaced_where_there_is_one() {
    assert_eq!(Annotation::Threshold(1e-9).with_theta(0.05), Ok(Annotation::Threshold(0.05)));
    assert_eq!(Annotation::ThresholdAbs(1e-9).with_theta(-1.0).unwrap().theta(), Some(-1.0));
    let error = Annotation::Rank.with_theta(0.05).unwrap_err().to_string();
    assert_eq!(error, "annotation `rank` has no θ to set to 0.05; `threshold`, `threshold-abs` and `keep` have one");
    let error = Annotation::Threshold(0.1).with_theta(f32::NAN).unwrap_err().to_string();
    assert_eq!(error, "θ of annotation `threshold(0.1)` must be finite, not NaN");
}

fn check(annotation: Annotation, semiring: &str, range: Interval) -> Result<(), String> {
    let info = find(semiring).unwrap();
    annotation.check(&info.name, info.embeds, range).map_err(|error| error.to_string())
}

#[test]
fn an_annotation_that_leaves_the_carrier_is_refused_with_what_to_do() {
    assert_eq!(
        check(Annotation::Identity, "viterbi", Interval::REALS).unwrap_err(),
        "annotation `identity` yields values in (−∞, ∞), but semiring `viterbi` takes [0, 1]; use rule `max-abs`, \
         which keeps contributions in [0, 1], or annotation `threshold`, `threshold-abs`, `abs-clamp` or `rank`"
    );
    assert_eq!(
        check(Annotation::AbsClamp, "counting", Interval::UNIT).unwrap_err(),
        "annotation `abs-clamp` yields values in [0, 1], but semiring `counting` takes the integers of [0, ∞); use \
         annotation `threshold` or `threshold-abs`"
    );
    assert_eq!(
        check(Annotation::NegLog, "max-plus", Interval::UNIT).unwrap_err(),
        "annotation `neg-log` yields values in [0, ∞], but semiring `max-plus` takes [−∞, 0]; use annotation \
         `threshold`, `threshold-abs` or `-neg-log`"
    );
}

#[test]
fn annotations_meet_carriers_as_the_ranges_say() {
    use Annotation::*;
    for info in semirings() {
        for annotation in [Threshold(0.5), ThresholdAbs(0.5)] {
            assert_eq!(check(annotation, &info.name, Interval::REALS), Ok(()), "{}", info.name);
        }
    }
    for (annotation, semiring, range, fits) in [
        (Identity, "real", Interval::REALS, true),
        (Identity, "log", Interval::REALS, true),
        (Identity, "bottleneck", Interval::REALS, true),
        (Identity, "tropical", Interval::REALS, false),
        (Identity, "tropical", Interval::UNIT, true),
        (Identity, "fuzzy", Interval::UNIT, true),
        (Identity, "boolean", Interval::UNIT, false),
        (Scale(0.5), "bottleneck", Interval::REALS, true),
        (Scale(0.5), "fuzzy", Interval::UNIT, false),
        (Scale(2.0), "fuzzy", Interval::UNIT, true),
        (NegLog, "real", Interval::REALS, false),
        (NegLog, "log", Interval::UNIT, false),
        (NegLog, "tropical", Interval::REALS, true),
        (MinusNegLog, "log", Interval::REALS, true),
        (MinusNegLog, "tropical", Interval::UNIT, false),
        (AbsClamp, "lukasiewicz", Interval::REALS, true),
        (Rank, "bottleneck", Interval::REALS, true),
        (Rank, "counting-float", Interval::REALS, false),
    ] {
        assert_eq!(check(annotation, semiring, range).is_ok(), fits, "{annotation} in {semiring}");
    }
}

/// Checks that values which passed the check of the carrier are elements, by their projection.
struct StaysInside(Annotation, Vec<f32>);

impl SemiringVisitor for StaysInside {
    type Output = Result<(), TestCaseError>;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> Self::Output {
        let StaysInside(annotation, contributions) = self;
        let table = || -> &RankTable { unreachable!("rank is not tried") };
        for value in annotation.specialise(&semiring, table, Collect(&contributions)) {
            let x = semiring.project(&value);
            prop_assert!(semiring.carrier().contains(x), "{} {annotation}: {x}", info.name);
        }
        Ok(())
    }
}

/// Any but rank, which is listed last and needs a table.
fn pointwise() -> impl Strategy<Value = Annotation> {
    let theta = || prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO;
    prop_oneof![
        prop::sample::select(&Annotation::ALL[..8]),
        theta().prop_map(Annotation::Threshold),
        theta().prop_map(Annotation::ThresholdAbs),
        theta().prop_map(Annotation::Keep),
        (1e-3f32..1e3).prop_map(Annotation::Scale),
    ]
}

proptest! {
    #[test]
    fn text_reads_back(annotation in pointwise()) {
        prop_assert_eq!(annotation.to_string().parse(), Ok(annotation));
        let json = serde_json::to_string(&annotation).unwrap();
        prop_assert_eq!(serde_json::from_str::<Annotation>(&json).unwrap(), annotation);
    }

    #[test]
    fn values_lie_in_the_image(annotation in pointwise(), d in -2.0f32..2.0) {
        let image = annotation.image(Interval::open(-2.0, 2.0));
        let value = f64::from(annotation.apply(&Bottleneck, d));
        let inside = match image {
            Image::Elements => panic!("no annotation of the list is a semiring's own"),
            Image::Truth => value.is_infinite(),
            Image::Reals(interval) => interval.contains(value) || value == f64::NEG_INFINITY,
        };
        prop_assert!(inside);
    }

    #[test]
    fn what_passes_the_check_stays_in_the_carrier(
        annotation in pointwise(),
        contributions in prop::collection::vec(0.0f32..=1.0, 0..10),
    ) {
        for info in semirings().iter().filter(|info| annotation.check(&info.name, info.embeds, Interval::UNIT).is_ok()) {
            visit(&info.name, StaysInside(annotation, contributions.clone())).unwrap()?;
        }
    }
}
