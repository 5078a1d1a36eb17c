//! PNG.

use std::io::{BufRead, ErrorKind, Seek};
use std::path::Path;

use png::{BitDepth, ColorType, Decoder, DecodingError, Reader, Transformations};

use super::orientation::Orientation;
use super::{FORMATS, Picture, Samples, check_size};
use crate::InputError;

/// How many bytes one byte of deflated data can stand for.
const BYTES_A_BYTE: u64 = 1032;

/// Bytes of a palette of 256 colours.
const LARGEST_PALETTE: usize = 768;

/// Width and height as they are stored, and the orientation.
pub(super) fn size<R: BufRead + Seek>(
    path: &Path,
    file: R,
    length: u64,
) -> Result<((usize, usize), Orientation), InputError> {
    let reader = header(path, file, length)?;
    let (width, height) = reader.info().size();
    Ok(((width as usize, height as usize), orientation(&reader)))
}

/// Decodes a file of `length` bytes.
pub(super) fn decode<R: BufRead + Seek>(
    path: &Path,
    file: R,
    length: u64,
) -> Result<(Picture, Orientation), InputError> {
    let mut reader = header(path, file, length)?;
    let failed = |error| failed(path, error);
    let mut bytes = vec![0; reader.output_buffer_size().unwrap_or_default()];
    let frame = reader.next_frame(&mut bytes).map_err(failed)?;
    reader.finish().map_err(failed)?;
    let (width, height) = reader.info().size();
    if (frame.width, frame.height) != (width, height) {
        return Err(InputError::malformed(path, FORMATS, "its first frame is smaller than the image"));
    }
    let (stored, channels) = match frame.color_type {
        ColorType::Grayscale => (1, 1),
        ColorType::GrayscaleAlpha => (2, 1),
        // Palettes are expanded to colours.
        ColorType::Rgb | ColorType::Indexed => (3, 3),
        ColorType::Rgba => (4, 3),
    };
    let samples = match frame.bit_depth {
        BitDepth::Sixteen => {
            let words = bytes.as_chunks().0.iter().map(|&word| f32::from(u16::from_be_bytes(word)) / 257.0);
            Samples::Floats(without_alpha(words, stored, channels))
        }
        // Fewer bits are expanded to eight.
        _ if stored == channels => Samples::Bytes(bytes),
        _ => Samples::Bytes(without_alpha(bytes.into_iter(), stored, channels)),
    };
    let orientation = orientation(&reader);
    Ok((Picture { width: width as usize, height: height as usize, channels, samples }, orientation))
}

fn without_alpha<T>(samples: impl Iterator<Item = T>, stored: usize, channels: usize) -> Vec<T> {
    samples.enumerate().filter(|(place, _)| place % stored < channels).map(|(_, sample)| sample).collect()
}

fn header<R: BufRead + Seek>(path: &Path, file: R, length: u64) -> Result<Reader<R>, InputError> {
    let mut decoder = Decoder::new(file);
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let info = decoder.read_header_info().map_err(|error| failed(path, error))?;
    let (width, height) = info.size();
    // What a palette is expanded to is known only behind it.
    let samples = if info.color_type == ColorType::Indexed { 4 } else { info.color_type.samples() + 1 };
    let pixel_bytes = samples.min(4) * if info.bit_depth == BitDepth::Sixteen { 2 } else { 1 };
    // As `raw_bytes` says, which multiplies beyond its numbers.
    let coded = u64::from(height).saturating_mul(info.raw_row_length() as u64).saturating_sub(1);
    check_size(path, [width, height], pixel_bytes, coded, length.saturating_mul(BYTES_A_BYTE))?;
    let reader = decoder.read_info().map_err(|error| failed(path, error))?;
    // The decoder takes it for granted, and panics.
    match reader.info().palette.as_deref().map(<[u8]>::len) {
        Some(length) if length % 3 > 0 || length > LARGEST_PALETTE => Err(InputError::malformed(
            path,
            FORMATS,
            format!("its palette has {length} bytes, not 3 for each of up to 256 colours"),
        )),
        _ => Ok(reader),
    }
}

fn orientation<R: BufRead + Seek>(reader: &Reader<R>) -> Orientation {
    Orientation::of(reader.info().exif_metadata.as_deref())
}

fn failed(path: &Path, error: DecodingError) -> InputError {
    match error {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            InputError::malformed(path, FORMATS, "it is truncated")
        }
        DecodingError::IoError(error) => InputError::io(path, error),
        DecodingError::LimitsExceeded => InputError::unsupported(
            path,
            "the image is too large: what stands beside its pixels takes more than 64 MiB",
        ),
        DecodingError::Format(_) | DecodingError::Parameter(_) => {
            InputError::malformed(path, FORMATS, error.to_string())
        }
    }
}
