//! Operators as rules tell them apart.

/// What kind of layer an operator is: which rules it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// Dense.
    Dense,
    /// Convolution.
    Convolution,
    /// A multiplication and addition per channel that could not be folded into a linear layer.
    Affine,
    /// Average pooling.
    AveragePooling,
    /// Maximum pooling.
    MaximumPooling,
    /// Addition.
    Addition,
    /// Everything that always passes relevance on.
    Passing,
    /// A multiplication by a constant that could not be folded into a linear layer.
    Scale,
    /// A sum or mean over axes, or an interpolation.
    Mean,
    /// The largest or smallest of several values, which takes all relevance.
    Extreme {
        /// Whether it is the largest.
        maximum: bool,
    },
    /// A choice by a condition between two values, of which the one taken gets all relevance.
    Conditional,
    /// A product of two values that depend on the input.
    Product,
    /// A matrix product of two such tensors.
    MatrixProduct,
    /// Normalisation by what the input has.
    Normalisation {
        /// Whether the mean is taken away.
        centred: bool,
    },
    /// A softmax inside the network.
    Softmax,
    /// Values that do not depend on the input, and have no layer.
    Constant,
}

impl LayerKind {
    /// Whether the layer has weights.
    pub fn is_weighted(self) -> bool {
        matches!(self, LayerKind::Dense | LayerKind::Convolution | LayerKind::Affine | LayerKind::Scale)
    }

    /// Whether relevance always passes on unchanged, so that no rule is chosen.
    pub fn is_passing(self) -> bool {
        matches!(self, LayerKind::Passing | LayerKind::Conditional | LayerKind::Constant)
    }
}
