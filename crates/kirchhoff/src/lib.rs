//! Kirchhoff.

pub mod embedded;
pub mod explain;

pub use kirchhoff_circuit as circuit;
pub use kirchhoff_compile as compile;
pub use kirchhoff_evaluate as evaluate;
pub use kirchhoff_kernel as kernel;
pub use kirchhoff_network as network;
pub use kirchhoff_render as render;
pub use kirchhoff_semiring as semiring;
