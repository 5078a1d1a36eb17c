//! Semirings of definitions by the types of their values.

use std::sync::Arc;

use super::cells::Cells;
use super::column::ColumnType;
use super::compile::Compiled;
use super::defined::{Defined, Shared};
use super::error::DefinitionFault;
use crate::{Annotation, Embed, Interval};

/// An algorithm that runs over the semiring of any definition, for [`DefinedSemiring::visit`].
pub trait DefinedVisitor {
    /// What the algorithm yields.
    type Output;

    /// Runs it over a semiring whose values are one number, which annotations by name apply to.
    fn number<V: Cells>(self, semiring: &Defined<V>) -> Self::Output
    where
        Defined<V>: Embed<Value = V>;

    /// Runs it over a semiring whose values are records; its Θ is [`Defined::theta`].
    fn record<V: Cells>(self, semiring: &Defined<V>) -> Self::Output;
}

macro_rules! layouts {
    ($($variant:ident($type:ty) $method:ident $doc:literal,)*) => {
        /// The semiring of a definition, by the type of its values.
        #[derive(Clone, Debug)]
        pub enum DefinedSemiring {
            $(#[doc = $doc] $variant(Defined<$type>),)*
        }

        impl DefinedSemiring {
            /// Runs `visitor` over the semiring, compiled for the type of its values.
            pub fn visit<T: DefinedVisitor>(&self, visitor: T) -> T::Output {
                match self {
                    $(DefinedSemiring::$variant(semiring) => visitor.$method(semiring),)*
                }
            }

            /// The semiring for contributions in `range` only; see [`Defined::with_contributions`].
            pub fn with_contributions(self, range: Interval) -> Self {
                match self {
                    $(DefinedSemiring::$variant(semiring) => {
                        DefinedSemiring::$variant(semiring.with_contributions(range))
                    })*
                }
            }

            /// See [`Defined::take_fault`].
            ///
            /// # Errors
            ///
            /// [`DefinitionFault`] if an operation on u64 went wrong since the last call.
            pub fn take_fault(&self) -> Result<(), DefinitionFault> {
                match self {
                    $(DefinedSemiring::$variant(semiring) => semiring.take_fault(),)*
                }
            }

            /// The built-in annotation that Θ is, if it is one; see [`Defined::annotation`].
            pub fn annotation(&self) -> Option<Annotation> {
                match self {
                    $(DefinedSemiring::$variant(semiring) => semiring.annotation(),)*
                }
            }
        }
    };
}

layouts! {
    F32(f32) number "One f32.",
    F64(f64) number "One f64.",
    U64(u64) number "One u64.",
    Bool(bool) number "One bool.",
    Narrow2([u32; 2]) record "Up to two numbers of 32 bits.",
    Narrow4([u32; 4]) record "Up to four numbers of 32 bits.",
    Narrow8([u32; 8]) record "Up to eight numbers of 32 bits.",
    Wide2([u64; 2]) record "Up to two numbers of 64 bits.",
    Wide4([u64; 4]) record "Up to four numbers of 64 bits.",
    Wide8([u64; 8]) record "Up to eight numbers of 64 bits.",
}

impl DefinedSemiring {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let Compiled { columns, single, .. } = &shared.compiled;
        let narrow = columns.iter().all(|column| matches!(column.kind, ColumnType::F32 | ColumnType::Bool));
        match (single, columns[0].kind, narrow, columns.len()) {
            (true, ColumnType::F32, ..) => DefinedSemiring::F32(Defined::new(shared)),
            (true, ColumnType::F64, ..) => DefinedSemiring::F64(Defined::new(shared)),
            (true, ColumnType::U64, ..) => DefinedSemiring::U64(Defined::new(shared)),
            (true, ColumnType::Bool, ..) => DefinedSemiring::Bool(Defined::new(shared)),
            (false, _, true, ..=2) => DefinedSemiring::Narrow2(Defined::new(shared)),
            (false, _, true, 3..=4) => DefinedSemiring::Narrow4(Defined::new(shared)),
            (false, _, true, 5..) => DefinedSemiring::Narrow8(Defined::new(shared)),
            (false, _, false, ..=2) => DefinedSemiring::Wide2(Defined::new(shared)),
            (false, _, false, 3..=4) => DefinedSemiring::Wide4(Defined::new(shared)),
            (false, _, false, 5..) => DefinedSemiring::Wide8(Defined::new(shared)),
        }
    }
}
