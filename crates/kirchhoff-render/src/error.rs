//! What can go wrong between numbers and a picture.

use std::path::PathBuf;

/// What can go wrong between numbers and a picture on disk.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The number of values is not the product of the shape.
    #[error("{found} values do not fill the shape {shape:?}")]
    Shape {
        /// The shape that was asked for.
        shape: Vec<usize>,
        /// The number of values given.
        found: usize,
    },
    /// A shape that no picture is defined for.
    #[error("no picture for a tensor of shape {shape:?}: give [width], [height, width] or [channels, height, width]")]
    Rank {
        /// The shape that was given.
        shape: Vec<usize>,
    },
    /// A shape with a side of length zero.
    #[error("nothing to draw: the shape {shape:?} has no values")]
    Empty {
        /// The shape that was given.
        shape: Vec<usize>,
    },
    /// One of the values, or the join of several, is not a number.
    #[error("value {index} is not a number")]
    NotANumber {
        /// Position of the value, in row-major order.
        index: usize,
    },
    /// Joining channels that hold both +∞ and −∞ has no answer.
    #[error("the channels at row {row}, column {column} cannot be joined by {join}: they hold both infinities")]
    Undefined {
        /// The join that was asked for.
        join: crate::Join,
        /// Row of the cell.
        row: usize,
        /// Column of the cell.
        column: usize,
    },
    /// A picture of another size than the map that is drawn over it.
    #[error("a map of {} × {} cells cannot be drawn over a picture of {} × {} pixels", shape[0], shape[1], found[0], found[1])]
    Under {
        /// Height and width of the map.
        shape: [usize; 2],
        /// Those of the picture.
        found: [usize; 2],
    },
    /// A PDF file that cannot be made.
    #[error("cannot make a PDF file: {0}")]
    Pdf(String),
    /// A word that names no palette.
    #[error("unknown colours \"{word}\": there are {known}")]
    UnknownPalette {
        /// The word.
        word: String,
        /// The names there are.
        known: String,
    },
    /// A word that names no join.
    #[error("unknown join \"{word}\": one of or, and, sum, mean, max, min")]
    UnknownJoin {
        /// The word.
        word: String,
    },
    /// A clipping quantile outside (0.5, 1].
    #[error("a clipping quantile lies above 0.5 and is at most 1, which {quantile} is not")]
    Quantile {
        /// The quantile given.
        quantile: f64,
    },
    /// A range whose ends are not finite and in order.
    #[error("a range needs finite ends, the lower first, which {low} and {high} are not")]
    Range {
        /// The lower end given.
        low: f64,
        /// The higher end given.
        high: f64,
    },
    /// An input picture with neither one nor three channels.
    #[error("an input picture has 1 or 3 channels, not {channels}")]
    Channels {
        /// The number of channels given.
        channels: usize,
    },
    /// Neither one bound for all channels nor one a channel.
    #[error("{found} bounds for {channels} channels: give one, or one a channel")]
    Bounds {
        /// The number of channels.
        channels: usize,
        /// The number of bounds given.
        found: usize,
    },
    /// A row of a sheet with another number of maps than the sheet has columns.
    #[error("a row of {found} maps does not fit a sheet of {columns} columns")]
    Row {
        /// Columns of the sheet.
        columns: usize,
        /// Maps in the row.
        found: usize,
    },
    /// A sheet with more columns than fit its size.
    #[error("{columns} columns do not fit a sheet of {longest} pixels")]
    SheetTooWide {
        /// Columns of the sheet.
        columns: usize,
        /// The longest side allowed.
        longest: u32,
    },
    /// The plot could not be drawn.
    #[error("cannot draw the plot: {0}")]
    Plot(String),
    /// The picture could not be encoded.
    #[error("cannot encode the picture as PNG")]
    Encode(#[source] image::ImageError),
    /// The picture could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Where it should have gone.
        path: PathBuf,
        /// Why it did not.
        #[source]
        source: std::io::Error,
    },
}
