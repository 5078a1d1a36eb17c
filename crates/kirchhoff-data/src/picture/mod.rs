//! Pictures: decoded, made grey where networks see no colours, scaled and cut.

mod jpeg;
mod orientation;
mod png;
mod scale;

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use kirchhoff_file::open_input;
use kirchhoff_network::Preprocessing;

use crate::InputError;

const FORMATS: &str = "PNG or JPEG";

/// How many bytes a decoded picture may take: as many as Pillow takes at most.
const LIMIT: u64 = 1 << 29;

/// How long a side of a picture may be.
const LONGEST: u32 = 1 << 20;

/// A decoded picture: its rows from the top, pixel by pixel.
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// 1 for grey, 3 for red, green and blue.
    pub(crate) channels: usize,
    pub(crate) samples: Samples,
}

/// From 0 to 255.
#[derive(Clone)]
pub(crate) enum Samples {
    Bytes(Vec<u8>),
    /// Those of greater depth.
    Floats(Vec<f32>),
}

/// What a network sees of a picture.
pub(crate) struct View {
    /// 1 or 3.
    pub(crate) channels: usize,
    /// Height and width; `None` leaves them as they are.
    pub(crate) size: Option<[usize; 2]>,
}

impl View {
    /// That of a network that takes inputs of this shape.
    ///
    /// # Errors
    /// A sentence about a shape that is none of pictures.
    pub(crate) fn of(network: &[usize]) -> Result<Self, String> {
        match *network {
            [1, height, width] | [height, width] => Ok(View { channels: 1, size: Some([height, width]) }),
            [3, height, width] => Ok(View { channels: 3, size: Some([height, width]) }),
            [length] => {
                let side = length.isqrt();
                Ok(View { channels: 1, size: (side * side == length).then_some([side, side]) })
            }
            _ => Err(format!("an image has 1 or 3 channels, but the network takes {network:?}")),
        }
    }
}

/// Width and height of a picture, from its header alone; as it is seen if it is to be turned `upright`.
pub(crate) fn size(path: &Path, upright: bool) -> Result<(usize, usize), InputError> {
    let (mut file, length, kind) = opened(path)?;
    let ((width, height), orientation) = match kind {
        Kind::Png => png::size(path, &mut file, length)?,
        Kind::Jpeg => jpeg::size(path, &mut file, length)?,
    };
    Ok(if upright && orientation.turns() { (height, width) } else { (width, height) })
}

/// How a picture becomes what a network takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fitting {
    /// Its height and width.
    pub size: [usize; 2],
    /// The height and width that it is scaled to.
    pub scaled: [usize; 2],
    /// The height and width of the middle that is cut out, all that the network sees.
    pub seen: [usize; 2],
    /// Whether the network sees no colours.
    pub is_grey: bool,
}

/// How a picture becomes what a network of inputs of the shape `network` takes, from its header alone; nothing of a file that
/// cannot be read as one, or where the network takes it as large as it is.
pub fn picture_fitting(path: &Path, network: &[usize], preprocessing: &Preprocessing) -> Option<Fitting> {
    let view = View::of(network).ok()?;
    let (width, height) = size(path, preprocessing.upright).ok()?;
    let (size, seen) = ([height, width], view.size?);
    let scaled = scale::new_size(size, seen, preprocessing.resize).ok()?;
    (size != seen).then_some(Fitting { size, scaled, seen, is_grey: view.channels == 1 })
}

/// Reads a picture as a network sees it: its shape, and its values from 0 to 1, channel by channel.
pub(crate) fn read(
    path: &Path,
    view: &View,
    preprocessing: &Preprocessing,
) -> Result<([usize; 3], Vec<f32>), InputError> {
    let (mut file, length, kind) = opened(path)?;
    let (mut picture, orientation) = match kind {
        Kind::Png => png::decode(path, &mut file, length)?,
        Kind::Jpeg => jpeg::decode(path, &mut file, length)?,
    };
    if view.channels == 1 {
        picture = picture.grey();
    }
    if preprocessing.upright {
        picture = orientation.applied(picture);
    }
    if let Some(size) = view.size {
        let scaled = scale::scaled(picture, size, preprocessing);
        picture = scaled.map_err(|reason| InputError::unsupported(path, reason))?;
    }
    let values: Vec<f32> = match &picture.samples {
        Samples::Bytes(samples) => samples.iter().map(|&sample| f32::from(sample) / 255.0).collect(),
        Samples::Floats(samples) => samples.iter().map(|&sample| (sample / 255.0).clamp(0.0, 1.0)).collect(),
    };
    let channel = |channel: usize| values.iter().copied().skip(channel % picture.channels).step_by(picture.channels);
    let planes = (0..view.channels).flat_map(channel).collect();
    Ok(([view.channels, picture.height, picture.width], planes))
}

impl Picture {
    /// Its luma by ITU-R 601, in the arithmetic of Pillow.
    fn grey(self) -> Self {
        if self.channels == 1 {
            return self;
        }
        let samples = match self.samples {
            Samples::Bytes(samples) => {
                let luma = |&[r, g, b]: &[u8; 3]| {
                    ((u32::from(r) * 19595 + u32::from(g) * 38470 + u32::from(b) * 7471 + 0x8000) >> 16) as u8
                };
                Samples::Bytes(samples.as_chunks().0.iter().map(luma).collect())
            }
            Samples::Floats(samples) => {
                let luma = |&[r, g, b]: &[f32; 3]| 0.299 * r + 0.587 * g + 0.114 * b;
                Samples::Floats(samples.as_chunks().0.iter().map(luma).collect())
            }
        };
        Picture { channels: 1, samples, ..self }
    }
}

enum Kind {
    Png,
    Jpeg,
}

/// An open file, its length, and what it is by its content: pictures are often saved under the other extension.
fn opened(path: &Path) -> Result<(BufReader<File>, u64, Kind), InputError> {
    let io = |error| InputError::io(path, error);
    let file = open_input(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut file = BufReader::new(file);
    let mut start = Vec::new();
    file.by_ref().take(4).read_to_end(&mut start).map_err(io)?;
    file.rewind().map_err(io)?;
    let kind = match start[..] {
        [0x89, b'P', b'N', b'G'] => Kind::Png,
        [0xff, 0xd8, ..] => Kind::Jpeg,
        _ => return Err(InputError::malformed(path, FORMATS, "it starts as neither")),
    };
    Ok((file, length, kind))
}

/// Refuses a picture that is too large, or larger than a file of `length` bytes can hold: one of no more than `most` bytes
/// of coded pixels.
fn check_size(path: &Path, size: [u32; 2], pixel_bytes: usize, coded: u64, most: u64) -> Result<(), InputError> {
    let [width, height] = size;
    let bytes = (u64::from(width) * u64::from(height)).saturating_mul(pixel_bytes as u64);
    if width == 0 || height == 0 {
        return Err(InputError::malformed(path, FORMATS, format!("it has {width}×{height} pixels")));
    }
    if bytes > LIMIT || width.max(height) > LONGEST {
        let reason = format!(
            "the image is too large: {width}×{height} pixels take {bytes} bytes, of which no more than {LIMIT} are read, \
             and no side may be longer than {LONGEST}; scale it down"
        );
        return Err(InputError::unsupported(path, reason));
    }
    if coded > most {
        let reason = format!("it is truncated: it claims {width}×{height} pixels, which cannot be in so few bytes");
        return Err(InputError::malformed(path, FORMATS, reason));
    }
    Ok(())
}
