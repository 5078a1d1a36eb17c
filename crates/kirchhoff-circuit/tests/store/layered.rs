//! Layered circuits: stored and loaded, with their weights inside or elsewhere, whole or damaged.

use std::path::Path;
use std::sync::Arc;

use kirchhoff_circuit::{
    Bias, CircuitFile, Destinations, Layer, LayerRule, LayeredCircuit, Link, LinkWeights, Normaliser, Notes, Part,
    SeparableRule, Stabiliser, StoreError, Tensor, TensorId, UnrollOptions, WeightStorage, save_gates, save_layered,
    unroll,
};
use kirchhoff_evaluate::{Bookkeeping, Keep, PerEdge, PerLeaf, fold, stream};
use kirchhoff_file::{MappedFile, Output, Seal, TensorFile, write_tensors};
use kirchhoff_kernel::{Axes, Sliding, Slopes, SourceFactor, View, WeightFactor, Weights, Window, Wiring};
use kirchhoff_semiring::{Boolean, Real};

use crate::damage::{damaged, forged, refuses_every_beginning};
use crate::random::{Random, circuit};

const KEY: &str = "kirchhoff-circuit";

fn floats(random: &mut Random, count: usize) -> Vec<f32> {
    (0..count).map(|_| random.below(64) as f32 / 16.0 - 2.0).collect()
}

/// A rule of one part, with every kind of factor somewhere.
fn rule(random: &mut Random) -> LayerRule {
    let maximum = random.below(2) == 0;
    let signed = [
        (SourceFactor::Activation(Slopes::IDENTITY), WeightFactor::IDENTITY),
        (SourceFactor::Channel([-0.5, -1.0].into()), WeightFactor::Weight(Slopes::POSITIVE)),
    ];
    let positive = [(SourceFactor::Activation(Slopes::ABSOLUTE), WeightFactor::Weight(Slopes::ABSOLUTE))];
    LayerRule::Separable(SeparableRule {
        parts: vec![Part {
            coefficient: 1.0,
            numerators: if maximum { positive.to_vec() } else { signed.to_vec() },
            bias: !maximum,
            normaliser: if maximum { Normaliser::Maximum } else { Normaliser::Sum },
            stabiliser: if maximum { Stabiliser::Added(1e-9) } else { Stabiliser::Signed(0.1) },
            destinations: Destinations::All,
        }],
    })
}

