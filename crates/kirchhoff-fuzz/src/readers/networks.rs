//! Models: read, brought into canonical form, run and explained.

use std::path::Path;
use std::sync::Arc;

use kirchhoff::explain::{Layers, Question, explain};
use kirchhoff::explanation::batch_size;
use kirchhoff::network::import::{self, ImportOptions};
use kirchhoff::network::{Execution, Network, canonical, network_hash};

use super::{repository, seeds};

/// What one input may take, as `--memory` says to the tool.
const MEMORY: u64 = 16 << 20;
/// Networks of more edges are looked at and not run, since whoever runs them has waited for what they announce.
const EDGES: u64 = 2_000_000;

pub fn onnx_seeds() -> Vec<Vec<u8>> {
    let golden = ["encoder", "gru", "lstm", "mixed", "se", "unet", "vit"].map(|name| format!("tests/golden/op-{name}"));
    let folders: Vec<&str> = golden.iter().map(String::as_str).collect();
    let fixtures = ["crates/kirchhoff-network/tests/fixtures/onnx", "tests/hostile"];
    let cases = [
        "average-pool-ceil-and-padding",
        "batch-norm-training-opset9",
        "conv-same-dilated",
        "onnx-max-with-constant",
        "onnx-negated",
    ]
    .map(|name| format!("tests/cases/{name}"));
    let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
    seeds(&[&folders[..], &fixtures, &cases].concat(), &["onnx"])
}

pub fn safetensors_seeds() -> Vec<Vec<u8>> {
    seeds(
        &[
            "tests/hostile",
            "tests/golden/mnist-cnn",
            "tests/cases/safetensors-unaligned",
            "examples/xor",
            "examples/two_digits",
        ],
        &["safetensors"],
    )
}

pub fn toml_seeds() -> Vec<Vec<u8>> {
    seeds(&["tests/hostile", "tests/golden/mnist-cnn"], &["toml"])
}

/// Reads a model and explains it.
pub fn read(path: &Path) {
    if let Ok(model) = import::read(path, &ImportOptions::default()) {
        explained(&model.network);
    }
}

/// Reads an architecture for models that are there.
pub fn read_described(path: &Path) {
    for model in ["tests/hostile/toml-model.safetensors", "tests/golden/mnist-cnn/model.safetensors"] {
        let options = ImportOptions { architecture: Some(path), ..ImportOptions::default() };
        if let Ok(model) = import::read(&repository(model), &options) {
            explained(&model.network);
        }
    }
}

fn explained(network: &Network) {
    let Ok(canonical) = canonical(network) else { return };
    network_hash(&canonical);
    let edges = canonical.nodes().map(|(id, _)| canonical.edges(id)).fold(0, u64::saturating_add);
    if edges > EDGES || batch_size(&canonical, 1, Some(MEMORY)).is_err() {
        return;
    }
    let inputs: Vec<f32> = (0..canonical.input_size()).map(|at| (at % 7) as f32 * 0.25 - 0.5).collect();
    let inputs = if canonical.inputs().len() > 1 { inputs.iter().map(|value| value.abs()).collect() } else { inputs };
    let Ok(execution) = Execution::run(Arc::new(canonical), &inputs, 1, &()) else { return };
    for semiring in ["real", "boolean", "counting"] {
        let Ok(question) = Question::new(semiring) else { continue };
        let _ = explain(&execution, &Question { layers: Layers::All, ..question }, &());
    }
}
