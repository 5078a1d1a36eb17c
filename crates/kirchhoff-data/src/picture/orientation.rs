//! How a picture is to be turned, as its EXIF data says.

use super::{Picture, Samples};

/// The value of EXIF's tag 0x0112, from 1 (as it lies) to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orientation(u8);

/// The tag.
const TAG: u16 = 0x0112;

/// The type of 16-bit integers.
const SHORT: u16 = 3;

impl Orientation {
    /// That of a picture without EXIF data.
    pub(crate) const NONE: Orientation = Orientation(1);

    /// What the first directory of EXIF data says, which starts with the header of TIFF. Data that cannot be read says
    /// nothing.
    pub(crate) fn of(exif: Option<&[u8]>) -> Self {
        exif.and_then(entry)
            .filter(|value| (1..=8).contains(value))
            .map_or(Self::NONE, |value| Orientation(value as u8))
    }

    /// Whether it exchanges width and height.
    pub(crate) fn turns(self) -> bool {
        self.0 >= 5
    }

    /// The picture as it is to be seen.
    pub(crate) fn applied(self, picture: Picture) -> Picture {
        if self == Self::NONE {
            return picture;
        }
        let Picture { width, height, channels, samples } = picture;
        let (samples, pixel) = (samples, |row: usize, column: usize| self.source(row, column, width, height));
        let (rows, columns) = if self.turns() { (width, height) } else { (height, width) };
        let pixels = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let places = pixels.map(|(row, column)| channels * pixel(row, column));
        let samples = match samples {
            Samples::Bytes(from) => {
                Samples::Bytes(places.flat_map(|place| from[place..place + channels].iter().copied()).collect())
            }
            Samples::Floats(from) => {
                Samples::Floats(places.flat_map(|place| from[place..place + channels].iter().copied()).collect())
            }
        };
        Picture { width: columns, height: rows, channels, samples }
    }

    /// Which pixel of a picture of this size is seen at a place.
    fn source(self, row: usize, column: usize, width: usize, height: usize) -> usize {
        let (y, x) = match self.0 {
            2 => (row, width - 1 - column),
            3 => (height - 1 - row, width - 1 - column),
            4 => (height - 1 - row, column),
            5 => (column, row),
            6 => (height - 1 - column, row),
            7 => (height - 1 - column, width - 1 - row),
            8 => (column, width - 1 - row),
            _ => (row, column),
        };
        y * width + x
    }
}

/// The value of the tag in the first directory of TIFF data.
fn entry(exif: &[u8]) -> Option<u16> {
    let big = match exif.get(..4)? {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = exif.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let (first, second) = (usize::from(short(4)?), usize::from(short(6)?));
    let directory = if big { first << 16 | second } else { second << 16 | first };
    let entries = usize::from(short(directory)?);
    let mut places = (0..entries).map(|number| directory + 2 + 12 * number);
    let place = places.find(|&place| short(place) == Some(TAG) && short(place + 2) == Some(SHORT))?;
    short(place + 8)
}