/// A convolution, a maximum pool, a transposition, a residual addition and a dense layer, of two executions. Its weights
/// lie in a mapped file, unless there is none.
fn layered(random: &mut Random, file: Option<&Path>) -> LayeredCircuit {
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
    let values = [floats(random, 36), floats(random, 2), floats(random, 24)];
    let weights: Vec<Weights> = match file {
        None => values.iter().map(|values| values.clone().into()).collect(),
        Some(path) => {
            let names = ["a", "b", "c"];
            let tensor = |(name, values): (&str, &'_ Vec<f32>)| {
                kirchhoff_file::Tensor::made(name, &[values.len()], values.clone().into_iter())
            };
            write_tensors(
                Output::new(path).forced(true),
                names.into_iter().zip(&values).map(tensor).collect(),
                &[],
                Seal::None,
            )
            .unwrap();
            let tensors = TensorFile::open(path).unwrap();
            let mapped = Arc::new(MappedFile::open(path).unwrap());
            names.map(|name| Weights::mapped(&mapped, tensors.range(name).unwrap()).unwrap()).to_vec()
        }
    };
    let shapes: [&[usize]; 10] = [&[2, 4, 4], &[2, 4, 4], &[2, 2, 2], &[8], &[8], &[3], &[3], &[3, 2], &[3], &[3]];
    let names = ["input", "0", "pool", "transposed", "add", "head", "square", "rows", "least", "own"];
    let mut tensor = |(name, shape): (&str, &[usize])| Tensor {
        name: name.to_string(),
        shape: shape.to_vec(),
        activations: floats(random, 2 * shape.iter().product::<usize>()).into(),
    };
    let tensors: Vec<Tensor> = names.into_iter().zip(shapes).map(&mut tensor).collect();
    let layer = |destination: u32, sources: &[u32], wiring: Wiring, rule: LayerRule| Layer {
        name: names[destination as usize].to_string(),
        operator: "of a test".into(),
        links: sources
            .iter()
            .map(|&source| Link { source: TensorId(source), wiring: wiring.clone(), weights: LinkWeights::One })
            .collect(),
        destination: TensorId(destination),
        bias: None,
        scale: None,
        linear: true,
        rule,
        rule_name: "rule".to_string(),
    };
    let layers = vec![
        Layer {
            bias: Some(Bias { values: weights[1].clone(), part: 32 }),
            ..layer(1, &[0], Wiring::Convolution(convolution), rule(random))
        }
        .with_weights(weights[0].clone()),
        Layer { linear: false, ..layer(2, &[1], Wiring::Pool(pool), LayerRule::Winner) },
        layer(3, &[2], Wiring::View(view), LayerRule::Pass),
        Layer { scale: Some([0.5; 8].into()), ..layer(4, &[2, 3], Wiring::Identity { size: 8 }, rule(random)) },
        layer(5, &[4], Wiring::Dense { inputs: 8, outputs: 3 }, rule(random)).with_weights(weights[2].clone()),
    ];
    let mut layers = layers;
    // A product with itself, a dense layer on each row, the smaller of a row, and weights and factors of each execution.
    let magnitude = (SourceFactor::Activation(Slopes::ABSOLUTE), WeightFactor::Weight(Slopes::ABSOLUTE));
    let part = Part { bias: false, stabiliser: Stabiliser::Added(0.5), ..Part::share([magnitude], 0.5) };
    let shares = LayerRule::Separable(SeparableRule { parts: vec![part] });
    let each = Axes::contraction(&[3], &[0], &[0], &[0]).unwrap();
    let mut square = layer(6, &[5], Wiring::Axes(each.clone()), shares.clone());
    square.links[0].weights = LinkWeights::Tensor(TensorId(5));
    let rows = Wiring::Repeated { count: 3, wiring: Box::new(Wiring::Dense { inputs: 1, outputs: 2 }) };
    let bias = Some(Bias { values: floats(random, 2).into(), part: 2 });
    let rows = Layer { bias, ..layer(7, &[6], rows, shares.clone()) }.with_weights(floats(random, 2));
    let smaller = Wiring::Axes(Axes::contraction(&[3, 2], &[0, 1], &[], &[0]).unwrap());
    let least = Layer { linear: false, ..layer(8, &[7], smaller, LayerRule::Least) };
    let scale = Some(floats(random, 6).into_iter().map(|value| value.abs() + 0.5).collect());
    let mut own = Layer { scale, ..layer(9, &[8], Wiring::Axes(each), shares.clone()) };
    own.links[0].weights = LinkWeights::Executions(floats(random, 6).into());
    layers.extend([square, rows, least, own]);
    LayeredCircuit::new(2, tensors, layers, vec![TensorId(0)], TensorId(9)).unwrap()
}

/// Everything that a circuit holds and says of its edges, as text: contributions to the last bit.
fn described(circuit: &LayeredCircuit) -> String {
    let mut text = format!("{:?} {:?} {}\n", circuit.input(), circuit.output(), circuit.batch());
    for tensor in circuit.tensors() {
        text += &format!("{} {:?} {:?}\n", tensor.name, tensor.shape, &tensor.activations[..]);
    }
    for layer in circuit.layers() {
        let range = layer.rule.range();
        text += &format!(
            "{} {} {} {} {:?} {range}",
            layer.name, layer.operator, layer.rule_name, layer.linear, layer.links
        );
        let contributions = circuit.contributions(layer, &()).unwrap();
        for link in 0..layer.links.len() {
            for execution in 0..circuit.batch() {
                let edges = circuit.edges_in(layer, link, &contributions, execution);
                let add = |all: &mut Vec<u32>, run: &[f32]| all.extend(run.iter().map(|d| d.to_bits()));
                text += &format!(" {:?}", edges.fold(Vec::new, add, |a, b| [a, b].concat(), &()).unwrap());
            }
        }
        text.push('\n');
    }
    text
}

