//! The arguments of `kirchhoff inspect`.

use std::path::PathBuf;

use clap::Args;

use crate::options::{Common, ModelOptions, ModelOutput};

/// `kirchhoff inspect`.
#[derive(Args, Debug)]
pub struct Inspect {
    /// The model (.onnx or .safetensors), or a circuit file. Left out: the embedded digit network
    pub file: Option<PathBuf>,
    /// Read all of a circuit file and compare it with its checksum
    #[arg(long)]
    pub verify: bool,
    #[command(flatten)]
    pub model: ModelOptions,
    #[command(flatten)]
    pub of: ModelOutput,
    #[command(flatten)]
    pub common: Common,
}
