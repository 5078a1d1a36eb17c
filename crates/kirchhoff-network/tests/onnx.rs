//! Models in ONNX files, against what onnxruntime computes with them.
//!
//! The fixtures are written by `fixtures/make_onnx.py`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kirchhoff_file::FileError;
use kirchhoff_network::import::{ImportError, ImportOptions, onnx};
use kirchhoff_network::{Activation, Execution, Network, NodeId, Operator, network_hash};
use safetensors::SafeTensors;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/onnx")
}

fn network(name: &str) -> Network {
    read(&fixtures().join(format!("{name}.onnx"))).unwrap()
}

fn read(path: &Path) -> Result<Network, ImportError> {
    onnx::read(path, &ImportOptions::default()).map(|model| model.network)
}

fn names(network: &Network) -> Vec<&str> {
    network.nodes().map(|(_, node)| &node.name[..]).collect()
}

fn floats(tensors: &SafeTensors, name: &str) -> Vec<f32> {
    let tensor = tensors.tensor(name).unwrap();
    tensor.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

#[test]
fn models_compute_what_onnxruntime_computes() {
    let bytes = std::fs::read(fixtures().join("expected.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    let mut failures = Vec::new();
    let mut count = 0;
    for name in expected.names().iter().filter_map(|name| name.strip_suffix("/input")) {
        count += 1;
        let (inputs, outputs) =
            (floats(&expected, &format!("{name}/input")), floats(&expected, &format!("{name}/output")));
        let network = match read(&fixtures().join(format!("{name}.onnx"))) {
            Ok(network) => network,
            Err(error) => {
                failures.push(format!("{name}: {error}"));
                continue;
            }
        };
        let batch = inputs.len() / network.node(network.input()).shape.iter().product::<usize>();
        // Without the batch axis, where that is still the first of several.
        let shape = match expected.tensor(&format!("{name}/output")).unwrap().shape() {
            [] => vec![1],
            [first, rest @ ..] if *first == batch && !rest.is_empty() => rest.to_vec(),
            all => all.to_vec(),
        };
        if network.node(network.output()).shape != shape {
            failures.push(format!("{name}: shape {:?}, not {shape:?}", network.node(network.output()).shape));
            continue;
        }
        let execution = Execution::run(Arc::new(network), &inputs, batch, &()).unwrap();
        let largest = outputs.iter().fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
        let differences = execution.outputs().iter().zip(&outputs).map(|(got, expected)| (got - expected).abs());
        let worst = differences.fold(0.0, f32::max) / largest;
        // Half precision keeps eleven bits.
        let tolerance = if name == "half" { 2e-3 } else { 1e-5 };
        if !worst.lt(&tolerance) {
            failures.push(format!("{name}: worst error {worst:e} of the largest value"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count > 150, "only {count} models");
}

#[test]
fn models_of_several_inputs_and_outputs_compute_what_onnxruntime_computes() {
    let bytes = std::fs::read(fixtures().join("expected.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    let mut models: Vec<&str> =
        expected.names().into_iter().filter_map(|name| Some(name.split_once("/outputs/")?.0)).collect();
    models.sort_unstable();
    models.dedup();
    assert!(models.len() >= 12, "only {} models", models.len());
    for name in models {
        let network = network(name);
        let input = |&input: &NodeId| floats(&expected, &format!("{name}/inputs/{}", network.known_as(input)));
        let values: Vec<f32> = network.inputs().iter().flat_map(input).collect();
        let outputs = expected.names().into_iter().filter(|key| key.starts_with(&format!("{name}/outputs/"))).count();
        assert_eq!(network.outputs().len(), outputs, "{name}");
        let execution = Execution::run(Arc::new(network.clone()), &values, 1, &()).unwrap();
        for &output in network.outputs() {
            let wanted = floats(&expected, &format!("{name}/outputs/{}", network.known_as(output)));
            let got = execution.activations(output);
            assert_eq!(got.len(), wanted.len(), "{name}");
            let largest = wanted.iter().fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
            let worst = got.iter().zip(&wanted).map(|(got, wanted)| (got - wanted).abs()).fold(0.0, f32::max);
            assert!(worst <= 1e-5 * largest, "{name}: worst error {worst:e} of {largest}");
        }
        // One output alone computes the same, on the inputs that it needs; and so does what is written as a file.
        for &output in network.outputs() {
            let alone = Arc::new(network.for_output(network.known_as(output)).unwrap());
            let input = |&input: &NodeId| floats(&expected, &format!("{name}/inputs/{}", alone.known_as(input)));
            let values: Vec<f32> = alone.inputs().iter().flat_map(input).collect();
            let computed = Execution::run(alone.clone(), &values, 1, &()).unwrap();
            assert_eq!(computed.outputs(), &execution.activations(output)[..], "{name}");
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("again.onnx");
            let canonical = kirchhoff_network::canonical(&alone).unwrap();
            std::fs::write(&path, kirchhoff_network::export::onnx(&canonical)).unwrap();
            let again = kirchhoff_network::canonical(&read(&path).unwrap()).unwrap();
            assert_eq!(network_hash(&again), network_hash(&canonical), "{name}");
        }
    }
}

#[test]
fn what_is_not_measured_is_given() {
    let given = |name: &str| -> Vec<(String, bool)> {
        let network = network(name);
        let of = |&input: &NodeId| (network.node(input).name.clone(), network.is_given(input));
        network.inputs().iter().map(of).collect()
    };
    let named = |name: &str, given: bool| (name.to_string(), given);
    assert_eq!(given("tokens-and-mask"), [named("tokens", true), named("mask", true)]);
    assert_eq!(given("given-over-tensor"), [named("x", false), named("mask", true)]);
    // Integers are numbers where there is nothing else to explain, and bytes always are.
    assert_eq!(given("integer-columns"), [named("input", false)]);
    assert_eq!(given("bytes"), [named("input", false)]);
    // A comparison is a constant of the execution, whatever is compared.
    let network = network("where-computed");
    let comparison = network.nodes().find(|(_, node)| matches!(node.operator, Operator::Comparison(_))).unwrap().0;
    assert!(network.is_given(comparison) && !network.is_given(network.output()));
}

/// However a file writes it, relevance follows the numerator.
#[test]
fn products_with_inverses_are_quotients() {
    for name in ["rms-inverse", "rms-power", "rms-quotient"] {
        let network = network(name);
        let last = network.node(network.output());
        assert!(matches!(last.operator, Operator::Quotient), "{name} ends in a {}", last.operator.name());
        assert_eq!(network.arguments(network.output())[0], network.input(), "{name}");
    }
}

#[test]
fn outputs_are_read_by_name() {
    let path = fixtures().join("two-outputs.onnx");
    let of = |output| onnx::read(&path, &ImportOptions { output: Some(output), ..ImportOptions::default() });
    let network = of("z").unwrap().network;
    assert_eq!((network.outputs().len(), network.known_as(network.output())), (1, "z"));
    let error = of("w").unwrap_err().to_string();
    assert!(error.contains("no output 'w'; it has 'y', 'z'"), "{error}");
}

#[test]
fn an_only_input_has_the_same_name_in_every_format() {
    let network = network("gemm");
    let input = network.input();
    assert_eq!((&*network.node(input).name, network.known_as(input)), ("input", "x"));
    assert_eq!((network.find("input"), network.find("x")), (Some(input), Some(input)));
}

#[test]
fn layers_are_named_after_their_modules() {
    assert_eq!(names(&network("gemm")), ["input", "fc", "relu_1", "last"]);
    assert_eq!(names(&network("conv")), ["input", "conv"]);
    assert_eq!(names(&network("batch-norm")), ["input", "conv", "bn"]);
    // The name of the module where the weights tell it, else where the bias does.
    assert_eq!(names(&network("matmul")), ["input", "fc", "relu", "last"]);
    // Whoever comes second takes the node's name, or one like it.
    assert_eq!(names(&network("shared-weights")), ["input", "a", "relu", "twice", "relu_3", "a_2"]);
}

#[test]
fn golden_models_are_named_as_in_their_framework() {
    let golden = |name: &str| {
        let path = format!("{}/../../tests/golden/{name}/model.onnx", env!("CARGO_MANIFEST_DIR"));
        read(Path::new(&path)).unwrap()
    };
    let mlp = golden("mnist-mlp");
    assert_eq!(names(&mlp), ["input", "0", "node_relu", "2", "node_relu_1", "4"]);
    assert_eq!(mlp.node(mlp.output()).shape, [10]);
    let cnn = golden("mnist-cnn");
    let weighted: Vec<_> =
        cnn.nodes().filter(|(_, node)| !node.operator.parameters().is_empty()).map(|(_, node)| &node.name).collect();
    assert_eq!(weighted, ["0", "3", "6", "9"]);
}

#[test]
fn functions_in_parts_are_recognised_as_one() {
    let activations = |name: &str| -> Vec<Activation> {
        let network = network(name);
        let operators = network.nodes().skip(1).map(|(_, node)| match node.operator {
            Operator::Activation(activation) => activation,
            ref other => panic!("{name} has a part left over: {}", other.name()),
        });
        operators.collect()
    };
    assert_eq!(activations("silu"), [Activation::Silu; 2]);
    assert_eq!(activations("gelu-parts"), [Activation::Gelu { tanh: false }; 3]);
    assert_eq!(activations("gelu-tanh-parts"), [Activation::Gelu { tanh: true }; 2]);
}

#[test]
fn shared_initialisers_are_one_in_memory() {
    let network = network("shared-weights");
    let addresses: Vec<_> = network
        .nodes()
        .filter_map(|(_, node)| match &node.operator {
            Operator::Dense(dense) => Some(dense.weights.as_ptr()),
            _ => None,
        })
        .collect();
    assert_eq!(addresses, [addresses[0]; 3]);
}

#[test]
fn open_axes_need_a_shape() {
    let path = fixtures().join("refused/open-axis.onnx");
    let shape = |given: &[usize]| {
        let options = ImportOptions { input_shape: Some(given), ..ImportOptions::default() };
        onnx::read(&path, &options).map(|model| model.network)
    };
    let network = shape(&[3, 7, 5]).unwrap();
    assert_eq!(network.node(network.output()).shape, [3, 7, 5]);
    for (given, message) in [(&[3, 7][..], "has 2"), (&[4, 7, 5], "length 3 on axis 1"), (&[3, 0, 5], "[3, 0, 5]")] {
        let error = shape(given).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn open_axes_have_the_lengths_of_arrays() {
    let path = fixtures().join("refused/open-tokens.onnx");
    let read = |shapes: &[(Option<String>, Vec<usize>)]| {
        let options = ImportOptions { array_shapes: shapes, ..ImportOptions::default() };
        onnx::read(&path, &options).map(|model| model.network)
    };
    let named = |name: &str, shape: &[usize]| (Some(name.to_string()), shape.to_vec());
    // One input, or several of them on a first axis.
    for (tokens, mask) in [(&[7][..], &[7][..]), (&[3, 7], &[1, 7])] {
        let network = read(&[named("mask", mask), named("tokens", tokens)]).unwrap();
        assert_eq!(network.node(network.output()).shape, [7, 3]);
    }
    // What is said goes first, and what does not fit is no help.
    let said = [("tokens".to_string(), vec![4])];
    let arrays = [named("tokens", &[7]), named("mask", &[4])];
    let options = ImportOptions { input_shapes: &said, array_shapes: &arrays, ..ImportOptions::default() };
    assert_eq!(onnx::read(&path, &options).unwrap().network.size(kirchhoff_network::NodeId::new(0)), 4);
    assert!(read(&[named("mask", &[7])]).unwrap_err().to_string().contains("'tokens' leaves the length"));
    assert!(read(&[named("mask", &[7]), named("tokens", &[1, 1, 7])]).is_err());
}

/// What the message about each refused model must say, besides the file.
const REFUSALS: &[(&str, &[&str])] = &[
    ("computed-weights", &["(Gemm)", "computes its weights from the input"]),
    ("constant-output", &["'y'", "does not depend on the input"]),
    ("control-flow", &["node 'branch' (If)", "control flow"]),
    ("cycle", &["its own result"]),
    ("dangling", &["node 'sum' (Add)", "takes 'nowhere'"]),
    ("duplicate", &["node 'one' (Relu) and node 'two' (Tanh)", "'y'"]),
    ("endless-function", &["(Loop)", "without an end"]),
    ("external-absolute", &["tensor 'w'", "/etc/passwd", "not inside the model's folder"]),
    ("external-beyond", &["tensor 'w'", "48 bytes from byte 16 of 'weights.bin', which has 48 bytes"]),
    ("external-folder", &["refused/.", "not a regular file"]),
    ("external-length", &["tensor 'w' of shape [4, 3] holds 4 values"]),
    ("external-missing", &["tensor 'w'", "nowhere.bin, which cannot be read", "back there"]),
    ("external-number", &["tensor 'w'", "'many'"]),
    ("external-parent", &["../onnx/external.bin", "not inside the model's folder"]),
    ("huge-channels", &["node 0 (Mul)", "makes 536870912 numbers"]),
    ("huge-input", &["input"]),
    ("huge-window", &["(MaxPool)", "too large"]),
    ("indices", &["(MaxPool)", "output 1 ('i')"]),
    ("integer-quotient", &["(Div)", "divides integers that depend on the input"]),
    ("negative-pads", &["negative pads [-1, 0, 0, 0]"]),
    ("negative-shape", &["tensor 'w'", "[-4, -3]"]),
    ("no-batch-axis", &["input 'x'", "batch axis"]),
    ("no-nodes", &["nothing computes the output 'y'"]),
    ("not-finite", &["weights", "NaN"]),
    ("open-axis", &["input 'x'", "axis 2 ('height')", "give the shape"]),
    ("open-tokens", &["input 'tokens'", "axis 1 ('length')", "give the shape"]),
    ("other-domain", &["com.example.Frobnicate", "not supported"]),
    ("overflow", &["tensor 'w'", "impossible shape [1099511627776, 1099511627776]"]),
    ("quantised", &["(QuantizeLinear)", "quantised model"]),
    ("ragged", &["tensor 'w'", "47 bytes"]),
    ("several-slopes", &["(PRelu)", "one slope"]),
    ("strings", &["tensor 'w'", "string"]),
    ("text-input", &["input 'x'", "string", "numbers"]),
    ("training", &["(Dropout)", "evaluation mode"]),
    ("transposed-input", &["(Gemm)", "transA"]),
    ("unknown-operator", &["node 'winner' (Hardmax)", "not supported"]),
    ("wrong-attribute", &["(Concat)", "attribute 'axis'"]),
    ("wrong-length", &["tensor 'w' of shape [4, 3] holds 11 values", "export it again"]),
];

#[test]
fn refusals_say_what_is_wrong_and_where() {
    let mut found: Vec<String> = std::fs::read_dir(fixtures().join("refused"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_string())
        .collect();
    found.sort();
    assert_eq!(found, REFUSALS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, parts) in REFUSALS {
        let message = read(&fixtures().join(format!("refused/{name}.onnx"))).unwrap_err().to_string();
        for part in *parts {
            assert!(message.contains(part), "{name}: {message}");
        }
    }
}

#[test]
fn files_of_other_kinds_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let mut nested = Vec::new();
    for _ in 0..5000 {
        // A graph in an attribute of a node of a graph, over and over.
        for field in [6, 5, 1] {
            nested = [&[field << 3 | 2][..], &varint(nested.len()), &nested].concat();
        }
    }
    let cases: [(&[u8], &str); 7] = [
        (b"", "no graph"),
        (b"\x89PNG\r\n\x1a\n", "another format"),
        (b"{\"format\": \"pt\"}", "another format"),
        (&[0; 100], "another format"),
        // Lengths of 2⁶⁴ − 1 and 2⁵⁵ for a graph that is not there.
        (b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "another format"),
        (b"\x3a\x80\x80\x80\x80\x80\x80\x80\x40", "another format"),
        (&[&[8, 8, 0x42, 2, 0x10, 17, 7 << 3 | 2][..], &varint(nested.len()), &nested].concat(), "no output"),
    ];
    for (bytes, message) in cases {
        std::fs::write(&path, bytes).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(message) && error.contains("model.onnx"), "{error}");
    }
    let error = read(&folder.path().join("missing.onnx")).unwrap_err();
    assert!(matches!(error, ImportError::File(FileError::Io { .. })), "{error}");
    assert!(matches!(read(folder.path()), Err(ImportError::File(FileError::Io { .. }))));
}

fn varint(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Every prefix of a model, and thousands of models with a few bytes changed, are read or refused.
#[test]
fn damaged_files_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(fixtures().join("external.bin"), folder.path().join("external.bin")).unwrap();
    let mut state = 1u64;
    let mut random = |bound: usize| {
        // A 64-bit linear congruential generator; the high bits are the good ones.
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % bound
    };
    let names = [
        "average-pool-ceil",
        "batch-norm",
        "concat",
        "constant-nodes",
        "conv-groups",
        "conv-same-lower",
        "external",
        "gelu-parts",
        "matmul",
        "pad",
        "reshape-computed",
        "slice",
        "split",
        "typed-fields",
    ];
    let (mut read_anyway, mut refused) = (0, 0);
    let mut check = |bytes: &[u8], whole: bool| {
        // A file of its own each time: file systems make sure that a truncated file reaches the disk, and wait.
        let path = folder.path().join(format!("{}.onnx", read_anyway + refused));
        std::fs::write(&path, bytes).unwrap();
        match read(&path) {
            Ok(_) if whole => read_anyway += 1,
            Ok(_) => panic!("read a model that is cut off"),
            Err(_) => refused += 1,
        }
        std::fs::remove_file(&path).unwrap();
    };
    for name in names {
        let original = std::fs::read(fixtures().join(format!("{name}.onnx"))).unwrap();
        for length in 0..original.len() {
            check(&original[..length], false);
        }
        for _ in 0..400 {
            let mut bytes = original.clone();
            for _ in 0..1 + random(3) {
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes[at] ^= 1 << random(8),
                    1 => bytes[at] = [0x00, 0x7f, 0x80, 0xff][random(4)],
                    2 => bytes.insert(at, random(256) as u8),
                    _ => drop(bytes.remove(at)),
                }
            }
            check(&bytes, true);
        }
    }
    assert!(refused > 8000 && read_anyway > 100, "{refused} refused, {read_anyway} read");
}
