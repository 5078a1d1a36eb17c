//! Parallel loops whose bodies are called through a pointer.
//!
//! A parallel iterator compiles its machinery of jobs, joins and splits anew for every closure, more than a thousand lines
//! of it each, and code that is generic over a semiring holds many closures. Here the machinery is compiled once, and the
//! division of slices once a type of values. A body is called once a chunk, which should be thousands of operations.
//!
//! Chunks do not depend on the number of threads, and neither do results.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::Cancelled;

/// Runs two tasks, in parallel where a thread is free.
fn join(left: &mut (dyn FnMut() + Send), right: &mut (dyn FnMut() + Send)) {
    rayon::join(left, right);
}

/// Runs a task for every chunk of `size` values, in parallel: it is given the number of the chunk and the chunk, of which the
/// last may be shorter.
///
/// # Panics
/// If `size` is 0.
pub fn chunks<T: Send>(values: &mut [T], size: usize, task: &(dyn Fn(usize, &mut [T]) + Sync)) {
    assert!(size > 0, "chunks of no values");
    if !values.is_empty() {
        divide(values, 0, size, task);
    }
}

/// Halves values until a chunk is left, whose number is `first`.
fn divide<T: Send>(values: &mut [T], first: usize, size: usize, task: &(dyn Fn(usize, &mut [T]) + Sync)) {
    if values.len() <= size {
        return task(first, values);
    }
    let half = values.len().div_ceil(size) / 2;
    let (left, right) = values.split_at_mut(half * size);
    join(&mut || divide(left, first, size, task), &mut || divide(right, first + half, size, task));
}

/// A task for a chunk, which is given with its number; it may be cancelled.
pub type TryTask<'a, T> = dyn Fn(usize, &mut [T]) -> Result<(), Cancelled> + Sync + 'a;

/// As [`chunks`], for tasks that may be cancelled: no more of them are begun then.
///
/// # Errors
/// [`Cancelled`] if a task was.
///
/// # Panics
/// If `size` is 0.
pub fn try_chunks<T: Send>(values: &mut [T], size: usize, task: &TryTask<'_, T>) -> Result<(), Cancelled> {
    let cancelled = AtomicBool::new(false);
    chunks(values, size, &|number, chunk| {
        if !cancelled.load(Ordering::Relaxed) && task(number, chunk).is_err() {
            cancelled.store(true, Ordering::Relaxed);
        }
    });
    if cancelled.into_inner() { Err(Cancelled) } else { Ok(()) }
}

/// What a task gives for each number below `count`, computed in parallel, in their order.
pub fn map<R: Clone + Default + Send>(count: usize, task: &(dyn Fn(usize) -> R + Sync)) -> Vec<R> {
    let mut results = vec![R::default(); count];
    chunks(&mut results, 1, &|number, result| result[0] = task(number));
    results
}

/// Whether each value passes a test, a short one: a task takes many values.
pub fn flags<T: Sync>(values: &[T], test: &(dyn Fn(&[T], &mut [bool]) + Sync)) -> Vec<bool> {
    /// Values that one task takes.
    const TOGETHER: usize = 1 << 14;
    let mut flags = vec![false; values.len()];
    chunks(&mut flags, TOGETHER, &|number, flags| test(&values[number * TOGETHER..][..flags.len()], flags));
    flags
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{chunks, flags, map, try_chunks};
    use crate::Cancelled;

    #[test]
    fn every_chunk_is_visited_once_with_its_number() {
        for length in [0, 1, 6, 7, 8, 70, 71, 1000] {
            let mut values = vec![0; length];
            chunks(&mut values, 7, &|number, chunk| {
                assert!(chunk.len() == 7 || number == length / 7);
                chunk.iter_mut().zip(number * 7..).for_each(|(value, position)| *value += position);
            });
            assert_eq!(values, (0..length).collect::<Vec<_>>());
            assert_eq!(map(length, &|number| number), values);
        }
    }

    #[test]
    fn tests_see_every_value() {
        let values: Vec<usize> = (0..50_000).collect();
        let even = flags(&values, &|values, flags| {
            flags.iter_mut().zip(values).for_each(|(flag, value)| *flag = value % 2 == 0);
        });
        assert!(even.len() == values.len() && even.iter().zip(&values).all(|(even, value)| *even == (value % 2 == 0)));
    }

    #[test]
    fn one_cancelled_task_cancels_all() {
        let begun = AtomicUsize::new(0);
        let run = |last: usize| {
            begun.store(0, Ordering::Relaxed);
            try_chunks(&mut [0; 1000], 1, &|number, _| {
                begun.fetch_add(1, Ordering::Relaxed);
                if number == last { Err(Cancelled) } else { Ok(()) }
            })
        };
        assert_eq!((run(1000), begun.load(Ordering::Relaxed)), (Ok(()), 1000));
        assert_eq!(run(0), Err(Cancelled));
        // Tasks that others had begun by then may be many, but those behind the first on its own thread are not among them.
        assert!(begun.load(Ordering::Relaxed) < 1000 || rayon::current_num_threads() > 1);
    }
}
