//! Runs programs over values of any number, block by block, with the widest vectors that the processor has.

use std::cell::RefCell;

use super::cells::Cells;
use super::column::{Column, ColumnType};
use super::edge_program::EdgeProgram;
use super::edges::EdgeLanes;
use super::error::Faults;
use super::lanes::{Block, LANES, Lanes, Operand, TOGETHER};
use super::program::{INPUTS, Program, Slots};
use crate::vectorised;

/// What a thread needs to run programs.
#[derive(Default)]
struct Scratch {
    slots: Slots,
    /// Columns of values, by input.
    gathered: Vec<Block>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

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

/// `out[i] ← code(d[i], sources[i], destinations[i])`.
pub(super) fn of_edges<V: Cells>(
    code: &Program,
    columns: &[Column],
    d: &[f32],
    [sources, destinations]: [&[u64]; 2],
    out: &mut [V],
) -> Faults {
    let neurons = sources.chunks(LANES).zip(destinations.chunks(LANES));
    let blocks = d.chunks(LANES).zip(neurons).zip(out.chunks_mut(LANES));
    run(blocks.map(|((d, neurons), out)| Work { code, columns, values: Values::Edges(d, neurons.0, neurons.1), out }))
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

/// Adds edges to sums, whose sources are those from the one of a number on.
pub(super) fn edges<V: Cells>(
    code: &EdgeProgram,
    columns: &[Column],
    edges: &EdgeLanes<'_>,
    first: usize,
    zero: V,
    sums: &mut [V],
) -> Faults {
    SCRATCH.with_borrow_mut(|scratch| {
        let Scratch { slots, gathered } = scratch;
        gather_at_least(gathered, columns.len() + 1);
        for (column, (Column { kind, .. }, block)) in columns.iter().zip(&mut *gathered).enumerate() {
            of_kind(block, *kind);
            vectorised(|| V::read(sums, column, block));
            block.fill(sums.len()..edges.own.len(), zero.bits(column));
        }
        // A copy, since what is read for every edge should begin with a line of the cache.
        let (sums_columns, rest) = gathered.split_at_mut(columns.len());
        of_kind(&mut rest[0], ColumnType::F32);
        f32::read(edges.own, 0, &mut rest[0]);
        let Lanes::F32(own) = rest[0].lanes().first(edges.own.len()) else { unreachable!("a column of f32") };
        let faults = code.run(&EdgeLanes { own, ..*edges }, first, sums_columns, slots);
        for (column, block) in gathered[..columns.len()].iter().enumerate() {
            let lanes = block.lanes().first(sums.len());
            vectorised(|| V::write(sums, column, lanes));
        }
        faults
    })
}

/// Values as columns.
pub(super) fn columns<V: Cells>(columns: &[Column], values: &[V]) -> Vec<Block> {
    let column = |(index, Column { kind, .. }): (usize, &Column)| {
        let mut block = Block::new(*kind, values.len());
        vectorised(|| V::read(values, index, &mut block));
        block
    };
    columns.iter().enumerate().map(column).collect()
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
    /// With the numbers of their neurons.
    Edges(&'a [f32], &'a [u64], &'a [u64]),
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
            let mut inputs = [Operand::same(Lanes::NONE); INPUTS];
            inputs[0] = Operand::same(Lanes::F32(d));
            inputs
        }
        Values::Edges(d, sources, destinations) => {
            let mut inputs = [Operand::same(Lanes::NONE); INPUTS];
            let edges = [Lanes::F32(d), Lanes::U64(sources), Lanes::U64(destinations)];
            inputs.iter_mut().zip(edges).for_each(|(input, lanes)| *input = Operand::same(lanes));
            inputs
        }
    };
    let faults = code.run(&inputs, &mut scratch.slots, lanes);
    for column in 0..columns.len() {
        let lanes = code.output(column, &scratch.slots, lanes);
        vectorised(|| V::write(out, column, lanes));
    }
    faults
}

/// The columns of the values: where they lie if a value is one number, else gathered.
fn inputs<'a, V: Cells>(
    code: &Program,
    columns: &[Column],
    values: &[&'a [V]],
    gathered: &'a mut Vec<Block>,
) -> [Operand<'a>; INPUTS] {
    let mut inputs = [Operand::same(Lanes::NONE); INPUTS];
    let width = columns.len();
    if V::direct(&[]).is_some() {
        for (input, values) in inputs.iter_mut().zip(values) {
            *input = Operand::same(V::direct(values).unwrap_or(Lanes::NONE));
        }
        return inputs;
    }
    gather_at_least(gathered, values.len() * width);
    for (value, values) in values.iter().enumerate() {
        for (column, Column { kind, .. }) in columns.iter().enumerate() {
            let block = &mut gathered[value * width + column];
            if code.reads(value * width + column) {
                of_kind(block, *kind);
                vectorised(|| V::read(values, column, block));
            }
        }
    }
    for (input, block) in inputs.iter_mut().zip(&gathered[..values.len() * width]) {
        *input = Operand::same(block.lanes());
    }
    inputs
}

fn gather_at_least(gathered: &mut Vec<Block>, blocks: usize) {
    if gathered.len() < blocks {
        gathered.resize_with(blocks, || Block::new(ColumnType::F32, TOGETHER));
    }
}

fn of_kind(block: &mut Block, kind: ColumnType) {
    if block.kind() != kind {
        *block = Block::new(kind, TOGETHER);
    }
}
