//! The columns of a definition's values.

use std::fmt;

use serde::Serialize;

/// The type of one number of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Single-precision numbers.
    F32,
    /// Double-precision numbers.
    F64,
    /// Natural numbers below 2⁶⁴; what leaves them is reported as a fault.
    U64,
    /// Truth values.
    Bool,
}

impl ColumnType {
    /// Every type.
    pub const ALL: [ColumnType; 4] = [ColumnType::F32, ColumnType::F64, ColumnType::U64, ColumnType::Bool];

    /// The name, as definitions write it.
    pub const fn name(self) -> &'static str {
        match self {
            ColumnType::F32 => "f32",
            ColumnType::F64 => "f64",
            ColumnType::U64 => "u64",
            ColumnType::Bool => "bool",
        }
    }

    /// The type of this name.
    pub fn named(name: &str) -> Option<ColumnType> {
        ColumnType::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether the type is that of real numbers.
    pub const fn is_float(self) -> bool {
        matches!(self, ColumnType::F32 | ColumnType::F64)
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One number of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// The name, lower-case letters and digits; `value` where a value is one number.
    pub name: String,
    /// The type.
    pub kind: ColumnType,
}

/// A number of a column's type, as its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Constant {
    pub(super) kind: ColumnType,
    pub(super) bits: u64,
}

impl Constant {
    pub(super) fn f32(x: f32) -> Self {
        Constant { kind: ColumnType::F32, bits: u64::from(x.to_bits()) }
    }

    pub(super) fn f64(x: f64) -> Self {
        Constant { kind: ColumnType::F64, bits: x.to_bits() }
    }

    pub(super) fn u64(x: u64) -> Self {
        Constant { kind: ColumnType::U64, bits: x }
    }

    pub(super) fn bool(x: bool) -> Self {
        Constant { kind: ColumnType::Bool, bits: u64::from(x) }
    }

    /// The number, rounded where it must be.
    pub(super) fn to_f64(self) -> f64 {
        match self.kind {
            ColumnType::F32 => f64::from(f32::from_bits(self.bits as u32)),
            ColumnType::F64 => f64::from_bits(self.bits),
            ColumnType::U64 | ColumnType::Bool => self.bits as f64,
        }
    }
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ColumnType::F32 => write!(f, "{:?}", f32::from_bits(self.bits as u32)),
            ColumnType::F64 => write!(f, "{:?}", f64::from_bits(self.bits)),
            ColumnType::U64 => write!(f, "{}", self.bits),
            ColumnType::Bool => write!(f, "{}", self.bits != 0),
        }
    }
}
