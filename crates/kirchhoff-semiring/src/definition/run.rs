//! Runs programs over values of any number, block by block, with the widest vectors that the processor has.

use std::cell::RefCell;
use std::sync::LazyLock;

use pulp::{Arch, Simd, WithSimd};

use super::cells::Cells;
use super::column::{Column, ColumnType};
use super::error::Faults;
use super::lanes::{Block, LANES, Lanes};
use super::program::{INPUTS, Program, Slots};

/// What a thread needs to run programs.
#[derive(Default)]
struct Scratch {
    slots: Slots,
    /// Columns of records, by input.
    gathered: Vec<Block>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// `out[i] ← code(a[i], b[i])`.
pub(super) fn pairs<V: Cells>(code: &Program, columns: &[Column], a: &[V], b: &[V], out: &mut [V]) -> Faults {
    let blocks = a.chunks(LANES).zip(b.chunks(LANES)).zip(out.chunks_mut(LANES));
    let blocks = blocks.map(|((a, b), out)| Work { code, columns, values: Values::Pair(a, b), out });
    run(blocks)
}

/// `sums[i] ← code(sums[i], a[i])`.
pub(super) fn add<V: Cells>(code: &Program, columns: &[Column], sums: &mut [V], a: &[V]) -> Faults {
    let blocks = sums.chunks_mut(LANES).zip(a.chunks(LANES));
    run(blocks.map(|(out, a)| Work { code, columns, values: Values::Sum(a), out }))
}

/// `sums[i] ← code(sums[i], theta[i], relevance[i])`.
pub(super) fn accumulate<V: Cells>(
    code: &Program,
    columns: &[Column],
    sums: &mut [V],
    theta: &[V],
    relevance: &[V],
) -> Faults {
    let blocks = sums.chunks_mut(LANES).zip(theta.chunks(LANES)).zip(relevance.chunks(LANES));
    let blocks =
        blocks.map(|((out, theta), relevance)| Work { code, columns, values: Values::Products(theta, relevance), out });
    run(blocks)
}

/// `out[i] ← code(d[i])`.
pub(super) fn contributions<V: Cells>(code: &Program, columns: &[Column], d: &[f32], out: &mut [V]) -> Faults {
    let blocks = d.chunks(LANES).zip(out.chunks_mut(LANES));
    run(blocks.map(|(d, out)| Work { code, columns, values: Values::Contributions(d), out }))
}

/// `out[i] ← code(a[i])`, a number of f64.
pub(super) fn shown<V: Cells>(code: &Program, columns: &[Column], a: &[V], out: &mut [f64]) -> Faults {
    let mut faults = Faults::NONE;
    for (values, out) in a.chunks(LANES).zip(out.chunks_mut(LANES)) {
        faults = faults.and(SCRATCH.with_borrow_mut(|scratch| {
            let done =
                code.run(&inputs(code, columns, &[values], &mut scratch.gathered), &mut scratch.slots, out.len());
            if let Lanes::F64(lanes) = code.output(0, &scratch.slots, out.len()) {
                out.copy_from_slice(lanes);
            }
            done
        }));
    }
    faults
}

/// A block of values, and what is to be done with it.
struct Work<'a, V> {
    code: &'a Program,
    columns: &'a [Column],
    values: Values<'a, V>,
    out: &'a mut [V],
}

enum Values<'a, V> {
    Pair(&'a [V], &'a [V]),
    /// With the values to be overwritten as the first input.
    Sum(&'a [V]),
    /// Likewise.
    Products(&'a [V], &'a [V]),
    Contributions(&'a [f32]),
}

fn run<'a, V: Cells>(blocks: impl Iterator<Item = Work<'a, V>>) -> Faults {
    SCRATCH.with_borrow_mut(|scratch| blocks.fold(Faults::NONE, |faults, work| faults.and(block(work, scratch))))
}

fn block<V: Cells>(work: Work<'_, V>, scratch: &mut Scratch) -> Faults {
    let Work { code, columns, values, out } = work;
    let lanes = out.len();
    let inputs = match values {
        Values::Pair(a, b) => inputs(code, columns, &[a, b], &mut scratch.gathered),
        Values::Sum(a) => inputs(code, columns, &[&*out, a], &mut scratch.gathered),
        Values::Products(theta, relevance) => inputs(code, columns, &[&*out, theta, relevance], &mut scratch.gathered),
        Values::Contributions(d) => {
            let mut inputs = [Lanes::NONE; INPUTS];
            inputs[0] = Lanes::F32(d);
            inputs
        }
    };
    let faults = execute(code, &inputs, &mut scratch.slots, lanes);
    for column in 0..columns.len() {
        let lanes = code.output(column, &scratch.slots, lanes);
        vectorised(|| V::write(out, column, lanes));
    }
    faults
}

/// Runs code on a block. It is compiled once for each instruction set, and not for each type of values.
fn execute(code: &Program, inputs: &[Lanes<'_>; INPUTS], slots: &mut Slots, lanes: usize) -> Faults {
    vectorised(
        #[inline(always)]
        || code.run(inputs, slots, lanes),
    )
}

/// Runs a loop compiled for each instruction set, with the widest that the processor has. Results are the same under each.
#[inline]
fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    struct Loop<F>(F);
    impl<R, F: FnOnce() -> R> WithSimd for Loop<F> {
        type Output = R;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> R {
            (self.0)()
        }
    }
    ARCH.dispatch(Loop(work))
}

/// The columns of the values: where they lie if a value is one number, else gathered.
fn inputs<'a, V: Cells>(
    code: &Program,
    columns: &[Column],
    values: &[&'a [V]],
    gathered: &'a mut Vec<Block>,
) -> [Lanes<'a>; INPUTS] {
    let mut inputs = [Lanes::NONE; INPUTS];
    let width = columns.len();
    if V::direct(&[]).is_some() {
        for (input, values) in inputs.iter_mut().zip(values) {
            *input = V::direct(values).unwrap_or(Lanes::NONE);
        }
        return inputs;
    }
    if gathered.len() < INPUTS {
        gathered.resize_with(INPUTS, || Block::new(ColumnType::F32));
    }
    for (value, values) in values.iter().enumerate() {
        for (column, Column { kind, .. }) in columns.iter().enumerate() {
            let block = &mut gathered[value * width + column];
            if code.reads(value * width + column) {
                if block.kind() != *kind {
                    *block = Block::new(*kind);
                }
                vectorised(|| V::read(values, column, block));
            }
        }
    }
    let lanes = values[0].len();
    for (input, block) in inputs.iter_mut().zip(&gathered[..values.len() * width]) {
        *input = block.lanes().first(lanes);
    }
    inputs
}
