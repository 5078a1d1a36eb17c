//! Provenance circuits.

mod layered;

pub use layered::{
    Absorbed, CircuitError, Destinations, Layer, LayerContributions, LayerRule, LayeredCircuit, Link, Normaliser, Part,
    SeparableRule, Stabiliser, Tensor, TensorId,
};
