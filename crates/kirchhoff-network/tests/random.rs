//! Random models: written, recognised, and the same everywhere.

use kirchhoff_file::{Seal, write_tensors};
use kirchhoff_network::export::tensors;
use kirchhoff_network::import::safetensors::read;
use kirchhoff_network::random::{RandomError, alexnet, mlp, named, vgg};
use kirchhoff_network::{Network, Operator, canonical};

fn parameter<'a>(network: &'a Network, layer: &str) -> &'a [f32] {
    network.node(network.find(layer).unwrap()).operator.parameters()[0].1
}

#[test]
fn models_have_torchvisions_numbers_of_parameters() {
    let count = |name: &str| named(name, 1000, 0).unwrap().parameters();
    assert_eq!(count("vgg11"), 132_863_336);
    assert_eq!(count("vgg13"), 133_047_848);
    assert_eq!(count("vgg16"), 138_357_544);
    assert_eq!(count("vgg19"), 143_667_240);
    assert_eq!(count("alexnet"), 61_100_840);
    // torchvision counts no running statistics: as many again as weights and biases of the normalisation.
    assert_eq!(count("vgg16_bn"), 138_365_992 + 8_448);
    assert_eq!(count("mlp-784-300-100-10"), 266_610);
}

#[test]
fn the_same_seed_gives_the_same_bits_everywhere() {
    let model = mlp(&[2, 3], 42).unwrap().model(None).unwrap();
    let bits: Vec<u32> = parameter(&model.network, "0").iter().map(|value| value.to_bits()).collect();
    assert_eq!(bits, PINNED);
    let other = mlp(&[2, 3], 43).unwrap().model(None).unwrap();
    assert_ne!(parameter(&model.network, "0"), parameter(&other.network, "0"));
}

/// What the generator gave when it was written: to change it is to change every published result on random models.
const PINNED: [u32; 6] = [1040384346, 1050813968, 3213641567, 1073118123, 3203228068, 3208939123];

#[test]
fn weights_are_normal_with_the_deviation_of_he() {
    let model = mlp(&[500, 400, 10], 7).unwrap().model(None).unwrap();
    let weights = parameter(&model.network, "0");
    let count = weights.len() as f64;
    let moment = |power: i32| weights.iter().map(|&value| f64::from(value).powi(power)).sum::<f64>() / count;
    let variance = 2.0 / 500.0;
    assert!(moment(1).abs() < 4.0 * (variance / count).sqrt());
    assert!((moment(2) / variance - 1.0).abs() < 4.0 * (2.0 / count).sqrt());
    assert!((moment(4) / (3.0 * variance * variance) - 1.0).abs() < 4.0 * (32.0 / 3.0 / count).sqrt());
    let within = weights.iter().filter(|value| f64::from(value.abs()) < variance.sqrt()).count() as f64 / count;
    assert!((within - 0.6827).abs() < 4.0 * (0.25 / count).sqrt());
    // No two tensors have the same values.
    assert_ne!(weights[..10], parameter(&model.network, "2")[..10]);
}

#[test]
fn written_models_are_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let random = alexnet(10, 3).unwrap();
    random.write(&path, &()).unwrap();
    let network = read(&path, None, None).unwrap().network;
    assert_eq!(network.node(network.output()).shape, [10]);
    let direct = random.model(None).unwrap().network;
    for ((_, a), (_, b)) in network.nodes().zip(direct.nodes()) {
        assert_eq!((&a.name, &a.shape), (&b.name, &b.shape));
        for ((_, a), (_, b)) in a.operator.parameters().into_iter().zip(b.operator.parameters()) {
            assert_eq!(a[..], b[..]);
        }
    }
    // What was read is written again, bit for bit, while the file is mapped.
    let before = std::fs::read(&path).unwrap();
    let notes = [("format", "pt"), ("kirchhoff", env!("CARGO_PKG_VERSION"))];
    write_tensors(&path, tensors(&network), &notes, Seal::None).unwrap();
    assert!(before == std::fs::read(&path).unwrap());
}

#[test]
fn batch_normalised_vgg_is_its_plain_one_in_canonical_form() {
    let model = vgg(11, true, 10, 3).unwrap().model(Some(&[3, 224, 224])).unwrap();
    assert!(matches!(model.network.node(model.network.find("features.1").unwrap()).operator, Operator::Affine(_)));
    let form = canonical(&model.network).unwrap();
    assert!(form.nodes().all(|(_, node)| !matches!(node.operator, Operator::Affine(_) | Operator::Dropout)));
    assert_eq!(form.node(form.output()).name, "classifier.6");
    let scale = 1.0 / (1.0 + 1e-5f64).sqrt();
    let (plain, folded) = (parameter(&model.network, "features.0"), parameter(&form, "features.0"));
    assert_eq!(folded[5], (f64::from(plain[5]) * f64::from(scale as f32)) as f32);
}

#[test]
fn models_that_there_are_not_are_refused() {
    let error = |name: &str| named(name, 10, 0).unwrap_err().to_string();
    assert_eq!(error("vgg12"), "there is no VGG-12: there are VGG-11, 13, 16 and 19");
    assert!(error("resnet50").starts_with("unknown model 'resnet50'; known: vgg11"));
    assert!(error("vgg").starts_with("unknown model 'vgg'"));
    assert!(error("mlp-3").contains("at least two sizes, got [3]"));
    assert!(error("mlp-3-x").starts_with("unknown model 'mlp-3-x'"));
    assert_eq!(mlp(&[3, 0, 2], 0).unwrap_err(), RandomError::Sizes(vec![3, 0, 2]));
    assert_eq!(vgg(16, false, 0, 0).unwrap_err(), RandomError::Sizes(vec![0]));
}
