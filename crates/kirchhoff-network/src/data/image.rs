//! Images.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::imageops::{FilterType, crop_imm, resize};
use image::{DynamicImage, ImageBuffer, ImageError, ImageFormat, ImageReader, Pixel};

use super::InputError;
use super::read::Source;
use crate::operators::elements;

/// What the network sees of an image.
struct View {
    /// Whether it sees colours.
    colour: bool,
    /// Height and width that the image is scaled to; `None` leaves it as it is.
    size: Option<[u32; 2]>,
}

/// Reads a PNG or JPEG, scaled to the network's size.
pub(crate) fn read(path: &Path, source: &mut Source) -> Result<(), InputError> {
    let image = decode(path)?;
    let view = view(path, source.shape())?;
    let (channels, [height, width], values) = if view.colour {
        let (size, pixels) = fitted(image.to_rgb32f(), view.size);
        (3, size, (0..3).flat_map(|channel| pixels.iter().copied().skip(channel).step_by(3)).collect())
    } else {
        let (size, pixels) = fitted(image.to_luma32f(), view.size);
        (1, size, pixels)
    };
    let shape = [channels, height, width];
    if elements(source.shape()) != Some(values.len()) {
        let network = source.shape().to_vec();
        return Err(InputError::Shape { path: path.to_path_buf(), shape: shape.to_vec(), network });
    }
    source.image(path, &shape, values)
}

/// Width and height of a PNG or JPEG, from its header alone.
pub(crate) fn size(path: &Path) -> Result<(u32, u32), InputError> {
    opened(path)?.into_dimensions().map_err(|error| failed(path, error))
}

fn decode(path: &Path) -> Result<DynamicImage, InputError> {
    opened(path)?.decode().map_err(|error| failed(path, error))
}

fn opened(path: &Path) -> Result<ImageReader<BufReader<File>>, InputError> {
    let io = |error| InputError::io(path, error);
    // The content tells the format: pictures are often saved under the other extension.
    let file = BufReader::new(File::open(path).map_err(io)?);
    let reader = ImageReader::new(file).with_guessed_format().map_err(io)?;
    match reader.format() {
        Some(ImageFormat::Png | ImageFormat::Jpeg) => Ok(reader),
        _ => Err(InputError::malformed(path, "PNG or JPEG", "it starts as neither")),
    }
}

fn failed(path: &Path, error: ImageError) -> InputError {
    match error {
        ImageError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => InputError::io(path, error),
        ImageError::Limits(error) => InputError::unsupported(path, format!("the image is too large: {error}")),
        error => InputError::malformed(path, "PNG or JPEG", error.to_string()),
    }
}

fn view(path: &Path, shape: &[usize]) -> Result<View, InputError> {
    let sized = |colour, height, width| match (u32::try_from(height), u32::try_from(width)) {
        (Ok(height), Ok(width)) => Ok(View { colour, size: Some([height, width]) }),
        _ => Err(InputError::unsupported(path, format!("no image can be scaled to {height}×{width}"))),
    };
    match *shape {
        [1, height, width] | [height, width] => sized(false, height, width),
        [3, height, width] => sized(true, height, width),
        [length] => {
            let side = length.isqrt();
            if side * side == length { sized(false, side, side) } else { Ok(View { colour: false, size: None }) }
        }
        _ => {
            let reason = format!("an image has 1 or 3 channels, but the network takes {shape:?}");
            Err(InputError::unsupported(path, reason))
        }
    }
}

/// The largest part in the middle of an image that has the proportions of `size`, scaled to it: its height and width,
/// and its values, from 0 to 1.
///
/// Scaling is done on floating-point values, so that they are rounded once. Cutting first keeps an extremely long image
/// from growing before it is cut.
fn fitted<P: Pixel<Subpixel = f32> + 'static>(
    image: ImageBuffer<P, Vec<f32>>,
    size: Option<[u32; 2]>,
) -> ([usize; 2], Vec<f32>) {
    let (width, height) = image.dimensions();
    let [rows, columns] = size.unwrap_or([height, width]);
    let scaled = if (height, width) == (rows, columns) {
        image
    } else {
        let (wide, high) = (u64::from(width) * u64::from(rows), u64::from(height) * u64::from(columns));
        let part = |product: u64, by: u32, bound: u32| {
            let rounded = (product + u64::from(by) / 2) / u64::from(by);
            u32::try_from(rounded).unwrap_or(bound).clamp(1, bound)
        };
        let (part_width, part_height) =
            if wide > high { (part(high, rows, width), height) } else { (width, part(wide, columns, height)) };
        let (left, top) = ((width - part_width) / 2, (height - part_height) / 2);
        resize(&*crop_imm(&image, left, top, part_width, part_height), columns, rows, FilterType::CatmullRom)
    };
    // The filter overshoots at edges.
    let values = scaled.into_raw().into_iter().map(|value| value.clamp(0.0, 1.0)).collect();
    ([rows as usize, columns as usize], values)
}
