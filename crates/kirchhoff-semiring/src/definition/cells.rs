//! The Rust types that values of definitions have.

use std::fmt::Debug;

use super::column::{ColumnType, Constant};
use super::lanes::{Block, Lanes};
use crate::View;

/// A value of a definition: `f32`, `f64`, `u64` or `bool` for one number, `[u32; N]` for records whose columns all fit 32
/// bits, `[u64; N]` for others, with unused cells 0. The cells of a record hold the bits of its numbers.
pub trait Cells: Copy + PartialEq + Debug + Send + Sync + 'static {
    /// The value with these numbers, one a column.
    #[doc(hidden)]
    fn of(numbers: &[u64]) -> Self;

    /// The bits of a column of a type.
    #[doc(hidden)]
    fn bits(&self, column: usize) -> u64;

    /// The values as the lanes of their only column, where they are that.
    #[doc(hidden)]
    fn direct(values: &[Self]) -> Option<Lanes<'_>>;

    /// Reads a column into the first lanes of a block of its type.
    #[doc(hidden)]
    fn read(values: &[Self], column: usize, block: &mut Block);

    /// Writes a column.
    #[doc(hidden)]
    fn write(values: &mut [Self], column: usize, lanes: Lanes<'_>);

    /// The values as one f32, where they are that.
    #[doc(hidden)]
    fn single_precision() -> Option<View<Self, f32>> {
        None
    }
}

macro_rules! single {
    ($($type:ty, $variant:ident, $view:expr, |$bits:ident| $of:expr, |$value:ident| $to:expr;)*) => {$(
        impl Cells for $type {
            fn single_precision() -> Option<View<Self, f32>> {
                $view
            }

            fn of(numbers: &[u64]) -> Self {
                let $bits = numbers[0];
                $of
            }

            fn bits(&self, _: usize) -> u64 {
                let $value = *self;
                $to
            }

            #[inline(always)]
            fn direct(values: &[Self]) -> Option<Lanes<'_>> {
                Some(Lanes::$variant(values))
            }

            #[inline(always)]
            fn read(values: &[Self], _: usize, block: &mut Block) {
                if let Block::$variant(lanes) = block {
                    lanes[..values.len()].copy_from_slice(values);
                }
            }

            #[inline(always)]
            fn write(values: &mut [Self], _: usize, lanes: Lanes<'_>) {
                if let Lanes::$variant(lanes) = lanes {
                    values.copy_from_slice(lanes);
                }
            }
        }
    )*};
}

single! {
    f32, F32, Some(View::SAME), |bits| f32::from_bits(bits as u32), |value| u64::from(value.to_bits());
    f64, F64, None, |bits| f64::from_bits(bits), |value| value.to_bits();
    u64, U64, None, |bits| bits, |value| value;
    bool, Bool, None, |bits| bits != 0, |value| u64::from(value);
}

#[inline(always)]
fn read<V, T>(values: &[V], lanes: &mut [T], cell: impl Fn(&V) -> T) {
    for (lane, value) in lanes.iter_mut().zip(values) {
        *lane = cell(value);
    }
}

#[inline(always)]
fn write<V, T: Copy>(values: &mut [V], lanes: &[T], set: impl Fn(&mut V, T)) {
    for (value, lane) in values.iter_mut().zip(lanes) {
        set(value, *lane);
    }
}

macro_rules! records {
    ($($word:ty),*) => {$(
        impl<const N: usize> Cells for [$word; N] {
            fn of(numbers: &[u64]) -> Self {
                std::array::from_fn(|cell| numbers.get(cell).copied().unwrap_or(0) as $word)
            }

            fn bits(&self, column: usize) -> u64 {
                u64::from(self[column])
            }

            #[inline(always)]
            fn direct(_: &[Self]) -> Option<Lanes<'_>> {
                None
            }

            #[inline(always)]
            fn read(values: &[Self], column: usize, block: &mut Block) {
                match block {
                    Block::F32(lanes) => read(values, lanes, |value| f32::from_bits(value[column] as u32)),
                    Block::F64(lanes) => read(values, lanes, |value| f64::from_bits(u64::from(value[column]))),
                    Block::U64(lanes) => read(values, lanes, |value| u64::from(value[column])),
                    Block::Bool(lanes) => read(values, lanes, |value| value[column] != 0),
                }
            }

            #[inline(always)]
            fn write(values: &mut [Self], column: usize, lanes: Lanes<'_>) {
                match lanes {
                    Lanes::F32(lanes) => write(values, lanes, |value, x| value[column] = x.to_bits() as $word),
                    Lanes::F64(lanes) => write(values, lanes, |value, x| value[column] = x.to_bits() as $word),
                    Lanes::U64(lanes) => write(values, lanes, |value, x| value[column] = x as $word),
                    Lanes::Bool(lanes) => write(values, lanes, |value, x| value[column] = x as $word),
                }
            }
        }
    )*};
}

records!(u32, u64);

/// The number of a column of a value.
pub(super) fn number<V: Cells>(value: &V, column: usize, kind: ColumnType) -> Constant {
    Constant { kind, bits: value.bits(column) }
}
