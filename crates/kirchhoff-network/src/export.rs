//! Networks as files: their tensors for safetensors files, and whole as ONNX files.

pub(crate) mod onnx;

use kirchhoff_file::Tensor;

use crate::network::Network;

pub use onnx::onnx;

/// The parameters of a network, as PyTorch would name them: `<layer>.weight` and `<layer>.bias`; those of affine layers
/// are `<layer>.scale` and `<layer>.shift`. Architecture descriptions use the same names.
pub fn tensors(network: &Network) -> Vec<Tensor<'_>> {
    let mut tensors = Vec::new();
    for (_, node) in network.nodes() {
        for parameter in node.operator.operation().parameters(node.shape.len()) {
            let name = format!("{}.{}", node.name, parameter.tensor);
            tensors.push(Tensor::new(name, &parameter.shape, parameter.values));
        }
    }
    tensors
}
