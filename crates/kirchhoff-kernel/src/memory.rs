//! Memory for tensors: large arrays in large pages.
//!
//! The pages of a fresh array are made as they are first used, each by an interruption. Where the system has pages of
//! 2 MiB, it is asked for them: a tensor of VGG-16 takes seven of those instead of three thousand.

use crate::parallel;

/// Arrays from here on are worth large pages: 4 MiB.
const LARGE: usize = 4 << 20;

/// Zeros, which take memory as they are first used.
pub fn zeros(length: usize) -> Vec<f32> {
    let mut values = vec![0.0; length];
    in_large_pages(values.as_mut_ptr(), length);
    values
}

/// As many copies of a value, written in parallel.
pub fn filled<T: Clone + Send + Sync>(value: &T, length: usize) -> Vec<T> {
    if length * size_of::<T>() < LARGE {
        return vec![value.clone(); length];
    }
    let mut values: Vec<T> = Vec::with_capacity(length);
    in_large_pages(values.as_mut_ptr(), length);
    parallel::chunks(&mut values.spare_capacity_mut()[..length], 1 << 14, &|_, places| {
        places.iter_mut().for_each(|place| _ = place.write(value.clone()));
    });
    // SAFETY: the first `length` places have been written, every chunk of them. A panic in a clone does not come here.
    unsafe { values.set_len(length) };
    values
}

/// Asks for large pages under an array. A hint: nothing comes of it where the system has none.
#[cfg(target_os = "linux")]
fn in_large_pages<T>(array: *mut T, length: usize) {
    /// A large page, to whose bounds the range is cut.
    const PAGE: usize = 2 << 20;
    let bytes = length * size_of::<T>();
    let before = array.cast::<u8>().align_offset(PAGE);
    if bytes < LARGE {
        return;
    }
    let whole = (bytes - before) / PAGE * PAGE;
    // SAFETY: the range lies within the array, and the advice leaves what is in it as it is, whoever looks.
    let _ =
        unsafe { rustix::mm::madvise(array.cast::<u8>().add(before).cast(), whole, rustix::mm::Advice::LinuxHugepage) };
}

#[cfg(not(target_os = "linux"))]
fn in_large_pages<T>(_: *mut T, _: usize) {}

#[cfg(test)]
mod tests {
    use super::{LARGE, filled, zeros};

    #[test]
    fn arrays_of_any_size_hold_what_they_should() {
        for length in [0, 1, 4095, LARGE / 4 - 1, LARGE / 4, LARGE / 4 + 4097, 3 * LARGE] {
            assert!(zeros(length).len() == length && zeros(length).iter().all(|&value| value.to_bits() == 0));
            let values = filled(&f32::INFINITY, length);
            assert!(values.len() == length && values.iter().all(|&value| value == f32::INFINITY));
            let strings = filled(&String::from("a"), length.min(LARGE / size_of::<String>() + 1));
            assert!(strings.iter().all(|value| value == "a"));
        }
    }
}
