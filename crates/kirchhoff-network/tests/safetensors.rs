//! Models in safetensors files: recognised, described, and damaged.

mod oracle;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use kirchhoff_file::FileError;
use kirchhoff_network::import::{ImportError, Model, safetensors::read};
use kirchhoff_network::{Network, Operator};
use safetensors::tensor::{Dtype, TensorView, serialize};
use tempfile::TempDir;

/// A folder with one model file of deterministic tensors.
struct File {
    folder: TempDir,
}

impl File {
    fn new(tensors: &[(&str, &[usize])]) -> Self {
        Self::with_metadata(tensors, &[])
    }

    fn with_metadata(tensors: &[(&str, &[usize])], metadata: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("model.safetensors"), bytes(tensors, metadata)).unwrap();
        File { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("model.safetensors")
    }

    fn describe(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join("architecture.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn read(&self) -> Result<Model, ImportError> {
        read(&self.path(), None, None)
    }

    fn error(&self) -> String {
        self.read().unwrap_err().to_string()
    }
}

fn values(name: &str, count: usize) -> Vec<f32> {
    let seed = name.bytes().fold(7u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    (0..count as u32).map(|i| (seed.wrapping_add(i).wrapping_mul(2_654_435_761) >> 8) as f32 / 8e6 - 1.0).collect()
}

fn bytes(tensors: &[(&str, &[usize])], metadata: &[(&str, &str)]) -> Vec<u8> {
    let data: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(name, shape)| {
            values(name, shape.iter().product()).iter().flat_map(|value| value.to_le_bytes()).collect()
        })
        .collect();
    let views = tensors
        .iter()
        .zip(&data)
        .map(|((name, shape), data)| (name.to_string(), TensorView::new(Dtype::F32, shape.to_vec(), data).unwrap()));
    let metadata: HashMap<_, _> = metadata.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    serialize(views, Some(metadata)).unwrap()
}

fn names(network: &Network) -> Vec<&str> {
    network.nodes().map(|(_, node)| node.name.as_str()).collect()
}

fn shape<'a>(network: &'a Network, name: &str) -> &'a [usize] {
    &network.node(network.find(name).unwrap()).shape
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name)
}

/// The tensors of a narrow VGG-11, whose classifier takes a map of `side × side`.
fn narrow_vgg(batch_norm: bool, side: usize) -> Vec<(String, Vec<usize>)> {
    let convolutions: [usize; 8] =
        if batch_norm { [0, 4, 8, 11, 15, 18, 22, 25] } else { [0, 3, 6, 8, 11, 13, 16, 18] };
    let mut tensors = Vec::new();
    let mut inputs = 3;
    for (position, width) in convolutions.into_iter().zip([4, 4, 6, 6, 8, 8, 8, 2]) {
        tensors.push((format!("features.{position}.weight"), vec![width, inputs, 3, 3]));
        tensors.push((format!("features.{position}.bias"), vec![width]));
        if batch_norm {
            for part in ["weight", "bias", "running_mean"] {
                tensors.push((format!("features.{}.{part}", position + 1), vec![width]));
            }
        }
        inputs = width;
    }
    for (position, outputs, inputs) in [(0, 5, 2 * side * side), (3, 5, 5), (6, 3, 5)] {
        tensors.push((format!("classifier.{position}.weight"), vec![outputs, inputs]));
        tensors.push((format!("classifier.{position}.bias"), vec![outputs]));
    }
    tensors
}

fn borrowed(tensors: &[(String, Vec<usize>)]) -> Vec<(&str, &[usize])> {
    tensors.iter().map(|(name, shape)| (&name[..], &shape[..])).collect()
}

