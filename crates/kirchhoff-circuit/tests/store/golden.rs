//! Files that every version so far has written, and what is in them: what one version stored the next one reads, or refuses
//! by its number.
//!
//! The files stand in `tests/golden` as `KIND-VERSION.safetensors`, the values of their outputs beside them. With
//! `KIRCHHOFF_WRITE_GOLDEN=1` the tests write those of the present version; those of former versions are never written
//! again.

use std::path::PathBuf;

use kirchhoff_circuit::{
    Bias, CircuitFile, CircuitKind, Destinations, GateBuilder, GateCircuit, GateLayer, Layer, LayerRule,
    LayeredCircuit, Link, LinkWeights, Normaliser, Notes, Part, SeparableRule, Stabiliser, StoreError, Tensor,
    TensorId, WeightStorage, save_gates, save_layered,
};
use kirchhoff_evaluate::{Bookkeeping, Keep, PerEdge, PerLeaf, fold, stream};
use kirchhoff_kernel::{Sliding, Slopes, SourceFactor, View, WeightFactor, Weights, Window, Wiring};
use kirchhoff_semiring::{Interval, Law, Laws, Real};
use serde_json::json;

use crate::random::Random;

/// The version of the format that is written for each kind, and those that are read.
const GATES: (u32, &[u32]) = (2, &[1, 2]);
const LAYERED: (u32, &[u32]) = (2, &[1, 2]);

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn notes() -> Notes {
    serde_json::from_value(json!({ "model": "of a test", "θ": [0.1, null] })).unwrap()
}

/// Every kind of gate, with names that files have to quote, and laws.
fn gates() -> GateCircuit {
    let layer = |name: &str, rule: &str, range| GateLayer { name: name.into(), rule: rule.into(), range };
    let half_open = Interval { low: 0.0, high: f64::INFINITY, closed_below: false, closed_above: true };
    let layers = vec![
        layer("0", "zero", Some(Interval::REALS)),
        layer("ζ \"1\"", "max-abs", Some(Interval::UNIT)),
        layer("half", "w-square", Some(half_open)),
        layer("relu", "pass", None),
    ];
    let mut builder = GateBuilder::new(layers, 100);
    let variables = ["start[0]", "w2[17→4]", "", "never used"].map(|name| builder.declare(name));
    let [start, edge, nameless] = [0, 1, 2].map(|number| builder.variable(variables[number]).unwrap());
    let [a, b, c] = [(0, -1.5), (1, 0.25), (2, 3.0)].map(|(layer, d)| builder.contribution(layer, d).unwrap());
    let [zero, one] = [builder.zero().unwrap(), builder.one().unwrap()];
    let product = builder.times(&[a, edge, start]).unwrap();
    let sum = builder.plus(&[product, b, one, zero]).unwrap();
    let top = builder.times(&[sum, c, nameless]).unwrap();
    builder.output("input", &[1, 2, 1], &[top, product]).unwrap();
    builder.output("hidden", &[], &[sum]).unwrap();
    builder.require(Laws::of(&[Law::CommutativeTimes]));
    builder.finish().unwrap()
}

fn separable(parts: Vec<Part>) -> LayerRule {
    LayerRule::Separable(SeparableRule { parts })
}

fn part(numerators: &[(SourceFactor, WeightFactor)], stabiliser: Stabiliser) -> Part {
    Part {
        coefficient: 1.0,
        numerators: numerators.to_vec(),
        bias: true,
        normaliser: Normaliser::Sum,
        stabiliser,
        destinations: Destinations::All,
    }
}

