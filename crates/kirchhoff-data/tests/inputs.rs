//! Inputs of every format, and everything that can be wrong with them.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use image::{GrayImage, ImageBuffer, Luma, Rgb, RgbImage};
use kirchhoff_data::{InputError, Inputs, Layout, Preprocessing, read_inputs, read_labels};
use kirchhoff_file::{FileError, Output, Seal, Tensor, write_tensors};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn write(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn read(path: &Path, shape: &[usize]) -> Result<Inputs, InputError> {
    read_inputs(&[path.to_path_buf()], shape, &Preprocessing::default())
}

fn error(path: &Path, shape: &[usize]) -> String {
    read(path, shape).unwrap_err().to_string()
}

fn npy(kind: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn idx(kind: u8, shape: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|length| length.to_be_bytes()));
    bytes.extend(data);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn images_have_their_values_between_0_and_1() {
    let folder = folder();
    let grey = GrayImage::from_fn(2, 3, |x, y| Luma([(10 * x + y) as u8]));
    let path = folder.path().join("grey.png");
    grey.save(&path).unwrap();
    let expected: Vec<f32> = [0, 10, 1, 11, 2, 12].map(|value| value as f32 / 255.0).to_vec();
    let inputs = read(&path, &[1, 3, 2]).unwrap();
    assert_eq!((inputs.count, inputs.picture), (1, Some([1, 3, 2])));
    assert_eq!(inputs.names, ["grey"]);
    assert_eq!(inputs.values, expected);
    // Six values are no square: the image keeps its size.
    let inputs = read(&path, &[6]).unwrap();
    assert_eq!((inputs.values, inputs.picture), (expected, Some([1, 3, 2])));

    let colours = RgbImage::from_fn(2, 2, |x, y| Rgb([255, 51 * x as u8, 102 * y as u8]));
    let path = folder.path().join("colours.PNG");
    colours.save_with_format(&path, image::ImageFormat::Png).unwrap();
    let inputs = read(&path, &[3, 2, 2]).unwrap();
    assert_eq!(inputs.values, [1.0, 1.0, 1.0, 1.0, 0.0, 0.2, 0.0, 0.2, 0.0, 0.0, 0.4, 0.4]);
    assert_eq!(read(&path, &[1, 2, 2]).unwrap().values.len(), 4);
    let deep: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::from_pixel(1, 1, Luma([65535 / 5]));
    let path = folder.path().join("deep.png");
    deep.save(&path).unwrap();
    assert_eq!(read(&path, &[1, 1, 1]).unwrap().values, [0.2]);
}

#[test]
fn images_of_other_sizes_are_cut_and_scaled() {
    let folder = folder();
    // A wide image, red on the left, green in the middle, blue on the right.
    let wide = RgbImage::from_fn(96, 32, |x, _| Rgb([[255, 0, 0], [0, 255, 0], [0, 0, 255]][x as usize / 32]));
    let path = folder.path().join("wide.png");
    wide.save(&path).unwrap();
    let inputs = read(&path, &[3, 8, 8]).unwrap();
    assert_eq!((inputs.values.len(), inputs.picture), (192, Some([3, 8, 8])));
    // Only the middle is left, but for the blur of its edges.
    assert!(inputs.values[64..128].iter().all(|&green| green > 0.7), "{inputs:?}");
    assert!(inputs.values[64 + 20] > 0.97);
    // Scaling a smooth ramp by two takes means of neighbours.
    let ramp = GrayImage::from_fn(56, 56, |x, _| Luma([4 * x as u8]));
    let path = folder.path().join("ramp.png");
    ramp.save(&path).unwrap();
    let inputs = read(&path, &[784]).unwrap();
    assert_eq!(inputs.picture, Some([1, 28, 28]));
    for x in 2..26 {
        assert!((inputs.values[28 * 5 + x] - (8 * x + 2) as f32 / 255.0).abs() <= 0.5 / 255.0);
    }
    assert!(inputs.values.iter().all(|value| (0.0..=1.0).contains(value)));
    // A line is cut before it is scaled.
    let line = GrayImage::from_pixel(1, 5000, Luma([200]));
    let path = folder.path().join("line.png");
    line.save(&path).unwrap();
    assert!(read(&path, &[1, 224, 224]).unwrap().values.iter().all(|value| (value - 200.0 / 255.0).abs() < 1e-5));
}

#[test]
fn images_that_cannot_be_read_are_refused() {
    let folder = folder();
    let path = folder.path().join("a.png");
    GrayImage::new(20, 20).save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len() {
        let message = error(&write(&folder, "cut.png", &whole[..length]), &[1, 20, 20]);
        assert!(message.contains("is not a readable PNG or JPEG file"), "{length}: {message}");
    }
    assert!(error(&write(&folder, "text.jpg", b"hello, world"), &[1, 2, 2]).contains("it starts as neither"));
    assert!(error(&path, &[2, 20, 20]).contains("an image has 1 or 3 channels, but the network takes [2, 20, 20]"));
    assert!(error(&path, &[399]).contains("holds values of shape [1, 20, 20], but the network takes [399]"));
    assert!(matches!(read(&folder.path().join("none.png"), &[1]), Err(InputError::File(FileError::Io { .. }))));
    // A PNG whose header claims 100000 × 100000 pixels.
    let mut huge = whole.clone();
    huge[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    assert!(read(&write(&folder, "huge.png", &huge), &[1, 20, 20]).is_err());
}

#[test]
fn npy_arrays_of_all_types_are_read() {
    let folder = folder();
    let check = |kind: &str, data: &[u8]| {
        let path = write(&folder, "a.npy", &npy(kind, false, "(2, 2)", data));
        assert_eq!(read(&path, &[2, 2]).unwrap().values, [0.0, 1.0, 0.2, -1.5], "{kind}");
        assert_eq!(read(&path, &[2]).unwrap().names, ["a-0", "a-1"]);
    };
    let values = [0.0f32, 1.0, 0.2, -1.5];
    check("<f4", &floats(&values));
    check(">f4", values.map(f32::to_be_bytes).as_flattened());
    check("<f8", values.map(|value| f64::from(value).to_le_bytes()).as_flattened());
    check(">f8", values.map(|value| f64::from(value).to_be_bytes()).as_flattened());
    for (kind, data) in [
        ("<i8", [7i64, -3].map(i64::to_le_bytes).as_flattened()),
        (">i4", [7i32, -3].map(i32::to_be_bytes).as_flattened()),
        ("<i2", [7i16, -3].map(i16::to_le_bytes).as_flattened()),
        ("|i1", [7i8, -3].map(i8::to_le_bytes).as_flattened()),
    ] {
        let path = write(&folder, "i.npy", &npy(kind, false, "(2,)", data));
        assert_eq!(read(&path, &[2]).unwrap().values, [7.0, -3.0], "{kind}: integers are taken as they are");
    }
    let unsigned = npy(">u2", false, "(2,)", [7u16, 65_000].map(u16::to_be_bytes).as_flattened());
    assert_eq!(read(&write(&folder, "i.npy", &unsigned), &[2]).unwrap().values, [7.0, 65_000.0]);
    assert_eq!(read(&write(&folder, "b.npy", &npy("|b1", false, "(2,)", &[1, 0])), &[2]).unwrap().values, [1.0, 0.0]);
    let bytes = write(&folder, "u.npy", &npy("|u1", false, "(3,)", &[0, 255, 51]));
    assert_eq!(read(&bytes, &[3]).unwrap().values, [0.0, 1.0, 0.2]);
    let halves = [1.5, -2.0].map(|value| half::f16::from_f32(value).to_le_bytes());
    let halves = write(&folder, "h.npy", &npy("<f2", false, "(2,)", halves.as_flattened()));
    assert_eq!(read(&halves, &[2]).unwrap().values, [1.5, -2.0]);
    // Column-major: the first axis runs fastest.
    let columns = write(&folder, "f.npy", &npy("<f4", true, "(2, 3)", &floats(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0])));
    assert_eq!(read(&columns, &[2, 3]).unwrap().values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn npy_files_that_cannot_be_read_are_refused() {
    let folder = folder();
    let attempt = |bytes: &[u8]| error(&write(&folder, "a.npy", bytes), &[2]);
    assert!(attempt(b"").contains("it is empty"));
    assert!(attempt(b"hello").contains("it does not start as one"));
    assert!(attempt(b"\x93NUMPY\x01\x00\xff\xff{").contains("it ends within its header"));
    assert!(attempt(b"\x93NUMPY\x07\x00\x00\x00").contains("unknown version 7"));
    let cut = attempt(&npy("<f4", false, "(2,)", &[0; 7]));
    assert!(cut.contains("values of shape [2] take 8 bytes, but 7 follow the header"), "{cut}");
    assert!(attempt(&npy("<f4", false, "(2,)", &[0; 9])).contains("but 9 follow"));
    assert!(attempt(&npy("<c8", false, "(2,)", &[0; 16])).contains("its values are of type '<c8'"));
    assert!(attempt(&npy("|O", false, "(2,)", &[0; 16])).contains("its values are of type '|O'"));
    let huge = attempt(&npy("<f4", false, "(4294967296, 4294967296, 4)", &[0; 8]));
    assert!(huge.contains("take more bytes than there can be"), "{huge}");
    assert!(attempt(&npy("<f4", false, "(0, 4294967296, 4294967296)", &[])).contains("but the network takes [2]"));
    assert!(attempt(&npy("<f4", false, &"(".repeat(60_000), &[])).contains("not that of a plain array"));
    assert!(attempt(&npy("<f4", false, "(3,)", &[0; 12])).contains("values of shape [3], but the network takes [2]"));
    assert!(attempt(&npy("<f4", false, "(0, 2)", &[])).contains("holds no inputs"));
    let nan = attempt(&npy("<f4", false, "(2, 2)", &floats(&[0.0, 1.0, 2.0, f32::NAN])));
    assert!(nan.contains("holds NaN in input 1 at position 1"), "{nan}");
    let sound = npy("<f4", false, "(2,)", &[0; 8]);
    for position in 0..sound.len() {
        for value in [0, b'(', b'9', 0xff, sound[position] ^ 1] {
            let mut mutated = sound.clone();
            mutated[position] = value;
            let _ = read(&write(&folder, "m.npy", &mutated), &[2]);
        }
        let _ = read(&write(&folder, "m.npy", &sound[..position]), &[2]);
    }
}

#[test]
fn safetensors_files_are_inputs_too() {
    let folder = folder();
    let path = folder.path().join("a.safetensors");
    let values = [1.0f32, 2.0, 3.0, 4.0];
    let save = |tensors: Vec<Tensor>| write_tensors(Output::new(&path).forced(true), tensors, &[], Seal::None).unwrap();
    save(vec![Tensor::new("anything", &[2, 2], &values)]);
    let inputs = read(&path, &[2]).unwrap();
    assert_eq!((inputs.count, inputs.values), (2, values.to_vec()));
    save(vec![Tensor::new("labels", &[1], &values[..1]), Tensor::new("inputs", &[2, 2], &values)]);
    assert_eq!(read(&path, &[1, 2]).unwrap().count, 2);
    save(vec![Tensor::new("a", &[4], &values), Tensor::new("b", &[4], &values)]);
    assert!(error(&path, &[4]).contains("of its 2 arrays (a, b), none is named as one of 'inputs', 'input'"));
    save(vec![]);
    assert!(error(&path, &[4]).contains("of its 0 arrays"));
    save(vec![Tensor::new("a", &[4], &values)]);
    assert!(error(&path, &[3]).contains("values of shape [4], but the network takes [3]"));
    assert!(error(&write(&folder, "b.safetensors", b"no"), &[3]).contains("is not a readable safetensors file"));
    save(vec![Tensor::new("a", &[2], &[1.0, f32::INFINITY])]);
    assert!(error(&path, &[2]).contains("holds inf in input 0 at position 1"));
}

#[test]
fn idx_files_are_read_plain_and_compressed() {
    let folder = folder();
    let images: Vec<u8> = (0..3 * 784).map(|i| (i % 256) as u8).collect();
    let bytes = idx(8, &[3, 28, 28], &images);
    let plain = write(&folder, "images-idx3-ubyte", &bytes);
    let compressed = write(&folder, "images-idx3-ubyte.gz", &gzip(&bytes));
    for path in [plain, compressed] {
        for shape in [&[784][..], &[1, 28, 28], &[28, 28]] {
            let inputs = read(&path, shape).unwrap();
            assert_eq!((inputs.count, &inputs.shape[..], inputs.picture), (3, shape, Some([1, 28, 28])));
            assert_eq!(inputs.values[784 + 5], f32::from(images[784 + 5]) / 255.0);
            assert_eq!(inputs.names[2], "images-idx3-ubyte-2");
        }
    }
    let values = [1.5f32, -2.0];
    let float = write(&folder, "float", &idx(0x0d, &[2], values.map(f32::to_be_bytes).as_flattened()));
    assert_eq!(read(&float, &[2]).unwrap().values, values);
    let double = idx(0x0e, &[1, 2], values.map(|value| f64::from(value).to_be_bytes()).as_flattened());
    assert_eq!(read(&write(&folder, "double", &double), &[2]).unwrap().values, values);
    let labels = write(&folder, "labels.gz", &gzip(&idx(8, &[4], &[3, 1, 4, 1])));
    assert_eq!(read_labels(&labels).unwrap(), [3, 1, 4, 1]);
    // Integers of every type, and QMNIST's eight columns.
    for (kind, data) in [
        (0x09, [3i8, 1].map(i8::to_be_bytes).as_flattened()),
        (0x0b, [3i16, 1].map(i16::to_be_bytes).as_flattened()),
        (0x0c, [3i32, 1].map(i32::to_be_bytes).as_flattened()),
    ] {
        assert_eq!(read_labels(&write(&folder, "labels", &idx(kind, &[2], data))).unwrap(), [3, 1]);
    }
    let columns: Vec<u8> = (0..16i32).flat_map(i32::to_be_bytes).collect();
    assert_eq!(read_labels(&write(&folder, "labels", &idx(0x0c, &[2, 8], &columns))).unwrap(), [0, 8]);
    let floats = write(&folder, "labels", &idx(0x0d, &[1], &1f32.to_be_bytes()));
    assert!(read_labels(&floats).unwrap_err().to_string().contains("it holds F32 values, not integers"));
}

#[test]
fn idx_files_that_cannot_be_read_are_refused() {
    let folder = folder();
    let attempt = |bytes: &[u8]| error(&write(&folder, "a", bytes), &[2]);
    let sound = idx(8, &[2, 2], &[1, 2, 3, 4]);
    for length in 4..sound.len() {
        let message = attempt(&sound[..length]);
        assert!(message.contains("it is truncated") || message.contains("ends within its header"), "{message}");
    }
    assert!(attempt(&sound[..3]).contains("it is of no format that is read: there are .png"));
    let compressed = gzip(&sound);
    for length in 4..compressed.len() {
        let message = attempt(&compressed[..length]);
        assert!(message.contains("not a readable IDX file"), "{length}: {message}");
    }
    let mut damaged = compressed.clone();
    *damaged.iter_mut().rev().nth(5).unwrap() ^= 1;
    assert!(attempt(&damaged).contains("it is damaged"));
    assert!(attempt(&[&sound[..], &[0]].concat()).contains("more follows the 4 bytes of its values"));
    assert!(attempt(&gzip(&[0; 100])).contains("byte 2 is 0, which stands for no type"));
    assert!(attempt(&gzip(b"hello, world")).contains("does not start with two zero bytes"));
    assert!(attempt(&idx(8, &[3], &[1, 2, 3])).contains("values of shape [3], but the network takes [2]"));
    assert!(attempt(&idx(8, &[u32::MAX, 2], &[1, 2])).contains("it is truncated"));
    let huge = attempt(&gzip(&idx(8, &[u32::MAX, 2], &[1, 2])));
    assert!(huge.contains("brings the inputs to 8589934590 values, more than the"), "{huge}");
    // What a compressed file may expand to is what its header says.
    let bomb = gzip(&[idx(8, &[1, 2], &[1, 2]), vec![0; 50_000_000]].concat());
    assert!(attempt(&bomb).contains("more follows the 2 bytes"));
    assert!(error(&write(&folder, "a.gz", b"text"), &[2]).contains("is not a readable IDX file"));
    assert!(error(&write(&folder, "notes.txt", b"text"), &[2]).contains("it is of no format that is read"));
    let images = write(&folder, "images", &sound);
    assert!(read_labels(&images).unwrap_err().to_string().contains("labels are one integer an input"));
    let many = write(&folder, "many", &gzip(&idx(8, &[u32::MAX], &[])));
    assert!(matches!(read_labels(&many), Err(InputError::TooLarge { .. })));
}

#[test]
fn preprocessing_is_done_per_channel() {
    let folder = folder();
    let path = write(&folder, "a.npy", &npy("<f4", false, "(2, 1, 2)", &floats(&[0.0, 1.0, 2.0, 3.0])));
    let preprocessing = Preprocessing { scale: 2.0, mean: vec![0.5, 1.0], std: vec![0.5], ..Preprocessing::default() };
    let read_with = |path: &PathBuf, preprocessing: &Preprocessing| {
        read_inputs(std::slice::from_ref(path), &[2, 1, 2], preprocessing)
    };
    assert_eq!(read_with(&path, &preprocessing).unwrap().values, [-1.0, 3.0, 6.0, 10.0]);
    // The same values with their channels last.
    let last = write(&folder, "b.npy", &npy("<f4", false, "(1, 1, 2, 2)", &floats(&[0.0, 2.0, 1.0, 3.0])));
    let hwc = Preprocessing { layout: Layout::Hwc, ..preprocessing.clone() };
    assert_eq!(read_with(&last, &hwc).unwrap().values, [-1.0, 3.0, 6.0, 10.0]);
    let three = Preprocessing { mean: vec![0.0; 3], ..preprocessing };
    let message = read_with(&path, &three).unwrap_err().to_string();
    assert_eq!(
        message,
        "the preprocessing cannot be done: mean has 3 values: it takes one, or one for each of 2 channels"
    );
    let overflow = Preprocessing { scale: f32::MAX, ..Preprocessing::default() };
    let message = read_with(&path, &overflow).unwrap_err().to_string();
    assert!(message.contains("holds inf in input 0 at position 2"), "{message}");
}

#[test]
fn several_files_make_one_batch_with_unequal_names() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("more")).unwrap();
    let one = write(&folder, "a.npy", &npy("<f4", false, "(4,)", &floats(&[1.0; 4])));
    let two = write(&folder, "more/a.npy", &npy("<f4", false, "(2, 2, 2)", &floats(&[2.0; 8])));
    let three = write(&folder, "more/a.safetensors", &[]);
    write_tensors(Output::new(&three).forced(true), vec![Tensor::new("x", &[4], &[3.0f32; 4])], &[], Seal::None)
        .unwrap();
    let inputs = read_inputs(&[one, two, three], &[4], &Preprocessing::default()).unwrap();
    assert_eq!(inputs.names, ["a", "a-0", "a-1", "a-2"]);
    assert_eq!(inputs.values, [vec![1.0; 4], vec![2.0; 8], vec![3.0; 4]].concat());
    assert_eq!((inputs.count, inputs.picture), (4, Some([1, 2, 2])));
    assert!(matches!(read_inputs(&[], &[4], &Preprocessing::default()), Err(InputError::Nothing)));
}
