//! `kirchhoff new`.

use std::path::PathBuf;

use kirchhoff::network::random::named;
use serde_json::json;

use super::arguments::New;
use super::failure::Failure;
use super::load;

/// Classes of an image network: ImageNet's.
const CLASSES: usize = 1000;

/// Writes a model with random weights.
pub fn run(arguments: &New) -> Result<(), Failure> {
    if let (true, Some(classes)) = (arguments.architecture.starts_with("mlp-"), arguments.classes) {
        return Err(Failure::usage(format!(
            "`{}` says itself how many outputs it has: leave out --classes {classes}, or change its last size",
            arguments.architecture
        )));
    }
    let classes = arguments.classes.map_or(CLASSES, |classes| classes as usize);
    let model = named(&arguments.architecture, classes, arguments.seed).map_err(Failure::input)?;
    let path =
        arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.safetensors", arguments.architecture)));
    load::check_output(&path, "models")?;
    model.write(&path).map_err(Failure::input)?;
    if arguments.common.json {
        super::print_json(&json!({
            "file": path, "architecture": arguments.architecture, "seed": arguments.seed,
            "parameters": model.parameters(),
        }))?;
    } else if !arguments.common.quiet {
        super::say(format_args!("wrote {} ({} parameters)", path.display(), model.parameters()));
    }
    Ok(())
}
