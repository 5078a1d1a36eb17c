//! Evaluation.

mod annotate;
mod ledger;
mod stream;

pub use annotate::{Annotate, AnnotatedLayer, AnnotationError, Annotations, PerEdge};
pub use ledger::{Conservation, Ledger, LedgerEntry};
pub use stream::{Amount, EvaluationError, Keep, Sink, stream};
