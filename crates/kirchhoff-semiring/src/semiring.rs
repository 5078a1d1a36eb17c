//! The [`Semiring`] trait, [`Project`] for semirings that give numbers, and [`Embed`] for those that take them.

use std::fmt::Debug;

use crate::{Array, Carrier, Count, Law, Laws, Limbs, RoundedCount};

/// A semiring `(K, ⊕, ⊗, 0, 1)`.
///
/// `(K, ⊕, 0)` is a commutative monoid, `(K, ⊗, 1)` a monoid, `⊗` distributes over `⊕` on both sides and `0`
/// absorbs (Green et al., "Provenance semirings", 2007). Only the four operations are required; everything else
/// has a default that is right for any semiring. Methods take `&self`, so a semiring may carry parameters.
///
/// ```
/// use kirchhoff_semiring::Semiring;
///
/// /// The greatest common divisor as `⊕`, the product as `⊗`.
/// struct Divisibility;
///
/// impl Semiring for Divisibility {
///     type Value = u64;
///     fn zero(&self) -> u64 { 0 }
///     fn one(&self) -> u64 { 1 }
///     fn plus(&self, a: &u64, b: &u64) -> u64 { if *b == 0 { *a } else { self.plus(b, &(a % b)) } }
///     fn times(&self, a: &u64, b: &u64) -> u64 { a * b }
/// }
///
/// assert_eq!(Divisibility.plus(&12, &18), 6);
/// ```
pub trait Semiring: Send + Sync {
    /// An element of the carrier.
    type Value: Clone + PartialEq + Debug + Send + Sync;

    /// Whether kernels should call [`accumulate`](Semiring::accumulate) once a block rather than `plus` and `times` once an
    /// edge: where the call costs more than the operation, as for expressions that are interpreted.
    ///
    /// A constant, so that kernels for blocks are compiled for such semirings alone.
    const BLOCKWISE: bool = false;

    /// The neutral element of `⊕`, absorbing for `⊗`.
    fn zero(&self) -> Self::Value;

    /// The neutral element of `⊗`.
    fn one(&self) -> Self::Value;

    /// `a ⊕ b`.
    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value;

    /// `a ⊗ b`.
    fn times(&self, a: &Self::Value, b: &Self::Value) -> Self::Value;

    /// `sum ← sum ⊕ a`, in place where that saves an allocation.
    fn plus_assign(&self, sum: &mut Self::Value, a: &Self::Value) {
        *sum = self.plus(sum, a);
    }

    /// `sums ← ⊕` of all rows, lane by lane, where there is a faster way than to add two values at a time: `sum[i]` of
    /// `rows[i]`, `rows[n + i]`, … for the number `n` of sums. Returns whether there is: false by default, and then nothing
    /// has happened.
    #[inline(always)]
    fn sum_rows(&self, sums: &mut [Self::Value], rows: &[Self::Value]) -> bool {
        let _ = (sums, rows);
        false
    }

    /// `sum ← sum ⊕ (a ⊗ b)`: what an evaluation does on each edge, in place where that saves an allocation.
    #[inline(always)]
    fn add_product(&self, sum: &mut Self::Value, a: &Self::Value, b: &Self::Value) {
        self.plus_assign(sum, &self.times(a, b));
    }

    /// `sums[i] ← sums[i] ⊕ (theta[i] ⊗ relevance[i])` for every lane `i`: the inner loop of an evaluation, over slices of
    /// one length. By default the scalar operations, lane by lane; a semiring whose operations are cheaper by the block
    /// overrides it and [`BLOCKWISE`](Semiring::BLOCKWISE). The law checker holds it to the scalar form.
    ///
    /// Kernels for blocks also take sums through it, with `theta` of 1, and products, with `sums` of 0.
    #[inline(always)]
    fn accumulate(&self, sums: &mut [Self::Value], theta: &[Self::Value], relevance: &[Self::Value]) {
        for ((sum, theta), relevance) in sums.iter_mut().zip(theta).zip(relevance) {
            self.add_product(sum, theta, relevance);
        }
    }

    /// The form that `⊕` and `⊗` have, if it is one that a hand-tuned kernel exists for; `None` by default, and never
    /// needed: kernels for any semiring take the others.
    ///
    /// A semiring that names one promises that its `⊕` and `⊗` are the form's, up to rounding.
    fn fused(&self) -> Option<Fused<Self::Value>> {
        None
    }

    /// `a ⊖ b`, the monus: the least `c` with `a ≤ b ⊕ c`, where `a ≤ b` says that some `c` makes `b` of `a` by `a ⊕ c`
    /// (Geerts & Poggi, "On database query languages for K-relations", 2010): what `a` has beyond `b`. A semiring has it for all
    /// elements or for none, and then it is `None`.
    ///
    /// Where ⊕ is [selective](Law::Selective), it is 0 if `a ⊕ b = b`, and `a` otherwise, which is the default; other
    /// semirings have none unless they say so.
    ///
    /// ```
    /// use kirchhoff_semiring::{Boolean, Count, Counting, Real, Semiring, Tropical};
    ///
    /// assert_eq!(Boolean.minus(&true, &false), Some(true));
    /// assert_eq!(Counting.minus(&Count::from(7), &Count::from(3)), Some(Count::from(4)));
    /// assert_eq!(Counting.minus(&Count::from(3), &Count::from(7)), Some(Count::ZERO));
    /// // The cheaper path is there beside the dearer one, and not the other way round.
    /// assert_eq!(Tropical.minus(&2.0, &5.0), Some(2.0));
    /// assert_eq!(Tropical.minus(&5.0, &2.0), Some(f32::INFINITY));
    /// assert_eq!(Real.minus(&2.0, &1.0), None);
    /// ```
    fn minus(&self, a: &Self::Value, b: &Self::Value) -> Option<Self::Value> {
        selective_difference(self, a, b)
    }

