//! Annotations Θ: what a real contribution becomes in a semiring.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::call::shortest;
use crate::name::alternatives;
use crate::{Call, Carrier, Embed, Image, Interval, LookupError, RankTable, UnknownName, logarithm};

/// An annotation `Θ : ℝ → K`, which maps the contribution `d` of an edge into a semiring
/// (Groudiev & Maniu 2024, 2.1.3).
///
/// It is written and read as `identity`, `threshold(0.05)`, `abs-clamp`, ...; `threshold` alone has the paper's θ.
///
/// ```
/// use kirchhoff_semiring::{Annotation, Boolean, Tropical};
///
/// let annotation: Annotation = "threshold(0.5)".parse()?;
/// assert!(annotation.apply(&Boolean, 0.7));
/// assert_eq!(annotation.apply(&Tropical, 0.2), f32::INFINITY);
/// assert_eq!("threshold".parse::<Annotation>()?.to_string(), "threshold(1e-9)");
/// # Ok::<(), kirchhoff_semiring::LookupError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Annotation {
    /// `d` itself.
    Identity,
    /// `d / c`, with a finite `c` above 0: what reaches θ then reaches `θ · c`, layer by layer.
    Scale(f32),
    /// 1 if `d ≥ θ`, else 0 (2.2.1, 2.2.3).
    Threshold(f32),
    /// 1 if `|d| > θ`, else 0.
    ThresholdAbs(f32),
    /// `d` if `d ≥ θ`, else the semiring's 0: the contributions that reach θ, as they are.
    Keep(f32),
    /// `min(|d|, 1)`.
    AbsClamp,
    /// `−ln min(|d|, 1)`, which is `∞` at 0.
    NegLog,
    /// `ln min(|d|, 1)`, which is `−∞` at 0; written `-neg-log`.
    MinusNegLog,
    /// The share of the layer's positive contributions that are at most `d`; 0 if `d ≤ 0`. See [`Ranks`](crate::Ranks).
    Rank,
    /// The semiring's own Θ, of semirings that bring one.
    Own,
}

impl Annotation {
    /// The θ of a threshold that is given none: it drops negligible and negative contributions and keeps the others.
    pub const DEFAULT_THETA: f32 = 1e-9;

    /// Each annotation that any semiring may take once, thresholds with the default θ and the scale with 1: all but
    /// [`Own`](Annotation::Own).
    pub const ALL: [Annotation; 9] = [
        Annotation::Identity,
        Annotation::Scale(1.0),
        Annotation::Threshold(Self::DEFAULT_THETA),
        Annotation::ThresholdAbs(Self::DEFAULT_THETA),
        Annotation::Keep(Self::DEFAULT_THETA),
        Annotation::AbsClamp,
        Annotation::NegLog,
        Annotation::MinusNegLog,
        Annotation::Rank,
    ];