/// Every wiring and every piece that rules are made of.
fn layered() -> LayeredCircuit {
    let mut random = Random(7);
    let mut floats = |count: usize| -> Vec<f32> { (0..count).map(|_| random.below(64) as f32 / 16.0 - 1.5).collect() };
    let window = Window::new([3, 3]).with_padding([1, 1]);
    let convolution = Sliding { window, inputs: 2, outputs: 2, groups: 1, source: [4, 4], destination: [4, 4] };
    let window = Window::new([2, 2]).with_stride([2, 2]);
    let pool = Sliding { window, inputs: 2, outputs: 2, groups: 2, source: [4, 4], destination: [2, 2] };
    let view = View {
        shape: vec![2, 4],
        source_start: 0,
        source_strides: vec![1, 2],
        source_size: 8,
        destination_start: 0,
        destination_strides: vec![4, 1],
        destination_size: 8,
    };
    let names = ["input", "0", "pool", "transposed", "add", "head"];
    let shapes: [&[usize]; 6] = [&[2, 4, 4], &[2, 4, 4], &[2, 2, 2], &[8], &[8], &[3]];
    let tensors = names.into_iter().zip(shapes).map(|(name, shape)| Tensor {
        name: name.to_string(),
        shape: shape.to_vec(),
        activations: floats(2 * shape.iter().product::<usize>()).into(),
    });
    let tensors: Vec<Tensor> = tensors.collect();
    let activation = |slopes| SourceFactor::Activation(slopes);
    let weight = |positive, negative| WeightFactor::Weight(Slopes { positive, negative });
    let alpha_beta = separable(vec![
        Part {
            coefficient: 2.0,
            ..part(
                &[(activation(Slopes::POSITIVE), weight(1.0, 0.0)), (activation(Slopes::NEGATIVE), weight(0.0, 1.0))],
                Stabiliser::Signed(0.25),
            )
        },
        Part {
            coefficient: -1.0,
            bias: false,
            ..part(&[(SourceFactor::Channel([0.5, 1.0].into()), weight(0.0, 1.0))], Stabiliser::Signed(0.5))
        },
    ]);
    let largest = separable(vec![Part {
        bias: false,
        normaliser: Normaliser::Maximum,
        ..part(&[(activation(Slopes::ABSOLUTE), weight(1.0, -1.0))], Stabiliser::Added(1e-9))
    }]);
    let gamma = |destinations, positive, negative| Part {
        destinations,
        ..part(&[(activation(Slopes::IDENTITY), weight(positive, negative))], Stabiliser::Signed(1.0))
    };
    let flat = [(SourceFactor::One, WeightFactor::Square), (SourceFactor::One, WeightFactor::One)];
    let mixed = separable(vec![
        gamma(Destinations::Positive, 1.25, 1.0),
        gamma(Destinations::Negative, 1.0, 1.25),
        part(&flat, Stabiliser::RootMeanSquare(0.25)),
    ]);
    let layer = |destination: u32, sources: &[u32], wiring: Wiring, rule: LayerRule, rule_name: &str| Layer {
        name: names[destination as usize].to_string(),
        operator: "of a test".into(),
        links: sources
            .iter()
            .map(|&source| Link { source: TensorId(source), wiring: wiring.clone(), weights: LinkWeights::One })
            .collect(),
        destination: TensorId(destination),
        bias: None,
        scale: None,
        linear: false,
        rule,
        rule_name: rule_name.to_string(),
    };
    let mut values = |count: usize| -> Weights { floats(count).into() };
    let bias = |values: Weights, part: usize| Some(Bias { values, part });
    let layers = vec![
        {
            let weights = values(36);
            let bias = bias(values(2), 32);
            Layer { bias, ..layer(1, &[0], Wiring::Convolution(convolution), alpha_beta, "alpha-beta(2,1)") }
                .with_weights(weights)
        },
        layer(2, &[1], Wiring::Pool(pool), LayerRule::Winner, "winner"),
        layer(3, &[2], Wiring::View(view), LayerRule::Pass, "pass"),
        Layer { scale: Some([0.5; 8].into()), ..layer(4, &[2, 3], Wiring::Identity { size: 8 }, largest, "max-abs") },
        {
            let weights = values(24);
            let bias = bias(values(3), 3);
            Layer { bias, ..layer(5, &[4], Wiring::Dense { inputs: 8, outputs: 3 }, mixed, "mixed") }
                .with_weights(weights)
        },
    ];
    LayeredCircuit::new(2, tensors, layers, vec![TensorId(0)], TensorId(5)).unwrap()
}

