//! Columns in lanes: those of blocks, and those that an operation reads of several edges.

use super::aligned::Aligned;
use super::column::{ColumnType, Constant};

/// Lanes of one edge at most: what the loops of all operations come back to stays in the first-level cache.
pub(super) const LANES: usize = 512;
/// Lanes of several edges that one instruction takes at most: many, since each instruction is looked up once for all of them.
pub(super) const TOGETHER: usize = 4096;

/// Lanes of one column, to be read.
#[derive(Clone, Copy, Debug)]
pub enum Lanes<'a> {
    /// Single-precision numbers.
    F32(&'a [f32]),
    /// Double-precision numbers.
    F64(&'a [f64]),
    /// Natural numbers.
    U64(&'a [u64]),
    /// Truth values.
    Bool(&'a [bool]),
}

impl<'a> Lanes<'a> {
    /// No lanes.
    pub(super) const NONE: Lanes<'static> = Lanes::Bool(&[]);

    #[inline(always)]
    pub(super) fn first(self, lanes: usize) -> Lanes<'a> {
        match self {
            Lanes::F32(values) => Lanes::F32(&values[..lanes]),
            Lanes::F64(values) => Lanes::F64(&values[..lanes]),
            Lanes::U64(values) => Lanes::U64(&values[..lanes]),
            Lanes::Bool(values) => Lanes::Bool(&values[..lanes]),
        }
    }

    /// The lanes from one on.
    #[inline(always)]
    pub(super) fn from(self, lane: usize) -> Lanes<'a> {
        match self {
            Lanes::F32(values) => Lanes::F32(&values[lane..]),
            Lanes::F64(values) => Lanes::F64(&values[lane..]),
            Lanes::U64(values) => Lanes::U64(&values[lane..]),
            Lanes::Bool(values) => Lanes::Bool(&values[lane..]),
        }
    }

    /// The number of a lane.
    pub(super) fn get(self, lane: usize) -> Constant {
        match self {
            Lanes::F32(values) => Constant::f32(values[lane]),
            Lanes::F64(values) => Constant::f64(values[lane]),
            Lanes::U64(values) => Constant::u64(values[lane]),
            Lanes::Bool(values) => Constant::bool(values[lane]),
        }
    }
}

/// Lanes of one column, to be written.
#[derive(Clone, Debug)]
pub enum Block {
    /// Single-precision numbers.
    F32(Aligned<f32>),
    /// Double-precision numbers.
    F64(Aligned<f64>),
    /// Natural numbers.
    U64(Aligned<u64>),
    /// Truth values.
    Bool(Aligned<bool>),
}

impl Block {
    /// No lanes, and no memory.
    pub(super) const NONE: Block = Block::Bool(Aligned::NONE);

    /// So many lanes, all the same.
    pub(super) fn filled(constant: Constant, lanes: usize) -> Self {
        let bits = constant.bits;
        match constant.kind {
            ColumnType::F32 => Block::F32(Aligned::filled(f32::from_bits(bits as u32), lanes)),
            ColumnType::F64 => Block::F64(Aligned::filled(f64::from_bits(bits), lanes)),
            ColumnType::U64 => Block::U64(Aligned::filled(bits, lanes)),
            ColumnType::Bool => Block::Bool(Aligned::filled(bits != 0, lanes)),
        }
    }

    /// So many lanes, all 0.
    pub(super) fn new(kind: ColumnType, lanes: usize) -> Self {
        Block::filled(Constant { kind, bits: 0 }, lanes)
    }

    /// The type of the lanes.
    #[inline(always)]
    pub(super) fn kind(&self) -> ColumnType {
        match self {
            Block::F32(_) => ColumnType::F32,
            Block::F64(_) => ColumnType::F64,
            Block::U64(_) => ColumnType::U64,
            Block::Bool(_) => ColumnType::Bool,
        }
    }

    /// Sets some lanes to a number of the type, by its bits.
    pub(super) fn fill(&mut self, lanes: std::ops::Range<usize>, bits: u64) {
        match self {
            Block::F32(values) => values[lanes].fill(f32::from_bits(bits as u32)),
            Block::F64(values) => values[lanes].fill(f64::from_bits(bits)),
            Block::U64(values) => values[lanes].fill(bits),
            Block::Bool(values) => values[lanes].fill(bits != 0),
        }
    }

    #[inline(always)]
    pub(super) fn lanes(&self) -> Lanes<'_> {
        match self {
            Block::F32(values) => Lanes::F32(values),
            Block::F64(values) => Lanes::F64(values),
            Block::U64(values) => Lanes::U64(values),
            Block::Bool(values) => Lanes::Bool(values),
        }
    }
}

/// How many edges an instruction takes, and the lanes of each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) edges: usize,
    pub(super) lanes: usize,
}

impl Shape {
    /// Lanes alone.
    pub(super) fn of(lanes: usize) -> Self {
        Shape { edges: 1, lanes }
    }

    /// All lanes.
    #[inline(always)]
    pub(super) fn all(self) -> usize {
        self.edges * self.lanes
    }
}

/// Where the lanes of each edge begin.
#[derive(Clone, Copy, Debug)]
pub(super) enum Starts<'a> {
    /// At multiples of a number: that of an edge's lanes where they follow one another, 0 where all edges have the same.
    Every(usize),
    /// Anywhere.
    At(&'a [usize]),
}

/// Lanes of several edges, to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand<'a> {
    pub(super) lanes: Lanes<'a>,
    pub(super) starts: Starts<'a>,
}

impl<'a> Operand<'a> {
    /// The same lanes for every edge.
    #[inline(always)]
    pub(super) fn same(lanes: Lanes<'a>) -> Self {
        Operand { lanes, starts: Starts::Every(0) }
    }
}

/// An operand whose type is known.
#[derive(Clone, Copy)]
pub(super) struct Typed<'a, T> {
    pub(super) values: &'a [T],
    pub(super) starts: Starts<'a>,
}

impl<'a, T> Typed<'a, T> {
    /// The lanes of an edge.
    #[inline(always)]
    pub(super) fn edge(&self, edge: usize, lanes: usize) -> &'a [T] {
        let start = match self.starts {
            Starts::Every(step) => edge * step,
            Starts::At(starts) => starts[edge],
        };
        // Of so many lanes that loops need not check them.
        &self.values[start..][..lanes]
    }
}

impl Shape {
    /// The lanes of each edge of a result. Loops over them are written out: what iterators call would be compiled for no
    /// vectors.
    #[inline(always)]
    pub(super) fn split<O>(self, out: &mut [O]) -> std::iter::Enumerate<std::slice::ChunksExactMut<'_, O>> {
        out[..self.all()].chunks_exact_mut(self.lanes).enumerate()
    }
}
