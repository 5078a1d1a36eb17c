//! JPEG files, segment by segment.

use rand::Rng;

use super::{Random, bytes, place};

/// Changes one or two segments, of which the lengths are right again mostly: what is in them, or that they are there, and where.
pub fn jpeg(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let (mut segments, others) = (segments(file), segments(other));
    for _ in 0..random.random_range(1..3) {
        let at = place(segments.len(), random);
        if segments.is_empty() {
            break;
        }
        match random.random_range(0..8) {
            0 => drop(segments.remove(at)),
            1 => segments.insert(at, segments[at].clone()),
            2 => {
                let with = place(segments.len(), random);
                segments.swap(at, with);
            }
            3 if !others.is_empty() => segments.insert(at, others[place(others.len(), random)].clone()),
            _ => {
                let segment = &segments[at];
                // Behind the marker and the length, which is that of what is there.
                let head = if segment.len() >= 4 && segment[1] != 0xda { 4 } else { segment.len().min(2) };
                let mut changed = [&segment[..head], &bytes(&segment[head..], &segment[head..], random)].concat();
                if let (4, Ok(length)) = (head, u16::try_from(changed.len() - 2)) {
                    changed[2..4].copy_from_slice(&length.to_be_bytes());
                }
                segments[at] = changed;
            }
        }
    }
    segments.concat()
}

/// The segments of a file, each with its marker; those of scans with their coded data.
fn segments(file: &[u8]) -> Vec<Vec<u8>> {
    let mut starts = vec![0];
    let mut at = 0;
    while let Some(&[0xff, marker, ..]) = file.get(at..) {
        let length = match (marker, file.get(at + 2..at + 4)) {
            (0xd8, _) => 2,
            (0xda, _) | (_, None) => break,
            (_, Some(length)) => 2 + usize::from(u16::from_be_bytes([length[0], length[1]])),
        };
        at += length;
        starts.push(at.min(file.len()));
    }
    // Within scans markers are not escaped by a 0, and no restarts.
    for place in at..file.len().saturating_sub(1) {
        if file[place] == 0xff && !matches!(file[place + 1], 0 | 0xff | 0xd0..=0xd7) && place > at {
            starts.push(place);
        }
    }
    starts.push(file.len());
    starts.windows(2).map(|pair| file[pair[0]..pair[1].max(pair[0])].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_the_file() {
        let file =
            [&[0xff, 0xd8, 0xff, 0xdb, 0, 4, 1, 2, 0xff, 0xda, 0, 3, 9, 7, 0xff, 0, 8][..], &[0xff, 0xd9]].concat();
        let segments = segments(&file);
        assert_eq!(segments.concat(), file);
        assert_eq!(segments.iter().map(Vec::len).collect::<Vec<_>>(), [2, 6, 9, 2]);
    }
}
