//! Data sets of every format, read in batches, and what is wrong with bad ones.

use std::fs;
use std::io::Write;
use std::path::Path;

use kirchhoff_data::{Batch, DataSet, DataSetOptions, InputError, Preprocessing, Split};
use kirchhoff_file::{Seal, Tensor, write_tensors};

const SHAPE: [usize; 1] = [6];

fn options<'a>() -> DataSetOptions<'a> {
    DataSetOptions { outputs: 3, ..DataSetOptions::default() }
}

fn open(path: &Path, options: &DataSetOptions<'_>) -> Result<DataSet, InputError> {
    DataSet::open(path, &SHAPE, &Preprocessing::default(), options)
}

fn refused(path: &Path, options: &DataSetOptions<'_>) -> String {
    match open(path, options) {
        Ok(_) => panic!("{} is taken", path.display()),
        Err(error) => error.to_string(),
    }
}

/// Bytes of `count` images of 2 × 3, all different.
fn pixels(count: usize) -> Vec<u8> {
    (0..count * 6).map(|at| (at * 7 % 251) as u8).collect()
}

fn idx(axes: &[usize], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, axes.len() as u8];
    axes.iter().for_each(|&axis| file.extend((axis as u32).to_be_bytes()));
    file.extend(bytes);
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An MNIST folder of `count` test images whose labels are 0, 1, 2, 0, ...
fn mnist(folder: &Path, count: usize) {
    fs::write(folder.join("t10k-images-idx3-ubyte.gz"), gzip(&idx(&[count, 2, 3], &pixels(count)))).unwrap();
    let labels: Vec<u8> = (0..count).map(|at| (at % 3) as u8).collect();
    fs::write(folder.join("t10k-labels-idx1-ubyte"), idx(&[count], &labels)).unwrap();
}

fn expected(positions: std::ops::Range<usize>) -> Vec<f32> {
    let length = SHAPE[0];
    pixels(positions.end)[positions.start * length..].iter().map(|&byte| f32::from(byte) / 255.0).collect()
}

fn check(mut data: DataSet, count: usize) {
    assert_eq!(data.count(), count);
    // Forwards, again from the start, and with a leap.
    for range in [0..2, 2..count, 0..count, 3..4, 1..2] {
        let batch = data.read(range.clone()).unwrap();
        assert_eq!(batch.values, expected(range.clone()), "{range:?}");
        assert_eq!(batch.labels, range.clone().map(|at| at % 3).collect::<Vec<_>>());
        assert_eq!(batch.positions, range.collect::<Vec<_>>());
        assert!(batch.skipped.is_empty());
    }
    data.choose([1, 3]);
    assert_eq!((data.count(), data.label(1)), (2, 0));
    assert_eq!(data.read(0..2).unwrap().values, [expected(1..2), expected(3..4)].concat());
}

#[test]
fn mnist_folders_and_their_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    mnist(folder.path(), 5);
    check(open(folder.path(), &options()).unwrap(), 5);
    let file = folder.path().join("t10k-images-idx3-ubyte.gz");
    check(open(&file, &options()).unwrap(), 5);
    assert_eq!(open(&file, &options()).unwrap().picture(), Some([1, 2, 3]));
    let train = DataSetOptions { split: Split::Train, ..options() };
    assert!(refused(folder.path(), &train).contains("none of its IDX files of images begins with train"));
}

#[test]
fn arrays_are_read_with_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (values, labels) = (pixels(5), [0u32, 1, 2, 0, 1]);
    let tensors = vec![Tensor::new("inputs", &[5, 2, 3], &values[..]), Tensor::new("labels", &[5], &labels)];
    write_tensors(at("set.safetensors"), tensors, &[], Seal::None).unwrap();
    check(open(&at("set.safetensors"), &options()).unwrap(), 5);

    let npy = |kind: &str, shape: &str, bytes: &[u8]| {
        let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
        header.push_str(&" ".repeat(117 - header.len()));
        [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes(), b"\n", bytes].concat()
    };
    fs::write(at("set.npy"), npy("|u1", "5, 6", &values)).unwrap();
    let stored: Vec<u8> = labels.iter().flat_map(|label| (*label as i32).to_be_bytes()).collect();
    fs::write(at("labels.npy"), npy(">i4", "5,", &stored)).unwrap();
    fs::write(at("labels.txt"), "0\n1\n2\n\n0\n1\n").unwrap();
    for name in ["labels.npy", "labels.txt", "set.safetensors"] {
        let labels = at(name);
        check(open(&at("set.npy"), &DataSetOptions { labels: Some(&labels), ..options() }).unwrap(), 5);
    }
    assert!(refused(&at("set.npy"), &options()).contains("there are no labels for it"));
    fs::write(at("labels.txt"), "0\n-1\n0\n0\n0\n").unwrap();
    let labels = at("labels.txt");
    let negative = refused(&at("set.npy"), &DataSetOptions { labels: Some(&labels), ..options() });
    assert!(negative.contains("label 1 is -1"), "{negative}");
}

