//! What an execution refuses.

use std::sync::Arc;

use kirchhoff_kernel::Window;
use kirchhoff_network::{Dense, Execution, ExecutionError, NetworkBuilder, Operator, Pool, PoolKind};

#[test]
fn inputs_must_be_whole_and_finite() {
    let mut builder = NetworkBuilder::new();
    let input = builder.input("input", &[2]).unwrap();
    let dense = Dense { inputs: 2, outputs: 1, weights: vec![f32::MAX, f32::MAX].into(), bias: None };
    let output = builder.add("0", Operator::Dense(dense), &[input]).unwrap();
    let network = Arc::new(builder.finish(output).unwrap());
    let run = |inputs: &[f32], batch| Execution::run(network.clone(), inputs, batch, &()).map(|_| ()).unwrap_err();
    assert_eq!(run(&[0.0; 3], 2), ExecutionError::Size { got: 3, batch: 2, shape: vec![2] });
    assert_eq!(
        run(&[0.0, 0.0, 0.0, f32::INFINITY], 2),
        ExecutionError::NotFinite { input: 1, position: 1, value: f32::INFINITY }
    );
    assert!(matches!(run(&[0.0, f32::NAN], 1), ExecutionError::NotFinite { position: 1, .. }));
    let overflow = ExecutionError::Overflow { layer: "0".to_string(), input: 1 };
    assert_eq!(run(&[0.0, 0.0, 2.0, 2.0], 2), overflow);
}

#[test]
fn maxima_over_padding_alone_are_refused() {
    let mut builder = NetworkBuilder::new();
    let input = builder.input("input", &[1, 2, 2]).unwrap();
    let window = Window::new([1, 1]).with_padding([1, 1]);
    let pool = Operator::Pool(Pool { kind: PoolKind::Maximum, window: Some(window) });
    let output = builder.add("pool", pool, &[input]).unwrap();
    let network = Arc::new(builder.finish(output).unwrap());
    let error = Execution::run(network, &[1.0; 4], 1, &()).map(|_| ()).unwrap_err();
    assert_eq!(error, ExecutionError::EmptyWindow { layer: "pool".to_string() });
    assert!(error.to_string().contains("wholly in its padding"));
}
