//! The search for what is no number.

use rayon::prelude::*;

use crate::vectorised;

/// The position of the first value that is infinite or not a number, if there is one.
///
/// Takes a pass over the values, in parallel.
pub fn first_not_finite(values: &[f32]) -> Option<usize> {
    /// Values that are looked at together, without a branch for each.
    const TOGETHER: usize = 1 << 10;
    // Times 0, an infinity is not a number, and neither is any sum with it: vectors of sums, without a comparison each.
    let all_finite = |values: &[f32]| {
        let (lanes, rest) = values.as_chunks::<32>();
        let mut sums = [0.0; 32];
        vectorised(|| {
            lanes.iter().for_each(|values| sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value * 0.0));
        });
        sums.iter().chain(rest).all(|value| value.is_finite())
    };
    let chunks = values.par_chunks(TOGETHER).with_min_len(16);
    let chunk = chunks.position_first(|values| !all_finite(values))? * TOGETHER;
    values[chunk..].iter().position(|value| !value.is_finite()).map(|offset| chunk + offset)
}

#[cfg(test)]
mod tests {
    use super::first_not_finite;

    #[test]
    fn the_first_one_is_found() {
        let mut values = vec![1.0; 5000];
        assert_eq!(first_not_finite(&values), None);
        for (position, value) in [(4999, f32::NAN), (1024, f32::INFINITY), (0, f32::NEG_INFINITY)] {
            values[position] = value;
            assert_eq!(first_not_finite(&values), Some(position));
        }
        assert_eq!(first_not_finite(&[]), None);
    }
}
