//! `kirchhoff new`.

use std::path::PathBuf;

use kirchhoff::network::random::named;
use serde_json::json;

use super::arguments::New;
use super::failure::Failure;

/// Writes a model with random weights.
pub fn run(arguments: &New) -> Result<(), Failure> {
    let model = named(&arguments.architecture, arguments.classes, arguments.seed).map_err(Failure::input)?;
    let path =
        arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.safetensors", arguments.architecture)));
    model.write(&path).map_err(Failure::input)?;
    if arguments.common.json {
        super::print_json(&json!({
            "file": path, "architecture": arguments.architecture, "seed": arguments.seed,
            "parameters": model.parameters(),
        }))?;
    } else if !arguments.common.quiet {
        eprintln!("wrote {} ({} parameters)", path.display(), model.parameters());
    }
    Ok(())
}