/// Streams the circuit: to what its gates give, if it has gates. Damaged numbers may make contributions that are none,
/// which gates refuse; the stream then ends all the same.
fn evaluate(circuit: &LayeredCircuit) -> bool {
    let theta = PerEdge(|_: &Layer, d: f32| d > 0.25);
    let outputs = circuit.tensor(circuit.output()).size();
    let start: Vec<bool> = (0..outputs * circuit.batch()).map(|neuron| neuron % 3 != 1).collect();
    let mut keep = Keep::input(circuit);
    stream(circuit, &Boolean, &theta, &start, Bookkeeping::default(), &mut keep, &()).unwrap();
    let streamed = keep.relevance(circuit.input()).unwrap();
    let real = PerEdge(|_: &Layer, d: f32| d);
    let ones = vec![1.0; start.len()];
    // Damaged numbers may leave the reals, which is an error that names the layer.
    let (mut kept, books) = (Keep::input(circuit), Bookkeeping::default());
    if stream(circuit, &Real, &real, &ones, books, &mut kept, &()).is_err() {
        return false;
    }

    let size = circuit.tensor(circuit.input()).size();
    for execution in 0..circuit.batch() {
        let options = UnrollOptions { execution, ..UnrollOptions::default() };
        let Ok(gates) = unroll(circuit, &options, &()) else { return false };
        let annotated = |layer: usize| gates.layers()[layer].range.is_some();
        let theta = PerLeaf(|layer: usize, d: f32| if annotated(layer) { d > 0.25 } else { d != 0.0 });
        let start = &start[execution * outputs..][..outputs];
        let folded = fold(&gates, &Boolean, &theta, start, &()).unwrap();
        assert_eq!(folded, streamed[execution * size..][..size]);
    }
    true
}

fn load(path: &Path) -> Result<LayeredCircuit, StoreError> {
    let file = CircuitFile::open(path)?;
    file.notes()?;
    file.layered()
}

#[test]
fn layered_circuits_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, weights) = (folder.path().join("circuit.safetensors"), folder.path().join("model.safetensors"));
    for seed in 0..20 {
        let original = layered(&mut Random(seed), Some(&weights));
        for storage in [WeightStorage::Referenced, WeightStorage::Embedded] {
            save_layered(&path, &original, storage, &Notes::new()).unwrap();
            CircuitFile::open(&path).unwrap().verify().unwrap();
            assert_eq!(described(&load(&path).unwrap()), described(&original), "{storage:?}");
            assert!(evaluate(&original));
            let bytes = std::fs::read(&path).unwrap();
            save_layered(&path, &load(&path).unwrap(), storage, &Notes::new()).unwrap();
            assert!(std::fs::read(&path).unwrap() == bytes, "the same circuit gives the same bytes");
        }
        // What is in no file is in the circuit's.
        let owned = layered(&mut Random(seed), None);
        save_layered(&path, &owned, WeightStorage::Referenced, &Notes::new()).unwrap();
        std::fs::remove_file(&weights).unwrap();
        assert_eq!(described(&load(&path).unwrap()), described(&original));
    }
    // One kind is not the other.
    let error = CircuitFile::open(&path).unwrap().gates().unwrap_err().to_string();
    assert!(error.contains("holds a layered circuit, where a gate circuit is asked for"), "{error}");
    save_gates(&path, &circuit(&mut Random(0)), &Notes::new()).unwrap();
    assert!(load(&path).unwrap_err().to_string().contains("holds a gate circuit"));
}

