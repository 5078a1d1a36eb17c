//! The target of every reader: the name of the binary is that of the reader.
#![no_main]

use std::cell::RefCell;

use kirchhoff_fuzz::mutate::{Random, bytes};
use kirchhoff_fuzz::{Attempt, Reader, reader};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use rand::{Rng, SeedableRng};

thread_local! {
    static ATTEMPT: Attempt = Attempt::new().expect("there is a place for temporary files");
    /// The file before, which gives parts to the next one.
    static OTHER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn this() -> &'static Reader {
    reader(env!("CARGO_BIN_NAME")).expect("binaries have the names of readers")
}

fuzz_target!(|file: &[u8]| ATTEMPT.with(|attempt| attempt.read(this(), file)));

// Half of the changes are libFuzzer's own, half of them leave most of the format whole.
fuzz_mutator!(|file: &mut [u8], size: usize, most: usize, seed: u32| {
    let mut random = Random::seed_from_u64(u64::from(seed));
    if random.random() {
        return fuzzer_mutate(file, size, most);
    }
    let changed = OTHER.with_borrow_mut(|other| {
        let mutate = if random.random_range(0..8) == 0 { bytes } else { this().mutate };
        let changed = mutate(&file[..size], other, &mut random);
        *other = file[..size].to_vec();
        changed
    });
    let length = changed.len().min(most);
    file[..length].copy_from_slice(&changed[..length]);
    length
});
