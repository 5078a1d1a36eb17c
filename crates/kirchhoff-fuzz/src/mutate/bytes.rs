//! Changes that know nothing of a format.

use rand::Rng;

use super::{Random, number, place};

/// One to three changes: bits and bytes, whole numbers in either order of bytes, pieces lost, doubled, or taken from the other
/// file, and the end cut off.
pub fn bytes(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..random.random_range(1..4) {
        let at = place(file.len(), random);
        let end = (at + random.random_range(1..64)).min(file.len());
        match random.random_range(0..9) {
            0 | 1 => file.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.random_range(0..8)),
            2 => file.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.random()),
            3 | 4 => {
                let (value, size) = (number(random), [1, 2, 4, 8][random.random_range(0..4)]);
                let little = value.to_le_bytes();
                let big: Vec<u8> = little[..size].iter().rev().copied().collect();
                let value = if random.random() { &little[..size] } else { &big };
                file.iter_mut().skip(at).zip(value).for_each(|(old, new)| *old = *new);
            }
            5 => file.truncate(at),
            6 => drop(file.drain(at..end)),
            7 => {
                let times = [1, 1, 2, 100][random.random_range(0..4)];
                let piece = file[at..end].repeat(times);
                drop(file.splice(at..at, piece));
            }
            _ => {
                let from = place(other.len(), random);
                let to = (from + random.random_range(1..256)).min(other.len());
                drop(file.splice(at..end, other[from..to].iter().copied()));
            }
        }
    }
    file
}
