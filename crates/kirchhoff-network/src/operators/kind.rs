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
    /// A softmax inside the network.
    Softmax,
}

impl LayerKind {
    /// Whether the layer has weights.
    pub fn is_weighted(self) -> bool {
        matches!(self, LayerKind::Dense | LayerKind::Convolution | LayerKind::Affine)
    }

    /// Whether relevance always passes on unchanged, so that no rule is chosen.
    pub fn is_passing(self) -> bool {
        matches!(self, LayerKind::Passing | LayerKind::Softmax)
    }
}
