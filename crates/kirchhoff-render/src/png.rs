use std::io::Write as _;
use std::path::{Path, PathBuf};

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ImageEncoder as _, RgbImage};

use crate::Error;

/// The bytes of a PNG file: the same for the same picture, always.
pub fn encode_png(image: &RgbImage) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    // Settings of our own rather than defaults, which may change.
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(image.as_raw(), image.width(), image.height(), image::ExtendedColorType::Rgb8)
        .map_err(Error::Encode)?;
    Ok(bytes)
}

/// Writes a PNG file whole or not at all: to a temporary file in the same folder, which is then renamed.
pub fn write_png(path: impl AsRef<Path>, image: &RgbImage) -> Result<(), Error> {
    let path = path.as_ref();
    let bytes = encode_png(image)?;
    write_whole(path, &bytes).map_err(|source| Error::Write { path: path.to_owned(), source })
}

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kirchhoff-").suffix(".png.part");
    // Temporary files are private by default; the picture is to be as readable as any other new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
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
        std::fs::write(&path, "old").unwrap();
        write_png(&path, &picture()).unwrap();
        assert_eq!(image::open(&path).unwrap().to_rgb8(), picture());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_as_readable_as_any_other() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        let (picture_path, other) = (folder.path().join("map.png"), folder.path().join("other"));
        write_png(&picture_path, &picture()).unwrap();
        std::fs::write(&other, "").unwrap();
        assert_eq!(mode(&picture_path), mode(&other));
    }

    #[test]
    fn failure_names_the_path_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing/map.png");
        let error = write_png(&missing, &picture()).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot write {}", missing.display()));
        assert!(std::error::Error::source(&error).is_some());

        // The rename fails last of all, when the temporary file has been written.
        let occupied = folder.path().join("occupied.png");
        std::fs::create_dir(&occupied).unwrap();
        assert!(write_png(&occupied, &picture()).is_err());
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, [occupied]);
    }

    #[cfg(unix)]
    #[test]
    fn an_unwritable_folder_stays_empty() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let sealed = folder.path().join("sealed");
        std::fs::create_dir(&sealed).unwrap();
        std::fs::set_permissions(&sealed, std::fs::Permissions::from_mode(0o555)).unwrap();
        let written = write_png(sealed.join("map.png"), &picture());
        let names: Vec<_> = std::fs::read_dir(&sealed).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        // The superuser may write anywhere: then the picture is there, whole. Else nothing is.
        match written {
            Ok(()) => assert_eq!(names, ["map.png"]),
            Err(_) => assert!(names.is_empty()),
        }
        std::fs::set_permissions(&sealed, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}
