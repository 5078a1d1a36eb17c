//! Smaller networks compute what larger ones do with neurons set to 0; ONNX files compute what networks do.

use std::path::Path;
use std::sync::Arc;

use kirchhoff_kernel::Window;
use kirchhoff_network::export::onnx;
use kirchhoff_network::import::{ImportOptions, read};
use kirchhoff_network::{
    Activation, Convolution, Dense, Execution, Network, NetworkBuilder, Operator, Pool, PoolKind, Prunable, PruneError,
    Reshape, canonical,
};

/// Numbers between −1 and 1 that look random.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
    let next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn convolution(inputs: usize, outputs: usize, seed: u32) -> Operator {
    let window = Window { padding: [[1, 1]; 2], ..Window::new([3, 3]) };
    let (weights, bias) = (numbers(inputs * outputs * 9, seed).into(), Some(numbers(outputs, seed + 1).into()));
    Operator::Convolution(Convolution { inputs, outputs, groups: 1, window, weights, bias })
}

fn dense(inputs: usize, outputs: usize, seed: u32) -> Operator {
    let (weights, bias) = (numbers(inputs * outputs, seed).into(), Some(numbers(outputs, seed + 1).into()));
    Operator::Dense(Dense { inputs, outputs, weights, bias })
}

/// Two convolutions, of which the first also feeds a second branch, and two dense layers.
fn network(activation: Activation) -> Network {
    let mut builder = NetworkBuilder::new();
    let input = builder.input("input", &[2, 6, 6]).unwrap();
    let first = builder.add("c1", convolution(2, 5, 1), &[input]).unwrap();
    let active = builder.add("a1", Operator::Activation(activation), &[first]).unwrap();
    let pool = Pool { kind: PoolKind::Maximum, window: Some(Window { stride: [2, 2], ..Window::new([2, 2]) }) };
    let pooled = builder.add("p1", Operator::Pool(pool), &[active]).unwrap();
    let second = builder.add("c2", convolution(5, 3, 2), &[pooled]).unwrap();
    let third = builder.add("c3", convolution(5, 3, 3), &[pooled]).unwrap();
    let sum = builder.add("sum", Operator::Add, &[second, third]).unwrap();
    let active = builder.add("a2", Operator::Activation(Activation::Relu), &[sum]).unwrap();
    let flat = builder.add("flat", Operator::Reshape(Reshape { shape: vec![27] }), &[active]).unwrap();
    let hidden = builder.add("d1", dense(27, 7, 4), &[flat]).unwrap();
    let active = builder.add("a3", Operator::Activation(activation), &[hidden]).unwrap();
    let output = builder.add("d2", dense(7, 4, 5), &[active]).unwrap();
    builder.finish(output).unwrap()
}

fn close(a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "{a} is not {b}");
    }
}

#[test]
fn removing_neurons_is_setting_them_to_0() {
    // Behind a sigmoid, too, whose value at 0 is none.
    for activation in [Activation::Relu, Activation::Sigmoid] {
        let network = Arc::new(network(activation));
        let inputs = numbers(3 * 72, 9);
        let execution = Execution::run(network.clone(), &inputs, 3, &()).unwrap();
        for (layer, removed) in [("c1", vec![1, 4]), ("c1", vec![0, 1, 2, 3]), ("d1", vec![6, 0, 3]), ("d1", vec![])] {
            let prunable = Prunable::new(&network, network.find(layer).unwrap()).unwrap();
            let mut values = execution.activations(prunable.silenced).to_vec();
            let positions = values.len() / (3 * prunable.neurons);
            for (at, value) in values.iter_mut().enumerate() {
                if removed.contains(&(at / positions % prunable.neurons)) {
                    *value = 0.0;
                }
            }
            let silenced = execution.with_activations(prunable.silenced, values.into(), &()).unwrap();
            let smaller = prunable.without(&network, &removed).unwrap();
            let expected = network.parameters() - smaller.parameters();
            let each = if layer == "c1" { 18 + 1 + 2 * 27 } else { 27 + 1 + 4 };
            assert_eq!(expected, each * removed.len());
            close(Execution::run(Arc::new(smaller), &inputs, 3, &()).unwrap().outputs(), silenced.outputs());
            // What does not depend on the layer stays as it is.
            let input = network.input();
            assert!(std::ptr::eq(&**execution.activations(input), &**silenced.activations(input)));
        }
    }
}

#[test]
fn what_cannot_be_removed_is_refused() {
    let network = network(Activation::Relu);
    let of = |name: &str| Prunable::new(&network, network.find(name).unwrap());
    assert!(of("c2").unwrap_err().to_string().contains("because layer 'sum' (addition) takes them"));
    assert_eq!(of("d2"), Err(PruneError::Output("d2".to_string())));
    assert!(matches!(of("p1"), Err(PruneError::Layer { .. })));
    let all: Vec<usize> = (0..7).collect();
    assert_eq!(of("d1").unwrap().without(&network, &all).unwrap_err(), PruneError::All("d1".to_string()));
}

fn written_and_read(network: &Network, folder: &Path) -> Network {
    let path = folder.join("a.onnx");
    std::fs::write(&path, onnx(network)).unwrap();
    read(&path, &ImportOptions::default()).unwrap().network
}

#[test]
fn onnx_files_compute_what_networks_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut networks = vec![network(Activation::Relu), network(Activation::Silu)];
    for activation in [
        Activation::LeakyRelu { slope: 0.2 },
        Activation::Clip { low: -0.5, high: 0.75 },
        Activation::Tanh,
        Activation::Elu { alpha: 0.5 },
        Activation::Gelu { tanh: false },
        Activation::Gelu { tanh: true },
    ] {
        networks.push(network(activation));
    }
    // Every operator that the importer knows stands in one of its fixtures.
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/onnx");
    let mut entries: Vec<_> = std::fs::read_dir(fixtures).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries.iter().filter(|path| path.extension().is_some_and(|extension| extension == "onnx")) {
        if let Ok(model) = read(path, &ImportOptions::default()) {
            networks.extend(canonical(&model.network));
            networks.push(model.network);
        }
    }
    assert!(networks.len() > 20, "fixtures are read");
    for network in networks {
        let again = written_and_read(&network, folder.path());
        let size: usize = network.node(network.input()).shape.iter().product();
        let inputs = numbers(2 * size, 3);
        let run = |network: Network| {
            Execution::run(Arc::new(network), &inputs, 2, &()).map(|execution| execution.outputs().to_vec())
        };
        assert_eq!(again.node(again.input()).shape, network.node(network.input()).shape);
        match run(network) {
            Ok(outputs) => close(&run(again).unwrap(), &outputs),
            Err(error) => assert_eq!(run(again).unwrap_err().to_string().len(), error.to_string().len()),
        }
    }
}