fn image(path: &Path, width: u32, height: u32, grey: u8) {
    image::GrayImage::from_pixel(width, height, image::Luma([grey])).save(path).unwrap();
}

/// Two images of class 0 and three of class 1, by the names of folders.
fn images(folder: &Path, names: [&str; 2]) {
    for (class, name) in names.iter().enumerate() {
        fs::create_dir(folder.join(name)).unwrap();
        for number in 0..2 + class {
            image(&folder.join(name).join(format!("{number}.png")), 3, 2, (100 * class + number) as u8);
        }
    }
}

fn greys(batch: &Batch) -> Vec<f32> {
    batch.values.chunks(SHAPE[0]).map(|values| (values[0] * 255.0).round()).collect()
}

#[test]
fn folders_are_classes_and_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    images(folder.path(), ["cat", "dog"]);
    let mut data = open(folder.path(), &options()).unwrap();
    let batch = data.read(0..5).unwrap();
    assert_eq!((greys(&batch), batch.labels), (vec![0.0, 100.0, 1.0, 101.0, 102.0], vec![0, 1, 0, 1, 1]));
    let classes = ["dog".to_string(), "mouse".to_string(), "cat".to_string()];
    let data = open(folder.path(), &DataSetOptions { classes: Some(&classes), ..options() }).unwrap();
    assert_eq!([data.label(0), data.label(1)], [2, 0], "by the model's names");

    let folder = tempfile::tempdir().unwrap();
    images(folder.path(), ["2", "10"]);
    assert!(refused(folder.path(), &options()).contains("is 10, but the network has 3 outputs"));
    let mut data = open(folder.path(), &DataSetOptions { skip_bad: true, ..options() }).unwrap();
    let batch = data.read(0..5).unwrap();
    assert_eq!((batch.labels, batch.positions), (vec![2, 2], vec![0, 2]));
    assert_eq!(batch.skipped.iter().map(|skipped| skipped.position).collect::<Vec<_>>(), [1, 3, 4]);
}

#[test]
fn a_bad_image_is_an_error_or_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    images(folder.path(), ["0", "1"]);
    let bytes = fs::read(folder.path().join("1/1.png")).unwrap();
    fs::write(folder.path().join("1/1.png"), &bytes[..bytes.len() / 2]).unwrap();
    image(&folder.path().join("0/1.png"), 4, 4, 9);
    let error = open(folder.path(), &options()).unwrap().read(0..5).unwrap_err().to_string();
    assert!(error.contains("the image is 4×4, but the data set's first one is 3×2: --resize"), "{error}");

    let mut data = open(folder.path(), &DataSetOptions { skip_bad: true, ..options() }).unwrap();
    let batch = data.read(0..5).unwrap();
    assert_eq!(greys(&batch), [0.0, 100.0, 102.0]);
    let names: Vec<_> = batch.skipped.iter().map(|skipped| skipped.name.clone()).collect();
    assert!(names[0].ends_with("0/1.png") && names[1].ends_with("1/1.png"), "{names:?}");

    let square = |options: &DataSetOptions<'_>| {
        DataSet::open(folder.path(), &[1, 2, 3], &Preprocessing::default(), options).unwrap().read(0..5)
    };
    let error = square(&DataSetOptions { resize: true, ..options() }).unwrap_err().to_string();
    assert!(error.contains("1.png is not a readable PNG or JPEG file"), "{error}");
    let batch = square(&DataSetOptions { resize: true, skip_bad: true, ..options() }).unwrap();
    assert_eq!(batch.labels.len(), 4, "another size is scaled");
}

