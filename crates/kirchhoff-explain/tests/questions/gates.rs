//! Gate circuits belong to their networks.

use kirchhoff_network::{Activation, NetworkBuilder, Operator};

use kirchhoff_explain::{ExplainError, NetworkNote};
use kirchhoff_network::network_hash;

#[test]
fn a_circuit_belongs_to_the_network_of_its_hash() {
    let network = |function| {
        let mut builder = NetworkBuilder::new();
        let input = builder.input("x", &[2]).unwrap();
        let output = builder.add("0", Operator::Activation(function), &[input]).unwrap();
        builder.finish(output).unwrap()
    };
    let (own, other) = (network(Activation::Relu), network(Activation::Tanh));
    let note =
        |hash: String| NetworkNote { hash, low: vec![], high: vec![], max_pool: "winner".to_string(), logits: vec![] };
    assert_eq!(note(network_hash(&own)).check(&own, "m"), Ok(()));
    let model = || "m".to_string();
    assert_eq!(note(network_hash(&own)).check(&other, "m"), Err(ExplainError::OtherNetwork { model: model() }));

    let earlier = note("ab".repeat(32)).check(&own, "m").unwrap_err();
    assert_eq!(earlier, ExplainError::NetworkHash { model: model(), version: 1 });
    assert_eq!(
        earlier.to_string(),
        "the circuit of `m` was stored by an earlier version of Kirchhoff, which told networks apart by another hash \
         (version 1, now 2): compile the circuit again"
    );
    let later = note(format!("3:{}", "ab".repeat(32))).check(&own, "m").unwrap_err();
    assert!(later.to_string().contains("a later version of Kirchhoff"), "{later}");
}
