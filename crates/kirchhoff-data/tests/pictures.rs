//! Pictures, held against what Pillow makes of them. `make_pictures.py` makes the files.

use std::path::{Path, PathBuf};

use kirchhoff_data::{Filter, InputError, Preprocessing, Resize, read_inputs};

fn at(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures").join(name)
}

fn read_as(path: &Path, shape: &[usize], preprocessing: &Preprocessing) -> Result<Vec<f32>, InputError> {
    read_inputs(&[path.to_path_buf()], shape, preprocessing).map(|inputs| inputs.values)
}

/// The shape and the bytes of an array of unsigned bytes that NumPy wrote, channels first.
fn expected(name: &str) -> (Vec<usize>, Vec<u8>) {
    let file = std::fs::read(at(&format!("{name}.npy"))).unwrap();
    let start = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
    let header = std::str::from_utf8(&file[10..start]).unwrap();
    assert!(header.contains("'|u1'") && header.contains("False"), "{header}");
    let (_, shape) = header.split_once("'shape': (").unwrap();
    let shape = shape.split_once(')').unwrap().0;
    let shape: Vec<usize> = shape.split(',').map(|length| length.trim().parse().unwrap()).collect();
    let values = &file[start..];
    match shape[..] {
        [height, width, channels] => {
            let plane = |channel: usize| values.iter().copied().skip(channel).step_by(channels);
            (vec![channels, height, width], (0..channels).flat_map(plane).collect())
        }
        _ => (vec![1, shape[0], shape[1]], values.to_vec()),
    }
}

/// How far a picture is from what Pillow reads, at most.
fn distance(file: &str, array: &str, preprocessing: &Preprocessing) -> u8 {
    let (shape, expected) = expected(array);
    let values = read_as(&at(file), &shape, preprocessing).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(values.len(), expected.len());
    let bytes = values.iter().map(|value| {
        let byte = value * 255.0;
        assert!((byte - byte.round()).abs() < 1e-3, "{file}: {byte} is no byte");
        byte.round() as u8
    });
    bytes.zip(expected).map(|(got, expected)| got.abs_diff(expected)).max().unwrap()
}

#[test]
fn jpegs_of_every_kind_are_those_of_libjpeg() {
    let mut files: Vec<String> =
        std::fs::read_dir(at("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.retain(|name| name.ends_with(".jpg") && name != "arithmetic.jpg");
    assert!(files.len() > 24, "{files:?}");
    for file in files {
        let distance = distance(&file, file.strip_suffix(".jpg").unwrap(), &Preprocessing::default());
        assert!(distance <= 3, "{file} differs by {distance}");
    }
    let error = read_as(&at("arithmetic.jpg"), &[3, 21, 27], &Preprocessing::default()).unwrap_err().to_string();
    assert!(error.contains("ArithmeticEntropyCoding") && error.contains("save it as one"), "{error}");
}

#[test]
fn a_jpeg_that_is_cut_off_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.jpg");
    for name in ["interleaved-2x2", "separate-2x2", "progressive-2x2", "restarts", "grey"] {
        let whole = std::fs::read(at(&format!("{name}.jpg"))).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = read_as(&path, &[3, 21, 27], &Preprocessing::default()).unwrap_err().to_string();
            assert!(error.contains("is not a readable PNG or JPEG file"), "{name}, {length}: {error}");
        }
    }
}

#[test]
fn pngs_of_every_kind_are_what_pillow_makes_of_them() {
    for name in ["rgb", "rgba", "grey", "grey-alpha", "palette", "bits", "palette-alpha"] {
        let file = format!("png-{name}.png");
        for array in [format!("png-{name}"), format!("png-{name}-grey")] {
            assert_eq!(distance(&file, &array, &Preprocessing::default()), 0, "{array}");
        }
    }
}

#[test]
fn sixteen_bits_are_kept() {
    for (name, shape) in [("png-deep-rgb", [3, 21, 27]), ("png-deep-grey", [1, 21, 27])] {
        let values = read_as(&at(&format!("{name}.png")), &shape, &Preprocessing::default()).unwrap();
        let array = std::fs::read(at(&format!("{name}.npy"))).unwrap();
        let words: Vec<u16> = array[128..].chunks(2).map(|word| u16::from_le_bytes([word[0], word[1]])).collect();
        let channels = shape[0];
        for (place, value) in values.iter().enumerate() {
            let (channel, pixel) = (place / (21 * 27), place % (21 * 27));
            assert!((value - f32::from(words[pixel * channels + channel]) / 65535.0).abs() < 1e-6);
        }
    }
}

#[test]
fn pictures_are_turned_upright_unless_asked_not_to() {
    for orientation in 1..=8 {
        let name = format!("orientation-{orientation}");
        assert_eq!(distance(&format!("{name}.png"), &name, &Preprocessing::default()), 0, "{name}");
    }
    let lying = Preprocessing { upright: false, ..Preprocessing::default() };
    let as_stored = read_as(&at("orientation-6.png"), &[3, 3, 5], &lying).unwrap();
    assert_eq!(as_stored, read_as(&at("orientation-1.png"), &[3, 3, 5], &lying).unwrap());
}

#[test]
fn scaled_pictures_are_those_of_torchvision() {
    let mut compared = 0;
    for picture in ["tall", "wide"] {
        for filter in Filter::ALL {
            for (suffix, resize) in [
                ("12", Resize::Cover),
                ("16-12", Resize::Side(16)),
                ("60", Resize::Cover),
                ("stretch-13", Resize::Stretch),
            ] {
                let preprocessing = Preprocessing { resize, filter, ..Preprocessing::default() };
                let array = format!("{picture}-{}-{suffix}", filter.name());
                assert_eq!(distance(&format!("{picture}.png"), &array, &preprocessing), 0, "{array}");
                compared += 1;
            }
        }
        let grey = format!("{picture}-grey-12");
        assert_eq!(distance(&format!("{picture}.png"), &grey, &Preprocessing::default()), 0, "{grey}");
    }
    assert_eq!(compared, 32);
    let small = Preprocessing { resize: Resize::Side(10), ..Preprocessing::default() };
    let error = read_as(&at("tall.png"), &[3, 12, 12], &small).unwrap_err().to_string();
    assert!(error.contains("is scaled to 10×13, less than the 12×12"), "{error}");
}

#[test]
fn pictures_that_claim_more_than_they_hold_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let attempt = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        read_as(&path, &[3, 8, 8], &Preprocessing::default()).unwrap_err().to_string()
    };
    let jpeg = std::fs::read(at("interleaved-2x2.jpg")).unwrap();
    // The frame's header holds height and width behind its length and depth.
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap() + 5;
    for (side, reason) in [(2000u16, "cannot be in so few bytes"), (60_000, "the image is too large")] {
        let mut huge = jpeg.clone();
        huge[frame..frame + 4].copy_from_slice([side.to_be_bytes(); 2].as_flattened());
        let error = attempt("huge.jpg", &huge);
        assert!(error.contains(reason), "{error}");
    }
    let png = std::fs::read(at("png-rgb.png")).unwrap();
    for (side, reason) in [(10_000u32, "cannot be in so few bytes"), (2_000_000, "the image is too large")] {
        let mut header = png[12..29].to_vec();
        header[4..12].copy_from_slice([side.to_be_bytes(); 2].as_flattened());
        let mut sum = flate2::Crc::new();
        sum.update(&header);
        let huge = [&png[..12], &header, &sum.sum().to_be_bytes(), &png[33..]].concat();
        let error = attempt("huge.png", &huge);
        assert!(error.contains(reason), "{error}");
    }
}
