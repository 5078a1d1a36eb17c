//! Provenance circuits of network executions.
//!
//! A circuit is the formula `R[j] = ⊕_k Θ(d[j,k]) ⊗ R[k]` (Groudiev & Maniu 2024, 2.1.3) with one ⊕ gate a neuron and
//! one ⊗ gate an edge. Contributions `d` stay real numbers on its leaves; the annotation Θ is applied when the circuit is
//! evaluated, so that one circuit serves every semiring.
//!
//! A [`LayeredCircuit`] stores none of its gates. Each [`Layer`] holds its wiring, its weights and its rule, as data: a
//! [`SeparableRule`] is a sum of quotients of separable sums, from which
//! [`contributions`](LayeredCircuit::contributions) computes the normalisers.
//!
//! ```
//! use kirchhoff_circuit::{Layer, LayerRule, LayeredCircuit, Link, Tensor, TensorId};
//! use kirchhoff_kernel::Wiring;
//!
//! // Two neurons that pass their relevance on.
//! let tensor = |name: &str| Tensor { name: name.to_string(), shape: vec![2], activations: [1.0, 2.0].into() };
//! let layer = Layer {
//!     name: "relu".to_string(),
//!     operator: "ReLU",
//!     links: vec![Link { source: TensorId(0), wiring: Wiring::Identity { size: 2 } }],
//!     destination: TensorId(1),
//!     weights: None,
//!     bias: None,
//!     scale: None,
//!     linear: false,
//!     rule: LayerRule::Pass,
//!     rule_name: "pass".to_string(),
//! };
//! let circuit =
//!     LayeredCircuit::new(1, vec![tensor("input"), tensor("relu")], vec![layer], TensorId(0), TensorId(1))?;
//! assert_eq!(circuit.edges(), 2);
//! # Ok::<(), kirchhoff_circuit::CircuitError>(())
//! ```

mod gates;
mod layered;

pub use gates::{
    DEFAULT_MAX_GATES, FlatArray, Gate, GateArrays, GateBuilder, GateCircuit, GateError, GateId, GateKind, GateLayer,
    GateSize, KeepEdge, OutputTensor, Start, UnrollError, UnrollOptions, unroll,
};
pub use layered::{
    Absorbed, CircuitError, Destinations, Layer, LayerContributions, LayerRule, LayeredCircuit, Link, Normaliser, Part,
    SeparableRule, Stabiliser, Tensor, TensorId,
};
