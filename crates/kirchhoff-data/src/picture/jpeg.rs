//! JPEG.

use std::io::{ErrorKind, Read};
use std::path::Path;

use jpeg_decoder::{Decoder, Error, PixelFormat};

use super::orientation::Orientation;
use super::{FORMATS, Picture, Samples, check_size};
use crate::InputError;

/// How many pixels a byte can code: a block of 64 takes one bit at least.
const PIXELS_A_BYTE: u64 = 8 * 64;

/// Width and height as they are stored, and the orientation.
pub(super) fn size(path: &Path, file: &mut dyn Read, length: u64) -> Result<((usize, usize), Orientation), InputError> {
    let mut decoder = Decoder::new(file);
    let (width, height, _) = header(path, &mut decoder, length)?;
    Ok(((width.into(), height.into()), Orientation::of(decoder.exif_data())))
}

/// Decodes a file of `length` bytes.
pub(super) fn decode(path: &Path, file: &mut dyn Read, length: u64) -> Result<(Picture, Orientation), InputError> {
    let mut decoder = Decoder::new(file);
    let (width, height, format) = header(path, &mut decoder, length)?;
    let mut bytes = decoder.decode().map_err(|error| failed(path, error))?;
    let channels = match format {
        PixelFormat::L8 => 1,
        PixelFormat::RGB24 => 3,
        PixelFormat::CMYK32 => {
            bytes = bytes.as_chunks().0.iter().flat_map(rgb).collect();
            3
        }
        PixelFormat::L16 => return Err(unsupported(path, "lossless coding")),
    };
    let (width, height) = (width.into(), height.into());
    if bytes.len() != width * height * channels {
        return Err(InputError::malformed(path, FORMATS, "it has another number of pixels than it claims"));
    }
    let orientation = Orientation::of(decoder.exif_data());
    Ok((Picture { width, height, channels, samples: Samples::Bytes(bytes) }, orientation))
}

fn header(
    path: &Path,
    decoder: &mut Decoder<&mut dyn Read>,
    length: u64,
) -> Result<(u16, u16, PixelFormat), InputError> {
    decoder.read_info().map_err(|error| failed(path, error))?;
    let info = decoder.info().ok_or_else(|| InputError::malformed(path, FORMATS, "it has no frame"))?;
    if info.pixel_format == PixelFormat::L16 {
        return Err(unsupported(path, "lossless coding"));
    }
    let pixels = u64::from(info.width) * u64::from(info.height);
    let size = [info.width.into(), info.height.into()];
    check_size(path, size, info.pixel_format.pixel_bytes(), pixels, length.saturating_mul(PIXELS_A_BYTE))?;
    Ok((info.width, info.height, info.pixel_format))
}

/// Red, green and blue of a colour of cyan, magenta, yellow and black, in the arithmetic of Pillow.
fn rgb(&[cyan, magenta, yellow, black]: &[u8; 4]) -> [u8; 3] {
    let light = 255 - u32::from(black);
    [cyan, magenta, yellow].map(|ink| {
        let product = u32::from(ink) * light + 128;
        (light - (((product >> 8) + product) >> 8)) as u8
    })
}

fn unsupported(path: &Path, what: &str) -> InputError {
    let hint = "baseline and progressive JPEG of 8 bits are read: save it as one, or as PNG";
    InputError::unsupported(path, format!("the image uses {what}, which is not read; {hint}"))
}

fn failed(path: &Path, error: Error) -> InputError {
    match error {
        Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
            InputError::malformed(path, FORMATS, "it is truncated")
        }
        Error::Io(error) => InputError::io(path, error),
        Error::Unsupported(feature) => unsupported(path, &format!("a feature of JPEG ({feature:?})")),
        Error::Format(_) | Error::Internal(_) => InputError::malformed(path, FORMATS, error.to_string()),
    }
}
