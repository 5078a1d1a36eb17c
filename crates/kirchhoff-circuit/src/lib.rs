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
//! use kirchhoff_circuit::{Layer, LayerRule, LayeredCircuit, Link, LinkWeights, Tensor, TensorId};
//! use kirchhoff_kernel::Wiring;
//!
//! // Two neurons that pass their relevance on.
//! let tensor = |name: &str| Tensor { name: name.to_string(), shape: vec![2], activations: [1.0, 2.0].into() };
//! let layer = Layer {
//!     name: "relu".to_string(),
//!     operator: "ReLU".into(),
//!     links: vec![Link { source: TensorId(0), wiring: Wiring::Identity { size: 2 }, weights: LinkWeights::One }],
//!     destination: TensorId(1),
//!     bias: None,
//!     scale: None,
//!     linear: false,
//!     rule: LayerRule::Pass,
//!     rule_name: "pass".to_string(),
//! };
//! let circuit =
//!     LayeredCircuit::new(1, vec![tensor("input"), tensor("relu")], vec![layer], vec![TensorId(0)], TensorId(1))?;
//! assert_eq!(circuit.edges(), 2);
//! # Ok::<(), kirchhoff_circuit::CircuitError>(())
//! ```
//!
//! A [`GateCircuit`] has every gate explicit, in flat arrays that may lie in a mapped file. [`unroll`] makes it from a
//! layered circuit, under a limit; a [`GateBuilder`] makes it gate by gate; [`simplify`] rewrites it by the laws of a
//! class of semirings, which the result records. The feature `saturate` adds equality saturation, which finds smaller ones.
//!
//! ```
//! # use kirchhoff_circuit::{Layer, LayerRule, LayeredCircuit, Link, LinkWeights, Tensor, TensorId};
//! # use kirchhoff_kernel::Wiring;
//! # let tensor = |name: &str| Tensor { name: name.to_string(), shape: vec![2], activations: [1.0, 2.0].into() };
//! # let layer = |number: u32| Layer {
//! #     name: format!("relu{number}"),
//! #     operator: "ReLU".into(),
//! #     links: vec![Link { source: TensorId(number), wiring: Wiring::Identity { size: 2 }, weights: LinkWeights::One }; 2],
//! #     destination: TensorId(number + 1),
//! #     bias: None,
//! #     scale: None,
//! #     linear: false,
//! #     rule: LayerRule::Pass,
//! #     rule_name: "pass".to_string(),
//! # };
//! # let tensors = vec![tensor("input"), tensor("x2"), tensor("x4")];
//! # let layered = LayeredCircuit::new(1, tensors, vec![layer(0), layer(1)], vec![TensorId(0)], TensorId(2))?;
//! use kirchhoff_circuit::{Gate, Start, UnrollOptions, simplify, unroll};
//! use kirchhoff_semiring::{Law, Laws};
//!
//! // Two layers, each of which passes everything on twice: 4 paths from a target to its input.
//! let start = Start::OnesAt(vec![0]);
//! let circuit = unroll(&layered, &UnrollOptions { start, ..UnrollOptions::default() }, &())?;
//! let [relevant, irrelevant] = circuit.outputs() else { panic!("two inputs") };
//! let Gate::Plus(&[twice, same]) = circuit.gate(*relevant) else { panic!("a sum") };
//! assert_eq!(twice, same);
//!
//! // Where ⊕ is idempotent, one path is as good as four.
//! let (simplified, report) = simplify(&circuit, Laws::of(&[Law::IdempotentPlus]))?;
//! assert_eq!(simplified.gates(), 2);
//! assert_eq!(simplified.gate(simplified.outputs()[0]), Gate::One);
//! assert_eq!(report.count("merge-summands"), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod gates;
mod layered;
mod store;

pub use gates::{
    ContributionError, DEFAULT_MAX_GATES, EdgeError, EdgeMap, Firings, FlatArray, Gate, GateArrays, GateBuilder,
    GateCircuit, GateError, GateId, GateKind, GateLayer, GateSize, KeepEdge, LeafEdges, Leaves, MappedGates,
    OutputTensor, RewriteInfo, SimplifyReport, Start, UnrollError, UnrollOptions, Variables, edge_name, neuron_name,
    neuron_position, neurons_at, simplify, tensor_label, unroll,
};
#[cfg(feature = "saturate")]
pub use gates::{SaturateError, SaturateOptions, SaturateReport, StopReason, rewrites, saturate};
pub use layered::{
    Absorbed, Bias, CircuitError, Conditions, Destinations, Layer, LayerContributions, LayerRule, LayeredCircuit, Link,
    LinkWeights, Normaliser, Part, RuleError, SeparableRule, Stabilised, Stabiliser, Tensor, TensorId,
};
pub use store::{CircuitFile, CircuitKind, Notes, StoreError, WeightStorage, save_gates, save_layered};
