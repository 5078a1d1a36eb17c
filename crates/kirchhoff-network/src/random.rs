//! Models with random weights: torchvision's architectures, for trying things out and for measuring.
//!
//! They have torchvision's names and shapes and He's initialisation, under which activations keep their scale from layer
//! to layer: weights are normal with mean 0 and standard deviation `sqrt(2 / fan)`, biases are 0. For convolutions the
//! fan is that out, as torchvision has it. For linear layers it is that in; torchvision's own 0.01 would let activations
//! shrink. Batch normalisation is the identity.
//!
//! The same seed gives the same bits on every platform: the generator is ChaCha8, with one stream a tensor, and no step
//! on the way depends on the system's mathematical library.

use std::path::Path;

use kirchhoff_file::{GENERATOR, Output, Seal, Tensor, WriteError, write_tensors};
use kirchhoff_kernel::{Monitor, Weights};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use thiserror::Error;

use crate::import::architectures::{Feature, VGG_DEPTHS, recognise, vgg_features};
use crate::import::assemble::assemble;
use crate::import::{ImportError, Model};
use crate::tensor_file::Tensors;

/// A model with random weights, which are made when they are asked for.
#[derive(Clone, Debug)]
pub struct RandomModel {
    seed: u64,
    tensors: Vec<Initial>,
}

/// A tensor before it is made.
#[derive(Clone, Debug)]
struct Initial {
    name: String,
    shape: Vec<usize>,
    distribution: Distribution,
}

#[derive(Clone, Copy, Debug)]
enum Distribution {
    Constant(f32),
    Normal { deviation: f64 },
}

/// A model that there is not.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RandomError {
    /// A VGG of a depth that torchvision does not have.
    #[error("there is no VGG-{0}: there are VGG-11, 13, 16 and 19")]
    Depth(usize),
    /// A layer without features, or a perceptron without layers.
    #[error("every layer has at least one feature, and a perceptron at least two sizes, got {0:?}")]
    Sizes(Vec<usize>),
    /// A name of no model.
    #[error("unknown model '{0}'; known: vgg11, vgg13, vgg16, vgg19 (and vgg16_bn, ...), alexnet, mlp-784-300-10")]
    Name(String),
}

