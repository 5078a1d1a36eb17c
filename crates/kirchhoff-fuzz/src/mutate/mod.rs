//! Files that are nearly right: a sound one, changed in a way that its format survives, mostly.

mod bytes;
mod jpeg;
mod json;
mod numpy;
mod protobuf;
mod text;
mod wrapped;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use bytes::bytes;
pub use jpeg::jpeg;
pub use json::tensors;
pub use numpy::{npy, npz};
pub use protobuf::protobuf;
pub use text::text;
pub use wrapped::{circuit, gzip, png, state};

/// What changes are drawn from.
pub type Random = ChaCha8Rng;

/// Changes a file; the other one, of the same format, gives parts.
pub type Mutate = fn(&[u8], &[u8], &mut Random) -> Vec<u8>;

/// Mutants are cut off here: what is longer tells nothing that is new.
const LONGEST: usize = 1 << 20;

/// The mutant of a number: of one of the seeds, the same one every time.
///
/// # Panics
/// Without seeds.
pub fn mutant(seeds: &[Vec<u8>], mutate: Mutate, number: u64) -> Vec<u8> {
    let mut random = Random::seed_from_u64(number);
    let (seed, other) = (random.random_range(0..seeds.len()), random.random_range(0..seeds.len()));
    // One in eight is changed as if it had no format.
    let mutate = if random.random_range(0..8) == 0 { bytes } else { mutate };
    let mut mutant = mutate(&seeds[seed], &seeds[other], &mut random);
    mutant.truncate(LONGEST);
    mutant
}

/// One of the values at which programs go wrong.
fn number(random: &mut Random) -> u64 {
    let near = [0, 1, 2, 3, 7, 8, 9, 64, 255, 256, 1000, 65_535, 65_536, 1 << 20, 1 << 30];
    let far = [(1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 40, (1 << 63) - 1, 1 << 63, u64::MAX - 1, u64::MAX];
    match random.random_range(0..4) {
        0 => far[random.random_range(0..far.len())],
        1 => random.random_range(0..40),
        _ => near[random.random_range(0..near.len())],
    }
}

/// A position in what is so long; 0 where it is empty.
fn place(length: usize, random: &mut Random) -> usize {
    if length == 0 { 0 } else { random.random_range(0..length) }
}