    /// The name, without arguments.
    pub const fn name(&self) -> &'static str {
        match self {
            Annotation::Identity => "identity",
            Annotation::Scale(_) => "scale",
            Annotation::Threshold(_) => "threshold",
            Annotation::ThresholdAbs(_) => "threshold-abs",
            Annotation::Keep(_) => "keep",
            Annotation::AbsClamp => "abs-clamp",
            Annotation::NegLog => "neg-log",
            Annotation::MinusNegLog => "-neg-log",
            Annotation::Rank => "rank",
            Annotation::Own => "own",
        }
    }

    /// The annotation as a formula in `d`, `θ` and `c`.
    pub const fn formula(&self) -> &'static str {
        match self {
            Annotation::Identity => "d",
            Annotation::Scale(_) => "d / c",
            Annotation::Threshold(_) => "1 if d ≥ θ, else 0",
            Annotation::ThresholdAbs(_) => "1 if |d| > θ, else 0",
            Annotation::Keep(_) => "d if d ≥ θ, else 0",
            Annotation::AbsClamp => "min(|d|, 1)",
            Annotation::NegLog => "−ln min(|d|, 1)",
            Annotation::MinusNegLog => "ln min(|d|, 1)",
            Annotation::Rank => "the share of the layer's positive contributions that are at most d",
            Annotation::Own => "what the semiring itself makes of d",
        }
    }

    /// The threshold, of annotations that have one.
    pub const fn theta(&self) -> Option<f32> {
        match self {
            Annotation::Threshold(theta) | Annotation::ThresholdAbs(theta) | Annotation::Keep(theta) => Some(*theta),
            Annotation::Identity | Annotation::Scale(_) | Annotation::AbsClamp => None,
            Annotation::NegLog | Annotation::MinusNegLog | Annotation::Rank | Annotation::Own => None,
        }
    }

    /// Whether its values are the semiring's 0 and 1 alone.
    pub const fn is_threshold(&self) -> bool {
        matches!(self, Annotation::Threshold(_) | Annotation::ThresholdAbs(_))
    }

    /// The same annotation with another threshold, for a single layer.
    ///
    /// # Errors
    /// [`ThetaError`] if the annotation has no threshold or `theta` is not finite.
    pub fn with_theta(&self, theta: f32) -> Result<Annotation, ThetaError> {
        match self {
            _ if !theta.is_finite() => Err(ThetaError::NotFinite { annotation: *self, theta }),
            Annotation::Threshold(_) => Ok(Annotation::Threshold(theta)),
            Annotation::ThresholdAbs(_) => Ok(Annotation::ThresholdAbs(theta)),
            Annotation::Keep(_) => Ok(Annotation::Keep(theta)),
            _ => Err(ThetaError::NoThreshold { annotation: *self, theta }),
        }
    }

    /// The values that it can take when contributions lie in `range`, beside the semiring's 0.
    pub fn image(&self, range: Interval) -> Image {
        match self {
            Annotation::Identity => Image::Reals(range),
            Annotation::Scale(scale) => {
                let scale = f64::from(*scale);
                Image::Reals(Interval { low: range.low / scale, high: range.high / scale, ..range })
            }
            Annotation::Threshold(_) | Annotation::ThresholdAbs(_) => Image::Truth,
            Annotation::Keep(theta) => match f64::from(*theta) {
                theta if theta > range.high => Image::Truth,
                theta => Image::Reals(Interval { low: range.low.max(theta), ..range }),
            },
            Annotation::AbsClamp | Annotation::Rank => Image::Reals(Interval::UNIT),
            Annotation::NegLog => Image::Reals(Interval::closed(0.0, f64::INFINITY)),
            Annotation::MinusNegLog => Image::Reals(Interval::closed(f64::NEG_INFINITY, 0.0)),
            Annotation::Own => Image::Elements,
        }
    }

    /// Whether the annotation's values are elements of a semiring, given its name and
    /// [`carrier`](Embed::carrier), when contributions lie in `range`.
    ///
    /// # Errors
    /// [`CarrierError`] if some value would lie outside.
    pub fn check(&self, semiring: &str, carrier: Carrier, range: Interval) -> Result<(), CarrierError> {
        let image = self.image(range);
        if carrier.includes(&image) {
            return Ok(());
        }
        let unit = carrier.includes(&Annotation::Identity.image(Interval::UNIT));
        Err(CarrierError {
            annotation: *self,
            image,
            semiring: semiring.to_string(),
            carrier,
            alternatives: Annotation::ALL
                .into_iter()
                .filter(|other| carrier.includes(&other.image(range)))
                .chain(carrier.own.then_some(Annotation::Own))
                .map(|other| other.name())
                .collect(),
            normalise: unit && *self == Annotation::Identity,
        })
    }

    /// `Θ(d)`.
    ///
    /// The truth values of thresholds are the semiring's own 1 and 0. The annotation must have passed
    /// [`check`](Annotation::check). Called in a loop, the annotation is matched for every edge unless the compiler
    /// hoists it: [`specialise`](Annotation::specialise) does so for sure.
    ///
    /// # Panics
    /// For [`Rank`](Annotation::Rank), which depends on the other contributions of the layer: use `specialise`; and for
    /// [`Own`](Annotation::Own), which whoever brings the semiring applies.
    #[inline(always)]
    pub fn apply<S: Embed>(&self, semiring: &S, d: f32) -> S::Value {
        match *self {
            Annotation::Identity => semiring.embed(d),
            Annotation::Scale(scale) => semiring.embed(d / scale),
            Annotation::Threshold(theta) => truth(semiring, d >= theta),
            Annotation::ThresholdAbs(theta) => truth(semiring, d.abs() > theta),
            Annotation::Keep(theta) => kept(semiring, theta, d),
            Annotation::AbsClamp => semiring.embed(clamped(d)),
            Annotation::NegLog => semiring.embed(0.0 - logarithm(clamped(d))),
            Annotation::MinusNegLog => semiring.embed(logarithm(clamped(d))),
            Annotation::Rank => panic!("the annotation `rank` needs the layer's table of ranks"),
            Annotation::Own => panic!("a semiring's own Θ is applied by whoever brings it"),
        }
    }

    /// `Θ(d)` with the layer's table of ranks, which [`Rank`](Annotation::Rank) needs.
    ///
    /// # Panics
    /// As [`apply`](Annotation::apply), but for `Rank` only without its table.
    #[inline(always)]
    pub fn apply_with<S: Embed>(&self, semiring: &S, ranks: Option<&RankTable>, d: f32) -> S::Value {
        match (self, ranks) {
            (Annotation::Rank, Some(table)) => semiring.embed(table.share(d)),
            _ => self.apply(semiring, d),
        }
    }

    /// Writes `Θ` of contributions, for slices of one length: the annotation is matched once.
    ///
    /// # Panics
    /// As [`apply_with`](Annotation::apply_with).
    pub fn apply_all<S: Embed>(&self, semiring: &S, ranks: Option<&RankTable>, d: &[f32], values: &mut [S::Value]) {
        let ranks = || ranks.expect("the annotation `rank` needs the layer's table of ranks");
        self.specialise(semiring, ranks, Fill { d, values });
    }

    /// Runs `body` with `Θ` as a closure: the annotation is matched once, and `body` is compiled for each of them, so
    /// that its inner loop has nothing to decide. `ranks` is called for [`Rank`](Annotation::Rank) only.
    ///
    /// ```
    /// use kirchhoff_semiring::{Annotation, AnnotationLoop, Boolean, RankTable};
    ///
    /// struct Kept<'a>(&'a [f32]);
    ///
    /// impl AnnotationLoop<bool> for Kept<'_> {
    ///     type Output = usize;
    ///     fn run(self, theta: impl Fn(f32) -> bool + Copy + Send + Sync) -> usize {
    ///         self.0.iter().filter(|&&d| theta(d)).count()
    ///     }
    /// }
    ///
    /// let no_ranks = || -> &RankTable { unreachable!("a threshold has no ranks") };
    /// let kept = Annotation::Threshold(0.5).specialise(&Boolean, no_ranks, Kept(&[0.1, 0.5, 0.9]));
    /// assert_eq!(kept, 2);
    /// ```
    pub fn specialise<'a, S, L>(&self, semiring: &S, ranks: impl FnOnce() -> &'a RankTable, body: L) -> L::Output
    where
        S: Embed,
        L: AnnotationLoop<S::Value>,
    {
        // The variant is a constant in each arm, so that the match within `apply` is resolved when it is inlined.
        macro_rules! constant {
            ($annotation:expr) => {
                body.run(|d| $annotation.apply(semiring, d))
            };
        }
        match *self {
            Annotation::Identity => constant!(Annotation::Identity),
            Annotation::Scale(scale) => constant!(Annotation::Scale(scale)),
            Annotation::Threshold(theta) => constant!(Annotation::Threshold(theta)),
            Annotation::ThresholdAbs(theta) => constant!(Annotation::ThresholdAbs(theta)),
            Annotation::Keep(theta) => constant!(Annotation::Keep(theta)),
            Annotation::AbsClamp => constant!(Annotation::AbsClamp),
            Annotation::NegLog => constant!(Annotation::NegLog),
            Annotation::MinusNegLog => constant!(Annotation::MinusNegLog),
            Annotation::Rank => {
                let table = ranks();
                body.run(|d| semiring.embed(table.share(d)))
            }
            Annotation::Own => panic!("a semiring's own Θ is applied by whoever brings it"),
        }
    }
}