fn gate_values(circuit: &GateCircuit) -> Vec<f32> {
    fold(circuit, &Real, &PerLeaf(|_, d| d), &[2.0, -0.5, 1.5, 8.0], &()).unwrap()
}

fn layered_values(circuit: &LayeredCircuit) -> Vec<f32> {
    let mut keep = Keep::input(circuit);
    let theta = PerEdge(|_: &Layer, d: f32| d);
    let start = vec![1.0; circuit.batch() * circuit.tensor(circuit.output()).size()];
    stream(circuit, &Real, &theta, &start, Bookkeeping::default(), &mut keep, &()).unwrap();
    keep.relevance(circuit.input()).unwrap().to_vec()
}

/// Holds the files of all versions to the values that are stored beside them, and the file that is written now to the
/// bytes of the one of the present version.
fn hold(
    kind: &str,
    (written, read): (u32, &[u32]),
    save: &dyn Fn(&std::path::Path),
    load: &dyn Fn(&CircuitFile) -> Vec<f32>,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("circuit.safetensors");
    save(&path);
    let present = golden(&format!("{kind}-{written}.safetensors"));
    if std::env::var_os("KIRCHHOFF_WRITE_GOLDEN").is_some() {
        std::fs::copy(&path, &present).unwrap();
        let values = serde_json::to_string(&load(&CircuitFile::open(&path).unwrap())).unwrap();
        std::fs::write(golden(&format!("{kind}-{written}.json")), values + "\n").unwrap();
    }
    let same = std::fs::read(&path).unwrap() == std::fs::read(&present).unwrap();
    assert!(
        same,
        "what is written is no longer version {written}: read both, and write the new one under another number"
    );
    for version in read {
        let file = CircuitFile::open(&golden(&format!("{kind}-{version}.safetensors"))).unwrap();
        file.verify().unwrap();
        assert_eq!((file.version(), file.notes().unwrap()), (*version, notes()));
        let stored = std::fs::read_to_string(golden(&format!("{kind}-{version}.json"))).unwrap();
        let expected: Vec<f32> = serde_json::from_str(&stored).unwrap();
        let values = load(&file);
        let largest = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        assert!(expected.len() == values.len() && largest > 0.0, "{values:?}");
        for (value, expected) in values.iter().zip(&expected) {
            assert!((value - expected).abs() <= 1e-6 * largest, "version {version}: {values:?}");
        }
    }
}

#[test]
fn gate_circuits_of_every_version_are_read() {
    let load = |file: &CircuitFile| {
        assert_eq!(file.kind(), CircuitKind::Gates);
        let loaded = file.gates().unwrap();
        assert_eq!((&loaded, loaded.laws()), (&gates(), gates().laws()));
        gate_values(&loaded)
    };
    hold("gates", GATES, &|path| save_gates(path, &gates(), &notes()).unwrap(), &load);
}

#[test]
fn layered_circuits_of_every_version_are_read() {
    let load = |file: &CircuitFile| {
        assert_eq!(file.kind(), CircuitKind::Layered);
        layered_values(&file.layered().unwrap())
    };
    let save = |path: &std::path::Path| save_layered(path, &layered(), WeightStorage::Embedded, &notes()).unwrap();
    hold("layered", LAYERED, &save, &load);
}

/// The next version of either kind is refused by its number, whatever else may be in it.
#[test]
fn versions_to_come_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("circuit.safetensors");
    for (kind, (written, _)) in [("gates", GATES), ("layered", LAYERED)] {
        let bytes = std::fs::read(golden(&format!("{kind}-{written}.safetensors"))).unwrap();
        let (old, new) = (format!(r#"{{\"version\":{written},"#), format!(r#"{{\"version\":{},"#, written + 1));
        let at = bytes.windows(old.len()).position(|window| window == old.as_bytes()).unwrap();
        std::fs::write(&path, [&bytes[..at], new.as_bytes(), &bytes[at + old.len()..]].concat()).unwrap();
        let error = CircuitFile::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Format { .. }), "{error}");
        let wanted =
            format!("it is of version {} of the format, not {written}: a newer Kirchhoff wrote it", written + 1);
        assert!(error.to_string().contains(&wanted), "{error}");
    }
}
