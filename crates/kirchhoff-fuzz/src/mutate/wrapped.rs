//! Files with checksums, which are mostly made anew, so that more than checksums is tried.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rand::Rng;

use super::{Random, bytes, place, tensors};

const HASH: usize = 32;

/// A circuit file, which ends with the hash of what is before.
pub fn circuit(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    hashed(tensors(file, other, random), random)
}

/// The state of a study, which ends with the hash of what is before.
pub fn state(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    hashed(bytes(file, other, random), random)
}

fn hashed(mut file: Vec<u8>, random: &mut Random) -> Vec<u8> {
    if let (Some(end), 1..) = (file.len().checked_sub(HASH), random.random_range(0..8)) {
        let hash = blake3::hash(&file[..end]);
        file[end..].copy_from_slice(hash.as_bytes());
    }
    file
}

/// A compressed file whose content is changed.
pub fn gzip(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let inner = |file: &[u8]| {
        let mut content = Vec::new();
        GzDecoder::new(file).read_to_end(&mut content).map(|_| content)
    };
    let (Ok(content), Ok(others), 1..) = (inner(file), inner(other), random.random_range(0..3)) else {
        return bytes(file, other, random);
    };
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let changed = bytes(&content, &others, random);
    match encoder.write_all(&changed).and_then(|()| encoder.finish()) {
        Ok(file) => file,
        Err(_) => changed,
    }
}

/// A PNG, chunk by chunk or byte by byte.
pub fn png(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let (head, mut chunks) = (file.get(..8).unwrap_or_default().to_vec(), chunks(file));
    let others = self::chunks(other);
    for _ in 0..random.random_range(1..3) {
        if chunks.is_empty() {
            return bytes(file, other, random);
        }
        let at = place(chunks.len(), random);
        match random.random_range(0..8) {
            0 => drop(chunks.remove(at)),
            1 => chunks.insert(at, chunks[at].clone()),
            2 => {
                let with = place(chunks.len(), random);
                chunks.swap(at, with);
            }
            3 if !others.is_empty() => chunks.insert(at, others[place(others.len(), random)].clone()),
            _ => {
                let kind = chunks[at].len().min(4);
                let (kind, content) = chunks[at].split_at(kind);
                chunks[at] = [kind, &bytes(content, content, random)].concat();
            }
        }
    }
    let mut file = head;
    for chunk in chunks {
        let mut sum = flate2::Crc::new();
        sum.update(&chunk);
        file.extend((chunk.len().saturating_sub(4) as u32).to_be_bytes());
        file.extend(&chunk);
        file.extend(sum.sum().to_be_bytes());
    }
    file
}

/// The chunks of a PNG: their kinds and contents.
fn chunks(file: &[u8]) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    let mut at = 8;
    while let Some(length) = file.get(at..at + 4) {
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let Some(chunk) = file.get(at + 4..at + 8 + length) else { break };
        chunks.push(chunk.to_vec());
        at += 12 + length;
    }
    chunks
}
