//! The histogram behind the annotation `rank`.

/// Bits of a number's pattern that a bin leaves out: 9 of the 23 bits of the fraction stay.
const DROPPED_BITS: u32 = 14;
/// One bin for each pattern of a positive number, infinity included.
const BINS: usize = bin(f32::INFINITY) + 1;

/// The bin of a positive number. Patterns of positive floats are ordered as the numbers are.
#[inline(always)]
const fn bin(d: f32) -> usize {
    (d.to_bits() >> DROPPED_BITS) as usize
}

/// A histogram of the positive contributions of a layer, filled edge by edge.
///
/// A bin holds the numbers that agree in sign, exponent and the first 9 bits of their fraction: its ends are less than
/// 2⁻⁹ (0.2 %) apart, relative to their size, for every normal number. Counts are exact, so the order of `add` and
/// [`merge`](Ranks::merge) does not matter. A histogram takes 1 MB, whatever the number of edges.
///
/// ```
/// use kirchhoff_semiring::Ranks;
///
/// let mut ranks = Ranks::new();
/// for d in [0.1, -3.0, 0.2, 0.0, 0.3, 0.4] {
///     ranks.add(d);
/// }
/// let table = ranks.finish();
/// assert_eq!([-3.0, 0.0, 0.1, 0.25, 0.4, 9.0].map(|d| table.share(d)), [0.0, 0.0, 0.25, 0.5, 1.0, 1.0]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Ranks {
    counts: Vec<u64>,
}

impl Ranks {
    /// A histogram of no contributions.
    pub fn new() -> Self {
        Ranks { counts: vec![0; BINS] }
    }

    /// Counts `d`, if it is positive. NaN is not.
    #[inline]
    pub fn add(&mut self, d: f32) {
        if d > 0.0 {
            self.counts[bin(d)] += 1;
        }
    }

    /// Counts everything that `other` has counted: threads fill histograms of their own.
    pub fn merge(&mut self, other: &Ranks) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// The table of shares.
    pub fn finish(&self) -> RankTable {
        let Some(first) = self.counts.iter().position(|&count| count > 0) else {
            return RankTable { first: 0, shares: Vec::new() };
        };
        let last = self.counts.iter().rposition(|&count| count > 0).unwrap_or(first);
        let total: u64 = self.counts.iter().sum();
        let mut below = 0;
        let shares = self.counts[first..=last].iter().map(|count| {
            below += count;
            (below as f64 / total as f64) as f32
        });
        RankTable { first, shares: shares.collect() }
    }
}

impl Default for Ranks {
    fn default() -> Self {
        Ranks::new()
    }
}

impl std::fmt::Debug for Ranks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A hundred thousand bins would hide the rest of any message.
        f.debug_struct("Ranks").field("total", &self.counts.iter().sum::<u64>()).finish_non_exhaustive()
    }
}

/// What share of the positive contributions of a layer is at most a given one.
#[derive(Clone, PartialEq)]
pub struct RankTable {
    /// The bin of the first share; bins beyond the last have share 1.
    first: usize,
    shares: Vec<f32>,
}

impl RankTable {
    /// `F(d)`: the share of the positive contributions that lie in `d`'s bin or below; 0 if `d ≤ 0`.
    ///
    /// It never decreases in `d`, and lies between the exact share of those at most `d` and that of those at most
    /// `d · (1 + 2⁻⁹)`. Without positive contributions it is 0.
    #[inline]
    pub fn share(&self, d: f32) -> f32 {
        // The last share is 1, so that larger contributions take it.
        let (true, Some(last)) = (d > 0.0, self.shares.len().checked_sub(1)) else { return 0.0 };
        match bin(d).checked_sub(self.first) {
            Some(index) => self.shares[index.min(last)],
            None => 0.0,
        }
    }
}

impl std::fmt::Debug for RankTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RankTable").field("bins", &self.shares.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranks(contributions: &[f32]) -> Ranks {
        let mut ranks = Ranks::new();
        contributions.iter().for_each(|&d| ranks.add(d));
        ranks
    }

    fn exact_share(contributions: &[f32], d: f64) -> f32 {
        let positive: Vec<_> = contributions.iter().filter(|&&x| x > 0.0).collect();
        let below = positive.iter().filter(|&&&x| f64::from(x) <= d).count();
        if d <= 0.0 || positive.is_empty() { 0.0 } else { (below as f64 / positive.len() as f64) as f32 }
    }

    #[test]
    fn the_ends_of_the_range_have_bins() {
        let table = ranks(&[f32::from_bits(1), f32::MAX, f32::INFINITY, f32::NAN, f32::NEG_INFINITY]).finish();
        assert_eq!(table.share(f32::from_bits(1)), 1.0 / 3.0);
        assert_eq!(table.share(1.0), 1.0 / 3.0);
        assert_eq!(table.share(f32::MAX), 2.0 / 3.0);
        assert_eq!(table.share(f32::INFINITY), 1.0);
        assert_eq!(table.share(f32::NAN), 0.0);
    }

    #[test]
    fn without_positive_contributions_every_share_is_0() {
        let table = ranks(&[-1.0, 0.0]).finish();
        assert_eq!([-1.0, 0.0, 1.0, f32::INFINITY].map(|d| table.share(d)), [0.0; 4]);
    }

    fn contribution() -> impl Strategy<Value = f32> {
        prop_oneof![4 => -0.1f32..1.0, 1 => prop::num::f32::NORMAL, 1 => Just(0.0)]
    }

    proptest! {
        #[test]
        fn the_share_is_exact_up_to_the_bin(
            contributions in prop::collection::vec(contribution(), 0..60),
            d in contribution(),
        ) {
            let share = ranks(&contributions).finish().share(d);
            prop_assert!(exact_share(&contributions, f64::from(d)) <= share);
            prop_assert!(share <= exact_share(&contributions, f64::from(d) * (1.0 + 1.0 / 512.0)));
        }

        #[test]
        fn the_share_never_decreases(
            contributions in prop::collection::vec(contribution(), 0..60),
            mut ds in prop::collection::vec(contribution(), 2..20),
        ) {
            let table = ranks(&contributions).finish();
            ds.sort_by(f32::total_cmp);
            prop_assert!(ds.windows(2).all(|pair| table.share(pair[0]) <= table.share(pair[1])));
        }

        #[test]
        fn merging_is_adding(
            left in prop::collection::vec(contribution(), 0..30),
            right in prop::collection::vec(contribution(), 0..30),
        ) {
            let mut merged = ranks(&left);
            merged.merge(&ranks(&right));
            prop_assert_eq!(merged, ranks(&[left, right].concat()));
        }
    }
}
