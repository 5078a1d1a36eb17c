//! Rules and composites.

mod assignment;
mod compile;
mod composite;
mod error;
mod rule;

pub use assignment::{Assignment, LayerPattern, MaximumPooling};
pub use compile::compile;
pub use composite::{Composite, LayerKind, composites};
pub use error::CompileError;
pub use rule::{Bounds, EPSILON, Fits, Rule, RuleInfo, rules};
