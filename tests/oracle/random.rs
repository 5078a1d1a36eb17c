//! Seeded randomness, and the loop that runs many random cases and shrinks the one that fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// A small generator of random numbers (SplitMix64), so that a seed means the same case on every machine and forever.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        random.bits();
        random
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// A number from `first` to `last`, both included.
    pub fn between(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last - first + 1)
    }

    /// A number from 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Whether an event of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the given.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

/// What a random case came to, if not to a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that the case says was compared.
    Compared,
    /// The case says nothing, for instance because rounding decides a comparison with θ: another one is drawn.
    Unsuitable,
}

/// A case: a seed and the number of layers to draw.
pub type Check<'a> = dyn Fn(u64, usize) -> Result<Verdict, String> + 'a;

/// Runs `check` until `wanted` cases were compared, on networks of up to `largest` random layers.
///
/// # Panics
/// With the smallest failing case found, if one fails; and if most cases are unsuitable, since then the test tests
/// nothing.
pub fn cases(name: &str, wanted: usize, largest: usize, check: &Check<'_>) {
    let guarded = |seed, size| {
        catch_unwind(AssertUnwindSafe(|| check(seed, size))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string())).unwrap_or_default())
        })
    };
    let (mut compared, mut drawn) = (0, 0);
    while compared < wanted {
        let (seed, size) = (drawn as u64, 1 + drawn % largest);
        drawn += 1;
        match guarded(seed, size) {
            Ok(Verdict::Compared) => compared += 1,
            Ok(Verdict::Unsuitable) => {}
            Err(error) => {
                let smaller = (1..size).flat_map(|size| (0..25).map(move |seed| (seed, size)));
                let failing = smaller.filter_map(|(seed, size)| Some((seed, size, guarded(seed, size).err()?))).next();
                let (seed, size, error) = failing.unwrap_or((seed, size, error));
                panic!("{name}, seed {seed}, size {size}: {error}");
            }
        }
        assert!(drawn < 50 + 10 * wanted, "{name}: only {compared} of {drawn} cases say anything");
    }
}
