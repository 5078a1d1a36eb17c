//! Relevance as a safetensors file.

use std::collections::HashMap;

use kirchhoff::explain::{Answer, TensorRelevance};
use kirchhoff::semiring::Array;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::failure::Failure;

/// The bytes of `relevance.safetensors`: `<semiring>/<tensor>`, inputs stacked on the first axis.
///
/// Truth values are BOOL, counts F64, everything else F32. Counts of which some exceed 2⁵³ have their exact digits
/// beside them: `<semiring>/<tensor>/limbs`, U64, the lowest limb first on a last axis of its own.
pub fn archive(answers: &[Answer], inputs: usize) -> Result<Vec<u8>, Failure> {
    let mut buffers = Vec::new();
    for answer in answers {
        for tensor in &answer.tensors {
            let name = format!("{}/{}", answer.semiring.name, tensor.name);
            let shape: Vec<usize> = [inputs].into_iter().chain(tensor.shape.iter().copied()).collect();
            if let Some((bytes, width)) = limbs(tensor) {
                let shape = shape.iter().copied().chain([width]).collect();
                buffers.push((format!("{name}/limbs"), Dtype::U64, shape, bytes));
            }
            let (dtype, bytes) = bytes(&tensor.values);
            buffers.push((name, dtype, shape, bytes));
        }
    }
    let views: Result<Vec<_>, _> = buffers
        .iter()
        .map(|(name, dtype, shape, bytes)| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)))
        .collect();
    let metadata = HashMap::from([("kirchhoff".to_string(), env!("CARGO_PKG_VERSION").to_string())]);
    views
        .and_then(|views| safetensors::serialize(views, Some(metadata)))
        .map_err(|error: safetensors::SafeTensorError| Failure::work(error))
}

fn bytes(values: &Array) -> (Dtype, Vec<u8>) {
    match values {
        Array::Bool(values) => (Dtype::BOOL, values.iter().map(|&value| u8::from(value)).collect()),
        Array::F32(values) => (Dtype::F32, values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        Array::F64(values) => (Dtype::F64, values.iter().flat_map(|value| value.to_le_bytes()).collect()),
    }
}

fn limbs(tensor: &TensorRelevance) -> Option<(Vec<u8>, usize)> {
    let limbs = tensor.limbs.as_ref()?;
    Some((limbs.limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect(), limbs.width))
}
