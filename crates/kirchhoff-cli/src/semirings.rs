//! The semirings that the tool knows by name.

use std::sync::OnceLock;

use kirchhoff::explain::{AnySemiring, Registry};

use crate::failure::Failure;

static REGISTRY: OnceLock<Registry> = OnceLock::new();

/// Makes a registry that of the tool, for as long as the process lives; the first one stays.
pub fn install(registry: Registry) {
    REGISTRY.get_or_init(|| registry);
}

/// The registry of the tool: the built-in semirings, unless another was installed.
pub fn registry() -> &'static Registry {
    REGISTRY.get_or_init(Registry::built_in)
}

/// The semiring that an option names.
pub fn semiring(text: &str) -> Result<AnySemiring, Failure> {
    registry().find(text).map_err(Failure::input)
}