#[test]
fn the_reference_networks_give_their_logits() {
    let read_golden = |name: &str, architecture: Option<&str>| {
        let folder = golden(name);
        let architecture = architecture.map(|file| folder.join(file));
        let model = read(&folder.join("model.safetensors"), architecture.as_deref(), None).unwrap();
        let expected = std::fs::read(folder.join("expected.safetensors")).unwrap();
        let expected = safetensors::SafeTensors::deserialize(&expected).unwrap();
        let tensor = |name: &str| -> Vec<f32> {
            let data = expected.tensor(name).unwrap().data().to_vec();
            data.as_chunks().0.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect()
        };
        let (inputs, logits) = (tensor("inputs"), tensor("logits"));
        for (input, logits) in inputs.chunks(784).zip(logits.chunks(10)) {
            for (a, b) in oracle::output(&model.network, input).iter().zip(logits) {
                assert!((a - f64::from(*b)).abs() < 1e-4, "{name}: {a} {b}");
            }
        }
        model.network
    };
    let mlp = read_golden("mnist-mlp", None);
    assert_eq!(names(&mlp), ["input", "0", "1", "2", "3", "4"]);
    let cnn = read_golden("mnist-cnn", Some("architecture.toml"));
    assert_eq!(names(&cnn), ["input", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
}

#[test]
fn vgg_has_torchvisions_names_and_its_own_widths() {
    let file = File::new(&borrowed(&narrow_vgg(false, 7)));
    let network = read(&file.path(), None, Some(&[3, 224, 224])).unwrap().network;
    assert_eq!(network.nodes().len(), 1 + 21 + 2 + 7);
    assert_eq!(shape(&network, "features.1"), [4, 224, 224]);
    assert_eq!(shape(&network, "features.2"), [4, 112, 112]);
    assert_eq!(shape(&network, "avgpool"), [2, 7, 7]);
    assert_eq!(shape(&network, "classifier.6"), [3]);
    assert!(matches!(network.node(network.find("features.20").unwrap()).operator, Operator::Pool(_)));
    assert!(matches!(network.node(network.find("classifier.2").unwrap()).operator, Operator::Dropout));
    // The default input shape is the same.
    assert_eq!(shape(&file.read().unwrap().network, "input"), [3, 224, 224]);
}

#[test]
fn other_input_sizes_are_pooled_or_refused() {
    let file = File::new(&borrowed(&narrow_vgg(false, 1)));
    let sized = |side| read(&file.path(), None, Some(&[3, side, side]));
    assert!(matches!(operator(&sized(32).unwrap().network, "avgpool"), Operator::Reshape(_)));
    assert!(matches!(operator(&sized(64).unwrap().network, "avgpool"), Operator::Pool(_)));
    let file = File::new(&borrowed(&narrow_vgg(false, 2)));
    let error = read(&file.path(), None, Some(&[3, 96, 64])).unwrap_err().to_string();
    assert!(error.contains("'avgpool' pools a map of 3×2 to 2×2"), "{error}");
    let error = read(&file.path(), None, Some(&[1, 64, 64])).unwrap_err().to_string();
    assert!(error.contains("layer 'features.0' (convolution) takes 3 channels, got shape [1, 64, 64]"), "{error}");
}

fn operator<'a>(network: &'a Network, name: &str) -> &'a Operator {
    &network.node(network.find(name).unwrap()).operator
}

#[test]
fn batch_normalised_vgg_is_recognised() {
    let mut tensors = narrow_vgg(true, 1);
    let positions = [1, 5, 9, 12, 16, 19, 23, 26];
    let widths = [4, 4, 6, 6, 8, 8, 8, 2];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    // Variances are positive, and the training batches are counted, in integers.
    let variances: Vec<(String, Vec<u8>)> = positions
        .iter()
        .zip(widths)
        .map(|(position, width)| {
            let data = [0.5f32, 2.0].iter().cycle().take(width).flat_map(|value| value.to_le_bytes()).collect();
            (format!("features.{position}.running_var"), data)
        })
        .collect();
    tensors.sort();
    let data: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(name, shape)| {
            values(name, shape.iter().product()).iter().flat_map(|value| value.to_le_bytes()).collect()
        })
        .collect();
    let count = 3u64.to_le_bytes();
    let mut views: Vec<(String, TensorView)> = tensors
        .iter()
        .zip(&data)
        .map(|((name, shape), data)| (name.clone(), TensorView::new(Dtype::F32, shape.clone(), data).unwrap()))
        .collect();
    for ((name, data), position) in variances.iter().zip(positions) {
        views.push((name.clone(), TensorView::new(Dtype::F32, vec![data.len() / 4], data).unwrap()));
        let counter = format!("features.{position}.num_batches_tracked");
        views.push((counter, TensorView::new(Dtype::I64, vec![], &count).unwrap()));
    }
    std::fs::write(&path, serialize(views, None).unwrap()).unwrap();
    let network = read(&path, None, Some(&[3, 32, 32])).unwrap().network;
    let Operator::Affine(affine) = operator(&network, "features.1") else { panic!() };
    let [weight, bias, mean] =
        ["weight", "bias", "running_mean"].map(|part| values(&format!("features.1.{part}"), 4)[1]);
    let scale = f64::from(weight) / (2.0f64 + 1e-5).sqrt();
    assert_eq!(affine.scale[1], scale as f32);
    assert_eq!(affine.shift[1], (f64::from(bias) - scale * f64::from(mean)) as f32);
    assert_eq!(network.node(network.output()).shape, [3]);
}

