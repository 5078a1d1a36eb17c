//! Numbers as files store them.

use half::{bf16, f16};
use safetensors::Dtype;

/// The types of numbers that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberType {
    /// One byte that is 0 or not.
    Bool,
    /// An unsigned byte.
    U8,
    /// An unsigned integer of 16 bits.
    U16,
    /// An unsigned integer of 32 bits.
    U32,
    /// An unsigned integer of 64 bits.
    U64,
    /// A signed byte.
    I8,
    /// A signed integer of 16 bits.
    I16,
    /// A signed integer of 32 bits.
    I32,
    /// A signed integer of 64 bits.
    I64,
    /// IEEE 754's binary16.
    F16,
    /// The upper half of a binary32.
    Bf16,
    /// IEEE 754's binary32.
    F32,
    /// IEEE 754's binary64.
    F64,
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// The lowest.
    Little,
    /// The highest.
    Big,
}

impl NumberType {
    /// Bytes of a number.
    pub const fn size(self) -> usize {
        match self {
            NumberType::Bool | NumberType::U8 | NumberType::I8 => 1,
            NumberType::U16 | NumberType::I16 | NumberType::F16 | NumberType::Bf16 => 2,
            NumberType::U32 | NumberType::I32 | NumberType::F32 => 4,
            NumberType::U64 | NumberType::I64 | NumberType::F64 => 8,
        }
    }

    /// The type of a safetensors file's values, where it is one of these.
    pub fn of_tensor(dtype: Dtype) -> Option<Self> {
        Some(match dtype {
            Dtype::BOOL => NumberType::Bool,
            Dtype::U8 => NumberType::U8,
            Dtype::U16 => NumberType::U16,
            Dtype::U32 => NumberType::U32,
            Dtype::U64 => NumberType::U64,
            Dtype::I8 => NumberType::I8,
            Dtype::I16 => NumberType::I16,
            Dtype::I32 => NumberType::I32,
            Dtype::I64 => NumberType::I64,
            Dtype::F16 => NumberType::F16,
            Dtype::BF16 => NumberType::Bf16,
            Dtype::F32 => NumberType::F32,
            Dtype::F64 => NumberType::F64,
            // Floats of 8 bits and fewer, complex numbers, and what the format may gain.
            _ => return None,
        })
    }

    /// All numbers that `bytes` hold, each rounded to the nearest f32; bytes that are not a whole number are left out.
    pub fn to_floats<C: FromIterator<f32>>(self, order: ByteOrder, bytes: &[u8]) -> C {
        match self {
            NumberType::Bool => numbers(order, bytes, |[byte]| f32::from(u8::from(byte != 0))),
            NumberType::U8 => numbers(order, bytes, |[byte]| f32::from(byte)),
            NumberType::U16 => numbers(order, bytes, |b| f32::from(u16::from_le_bytes(b))),
            NumberType::U32 => numbers(order, bytes, |b| u32::from_le_bytes(b) as f32),
            NumberType::U64 => numbers(order, bytes, |b| u64::from_le_bytes(b) as f32),
            NumberType::I8 => numbers(order, bytes, |b| f32::from(i8::from_le_bytes(b))),
            NumberType::I16 => numbers(order, bytes, |b| f32::from(i16::from_le_bytes(b))),
            NumberType::I32 => numbers(order, bytes, |b| i32::from_le_bytes(b) as f32),
            NumberType::I64 => numbers(order, bytes, |b| i64::from_le_bytes(b) as f32),
            NumberType::F16 => numbers(order, bytes, |b| f16::from_le_bytes(b).to_f32()),
            NumberType::Bf16 => numbers(order, bytes, |b| bf16::from_le_bytes(b).to_f32()),
            NumberType::F32 => numbers(order, bytes, f32::from_le_bytes),
            NumberType::F64 => numbers(order, bytes, |b| f64::from_le_bytes(b) as f32),
        }
    }

