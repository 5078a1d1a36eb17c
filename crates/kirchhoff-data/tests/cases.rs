//! Files that once were read wrongly, or refused, each after a public report.

use std::path::{Path, PathBuf};

use kirchhoff_data::{Filter, InputError, Preprocessing, read_inputs, read_labels};

fn at(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

fn read_as(name: &str, shape: &[usize], filter: Filter) -> Result<Vec<f32>, InputError> {
    let preprocessing = Preprocessing { filter, ..Preprocessing::default() };
    read_inputs(&[at(name)], shape, &preprocessing).map(|inputs| inputs.values)
}

#[test]
fn pictures_have_the_values_of_pillow() {
    for (picture, expected, shape, tolerance) in [
        // Grey by Rec. 601: image-rs/image issue 1554.
        ("colour.png", "colour.npy", [1, 6, 8], 0.5 / 255.0),
        // A scan a component, subsampled: etemesi254/zune-image issue 448.
        ("separate-scans.jpg", "separate-scans.npy", [3, 32, 48], 3.5 / 255.0),
        ("whole.jpg", "whole.npy", [3, 32, 48], 3.5 / 255.0),
        // Resize and CenterCrop: pytorch/vision issue 2950.
        ("photo.png", "photo-bilinear.npy", [3, 24, 24], 0.5 / 255.0),
        ("photo.png", "photo-bicubic.npy", [3, 24, 24], 0.5 / 255.0),
    ] {
        let filter = if expected.contains("bicubic") { Filter::Bicubic } else { Filter::Bilinear };
        let got = read_as(picture, &shape, filter).unwrap();
        let expected_values = read_as(expected, &shape, filter).unwrap();
        let worst = got.iter().zip(&expected_values).map(|(got, right)| (got - right).abs()).fold(0.0, f32::max);
        assert!(worst <= tolerance, "{picture} is {worst} from {expected}");
    }
}

#[test]
fn cut_and_inflated_pictures_are_refused() {
    // etemesi254/zune-image pull request 312: what is missing was made up.
    for (name, reason) in [
        ("cut.jpg", "it is truncated"),
        ("truncated.jpg", "it is truncated"),
        ("bomb.jpg", "cannot be in so few bytes"),
    ] {
        let error = read_as(name, &[3, 32, 48], Filter::Bilinear).unwrap_err().to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
}

#[test]
fn labels_are_integers_of_any_type() {
    // facebookresearch/qmnist issue 1.
    let expected = read_labels(&at("labels-ubyte")).unwrap();
    assert_eq!(expected, [0, 1, 2, 0, 1, 2]);
    assert_eq!(read_labels(&at("labels-int32")).unwrap(), expected);
    assert_eq!(read_labels(&at("qmnist-labels-idx2-int")).unwrap(), expected);
}