/// Contributions to be annotated, waiting for their Θ.
struct Fill<'a, V> {
    d: &'a [f32],
    values: &'a mut [V],
}

impl<V> AnnotationLoop<V> for Fill<'_, V> {
    type Output = ();

    fn run(self, theta: impl Fn(f32) -> V + Copy + Send + Sync) {
        self.values.iter_mut().zip(self.d).for_each(|(value, &d)| *value = theta(d));
    }
}

/// A loop over contributions, which [`Annotation::specialise`] compiles for each annotation.
pub trait AnnotationLoop<V> {
    /// What the loop computes.
    type Output;

    /// Runs the loop with the annotation `theta`.
    fn run(self, theta: impl Fn(f32) -> V + Copy + Send + Sync) -> Self::Output;
}

#[inline(always)]
fn truth<S: Embed>(semiring: &S, holds: bool) -> S::Value {
    if holds { semiring.one() } else { semiring.zero() }
}

#[inline(always)]
fn kept<S: Embed>(semiring: &S, theta: f32, d: f32) -> S::Value {
    if d >= theta { semiring.embed(d) } else { semiring.zero() }
}

/// `min(|d|, 1)`.
#[inline(always)]
fn clamped(d: f32) -> f32 {
    let magnitude = d.abs();
    if magnitude < 1.0 { magnitude } else { 1.0 }
}