    /// All integers that `bytes` hold, one beyond i64 as its largest; bytes that are not a whole number are left out.
    /// `None` if the type is of floating-point numbers.
    pub fn to_integers<C: FromIterator<i64>>(self, order: ByteOrder, bytes: &[u8]) -> Option<C> {
        Some(match self {
            NumberType::Bool => numbers(order, bytes, |[byte]| i64::from(byte != 0)),
            NumberType::U8 => numbers(order, bytes, |[byte]| i64::from(byte)),
            NumberType::U16 => numbers(order, bytes, |b| i64::from(u16::from_le_bytes(b))),
            NumberType::U32 => numbers(order, bytes, |b| i64::from(u32::from_le_bytes(b))),
            NumberType::U64 => numbers(order, bytes, |b| i64::try_from(u64::from_le_bytes(b)).unwrap_or(i64::MAX)),
            NumberType::I8 => numbers(order, bytes, |b| i64::from(i8::from_le_bytes(b))),
            NumberType::I16 => numbers(order, bytes, |b| i64::from(i16::from_le_bytes(b))),
            NumberType::I32 => numbers(order, bytes, |b| i64::from(i32::from_le_bytes(b))),
            NumberType::I64 => numbers(order, bytes, i64::from_le_bytes),
            NumberType::F16 | NumberType::Bf16 | NumberType::F32 | NumberType::F64 => return None,
        })
    }
}

/// What `value` makes of the little-endian bytes of each number.
fn numbers<const SIZE: usize, T, C: FromIterator<T>>(
    order: ByteOrder,
    bytes: &[u8],
    value: impl Fn([u8; SIZE]) -> T,
) -> C {
    let numbers = bytes.as_chunks::<SIZE>().0.iter().copied();
    match order {
        ByteOrder::Little => numbers.map(value).collect(),
        ByteOrder::Big => numbers
            .map(|mut number| {
                number.reverse();
                value(number)
            })
            .collect(),
    }
}

/// The number of elements of a shape, unless it overflows.
pub fn elements(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_type_are_read_in_either_order() {
        let check = |kind: NumberType, little: &[u8], value: f32, integer: Option<i64>| {
            assert_eq!(little.len(), kind.size(), "{kind:?}");
            let mut big = little.to_vec();
            big.reverse();
            for (order, bytes) in [(ByteOrder::Little, little), (ByteOrder::Big, &big)] {
                let bytes = [bytes, bytes, &[7]].concat();
                let (floats, whole) =
                    (kind.to_floats::<Vec<f32>>(order, &bytes), kind.to_integers::<Vec<i64>>(order, &bytes));
                // A byte that is left over is a number where one byte is.
                assert_eq!(floats[..2], [value; 2], "{kind:?}");
                assert_eq!(whole.map(|whole| whole[0]), integer, "{kind:?}");
            }
        };
        check(NumberType::Bool, &[9], 1.0, Some(1));
        check(NumberType::U8, &[200], 200.0, Some(200));
        check(NumberType::I8, &[200], -56.0, Some(-56));
        check(NumberType::U16, &40_000u16.to_le_bytes(), 40_000.0, Some(40_000));
        check(NumberType::I16, &(-300i16).to_le_bytes(), -300.0, Some(-300));
        check(NumberType::U32, &4_000_000_000u32.to_le_bytes(), 4e9, Some(4_000_000_000));
        check(NumberType::I32, &(-70_000i32).to_le_bytes(), -70_000.0, Some(-70_000));
        check(NumberType::U64, &u64::MAX.to_le_bytes(), 2f32.powi(64), Some(i64::MAX));
        check(NumberType::I64, &i64::MIN.to_le_bytes(), -(2f32.powi(63)), Some(i64::MIN));
        check(NumberType::F16, &f16::from_f32(-1.5).to_le_bytes(), -1.5, None);
        check(NumberType::Bf16, &bf16::from_f32(3.0).to_le_bytes(), 3.0, None);
        check(NumberType::F32, &0.1f32.to_le_bytes(), 0.1, None);
        check(NumberType::F64, &0.1f64.to_le_bytes(), 0.1, None);
    }

    #[test]
    fn a_shape_beyond_all_memory_has_no_number_of_elements() {
        assert_eq!(elements(&[]), Some(1));
        assert_eq!(elements(&[3, 0, 4]), Some(0));
        assert_eq!(elements(&[usize::MAX, 2]), None);
    }
}
