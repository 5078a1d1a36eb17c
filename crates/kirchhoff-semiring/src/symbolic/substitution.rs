//! Values for the variables of a polynomial: the universal property of `N[X]`.

use std::collections::HashMap;

use super::{Polynomial, Variable};
use crate::{Count, Law, Laws, MissingLaws, Semiring};

impl Polynomial {
    /// The value under a substitution: of each variable by `value`, which is asked once for each, and of a number `n`
    /// by `1 ⊕ ... ⊕ 1` with `n` ones.
    ///
    /// The only homomorphism from `N[X]` that takes each variable to its value (Green, Karvounarakis & Tannen
    /// 2007): to evaluate a circuit over `N[X]` and substitute is to evaluate it with the values.
    ///
    /// ```
    /// use kirchhoff_semiring::{Count, Counting, How, Semiring, Symbolic, Variable, Viterbi};
    ///
    /// let how = How::new();
    /// let [x, y] = [1, 2].map(|number| how.variable(Variable(number)));
    /// let polynomial = how.plus(&how.times(&x, &y), &x)?;
    /// assert_eq!(polynomial.evaluate(&Viterbi, |variable| [1.0, 0.5, 0.25][variable.0 as usize])?, 0.5);
    /// assert_eq!(polynomial.evaluate(&Counting, |_| Count::from(3))?, Count::from(12));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`MissingLaws`] unless the semiring has a commutative `⊗`.
    ///
    /// # Complexity
    /// Of operations of the semiring, a power takes logarithmically many in the exponent, a coefficient in its size.
    pub fn evaluate<S: Semiring>(
        &self,
        semiring: &S,
        value: impl Fn(Variable) -> S::Value,
    ) -> Result<S::Value, MissingLaws> {
        semiring.laws().require("substitution into a polynomial", Laws::of(&[Law::CommutativeTimes]))?;
        let mut values = HashMap::new();
        let mut sum = semiring.zero();
        for (monomial, coefficient) in self.iter() {
            let mut product = semiring.one();
            for &(variable, exponent) in monomial.factors() {
                let value = values.entry(variable).or_insert_with(|| value(variable));
                product = semiring.times(&product, &power(semiring, value, exponent));
            }
            semiring.plus_assign(&mut sum, &multiple(semiring, coefficient, &product));
        }
        Ok(sum)
    }
}

/// `a ⊗ ... ⊗ a` with `exponent` factors, by squaring.
fn power<S: Semiring>(semiring: &S, a: &S::Value, exponent: u32) -> S::Value {
    if exponent > 0 && semiring.laws().has(Law::IdempotentTimes) {
        return a.clone();
    }
    let bits = (0..u32::BITS - exponent.leading_zeros()).rev().map(|place| exponent >> place & 1 == 1);
    repeated(semiring.one(), a, bits, |a, b| semiring.times(a, b))
}

/// `a ⊕ ... ⊕ a` with `count` terms, by doubling.
fn multiple<S: Semiring>(semiring: &S, count: &Count, a: &S::Value) -> S::Value {
    if !count.is_zero() && semiring.laws().has(Law::IdempotentPlus) {
        return a.clone();
    }
    let limbs: Vec<_> = count.limbs().collect();
    let bits = limbs.iter().rev().flat_map(|limb| (0..u64::BITS).rev().map(move |place| limb >> place & 1 == 1));
    repeated(semiring.zero(), a, bits.skip_while(|bit| !bit), |a, b| semiring.plus(a, b))
}

/// `a ∘ ... ∘ a`, as often as the number says whose bits these are, the highest first and not 0.
fn repeated<V: Clone>(neutral: V, a: &V, mut bits: impl Iterator<Item = bool>, operation: impl Fn(&V, &V) -> V) -> V {
    if bits.next().is_none() {
        return neutral;
    }
    bits.fold(a.clone(), |half, bit| {
        let double = operation(&half, &half);
        if bit { operation(&double, a) } else { double }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Boolean, Counting};

    #[test]
    fn powers_and_multiples_repeat_the_operation() {
        for n in 0..70u32 {
            let count = Count::from(u64::from(n));
            assert_eq!(multiple(&Counting, &count, &Count::from(3)), Count::from(3 * u64::from(n)));
            let two_to_the_n = [1u64 << (n % 64)];
            let expected =
                if n < 64 { Count::from_limbs(&two_to_the_n) } else { Count::from_limbs(&[0, two_to_the_n[0]]) };
            assert_eq!(power(&Counting, &Count::from(2), n), expected);
        }
        let large = Count::from_limbs(&[3, 0, 1]);
        assert_eq!(multiple(&Counting, &large, &Count::ONE), large);
        assert!(multiple(&Boolean, &large, &true) && !multiple(&Boolean, &Count::ZERO, &true));
        assert!(power(&Boolean, &false, 0));
    }
}
