//! What becomes of weights before they enter a kernel.

use std::borrow::Cow;

use kirchhoff_semiring::logarithm;
use pulp::{Simd, WithSimd};

use crate::{WeightFactor, vectorised};
use kirchhoff_semiring::dispatch;

/// A function of `ρ(w)`, applied once a weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Packing {
    /// `ρ`.
    pub factor: WeightFactor,
    /// What is done to it.
    pub form: Form,
}

/// A function of a real number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `x`.
    Plain,
    /// `|x|`.
    Absolute,
    /// `−ln |x|`.
    Cost,
    /// `ln |x|`.
    Logarithm,
}

impl Packing {
    /// `ρ(w)` as it is.
    pub fn plain(factor: WeightFactor) -> Self {
        Packing { factor, form: Form::Plain }
    }

    /// Whether weights stay as they are.
    pub fn is_identity(self) -> bool {
        self == Packing::plain(WeightFactor::IDENTITY)
    }

    /// What enters the kernel for weights.
    pub fn applied(self, weights: &[f32]) -> Cow<'_, [f32]> {
        if self.is_identity() {
            return Cow::Borrowed(weights);
        }
        let mut packed = weights.to_vec();
        self.apply(&mut packed);
        Cow::Owned(packed)
    }

    /// Replaces weights by what enters the kernel.
    pub fn apply(self, weights: &mut [f32]) {
        vectorised(|| match self.factor {
            WeightFactor::IDENTITY => {}
            WeightFactor::Weight(slopes) => weights.iter_mut().for_each(|w| *w = slopes.apply(*w)),
            WeightFactor::Square => weights.iter_mut().for_each(|w| *w *= *w),
            WeightFactor::One => weights.fill(1.0),
        });
        self.form.apply(weights);
    }
}

impl Form {
    /// Replaces numbers by their images.
    pub fn apply(self, numbers: &mut [f32]) {
        if self != Form::Plain {
            dispatch(Images { form: self, numbers });
        }
    }
}

/// The images of numbers, waiting for instructions.
struct Images<'a> {
    form: Form,
    numbers: &'a mut [f32],
}

impl WithSimd for Images<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let numbers = self.numbers.iter_mut();
        match self.form {
            Form::Plain => {}
            Form::Absolute => numbers.for_each(|x| *x = x.abs()),
            Form::Cost => numbers.for_each(|x| *x = 0.0 - logarithm(x.abs())),
            Form::Logarithm => numbers.for_each(|x| *x = logarithm(x.abs())),
        }
    }
}
