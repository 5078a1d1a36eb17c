//! Damaged and hostile files of every format: whatever is in them, reading them makes no panic and takes little memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use kirchhoff_data::{DataSet, DataSetOptions, Preprocessing, read_inputs, read_labels};
use kirchhoff_file::{Seal, Tensor, write_tensors};

/// How many bytes reading a file of some hundred bytes may hold at once.
const LIMIT: usize = 64 << 20;

/// Mutants of each file.
const MUTANTS: u64 = 400;

/// Counts what is held.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does all of it; it is counted besides.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Reads a file in every way: as inputs of networks of several shapes, as a data set, and as labels.
fn read_every_way(path: &Path) {
    for shape in [&[3, 8, 8][..], &[1, 4, 4], &[6], &[7]] {
        let _ = read_inputs(&[path.to_path_buf()], shape, &Preprocessing::default());
        let options = DataSetOptions { outputs: 3, skip_bad: true, ..DataSetOptions::default() };
        if let Ok(mut set) = DataSet::open(path, shape, &Preprocessing::default(), &options) {
            let _ = set.read(0..set.count().min(3));
        }
    }
    let _ = read_labels(path);
}

/// SplitMix64.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// The file with one to three changes: bits, bytes, numbers at the ends of their range, and pieces lost or doubled.
fn mutant(file: &[u8], draw: &mut Draw) -> Vec<u8> {
    let mut mutant = file.to_vec();
    for _ in 0..=draw.below(3) {
        let place = draw.below(mutant.len());
        let end = (place + 1 + draw.below(8)).min(mutant.len());
        match draw.below(7) {
            0 if !mutant.is_empty() => mutant[place] ^= 1 << draw.below(8),
            1 if !mutant.is_empty() => mutant[place] = [0, 1, b'9', 0x7f, 0x80, 0xff][draw.below(6)],
            2 => {
                let value = [0u32, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX, 0xffff, 0x1_0000][draw.below(7)];
                let bytes = if draw.below(2) == 0 { value.to_be_bytes() } else { value.to_le_bytes() };
                mutant.iter_mut().skip(place).zip(bytes).for_each(|(old, new)| *old = new);
            }
            3 => mutant.truncate(place),
            4 => drop(mutant.drain(place..end)),
            5 => {
                let piece = mutant[place..end].to_vec();
                mutant.splice(place..place, piece);
            }
            _ => mutant.extend([0xff, 0xd9, 0, 0]),
        }
    }
    mutant
}

/// A PNG whose chunks have the checksums of what is in them, so that more than checksums is tried.
fn with_checksums(png: &mut [u8]) {
    let mut place = 8;
    while let Some(head) = png.get(place..place + 8) {
        let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        let Some(end) = place.checked_add(8 + length).filter(|end| end + 4 <= png.len()) else { return };
        let mut sum = flate2::Crc::new();
        sum.update(&png[place + 4..end]);
        png[end..end + 4].copy_from_slice(&sum.sum().to_be_bytes());
        place = end + 4;
    }
}

#[test]
fn no_file_makes_a_panic_or_takes_much_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut seeds = Vec::new();
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures");
    for name in [
        "interleaved-2x2.jpg",
        "separate-4x2.jpg",
        "progressive-2x1.jpg",
        "restarts.jpg",
        "cmyk.jpg",
        "turned.jpg",
        "png-rgb.png",
        "png-palette-alpha.png",
        "png-bits.png",
        "png-deep-grey.png",
        "orientation-6.png",
        "stored.npz",
        "deflated.npz",
        "fortran.npz",
    ] {
        let extension = name.split_once('.').unwrap().1;
        seeds.push((extension, std::fs::read(pictures.join(name)).unwrap()));
    }
    let idx = [&[0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 6][..], &[7; 12]].concat();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, &idx).unwrap();
    seeds.extend([("idx", idx), ("gz", gzip.finish().unwrap()), ("txt", b"0\n1\n\n2\n".to_vec())]);
    for (order, shape) in [("False", "(2, 6)"), ("True", "(6, 2, 1)")] {
        let mut header = format!("{{'descr': '>i2', 'fortran_order': {order}, 'shape': {shape}, }}");
        header.push_str(&" ".repeat(117 - header.len()));
        seeds.push(("npy", [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes(), b"\n", &[1; 24]].concat()));
    }
    let tensors = folder.path().join("seed");
    let inputs = Tensor::new("inputs", &[2, 6], &[1.0f32; 12]);
    write_tensors(&tensors, vec![inputs, Tensor::new("labels", &[2], &[0u8, 1])], &[], Seal::None).unwrap();
    seeds.push(("safetensors", std::fs::read(&tensors).unwrap()));

    for (number, (extension, file)) in seeds.iter().enumerate() {
        let path = folder.path().join(format!("mutant.{extension}"));
        for seed in 0..MUTANTS {
            let mut draw = Draw(number as u64 * MUTANTS + seed);
            let mut bytes = mutant(file, &mut draw);
            if *extension == "png" && draw.below(4) > 0 {
                with_checksums(&mut bytes);
            }
            std::fs::write(&path, &bytes).unwrap();
            let before = HELD.load(Ordering::Relaxed);
            MOST.store(before, Ordering::Relaxed);
            read_every_way(&path);
            let most = MOST.load(Ordering::Relaxed) - before;
            assert!(most < LIMIT, "mutant {seed} of {extension} {number} took {most} bytes");
        }
    }
}
