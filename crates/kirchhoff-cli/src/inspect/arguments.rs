//! The arguments of `kirchhoff inspect`.

use std::path::PathBuf;

use clap::Args;

use crate::options::{Common, ModelOptions, ModelOutput, RuleOptions, WriteOptions};

/// By which rules the model would be explained.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Rules that are shown")]
pub struct AskedOptions {
    /// The semiring whose rules are shown
    #[arg(long, short, value_name = "NAME", default_value = "real")]
    pub semiring: String,
    #[command(flatten)]
    pub rules: RuleOptions,
}

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
    pub asked: AskedOptions,
    /// Draw the model to this SVG file: its layers, with what the table says of each
    #[arg(long, value_name = "FILE.svg")]
    pub draw: Option<PathBuf>,
    #[command(flatten)]
    pub write: WriteOptions,
    #[command(flatten)]
    pub common: Common,
}