/// torchvision's VGG of depth 11, 13, 16 or 19, for images of 3 channels and 224×224.
///
/// # Errors
/// Another depth, or no classes.
pub fn vgg(depth: usize, batch_norm: bool, classes: usize, seed: u64) -> Result<RandomModel, RandomError> {
    if !VGG_DEPTHS.contains(&depth) {
        return Err(RandomError::Depth(depth));
    }
    let mut model = RandomModel::new(seed, &[classes])?;
    let mut inputs = 3;
    for (position, feature) in vgg_features(depth, batch_norm).into_iter().enumerate() {
        let name = format!("features.{position}");
        match feature {
            Feature::Convolution(outputs) => {
                model.convolution(&name, outputs, inputs, 3);
                inputs = outputs;
            }
            Feature::Normalization(width) => {
                for (part, value) in [("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)] {
                    model.constant(&format!("{name}.{part}"), width, value);
                }
            }
            Feature::Rectifier | Feature::Pool => {}
        }
    }
    for (position, outputs, inputs) in [(0, 4096, inputs * 49), (3, 4096, 4096), (6, classes, 4096)] {
        model.linear(&format!("classifier.{position}"), outputs, inputs);
    }
    Ok(model)
}

/// torchvision's AlexNet, for images of 3 channels and 224×224.
///
/// # Errors
/// No classes.
pub fn alexnet(classes: usize, seed: u64) -> Result<RandomModel, RandomError> {
    let mut model = RandomModel::new(seed, &[classes])?;
    for (position, outputs, inputs, kernel) in
        [(0, 64, 3, 11), (3, 192, 64, 5), (6, 384, 192, 3), (8, 256, 384, 3), (10, 256, 256, 3)]
    {
        model.convolution(&format!("features.{position}"), outputs, inputs, kernel);
    }
    for (position, outputs, inputs) in [(1, 4096, 256 * 36), (4, 4096, 4096), (6, classes, 4096)] {
        model.linear(&format!("classifier.{position}"), outputs, inputs);
    }
    Ok(model)
}

/// A multilayer perceptron with ReLUs. `sizes` are the numbers of features, from the input to the output; its linear
/// layers are named `0`, `2`, `4` and so on, as in PyTorch's `nn.Sequential`.
///
/// # Errors
/// Fewer than two sizes, or one of 0.
pub fn mlp(sizes: &[usize], seed: u64) -> Result<RandomModel, RandomError> {
    let mut model = RandomModel::new(seed, sizes)?;
    if sizes.len() < 2 {
        return Err(RandomError::Sizes(sizes.to_vec()));
    }
    for (position, pair) in sizes.windows(2).enumerate() {
        model.linear(&(2 * position).to_string(), pair[1], pair[0]);
    }
    Ok(model)
}

/// The model of a name: torchvision's `vgg11`, `vgg16_bn` and the like, `alexnet`, or `mlp-` and sizes with dashes between
/// them. `classes` counts for those whose name does not give it.
///
/// # Errors
/// A name of no model, or what [`vgg`], [`alexnet`] or [`mlp`] refuse.
pub fn named(name: &str, classes: usize, seed: u64) -> Result<RandomModel, RandomError> {
    let unknown = || RandomError::Name(name.to_string());
    if let Some(sizes) = name.strip_prefix("mlp-") {
        let sizes: Option<Vec<usize>> = sizes.split('-').map(|size| size.parse().ok()).collect();
        return mlp(&sizes.ok_or_else(unknown)?, seed);
    }
    if let Some(rest) = name.strip_prefix("vgg") {
        let depth = rest.strip_suffix("_bn").unwrap_or(rest);
        return vgg(depth.parse().map_err(|_| unknown())?, depth != rest, classes, seed);
    }
    if name == "alexnet" { alexnet(classes, seed) } else { Err(unknown()) }
}

impl RandomModel {
    fn new(seed: u64, sizes: &[usize]) -> Result<Self, RandomError> {
        // No layer of a sensible model has 2^32 features; with fewer, no number of values overflows.
        let sound = sizes.iter().all(|&size| size > 0 && u32::try_from(size).is_ok());
        if sound { Ok(RandomModel { seed, tensors: Vec::new() }) } else { Err(RandomError::Sizes(sizes.to_vec())) }
    }

    /// The number of parameters.
    pub fn parameters(&self) -> usize {
        self.tensors.iter().map(|tensor| tensor.shape.iter().product::<usize>()).fold(0, usize::saturating_add)
    }

    /// Writes the model as a safetensors file, tensor by tensor as they are made: no two are in memory, nor is one whole.
    ///
    /// # Errors
    /// A file that cannot be written, or is not because the monitor stops it.
    pub fn write(&self, output: impl Into<Output>, monitor: &dyn Monitor) -> Result<(), WriteError> {
        const AT_ONCE: usize = 1 << 16;
        let tensor = |(position, tensor): (usize, &Initial)| {
            // Values that end too early make no file.
            let goes_on = |(number, _): &(usize, f32)| !number.is_multiple_of(AT_ONCE) || !monitor.cancelled();
            let values = tensor.values(self.seed, position).enumerate().take_while(goes_on).map(|(_, value)| value);
            Tensor::made(tensor.name.clone(), &tensor.shape, values)
        };
        let notes = [("format", "pt"), (GENERATOR, env!("CARGO_PKG_VERSION"))];
        write_tensors(output, self.tensors.iter().enumerate().map(tensor).collect(), &notes, Seal::None)
    }

    /// The model in memory. `input_shape` is that of the input, instead of the one that its architecture is known for.
    ///
    /// # Errors
    /// An input shape that the architecture does not take.
    pub fn model(&self, input_shape: Option<&[usize]>) -> Result<Model, ImportError> {
        let path = Path::new("the random model");
        let unsupported = |reason| ImportError::unsupported(path, reason);
        let architecture = recognise(self, input_shape)
            .unwrap_or_else(|| Err("is not recognised".to_string()))
            .map_err(unsupported)?;
        assemble(path, self, &architecture)
    }

    fn convolution(&mut self, name: &str, outputs: usize, inputs: usize, kernel: usize) {
        let deviation = (2.0 / (outputs * kernel * kernel) as f64).sqrt();
        self.weights(name, vec![outputs, inputs, kernel, kernel], deviation);
    }

    fn linear(&mut self, name: &str, outputs: usize, inputs: usize) {
        self.weights(name, vec![outputs, inputs], (2.0 / inputs as f64).sqrt());
    }

    fn weights(&mut self, name: &str, shape: Vec<usize>, deviation: f64) {
        let outputs = shape[0];
        let distribution = Distribution::Normal { deviation };
        self.tensors.push(Initial { name: format!("{name}.weight"), shape, distribution });
        self.constant(&format!("{name}.bias"), outputs, 0.0);
    }

    fn constant(&mut self, name: &str, length: usize, value: f32) {
        let distribution = Distribution::Constant(value);
        self.tensors.push(Initial { name: name.to_string(), shape: vec![length], distribution });
    }

    fn find(&self, name: &str) -> Option<(usize, &Initial)> {
        self.tensors.iter().enumerate().find(|(_, tensor)| tensor.name == name)
    }
}

impl Tensors for RandomModel {
    fn names(&self) -> Vec<&str> {
        self.tensors.iter().map(|tensor| tensor.name.as_str()).collect()
    }

    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.find(name).map(|(_, tensor)| &tensor.shape[..])
    }

    fn values(&self, name: &str) -> Option<Result<Weights, String>> {
        self.find(name).map(|(position, tensor)| Ok(tensor.values(self.seed, position).collect()))
    }
}

impl Initial {
    fn values(&self, seed: u64, position: usize) -> impl Iterator<Item = f32> + use<> {
        let mut normal = Normal::new(seed, position as u64);
        let distribution = self.distribution;
        (0..self.shape.iter().product()).map(move |_| match distribution {
            Distribution::Constant(value) => value,
            Distribution::Normal { deviation } => (deviation * normal.next()) as f32,
        })
    }
}

/// Standard normal numbers, by Marsaglia's polar method.
struct Normal {
    generator: ChaCha8Rng,
    /// The method makes two numbers at a time.
    second: Option<f64>,
}

impl Normal {
    fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Normal { generator, second: None }
    }

    fn next(&mut self) -> f64 {
        if let Some(second) = self.second.take() {
            return second;
        }
        loop {
            let (x, y) = (self.symmetric(), self.symmetric());
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let factor = (-2.0 * libm::log(square) / square).sqrt();
                self.second = Some(y * factor);
                return x * factor;
            }
        }
    }

    /// Uniform between −1 and 1.
    fn symmetric(&mut self) -> f64 {
        (self.generator.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}
