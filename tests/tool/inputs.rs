//! Inputs of every format: where they hold the same pixels, relevance is the same to the bit.

use safetensors::Dtype;

use crate::files::{digit, digit_values, gzip, idx, jpeg, little_endian, npy, npy_floats, png, safetensors};
use crate::harness::{Relevance, Workplace, golden};

#[test]
fn the_same_pixels_in_every_format() {
    let place = Workplace::new();
    let (bytes, values) = (digit(4), digit_values(4));
    let side = &[28, 28][..];
    let files = [
        place.write("digit.npy", npy("|u1", side, &bytes)),
        place.write("floats.npy", npy_floats(&[784], &values)),
        place.write("batch.npy", npy_floats(&[1, 1, 28, 28], &values)),
        place.write("digit.png", png(28, &bytes)),
        place.write("digit.PNG", png(28, &bytes)),
        place.write("digit.safetensors", safetensors(Dtype::U8, &[("input", side, bytes.clone())])),
        place.write("floats.safetensors", safetensors(Dtype::F32, &[("any", side, little_endian(&values))])),
        place.write("digit-idx2-ubyte", idx(&[28, 28], &bytes)),
        place.write("digit-idx3-ubyte", idx(&[1, 28, 28], &bytes)),
        place.write("digit-idx3-ubyte.gz", gzip(&idx(&[1, 28, 28], &bytes))),
    ];
    for model in ["digits", &golden("mnist-cnn/model.onnx")] {
        let expected = place.relevance(&[model, "digit.npy"]);
        for file in files {
            assert!(place.relevance(&[model, file]) == expected, "{model} {file}");
        }
    }
}

#[test]
fn jpeg_images_and_images_of_other_sizes_are_taken() {
    let place = Workplace::new();
    let bytes = digit(4);
    place.write("digit.jpg", jpeg(28, &bytes));
    let large: Vec<u8> = (0..56 * 56).map(|position| bytes[position / 112 * 28 + position % 56 / 2]).collect();
    place.write("large.png", png(56, &large));
    for file in ["digit.jpg", "large.png"] {
        let report = place.json(&["explain", "--json", file, "--semiring", "boolean"]);
        assert_eq!(report["inputs"][0]["top"], 4, "{file} is seen as what it shows");
    }
}

#[test]
fn several_inputs_are_stacked_in_their_order() {
    let place = Workplace::new();
    let both: Vec<u8> = [digit(1), digit(2)].concat();
    place.write("7.png", png(28, &digit(7)));
    place.write("both.npy", npy("|u1", &[2, 28, 28], &both));
    let arguments = ["7.png", "both.npy", "--semiring", "counting,real"];
    let relevance = place.relevance(&arguments);
    let all = place.relevance(&["--semiring", "counting,real"]);
    for name in ["counting/input", "real/input"] {
        let (some, all) = (relevance.tensor(name), all.tensor(name));
        assert_eq!(some.shape, [3, 784]);
        let rows = [7, 1, 2].iter().flat_map(|&digit| all.values[digit * 784..][..784].to_vec());
        assert_eq!(some.values, rows.collect::<Vec<_>>(), "{name}");
    }
    let report = place.json(&[&["explain", "--json"][..], &arguments].concat());
    let named: Vec<_> = (0..3).map(|input| report["inputs"][input]["input"].as_str().unwrap()).collect();
    assert_eq!(named, ["7", "both-0", "both-1"]);
    // One target an input.
    let targets = [&arguments[..], &["--target", "1", "--target", "2", "--target", "3,4"]].concat();
    let report = place.json(&[&["explain", "--json"][..], &targets].concat());
    assert_eq!(report["inputs"][2]["targets"].as_array().unwrap().len(), 2);
}

#[test]
fn inputs_of_the_reference_file() {
    let place = Workplace::new();
    let expected = golden("mnist-mlp/expected.safetensors");
    // The file holds many tensors; the one named `inputs` is meant.
    assert!(place.relevance(&["digits", &expected]) == place.relevance::<&str>(&[]));
}