#[test]
fn alexnet_is_recognised() {
    let convolutions = [(0, 4, 3, 11), (3, 6, 4, 5), (6, 6, 6, 3), (8, 6, 6, 3), (10, 2, 6, 3)];
    let mut tensors: Vec<(String, Vec<usize>)> = Vec::new();
    for (position, outputs, inputs, kernel) in convolutions {
        tensors.push((format!("features.{position}.weight"), vec![outputs, inputs, kernel, kernel]));
        tensors.push((format!("features.{position}.bias"), vec![outputs]));
    }
    for (position, outputs, inputs) in [(1, 5, 72), (4, 5, 5), (6, 9, 5)] {
        tensors.push((format!("classifier.{position}.weight"), vec![outputs, inputs]));
        tensors.push((format!("classifier.{position}.bias"), vec![outputs]));
    }
    let network = File::new(&borrowed(&tensors)).read().unwrap().network;
    assert_eq!(shape(&network, "features.0"), [4, 55, 55]);
    assert_eq!(shape(&network, "features.12"), [2, 6, 6]);
    assert_eq!(shape(&network, "classifier.6"), [9]);
}

#[test]
fn chains_of_linear_layers_are_recognised() {
    let recognised = |tensors: &[(&str, &[usize])]| {
        let network = File::new(tensors).read().unwrap().network;
        names(&network).join(" ")
    };
    assert_eq!(
        recognised(&[("net.0.weight", &[4, 6]), ("net.2.weight", &[3, 4]), ("net.2.bias", &[3])]),
        "input net.0 net.1 net.2"
    );
    assert_eq!(recognised(&[("fc1.weight", &[4, 6]), ("fc2.weight", &[3, 4])]), "input fc1 relu1 fc2");
    assert_eq!(recognised(&[("0.weight", &[4, 6]), ("3.weight", &[3, 4]), ("12.weight", &[2, 3])]), "input 0 1 3 4 12");
    assert_eq!(recognised(&[("head.weight", &[4, 6])]), "input head");
    let file = File::new(&[("fc1.weight", &[4, 6]), ("fc2.weight", &[3, 4])]);
    let network = read(&file.path(), None, Some(&[1, 2, 3])).unwrap().network;
    assert_eq!(names(&network), ["input", "flatten", "fc1", "relu1", "fc2"]);
    let error = read(&file.path(), None, Some(&[1, 2, 4])).unwrap_err().to_string();
    assert!(error.contains("'fc1.weight' has shape [4, 6], which does not take [1, 2, 4]"), "{error}");
    let error = File::new(&[("0.weight", &[4, 6]), ("1.weight", &[3, 4])]).error();
    assert!(error.contains("leave no room for an activation") && error.contains("--architecture"), "{error}");
    let error = File::new(&[("0.weight", &[4, 6]), ("2.weight", &[3, 5])]).error();
    assert!(error.contains("layer '2' (dense) takes a vector of 5 features, got shape [4]"), "{error}");
    let error = File::new(&[("0.weight", &[4, 6]), ("0.bias", &[5])]).error();
    assert!(error.contains("tensor '0.bias' has shape [5], but layer '0' takes [4]"), "{error}");
}

#[test]
fn what_is_not_recognised_is_listed() {
    let error = File::new(&[("conv1.weight", &[4, 3, 3, 3]), ("fc.weight", &[2, 4])]).error();
    assert!(error.contains("conv1.weight [4, 3, 3, 3], fc.weight [2, 4]"), "{error}");
    assert!(error.contains("--architecture FILE.toml"), "{error}");
    let mut tensors = narrow_vgg(false, 1);
    tensors.push(("extra.weight".to_string(), vec![2]));
    let error = read(&File::new(&borrowed(&tensors)).path(), None, Some(&[3, 32, 32])).unwrap_err().to_string();
    assert!(error.contains("no layer uses tensor 'extra.weight'"), "{error}");
    let mut tensors = narrow_vgg(false, 1);
    tensors[4].1 = vec![6, 4, 5, 5];
    let error = read(&File::new(&borrowed(&tensors)).path(), None, Some(&[3, 32, 32])).unwrap_err().to_string();
    assert!(error.contains("tensor 'features.6.weight' has shape [6, 4, 5, 5]"), "{error}");
}

