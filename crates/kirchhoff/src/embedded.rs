//! The embedded digit network: a perceptron 784-300-100-10 trained on MNIST (95.4 % of its test set), and the first
//! test digit of every class.

use kirchhoff_data::Inputs;
use kirchhoff_kernel::Weights;
use kirchhoff_network::import::Model;
use kirchhoff_network::{Activation, Dense, Network, NetworkBuilder, NetworkError, Operator};
use safetensors::{SafeTensorError, SafeTensors};
use thiserror::Error;

/// The weights, as PyTorch's `nn.Sequential` saves them.
static WEIGHTS: &[u8] = include_bytes!("../assets/digits.safetensors");

/// Ten images of 28 × 28 bytes, in the IDX format.
static IMAGES: &[u8] = include_bytes!("../assets/digits.idx");

/// Bytes before the first image: magic number and three sizes.
const HEADER: usize = 16;

const SIDE: usize = 28;

/// The embedded network is damaged; a build that passes its tests never is.
#[derive(Debug, Error)]
pub enum EmbeddedError {
    /// The weights cannot be read.
    #[error("the embedded weights cannot be read: {0}")]
    Weights(#[from] SafeTensorError),
    /// The layers do not fit together.
    #[error("the embedded network is damaged: {0}")]
    Network(#[from] NetworkError),
}

/// The network and its ten digits, as vectors of 784 values from 0 to 1.
///
/// # Errors
/// None in a build that passes its tests.
pub fn digits() -> Result<(Network, Inputs), EmbeddedError> {
    Ok((model()?.network, images(&[SIDE * SIDE])))
}

/// The network. Its layers are named as `nn.Sequential` names them: `0` to `4`.
///
/// # Errors
/// None in a build that passes its tests.
pub fn model() -> Result<Model, EmbeddedError> {
    let tensors = SafeTensors::deserialize(WEIGHTS)?;
    let values = |name: &str| -> Result<(Vec<usize>, Weights), SafeTensorError> {
        let tensor = tensors.tensor(name)?;
        let values = tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        Ok((tensor.shape().to_vec(), values))
    };
    let mut builder = NetworkBuilder::new();
    let mut node = builder.input("input", &[SIDE * SIDE])?;
    for layer in [0, 2, 4] {
        if layer > 0 {
            node = builder.add((layer - 1).to_string(), Operator::Activation(Activation::Relu), &[node])?;
        }
        let (shape, weights) = values(&format!("{layer}.weight"))?;
        let (_, bias) = values(&format!("{layer}.bias"))?;
        let dense = Dense { inputs: shape[1], outputs: shape[0], weights, bias: Some(bias) };
        node = builder.add(layer.to_string(), Operator::Dense(dense), &[node])?;
    }
    Ok(builder.finish(node)?.into())
}

/// The digits as inputs of a network that takes vectors of 784 values or images of 28 × 28; `None` for others.
pub fn inputs(shape: &[usize]) -> Option<Inputs> {
    matches!(shape, [784] | [28, 28] | [1, 28, 28]).then(|| images(shape))
}

fn images(shape: &[usize]) -> Inputs {
    let values: Vec<f32> = IMAGES[HEADER..].iter().map(|&byte| f32::from(byte) / 255.0).collect();
    let count = values.len() / (SIDE * SIDE);
    Inputs {
        values,
        count,
        shape: shape.to_vec(),
        picture: Some([1, SIDE, SIDE]),
        parts: Vec::new(),
        names: (0..count).map(|digit| format!("digit {digit}")).collect(),
    }
}
