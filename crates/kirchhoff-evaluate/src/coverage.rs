//! Shares of a layer's neurons that a threshold is to keep.

use std::fmt;
use std::str::FromStr;

use kirchhoff_semiring::{Annotation, Call, LookupError, UnknownName};

/// The share of a layer's source neurons that a threshold is to keep, above 0 and at most 1; written `auto(0.2)`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Coverage(f64);

impl Coverage {
    /// The name that it is written by.
    pub const NAME: &'static str = "auto";

    /// A share; `None` if it is not above 0 and at most 1.
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share <= 1.0).then_some(Coverage(share))
    }

    /// The share.
    pub fn share(self) -> f64 {
        self.0
    }

    /// How many of `neurons` it is: rounded up, one at least where there are any.
    pub fn of(self, neurons: usize) -> usize {
        ((self.0 * neurons as f64).ceil() as usize).clamp(neurons.min(1), neurons)
    }

    /// The largest threshold that as many of the given critical thresholds reach, but no smaller one than
    /// [`Annotation::DEFAULT_THETA`]: negligible and negative contributions stay out, and with them neurons that have no
    /// others. Where several are equal to it, all of these are kept.
    ///
    /// Takes O(n) time; the order of `critical` changes.
    pub fn threshold(self, critical: &mut [f32]) -> f32 {
        let Some(last) = self.of(critical.len()).checked_sub(1) else { return Annotation::DEFAULT_THETA };
        let (_, threshold, _) = critical.select_nth_unstable_by(last, |a, b| b.total_cmp(a));
        threshold.clamp(Annotation::DEFAULT_THETA, f32::MAX)
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Call { name: Self::NAME.to_string(), arguments: vec![self.0] }.fmt(f)
    }
}

impl FromStr for Coverage {
    type Err = LookupError;

    fn from_str(text: &str) -> Result<Self, LookupError> {
        let call: Call = text.parse()?;
        if call.name != Self::NAME {
            return Err(UnknownName::new("choice of thresholds", &call.name, &[Self::NAME]).into());
        }
        let [share] = call.arguments(["share of the neurons to keep"])?;
        Ok(Coverage::new(share).ok_or_else(|| call.value_error("a share above 0 and at most 1", share))?)
    }
}

/// The Θ of a layer, as far as it is known before an execution is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LayerTheta {
    /// This one.
    Given(Annotation),
    /// The threshold that keeps so many of the layer's source neurons.
    Chosen(Coverage),
}

impl LayerTheta {
    /// The Θ as long as nothing is chosen: what is given, and else the least threshold that could be chosen.
    pub fn before_choice(self) -> Annotation {
        match self {
            LayerTheta::Given(annotation) => annotation,
            LayerTheta::Chosen(_) => Annotation::Threshold(Annotation::DEFAULT_THETA),
        }
    }
}