    /// Whether `a` is [`zero`](Semiring::zero).
    fn is_zero(&self, a: &Self::Value) -> bool {
        *a == self.zero()
    }

    /// Whether a value is an element of the carrier: machine numbers leave it where sums grow past all of them, or are none.
    /// Evaluations refuse a value that is no element; every value is one by default.
    #[inline(always)]
    fn is_element(&self, a: &Self::Value) -> bool {
        let _ = a;
        true
    }

    /// The laws that hold beyond the axioms. Algorithms that need one refuse a semiring that does not declare it.
    fn laws(&self) -> Laws {
        Laws::NONE
    }

    /// Elements on which the law checker tests, simplest first. More elements make a stricter test.
    fn elements(&self) -> Vec<Self::Value> {
        vec![self.zero(), self.one()]
    }

    /// Whether [`elements`](Semiring::elements) are all that there are, so that what the law checker finds is proved.
    fn exhaustive(&self) -> bool {
        false
    }

    /// Whether two values are equal up to the rounding that the carrier admits to; exact by default.
    ///
    /// Only the law checker and tests use it: what is hashed or stored is compared with `==`.
    fn close(&self, a: &Self::Value, b: &Self::Value) -> bool {
        a == b
    }
}

/// The [difference](Semiring::minus) of a semiring whose `⊕` is [selective](Law::Selective); `None` of others: for those that wrap one
/// which may say its own.
pub fn selective_difference<S: Semiring + ?Sized>(semiring: &S, a: &S::Value, b: &S::Value) -> Option<S::Value> {
    let selective = semiring.laws().has(Law::Selective);
    selective.then(|| if semiring.plus(a, b) == *b { semiring.zero() } else { a.clone() })
}

/// A semiring whose values can be shown as numbers: in pictures, files, ledgers and studies.
pub trait Project: Semiring {
    /// The value as a real number, rounded where it must be: for pictures and reports.
    fn project(&self, a: &Self::Value) -> f64;

    /// The values as an array of numbers, for files and other languages; projected to `f64` by default.
    ///
    /// The built-in semirings keep their own type: `f32` values come back bit for bit, truth values as such, and
    /// counts rounded to the nearest `f64`, with [`limbs`](Project::limbs) beside them where that loses something.
    fn array(&self, values: Vec<Self::Value>) -> Array {
        Array::F64(values.iter().map(|value| self.project(value)).collect())
    }

    /// The values to the last digit, where they are integers of which some exceed 2⁵³ and `array` may round.
    fn limbs(&self, values: &[Self::Value]) -> Option<Limbs> {
        let _ = values;
        None
    }

    /// The parts of values that are more than one number, each under a name of lower-case letters, digits and `-`; none
    /// by default, where `array` tells all.
    fn columns(&self, values: &[Self::Value]) -> Vec<(String, Array)> {
        let _ = values;
        Vec::new()
    }
}

/// A semiring whose carrier takes real numbers, so that numeric annotations and start values apply to it.
pub trait Embed: Project {
    /// The real numbers that stand for elements of the carrier.
    fn carrier(&self) -> Carrier;

    /// The element that `x` stands for. Where rounding left `x` just outside the carrier, the nearest element:
    /// callers have checked that what they embed lies in [`carrier`](Embed::carrier) up to rounding.
    fn embed(&self, x: f32) -> Self::Value;
}

/// A form of `⊕` and `⊗` that hand-tuned kernels exist for, with the values as the kernels take them.
pub enum Fused<V> {
    /// Addition and multiplication of real numbers.
    PlusTimes(View<V, f32>),
    /// Maximum and multiplication in `[0, 1]`.
    MaxTimes(View<V, f32>),
    /// Minimum and addition in `[0, ∞]`.
    MinPlus(View<V, f32>),
    /// Maximum and addition in `[−∞, 0]`.
    MaxPlus(View<V, f32>),
    /// Maximum and minimum of real numbers.
    MaxMin(View<V, f32>),
    /// Addition and multiplication of natural numbers, exact.
    Counts(View<V, Count>),
    /// Addition and multiplication of natural numbers, rounded.
    RoundedCounts(View<V, RoundedCount>),
}

/// Values of one type read and written as another type of the same representation; most often it is the same type.
pub struct View<V, T> {
    /// The values as the kernel's.
    pub read: fn(&[V]) -> &[T],
    /// The values as the kernel's, to be written.
    pub write: fn(&mut [V]) -> &mut [T],
}

impl<T> View<T, T> {
    /// Values as they are.
    pub const SAME: View<T, T> = View { read: |values| values, write: |values| values };
}
