//! NumPy's files: arrays, and archives of them.

use rand::Rng;

use super::{Random, bytes, place, text};

/// Changes the text of the header, of which the length is right again afterwards, or the data behind it.
pub fn npy(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let length = file.get(8..10).map_or(0, |length| usize::from(u16::from_le_bytes([length[0], length[1]])));
    let (Some(header), 0..3) = (file.get(10..10 + length), random.random_range(0..4)) else {
        return bytes(file, other, random);
    };
    let header = text(header, other, random);
    let length = u16::try_from(header.len()).unwrap_or(u16::MAX).to_le_bytes();
    [&file[..8], &length, &header, &file[10 + length_of(file)..]].concat()
}

fn length_of(file: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([file[8], file[9]]))
}

/// An archive of changed arrays, stored, whose checksums are right; or an archive that is changed itself.
///
/// Seeds are archives, of which the first array that is stored without compression is taken.
pub fn npz(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    match (stored(file), random.random_range(0..3)) {
        (Some(array), 1..) => {
            let arrays: Vec<_> = (0..random.random_range(1..3)).map(|_| npy(array, array, random)).collect();
            archive(&arrays, random)
        }
        _ => bytes(file, other, random),
    }
}

/// The content of the first entry, if it is not compressed and its size stands before it.
fn stored(file: &[u8]) -> Option<&[u8]> {
    let two = |at: usize| Some(usize::from(u16::from_le_bytes(file.get(at..at + 2)?.try_into().ok()?)));
    let four = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?) as usize);
    let start = 30 + two(26)? + two(28)?;
    (file.starts_with(b"PK\x03\x04") && two(8)? == 0).then_some(())?;
    // Larger ones have their size in an extra field; NumPy writes it always.
    let size = match four(22)? {
        size if size == u32::MAX as usize => four(30 + two(26)? + 4)?,
        size => size,
    };
    file.get(start..start.checked_add(size)?)
}

/// A ZIP archive of entries that are not compressed.
fn archive(arrays: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (number, array) in arrays.iter().enumerate() {
        let name = ["inputs.npy", "labels.npy", "arr_0.npy", "../x.npy", "x"][place(5, random)];
        let mut sum = flate2::Crc::new();
        sum.update(array);
        let at = file.len() as u32;
        // Version, flags, method, time, date, checksum, both sizes, lengths of name and extra field.
        let common = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
            &sum.sum().to_le_bytes(),
            &(array.len() as u32).to_le_bytes(),
            &(array.len() as u32).to_le_bytes(),
            &(name.len() as u16).to_le_bytes(),
            &[0, 0],
        ]
        .concat();
        file.extend([b"PK\x03\x04", &common[..], name.as_bytes(), array].concat());
        let rest = [&[0; 2][..], &(number as u16).to_le_bytes(), &[0; 2], &[0; 4], &at.to_le_bytes()].concat();
        directory.extend([b"PK\x01\x02\x14\0", &common[..], &rest, name.as_bytes()].concat());
    }
    let count = (arrays.len() as u16).to_le_bytes();
    let (size, at) = ((directory.len() as u32).to_le_bytes(), (file.len() as u32).to_le_bytes());
    [&file[..], &directory, b"PK\x05\x06\0\0\0\0", &count, &count, &size, &at, &[0, 0]].concat()
}
