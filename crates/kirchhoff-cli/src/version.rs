//! What this build of the tool is.

use std::sync::OnceLock;

use kirchhoff_kernel::Instructions;

/// The commit that the tool was built from, in twelve digits; empty where it is not known.
const COMMIT: &str = env!("KIRCHHOFF_COMMIT");

/// The version with the commit.
pub fn short() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| match COMMIT.is_empty() {
        true => env!("CARGO_PKG_VERSION").to_string(),
        false => format!("{} ({COMMIT})", env!("CARGO_PKG_VERSION")),
    })
}

/// The version with the commit, what the tool was built for, and the instruction sets and features that it has.
pub fn long() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let available: Vec<&str> = Instructions::available().iter().map(|set| set.name()).collect();
        // A name in the environment that is wrong is told by the verbs.
        let used = Instructions::from_environment().map_or("none", Instructions::name);
        let features: &[&str] = &["saturate"];
        format!(
            "{}\nbuilt for {}\ninstructions: {used}, of {}\nfeatures: {}",
            short(),
            env!("KIRCHHOFF_TARGET"),
            available.join(", "),
            features.join(", ")
        )
    })
}
