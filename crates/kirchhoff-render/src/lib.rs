//! Pictures of relevance: heat maps, sheets and terminal previews; plots and reports of studies.
//!
//! This crate knows neither networks nor circuits. It takes flat arrays of numbers with their shapes, and is told only
//! what [`Kind`] of numbers they are; everything else follows from that and can be changed. Lay a tensor out as a
//! [`HeatMap`], choose a [`Style`], then [`render`] it, put it on a [`Sheet`] beside others, or [`preview`] it in a
//! terminal.
//!
//! ```
//! use kirchhoff_render::{HeatMap, Join, Kind, READABLE_SIZE, Style, encode_png, preview, render};
//!
//! // Relevance of a picture of two channels, 2 × 3 pixels.
//! let relevance = [0.5, 0.0, -0.5, 0.0, 0.25, 0.0, 0.5, 0.0, -0.5, 0.0, 0.25, 0.0];
//! let map = HeatMap::joined(&relevance, [2, 2, 3], Kind::Signed.join())?;
//! assert_eq!(Kind::Signed.join(), Join::Sum);
//! assert_eq!(map.cell(0, 0), Some(1.0));
//!
//! let style = Style::for_values(Kind::Signed);
//! assert_eq!(style.fit(&map).legend().line(), "−1 … 1");
//! assert_eq!(preview(&map, &style, 6, false), "##··≡≡\n··**··\n");
//!
//! let picture = render(&map, &style, READABLE_SIZE);
//! assert_eq!(picture.dimensions(), (450, 300));
//! assert!(encode_png(&picture)?.starts_with(b"\x89PNG"));
//! # Ok::<(), kirchhoff_render::Error>(())
//! ```

#![forbid(unsafe_code)]

mod bar;
mod channels;
mod curves;
mod drawing;
mod error;
mod figure;
mod fitted;
mod join;
mod map;
mod number;
mod palette;
mod picture;
mod plate;
mod plot;
mod png;
mod preview;
mod report;
mod sheet;
mod style;
mod text;

pub use channels::{Channel, ChannelGrid};
pub use drawing::{Drawing, pdf};
pub use error::Error;
pub use figure::{Figure, draw_figure, render_figure};
pub use fitted::{Fitted, Legend};
pub use image::RgbImage;
pub use join::Join;
pub use map::{HeatMap, grid_shape, mosaic_shape};
pub use number::format_value;
pub use palette::Palette;
pub use picture::{READABLE_SIZE, input_picture, render};
pub use plate::plate;
pub use plot::{Curve, Plot};
pub use png::{encode_png, write_png};
pub use preview::{PreviewPanel, PreviewSize, preview, preview_row};
pub use report::Report;
pub use sheet::{Panel, Sheet, SheetRow, SheetSize};
pub use style::{Kind, Scale, Style};