#[test]
fn residual_networks_are_described() {
    let mut tensors: Vec<(&str, &[usize])> = vec![
        ("stem.weight", &[4, 2, 3, 3]),
        ("stem_norm.running_mean", &[4]),
        ("stem_norm.weight", &[4]),
        ("stem_norm.bias", &[4]),
        ("branch.weight", &[4, 4, 3, 3]),
        ("branch.bias", &[4]),
        ("head.weight", &[2, 6]),
        ("spare.weight", &[2, 6]),
    ];
    let description = std::fs::read_to_string(golden("residual.toml")).unwrap();
    let read_with = |tensors: &[(&str, &[usize])], description: &str| {
        let file = File::new(tensors);
        read(&file.path(), Some(&file.describe(description)), None)
    };
    let error = read_with(&tensors, &description).unwrap_err().to_string();
    assert!(error.contains("architecture.toml:16: the file has no tensor 'stem_norm.running_var'"), "{error}");
    assert!(error.contains("which layer 'stem_norm' needs"), "{error}");
    tensors.push(("stem_norm.running_var", &[4]));
    // Half of the deterministic values are negative.
    let error = read_with(&tensors, &description).unwrap_err().to_string();
    assert!(error.contains("tensor 'stem_norm.running_var' holds -") && error.contains("no variance"), "{error}");
    let description = description.replace("type = \"batch-normalization\"", "type = \"batch-normalization\"\neps = 2");
    let error = read_with(&tensors, &description).unwrap_err().to_string();
    assert!(error.contains("no layer uses tensor 'spare.weight'") && error.contains("'ignore'"), "{error}");
    let description = format!("ignore = [\"spare.\"]\n{description}");
    let model = read_with(&tensors, &description).unwrap();
    assert_eq!(shape(&model.network, "both"), [6, 6, 6]);
    assert_eq!(model.classes.unwrap(), ["odd", "even"]);
    let preprocessing = model.preprocessing.unwrap();
    assert_eq!((preprocessing.mean, preprocessing.std), (vec![0.5, 0.25], vec![0.5]));
    let wrong = description.replace("\"branch\", \"stem_relu\"", "\"branch\", \"nothing\"");
    let error = read_with(&tensors, &wrong).unwrap_err().to_string();
    assert!(error.contains("layer 'sum' takes 'nothing', which no layer before it is named"), "{error}");
    let wrong = description.replace("output = \"head\"", "output = \"tail\"");
    let error = read_with(&tensors, &wrong).unwrap_err().to_string();
    assert!(error.contains("architecture.toml:2: no layer named 'tail'"), "{error}");
    let wrong = description.replace("\"odd\", ", "");
    let error = read_with(&tensors, &wrong).unwrap_err().to_string();
    assert!(error.contains("1 classes are named, but the output has 2 values"), "{error}");
}

#[test]
fn every_operator_can_be_described() {
    let tensors: &[(&str, &[usize])] = &[
        ("a.weight", &[4, 1, 1, 3]),
        ("n.scale", &[4]),
        ("n.shift", &[4]),
        ("s.weight", &[3, 4, 2]),
        ("d.weight", &[2, 12]),
    ];
    let file = File::new(tensors);
    let description = file.describe(
        r#"
        input = { shape = [2, 4, 9] }
        layers = [
            { name = "a", type = "convolution", groups = 2, dilation = [1, 2] },
            { name = "n", type = "affine" },
            { type = "leaky-relu", slope = 0.1 }, { type = "elu" }, { type = "silu" }, { type = "gelu", tanh = true },
            { type = "sigmoid" }, { type = "tanh" }, { type = "clip", low = -1, high = 1 }, { type = "relu6" },
            { type = "average-pool", kernel = [2, 2], stride = [2, 1], count-padding = false, padding = [0, 1], ceil = true },
            { type = "pad", border = [[0, 0], [1, 0], [0, 0]], value = 0.5 },
            { type = "slice", axes = [[0, 1, 4], [2, -1, 3], [0, 2, 2]] },
            { type = "transpose", axes = [0, 2, 1] },
            { type = "reshape", shape = [4, 6] },
            { name = "s", type = "convolution" },
            { type = "max-pool", kernel = 2, stride = 1 },
            { type = "adaptive-average-pool", size = 4 },
            { name = "f", type = "flatten" },
            { name = "d", type = "dense" },
            { name = "twice", type = "dense", tensors = "d", inputs = ["f"] },
            { type = "add", inputs = ["d", "twice"] },
            { type = "dropout" }, { type = "log-softmax" }, { type = "identity" },
        ]
        "#,
    );
    let network = read(&file.path(), Some(&description), None).unwrap().network;
    assert_eq!(shape(&network, "10"), [4, 2, 6]);
    assert_eq!(shape(&network, "13"), [4, 2, 3]);
    assert_eq!(shape(&network, "s"), [3, 5]);
    assert_eq!(shape(&network, "17"), [3, 4]);
    let values: Vec<f32> = (0..72).map(|i| (i as f32).sin()).collect();
    let output = oracle::output(&network, &values);
    assert!((output.iter().map(|value| value.exp()).sum::<f64>() - 1.0).abs() < 1e-6);
}

