//! Images as PNG files.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ImageEncoder as _, RgbImage};
use kirchhoff_file::{Output, PNG_MARK, PNG_MARK_AT, write_file};

use crate::Error;

/// The bytes of a PNG file: the same for the same picture, always. It says that this tool wrote it.
pub fn encode_png(image: &RgbImage) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    // Settings of our own rather than defaults, which may change.
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(image.as_raw(), image.width(), image.height(), image::ExtendedColorType::Rgb8)
        .map_err(Error::Encode)?;
    bytes.splice(PNG_MARK_AT..PNG_MARK_AT, PNG_MARK);
    Ok(bytes)
}

/// Writes a PNG file whole or not at all.
pub fn write_png(output: impl Into<Output>, image: &RgbImage) -> Result<(), Error> {
    let output = output.into();
    let path = output.path().to_owned();
    let bytes = encode_png(image)?;
    write_file(output, &bytes).map_err(|source| Error::Write { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn picture() -> RgbImage {
        RgbImage::from_fn(40, 30, |x, y| Rgb([x as u8, y as u8, 200]))
    }

    #[test]
    fn bytes_are_deterministic_and_read_back() {
        let bytes = encode_png(&picture()).unwrap();
        assert_eq!(bytes, encode_png(&picture()).unwrap());
        assert_eq!(image::load_from_memory(&bytes).unwrap().to_rgb8(), picture());
    }

    #[test]
    fn a_file_is_replaced_and_nothing_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.png");
        write_png(&path, &RgbImage::new(1, 1)).unwrap();
        write_png(&path, &picture()).unwrap();
        assert_eq!(image::open(&path).unwrap().to_rgb8(), picture());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn failure_names_the_path_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing/map.png");
        let error = write_png(&missing, &picture()).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot write {}", missing.display()));
        let foreign = folder.path().join("photo.png");
        std::fs::write(&foreign, "a user's").unwrap();
        assert!(write_png(&foreign, &picture()).is_err());
        assert!(std::error::Error::source(&error).is_some());
    }
}