impl fmt::Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Annotation::Threshold(number)
            | Annotation::ThresholdAbs(number)
            | Annotation::Keep(number)
            | Annotation::Scale(number) => {
                write!(f, "{}({})", self.name(), shortest(format!("{number:?}")))
            }
            _ => f.write_str(self.name()),
        }
    }
}

impl FromStr for Annotation {
    type Err = LookupError;

    fn from_str(text: &str) -> Result<Self, LookupError> {
        let call: Call = text.parse()?;
        if call.name == Annotation::Own.name() {
            return Ok(call.arguments([]).map(|[]| Annotation::Own)?);
        }
        let Some(found) = Annotation::ALL.into_iter().find(|annotation| annotation.name() == call.name) else {
            let known: Vec<_> = Annotation::ALL.iter().map(Annotation::name).collect();
            return Err(UnknownName::new("annotation", &call.name, &known).into());
        };
        match found {
            Annotation::Threshold(default) | Annotation::ThresholdAbs(default) | Annotation::Keep(default) => {
                let [theta] = call.arguments_or([("θ", f64::from(default))])?;
                let annotation = single(theta).and_then(|theta| found.with_theta(theta).ok());
                Ok(annotation.ok_or_else(|| call.value_error("a θ within the range of f32", theta))?)
            }
            Annotation::Scale(default) => {
                let [scale] = call.arguments_or([("c", f64::from(default))])?;
                let annotation = single(scale).filter(|scale| *scale > 0.0).map(Annotation::Scale);
                Ok(annotation.ok_or_else(|| call.value_error("a number above 0 within the range of f32", scale))?)
            }
            _ => Ok(call.arguments([]).map(|[]| found)?),
        }
    }
}

/// The nearest `f32`, unless that is infinite, or 0 where `x` is not: `d ≥ 1e-60` is not `d ≥ 0`.
fn single(x: f64) -> Option<f32> {
    let rounded = x as f32;
    (rounded.is_finite() && (rounded != 0.0 || x == 0.0)).then_some(rounded)
}

impl From<Annotation> for String {
    fn from(annotation: Annotation) -> String {
        annotation.to_string()
    }
}

impl TryFrom<String> for Annotation {
    type Error = LookupError;

    fn try_from(text: String) -> Result<Self, LookupError> {
        text.parse()
    }
}

/// An annotation yields values outside a semiring's carrier.
#[derive(Clone, Debug, PartialEq)]
pub struct CarrierError {
    /// The annotation.
    pub annotation: Annotation,
    /// The values that it can take under the rule at hand.
    pub image: Image,
    /// The name of the semiring.
    pub semiring: String,
    /// The semiring's carrier.
    pub carrier: Carrier,
    /// The names of the annotations that fit, whatever the rule.
    pub alternatives: Vec<&'static str>,
    /// Whether a rule with contributions in `[0, 1]`, such as `max-abs`, would make the annotation fit.
    pub normalise: bool,
}

impl std::error::Error for CarrierError {}

impl fmt::Display for CarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CarrierError { annotation, image, semiring, carrier, .. } = self;
        write!(
            f,
            "annotation `{annotation}` yields values in {image}, but semiring `{semiring}` takes {carrier}; use "
        )?;
        if self.normalise {
            write!(f, "rule `max-abs`, which keeps contributions in [0, 1], or ")?;
        }
        write!(f, "annotation {}", alternatives(&self.alternatives))
    }
}

/// A threshold that an annotation cannot take.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ThetaError {
    /// The annotation has no threshold.
    #[error("annotation `{annotation}` has no θ to set to {theta}; `threshold`, `threshold-abs` and `keep` have one")]
    NoThreshold {
        /// The annotation.
        annotation: Annotation,
        /// The threshold meant for it.
        theta: f32,
    },
    /// The threshold is infinite or not a number.
    #[error("θ of annotation `{annotation}` must be finite, not {theta}")]
    NotFinite {
        /// The annotation.
        annotation: Annotation,
        /// The threshold meant for it.
        theta: f32,
    },
}
