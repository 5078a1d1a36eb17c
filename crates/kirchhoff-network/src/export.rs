//! Networks as files: their tensors for safetensors files, and whole as ONNX files.

mod onnx;

use kirchhoff_file::Tensor;

use crate::network::Network;
use crate::operator::Operator;

pub use onnx::onnx;

/// The parameters of a network, as PyTorch would name them: `<layer>.weight` and `<layer>.bias`; those of affine layers
/// are `<layer>.scale` and `<layer>.shift`. Architecture descriptions use the same names.
pub fn tensors(network: &Network) -> Vec<Tensor<'_>> {
    let mut tensors = Vec::new();
    for (_, node) in network.nodes() {
        let mut push = |part: &str, shape: &[usize], values| {
            tensors.push(Tensor::new(format!("{}.{part}", node.name), shape, values));
        };
        match &node.operator {
            Operator::Dense(dense) => {
                push("weight", &[dense.outputs, dense.inputs], &dense.weights);
                if let Some(bias) = &dense.bias {
                    push("bias", &[dense.outputs], bias);
                }
            }
            Operator::Convolution(convolution) => {
                let [height, width] = convolution.window.kernel;
                let shape = [convolution.outputs, convolution.inputs / convolution.groups, height, width];
                match node.shape.len() {
                    2 => push("weight", &[shape[0], shape[1], width], &convolution.weights),
                    _ => push("weight", &shape, &convolution.weights),
                }
                if let Some(bias) = &convolution.bias {
                    push("bias", &[convolution.outputs], bias);
                }
            }
            Operator::Affine(affine) => {
                push("scale", &[affine.scale.len()], &affine.scale);
                push("shift", &[affine.shift.len()], &affine.shift);
            }
            _ => {}
        }
    }
    tensors
}