#[test]
fn colour_images_and_their_channels() {
    let place = Workplace::new();
    place.write(
        "architecture.toml",
        "[input]\nshape = [3, 4, 4]\n[[layers]]\ntype = \"flatten\"\n[[layers]]\nname = \"d\"\ntype = \"dense\"\n",
    );
    // The target looks at the red of every pixel, and at the green of the first.
    let weight = |position: usize| if position < 17 { 1.0 } else { 0.0 };
    let weights: Vec<f32> = (0..48).map(weight).collect();
    place.write("model.safetensors", safetensors(Dtype::F32, &[("d.weight", &[1, 48], little_endian(&weights))]));
    let planes = [1.0f32; 48];
    place.write("chw.npy", npy_floats(&[3, 4, 4], &planes));
    place.write("hwc.npy", npy_floats(&[4, 4, 3], &planes));
    let model = ["model.safetensors", "--architecture", "architecture.toml", "--semiring", "boolean,counting"];
    let relevance = place.relevance(&[&model[..], &["chw.npy"]].concat());
    let seen: Vec<f64> = (0..48).map(|position| f64::from(weight(position))).collect();
    assert_eq!(relevance.tensor("boolean/input").values, seen);
    assert_eq!(relevance.tensor("boolean/input").shape, [1, 3, 4, 4]);
    assert!(place.relevance(&[&model[..], &["hwc.npy", "--layout", "hwc"]].concat()) == relevance);
    place.refuses(&[&model[..], &["hwc.npy"]].concat(), &["hwc.npy", "[4, 4, 3]", "[3, 4, 4]"]);

    // Pictures join channels as they are told to; the file keeps them apart.
    let relevant = |channels: &[&str]| {
        let out = [&["explain", "--quiet", "--out", "results"][..], &model, &["chw.npy"], channels].concat();
        place.succeed(&out);
        assert!(Relevance::read(place.path("results/relevance.safetensors")) == relevance);
        let picture = std::fs::read(place.path("results/boolean-chw.png")).unwrap();
        let picture = crate::files::decode_png(&picture).into_rgb8();
        let scale = picture.width() / 4;
        let corner = *picture.get_pixel(0, 0);
        (0..16).filter(|pixel| *picture.get_pixel(pixel % 4 * scale, pixel / 4 * scale) == corner).count()
    };
    assert_eq!(relevant(&[]), 16, "by ⊕, which is ∨: every pixel like the first");
    assert_eq!(relevant(&["--channels", "or"]), 16);
    assert_eq!(relevant(&["--channels", "and"]), 16, "blue is relevant nowhere: no pixel is");
}

#[test]
fn colour_images_that_a_network_takes_as_vectors_are_drawn_in_colour() {
    let place = Workplace::new();
    // 48 features, each with a weight of its own: two pictures of 3 channels, 4 × 4.
    let weights: Vec<f32> = (0..48).map(|position| position as f32 - 20.0).collect();
    let model = safetensors(Dtype::F32, &[("0.weight", &[1, 48], little_endian(&weights))]);
    place.write("model.safetensors", model);
    let values: Vec<f32> = (0..96).map(|position| (position % 7) as f32).collect();
    place.write("chw.npy", npy_floats(&[2, 3, 4, 4], &values));
    let drawn = |channels: &[&str]| {
        let explain = ["explain", "model.safetensors", "chw.npy", "--quiet", "--out", "results", "--semiring", "real"];
        place.succeed(&[&explain[..], channels].concat());
        ["real-chw-0.png", "real-chw-1.png"].map(|name| std::fs::read(place.path("results").join(name)).unwrap())
    };
    // The real ⊕ is the sum.
    assert!(drawn(&[]) == drawn(&["--channels", "sum"]));
    assert!(drawn(&[]) != drawn(&["--channels", "max"]));
}
