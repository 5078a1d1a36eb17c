//! The semirings that the tool knows by name, and those that its options define.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use kirchhoff::explain::{AnySemiring, Registry};

use crate::failure::Failure;

static REGISTRY: OnceLock<Registry> = OnceLock::new();

/// Definitions that were read, by what options say of them: each is read, and its laws are checked, once.
static READ: LazyLock<Mutex<HashMap<String, AnySemiring>>> = LazyLock::new(Mutex::default);

/// Makes a registry that of the tool, for as long as the process lives; the first one stays.
pub fn install(registry: Registry) {
    REGISTRY.get_or_init(|| registry);
}

/// The registry of the tool: the built-in semirings, unless another was installed.
pub fn registry() -> &'static Registry {
    REGISTRY.get_or_init(Registry::built_in)
}

/// The semiring that an option means: by its name, by the file of a definition, or by `define(...)`. The laws of a definition
/// are checked unless they are to be taken `unchecked`.
pub fn semiring(text: &str, unchecked: bool) -> Result<AnySemiring, Failure> {
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(semiring) = read.get(text) {
        return Ok(semiring.clone());
    }
    let semiring = registry().read(text, unchecked).map_err(Failure::input)?;
    read.insert(text.to_string(), semiring.clone());
    Ok(semiring)
}
