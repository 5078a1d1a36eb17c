//! Networks as lists of layers: the common form of recognised architectures and of description files.

use std::path::{Path, PathBuf};

use kirchhoff_kernel::Window;

use crate::operators::{Activation, PoolKind, SliceAxis};
use crate::preprocessing::Preprocessing;

/// A network without its weights.
#[derive(Clone, Debug)]
pub(crate) struct Architecture {
    /// The file that describes it; `None` if it was recognised.
    pub(crate) source: Option<PathBuf>,
    pub(crate) input_name: String,
    pub(crate) input_shape: Vec<usize>,
    pub(crate) layers: Vec<Layer>,
    /// Name of the output; the last layer if there is none.
    pub(crate) output: Option<Reference>,
    pub(crate) preprocessing: Option<Preprocessing>,
    pub(crate) classes: Option<Vec<String>>,
    /// Tensors that start with one of these may be left unused.
    pub(crate) ignored: Vec<String>,
}

/// The name of a layer, and the line where it is named.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) name: String,
    pub(crate) line: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) name: String,
    /// What the names of its tensors start with, before a dot.
    pub(crate) tensors: String,
    /// The layers it takes; the one before it if there are none.
    pub(crate) inputs: Option<Vec<Reference>>,
    pub(crate) kind: Kind,
    /// Where it is described.
    pub(crate) line: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Dense,
    Convolution(Sliding),
    Pool {
        kind: PoolKind,
        window: Window,
    },
    GlobalPool(PoolKind),
    /// A pool whose window is what makes the result this large.
    AdaptivePool {
        kind: PoolKind,
        size: [usize; 2],
    },
    BatchNormalization {
        epsilon: f64,
    },
    Affine,
    Activation(Activation),
    Add,
    Concatenate {
        axis: usize,
    },
    Slice {
        axes: Vec<SliceAxis>,
    },
    Transpose {
        axes: Vec<usize>,
    },
    Reshape {
        shape: Vec<usize>,
    },
    Flatten,
    Pad {
        border: Vec<[usize; 2]>,
        value: f32,
    },
    Dropout,
    Softmax {
        logarithm: bool,
    },
}

/// What a convolution's weights do not tell about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sliding {
    /// The kernel, where it is known without the weights.
    pub(crate) kernel: Option<[usize; 2]>,
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [[usize; 2]; 2],
    pub(crate) dilation: [usize; 2],
    pub(crate) groups: usize,
}

impl Sliding {
    /// A convolution with a square kernel and the same padding on all sides, as recognised architectures have them.
    pub(crate) fn square(kernel: usize, stride: usize, padding: usize) -> Self {
        Sliding {
            kernel: Some([kernel; 2]),
            stride: [stride; 2],
            padding: [[padding; 2]; 2],
            dilation: [1; 2],
            groups: 1,
        }
    }
}

impl Architecture {
    /// An architecture that no file describes.
    pub(crate) fn recognised(input_shape: Vec<usize>, layers: Vec<(String, Kind)>) -> Self {
        let layers = layers.into_iter();
        let layer = |(name, kind): (String, Kind)| Layer { tensors: name.clone(), name, inputs: None, kind, line: 0 };
        Architecture {
            source: None,
            input_name: "input".to_string(),
            input_shape,
            layers: layers.map(layer).collect(),
            output: None,
            preprocessing: None,
            classes: None,
            ignored: Vec::new(),
        }
    }

    /// The place that a message about a layer names: the line of the description, or else the model file.
    pub(crate) fn place<'a>(&'a self, model: &'a Path, line: usize) -> (&'a Path, Option<usize>) {
        self.source.as_deref().map_or((model, None), |source| (source, Some(line)))
    }
}