#[test]
fn metadata_may_say_what_tensors_do_not() {
    let tensors: &[(&str, &[usize])] = &[("0.weight", &[2, 4])];
    let model = File::with_metadata(
        tensors,
        &[
            ("input_shape", "[1, 2, 2]"),
            ("preprocessing", r#"{"mean": [0.5], "layout": "hwc"}"#),
            ("classes", r#"["a", "b"]"#),
            ("format", "pt"),
        ],
    );
    let model = model.read().unwrap();
    assert_eq!(shape(&model.network, "input"), [1, 2, 2]);
    assert_eq!(model.preprocessing.unwrap().mean, [0.5]);
    assert_eq!(model.classes.unwrap(), ["a", "b"]);
    let error = File::with_metadata(tensors, &[("classes", "[1]")]).error();
    assert!(error.contains("the metadata under 'classes' cannot be read"), "{error}");
    let error = File::with_metadata(tensors, &[("preprocessing", r#"{"std": [0]}"#)]).error();
    assert!(error.contains("std holds 0"), "{error}");
}

#[test]
fn other_types_of_values_are_converted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let write = |dtype: Dtype, data: &[u8]| {
        let view = TensorView::new(dtype, vec![1, 2], data).unwrap();
        std::fs::write(&path, serialize([("0.weight", view)], None).unwrap()).unwrap();
        let network = read(&path, None, None)?.network;
        Ok::<_, ImportError>(network.node(network.output()).operator.parameters()[0].1.to_vec())
    };
    let halves = [half::f16::from_f32(1.5), half::f16::from_f32(-2.0)].map(half::f16::to_le_bytes);
    assert_eq!(write(Dtype::F16, halves.as_flattened()).unwrap(), [1.5, -2.0]);
    let brains = [half::bf16::from_f32(1.5), half::bf16::from_f32(-2.0)].map(half::bf16::to_le_bytes);
    assert_eq!(write(Dtype::BF16, brains.as_flattened()).unwrap(), [1.5, -2.0]);
    assert_eq!(write(Dtype::F64, [1.5f64, -2.0].map(f64::to_le_bytes).as_flattened()).unwrap(), [1.5, -2.0]);
    let error = write(Dtype::I32, [1i32, 2].map(i32::to_le_bytes).as_flattened()).unwrap_err().to_string();
    assert!(error.contains("tensor '0.weight' holds I32 values"), "{error}");
    let error = write(Dtype::F32, [1.0f32, f32::NAN].map(f32::to_le_bytes).as_flattened()).unwrap_err().to_string();
    assert!(
        error.contains("the weights of layer '0' holds NaN at position 1") && error.contains("train it"),
        "{error}"
    );
    let error = write(Dtype::F64, [1.0f64, 1e300].map(f64::to_le_bytes).as_flattened()).unwrap_err().to_string();
    assert!(error.contains("holds inf at position 1"), "{error}");
}

#[test]
fn damaged_files_are_refused_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let error = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let error = read(&path, None, None).unwrap_err();
        assert!(matches!(error, ImportError::File(FileError::Malformed { format: "safetensors", .. })), "{error}");
        error.to_string()
    };
    let with_header = |header: &str, data: usize| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    };
    assert!(error(b"").contains("it is empty"));
    assert!(error(b"abc").contains("it has 3 bytes"));
    let mut huge = (1u64 << 60).to_le_bytes().to_vec();
    huge.extend(b"{}");
    assert!(error(&huge).contains("announce a header of 1152921504606846976 bytes, but only 2 follow"));
    assert!(error(&with_header("not json", 0)).contains("is not the JSON of tensors"));
    assert!(error(&with_header("[1, 2]", 0)).contains("is not the JSON of tensors"));
    assert!(error(&with_header(&"[".repeat(100_000), 0)).contains("is not the JSON of tensors"));
    let tensor = |shape: &str, offsets: &str| {
        format!(r#"{{"0.weight":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#)
    };
    assert!(error(&with_header(&tensor("[2]", "[0,8]"), 4)).contains("describes a file of"));
    assert!(error(&with_header(&tensor("[2]", "[0,8]"), 9)).contains("describes a file of"));
    assert!(error(&with_header(&tensor("[2]", "[4,12]"), 12)).contains("data offsets of tensor '0.weight'"));
    assert!(error(&with_header(&tensor("[2]", "[8,0]"), 8)).contains("data offsets of tensor '0.weight'"));
    let expected = "tensor '0.weight' of F32 values and shape [3] does not take the bytes from 0 to 8";
    assert!(error(&with_header(&tensor("[3]", "[0,8]"), 8)).contains(expected));
    let overflow = error(&with_header(&tensor("[4294967296,4294967296,4]", "[0,8]"), 8));
    assert!(overflow.contains("tensor '0.weight' of F32"), "{overflow}");
    let overlap = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],
        "data_offsets":[4,12]}}"#;
    assert!(error(&with_header(overlap, 12)).contains("the data offsets of tensor 'b'"));
    assert!(matches!(read(&folder.path().join("none"), None, None), Err(ImportError::File(FileError::Io { .. }))));
    let error = read(folder.path(), None, None).unwrap_err().to_string();
    assert!(error.contains("it is a folder"), "{error}");
}