#[test]
fn nothing_enters_the_input() {
    let circuit = layered(&mut Random(0), None);
    let with =
        |input| LayeredCircuit::new(2, circuit.tensors().to_vec(), circuit.layers().to_vec(), vec![input], TensorId(5));
    let error = with(TensorId(1)).unwrap_err().to_string();
    assert!(error.contains("layer '0' enters an input"), "{error}");
    let several = |inputs: &[u32]| {
        let inputs = inputs.iter().copied().map(TensorId).collect();
        LayeredCircuit::new(2, circuit.tensors().to_vec(), circuit.layers().to_vec(), inputs, TensorId(5))
    };
    for inputs in [&[][..], &[0, 99]] {
        assert!(several(inputs).unwrap_err().to_string().contains("should be the inputs"), "{inputs:?}");
    }
    assert!(with(TensorId(0)).is_ok());
}

#[test]
fn weights_that_are_gone_or_changed_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("here"), folder.path().join("there"));
    std::fs::create_dir(&here).unwrap();
    let (path, weights) = (here.join("circuit.safetensors"), here.join("model.safetensors"));
    let original = layered(&mut Random(3), Some(&weights));
    save_layered(&path, &original, WeightStorage::Referenced, &Notes::new()).unwrap();
    // A folder may be moved as a whole.
    std::fs::rename(&here, &there).unwrap();
    let (path, weights) = (there.join("circuit.safetensors"), there.join("model.safetensors"));
    assert_eq!(described(&load(&path).unwrap()), described(&original));
    let bytes = std::fs::read(&weights).unwrap();
    let error = |words: &str| {
        let message = load(&path).unwrap_err().to_string();
        assert!(message.contains("model.safetensors") && message.contains(words), "{message}");
        assert!(message.contains("--self-contained"), "{message}");
    };
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(&weights, changed).unwrap();
    error("has checksum");
    std::fs::write(&weights, &bytes[1..]).unwrap();
    error("bytes now, and had");
    std::fs::remove_file(&weights).unwrap();
    error("cannot be read");
    std::fs::create_dir(&weights).unwrap();
    error("not a regular file");
}

#[test]
fn damaged_layered_files_are_errors_or_circuits() {
    let folder = tempfile::tempdir().unwrap();
    let (path, weights) = (folder.path().join("circuit.safetensors"), folder.path().join("model.safetensors"));
    let (mut random, mut loaded, mut refused, mut evaluated) = (Random(29), [0; 2], [0; 2], [0; 2]);
    for round in 0..60 {
        let original = layered(&mut random, Some(&weights));
        let storage = [WeightStorage::Referenced, WeightStorage::Embedded][round % 2];
        // A damaged file of the last round is nobody's any more.
        let _ = std::fs::remove_file(&path);
        save_layered(&path, &original, storage, &Notes::new()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for number in 0..100 {
            let forge = number % 2;
            let changed = match forge {
                0 => damaged(&mut random, &bytes),
                _ => forged(&mut random, &bytes, KEY),
            };
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, &changed).unwrap();
            match load(&path) {
                Ok(circuit) => {
                    loaded[forge] += 1;
                    let verified = CircuitFile::open(&path).unwrap().verify();
                    assert_eq!(verified.is_ok(), forge == 1 || changed == bytes);
                    // All of it can be walked and evaluated, whatever it is.
                    let text = described(&circuit);
                    let whole = verified.is_ok() && forge == 0;
                    assert!(!whole || text == described(&original));
                    evaluated[usize::from(evaluate(&circuit))] += 1;
                }
                Err(error) => {
                    refused[forge] += 1;
                    let message = error.to_string();
                    assert!(!message.contains('\n') && message.len() < 2000, "{message}");
                }
            }
        }
    }
    println!("damaged and forged files: {loaded:?} loaded, {refused:?} refused, {evaluated:?} evaluated");
    assert!(loaded.iter().chain(&refused).all(|&count| count > 100) && evaluated[1] > 1000);
}

#[test]
fn beginnings_of_layered_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("circuit.safetensors");
    let original = layered(&mut Random(5), None);
    save_layered(&path, &original, WeightStorage::Embedded, &Notes::new()).unwrap();
    refuses_every_beginning(&path, load);
}
