//! Tensors by name, and the values of those of safetensors files.

use kirchhoff_file::{ByteOrder, NumberType, TensorFile, natural_order};
use kirchhoff_kernel::Weights;

/// Named tensors, with their shapes and values.
pub(crate) trait Tensors {
    /// The names of all tensors, in natural order: `features.2` comes before `features.10`.
    fn names(&self) -> Vec<&str>;

    /// The shape of a tensor.
    fn shape(&self, name: &str) -> Option<&[usize]>;

    /// The values of a tensor, or in words why they cannot be had. `None` without such a tensor.
    fn values(&self, name: &str) -> Option<Result<Weights, String>>;
}

impl Tensors for TensorFile {
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.tensor_names().collect();
        names.sort_by_cached_key(|name| natural_order(name));
        names
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        TensorFile::shape(self, name)
    }

    // In the file where they are stored as f32, else converted.
    fn values(&self, name: &str) -> Option<Result<Weights, String>> {
        let (dtype, range, bytes) = (self.dtype(name)?, self.range(name)?, self.bytes(name)?);
        Some(match NumberType::of_tensor(dtype) {
            Some(NumberType::F32) => {
                Weights::mapped(self.file(), range).ok_or_else(|| "does not hold whole values".to_string())
            }
            Some(kind @ (NumberType::F16 | NumberType::Bf16 | NumberType::F64)) => {
                Ok(kind.to_floats(ByteOrder::Little, bytes))
            }
            _ => Err(format!("holds {dtype} values: only F64, F32, F16 and BF16 can be read")),
        })
    }
}
