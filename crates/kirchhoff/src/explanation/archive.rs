//! Relevance as a safetensors file.

use kirchhoff_explain::Answer;
use kirchhoff_file::Tensor;
use kirchhoff_semiring::Array;

use super::ExplanationError;

/// The bytes of `relevance.safetensors`: of the relevance of so many inputs, a tensor `<semiring>/<tensor>` each, inputs
/// stacked on the first axis.
///
/// Truth values are BOOL, counts F64, everything else F32 or F64. Counts of which some exceed 2⁵³ have their exact digits
/// beside them: `<semiring>/<tensor>/limbs`, U64, the lowest limb first on a last axis of its own. Values that are more
/// than one number have each of them as `<semiring>/<tensor>/<column>`.
///
/// # Errors
/// Two tensors that would have the same name, as those of two answers in one semiring.
pub fn relevance_file(answers: &[Answer], inputs: usize) -> Result<Vec<u8>, ExplanationError> {
    let mut tensors = Vec::new();
    for answer in answers {
        for tensor in &answer.tensors {
            let name = format!("{}/{}", answer.semiring.name, tensor.name);
            let shape: Vec<usize> = [inputs].into_iter().chain(tensor.shape.iter().copied()).collect();
            if let Some(limbs) = &tensor.limbs {
                let shape: Vec<usize> = shape.iter().copied().chain([limbs.width]).collect();
                tensors.push(Tensor::new(format!("{name}/limbs"), &shape, &limbs.limbs));
            }
            for (column, values) in &tensor.columns {
                tensors.push(written(format!("{name}/{column}"), &shape, values));
            }
            tensors.push(written(name, &shape, &tensor.values));
        }
    }
    Tensor::file(tensors, &[("kirchhoff", env!("CARGO_PKG_VERSION"))]).map_err(ExplanationError::Tensors)
}

fn written<'a>(name: String, shape: &[usize], values: &'a Array) -> Tensor<'a> {
    match values {
        Array::Bool(values) => Tensor::new(name, shape, values),
        Array::F32(values) => Tensor::new(name, shape, values),
        Array::F64(values) => Tensor::new(name, shape, values),
    }
}