#[test]
fn truncated_and_mutated_files_never_panic() {
    let sound =
        bytes(&[("0.weight", &[2, 3]), ("0.bias", &[2]), ("2.weight", &[2, 2])], &[("classes", "[\"a\",\"b\"]")]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let architecture = folder.path().join("architecture.toml");
    std::fs::write(&architecture, "input.shape = [3]\nlayers = [{ type = \"dense\" }, { type = \"relu\" }]").unwrap();
    let attempt = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let _ = read(&path, Some(&architecture), None);
        read(&path, None, None).is_ok()
    };
    assert!(attempt(&sound));
    for length in 0..sound.len() {
        assert!(!attempt(&sound[..length]), "truncated to {length}");
    }
    for position in 0..sound.len() {
        for value in [0, b'"', b'9', b'-', b'{', 0x7f, 0xff, sound[position] ^ 1, sound[position] ^ 0x80] {
            let mut mutated = sound.clone();
            mutated[position] = value;
            attempt(&mutated);
        }
    }
}

#[test]
fn damaged_descriptions_never_panic() {
    let file = File::new(&[("stem.weight", &[4, 2, 3, 3]), ("head.weight", &[2, 6])]);
    let sound = std::fs::read(golden("residual.toml")).unwrap();
    for position in 0..sound.len() {
        let _ = read(&file.path(), Some(&file.describe(&String::from_utf8_lossy(&sound[..position]))), None);
        for value in *b"\"9-[]\n" {
            let mut mutated = sound.clone();
            mutated[position] = value;
            let _ = read(&file.path(), Some(&file.describe(&String::from_utf8_lossy(&mutated))), None);
        }
    }
}

#[test]
fn the_extension_tells_the_format() {
    use kirchhoff_network::import::{self, ImportOptions};

    let mlp = golden("mnist-mlp");
    for name in ["model.onnx", "model.safetensors"] {
        let model = import::read(&mlp.join(name), &ImportOptions::default()).unwrap();
        assert_eq!(model.network.node(model.network.output()).shape, [10]);
    }
    let description = golden("mnist-cnn/architecture.toml");
    let options = ImportOptions { architecture: Some(&description), ..ImportOptions::default() };
    assert!(import::read(&golden("mnist-cnn/model.safetensors"), &options).is_ok());
    let error = import::read(&mlp.join("model.onnx"), &options).unwrap_err().to_string();
    assert!(error.contains("an ONNX file has an architecture of its own"), "{error}");
    let error = |name: &str| import::read(Path::new(name), &ImportOptions::default()).unwrap_err().to_string();
    assert!(error("model.pth").contains("safetensors.torch.save_file"));
    assert!(error("model.h5").contains("'.h5' is no format of models that is read"));
    assert!(error("model").contains("has the extension .onnx or .safetensors"));
}