#[test]
fn values_that_are_not_finite_are_an_error_or_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.safetensors");
    let mut values = [0.5f32; 18];
    values[8] = f32::NAN;
    let tensors = vec![Tensor::new("inputs", &[3, 6], &values[..]), Tensor::new("labels", &[3], &[0u8, 1, 2])];
    write_tensors(&path, tensors, &[], Seal::None).unwrap();
    let error = open(&path, &options()).unwrap().read(0..3).unwrap_err().to_string();
    assert!(error.contains("holds NaN in input 1 at position 2"), "{error}");
    let batch = open(&path, &DataSetOptions { skip_bad: true, ..options() }).unwrap().read(0..3).unwrap();
    assert_eq!((batch.labels, batch.skipped.len()), (vec![0, 2], 1));
}

#[test]
fn what_is_no_data_set_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(refused(folder.path(), &options()).contains("neither IDX files of images"));
    fs::create_dir(at("0")).unwrap();
    assert!(refused(folder.path(), &options()).contains("the data set is empty"));
    fs::write(at("images-idx3"), idx(&[0, 2, 3], &[])).unwrap();
    fs::write(at("labels-idx1"), idx(&[0], &[])).unwrap();
    assert!(refused(&at("images-idx3"), &options()).contains("the data set is empty"));
    fs::write(at("images-idx3"), idx(&[2, 2, 3], &pixels(2))).unwrap();
    assert!(refused(&at("images-idx3"), &options()).contains("there are 0 labels for 2 inputs"));
    fs::write(at("labels-idx1"), idx(&[2], &[0, 3])).unwrap();
    let error = refused(&at("images-idx3"), &options());
    assert!(error.contains("the label of input 1 is 3, but the network has 3 outputs"), "{error}");
    fs::write(at("labels-idx1"), idx(&[2], &[0, 2])).unwrap();
    // A file that ends in the middle is no matter of one input.
    fs::write(at("images-idx3"), idx(&[2, 2, 3], &pixels(2)[..9])).unwrap();
    let skip = DataSetOptions { skip_bad: true, ..options() };
    assert!(refused(&at("images-idx3"), &skip).contains("it is truncated"));
    fs::write(at("images-idx3"), gzip(&idx(&[2, 2, 3], &pixels(2)[..9]))).unwrap();
    let mut data = open(&at("images-idx3"), &skip).unwrap();
    assert!(data.read(0..2).unwrap_err().to_string().contains("it is truncated"));
    let error = DataSet::open(&at("images-idx3"), &[5], &Preprocessing::default(), &options());
    assert!(matches!(error, Err(InputError::Shape { .. })));
    fs::write(at("notes"), "hello").unwrap();
    assert!(refused(&at("notes"), &options()).contains("it is no data set"));
}

#[test]
fn archives_of_numpy_are_data_sets() {
    let at = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures").join(name);
    let read = |name: &str, split: Split| {
        let options = DataSetOptions { outputs: 2, split, ..DataSetOptions::default() };
        let mut data = DataSet::open(&at(name), &[12], &Preprocessing::default(), &options).unwrap();
        // Forwards, and again from the start.
        assert_eq!(data.read(1..2).unwrap().values.len(), 12);
        let batch = data.read(0..2).unwrap();
        (batch.values[0], batch.values[23], batch.labels)
    };
    assert_eq!(read("stored.npz", Split::Test), (0.0, 23.0, vec![1, 0]));
    assert_eq!(read("deflated.npz", Split::Train), (0.0, 23.0, vec![1, 0]));
    assert_eq!(read("deflated.npz", Split::Test), (12.0, 11.0, vec![0, 1]));
    let inputs = kirchhoff_data::read_inputs(&[at("fortran.npz")], &[3, 4], &Preprocessing::default()).unwrap();
    assert_eq!(inputs.values, (0..24).map(|value| value as f32).collect::<Vec<_>>());

    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(at("deflated.npz")).unwrap();
    let path = folder.path().join("damaged.npz");
    let mut refused = 0;
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        fs::write(&path, damaged).unwrap();
        let options = DataSetOptions { outputs: 2, ..DataSetOptions::default() };
        let read =
            DataSet::open(&path, &[12], &Preprocessing::default(), &options).and_then(|mut data| data.read(0..2));
        refused += usize::from(read.is_err());
        assert!(read.is_err() || read.unwrap().values[0] == 12.0, "byte {place} changes values without a word");
    }
    assert!(refused > 200, "{refused}");
}
