//! How pictures look, and what they are written as.

use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use kirchhoff::explanation::{Channels, PictureFormat, PictureOptions, SameScale};
use kirchhoff::render::Palette;

use crate::failure::Failure;

/// Options of verbs that draw relevance.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Pictures")]
pub struct LookOptions {
    /// Pictures and terminal previews for at most so many inputs; for none there is no explanation.html, either
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub pictures: usize,
    /// How pictures join colour channels: relevant in one, in all, their sum, the largest [default: by the semiring's ⊕]
    #[arg(long, value_parser = one_of(&Channels::NAMES))]
    channels: Option<Channels>,
    /// What pictures and sheets are written as, separated by commas; text stays text in SVG and PDF
    #[arg(long, value_name = "FORMATS", value_delimiter = ',', default_value = "png", value_parser = one_of(&PictureFormat::NAMES))]
    formats: Vec<PictureFormat>,
    /// Give single pictures a title, a colour bar and its scale
    #[arg(long)]
    titled: bool,
    /// Draw relevance over the input in grey, of which the most relevant pixels cover so much, from 0 to 1 [default: 0.9]
    #[arg(long, value_name = "OPACITY", num_args = 0..=1, require_equals = true, default_missing_value = "0.9")]
    overlay: Option<f64>,
    /// Palettes: one with two arms for values around 0 and one for all others, separated by commas [default: blue-red,heat, and
    /// one of its own for boolean]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = one_of(&Palette::CHOICES))]
    colours: Vec<Palette>,
    /// Quantile beyond which values take the colour of the end, above 0.5; 1 for none [default: 0.999 for real and for
    /// magnitudes, else 1]
    #[arg(long, value_name = "QUANTILE")]
    clip: Option<f64>,
    /// One scale for the pictures of all inputs in a semiring, or of an input in all semirings whose values are shown alike
    /// [default: one a picture]
    #[arg(long, value_name = "FOR", value_parser = one_of(&SameScale::NAMES))]
    same_scale: Option<SameScale>,
    /// Pictures of the hidden layers that --layers keeps, at most so many: the strongest channels under their numbers
    #[arg(long, value_name = "N", default_value_t = 100)]
    layer_pictures: usize,
}

/// Reads one of the names of a table.
fn one_of<T>(names: &[(&'static str, T)]) -> impl TypedValueParser<Value = T> + use<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names.iter().map(|(name, _)| *name).collect::<Vec<_>>()).try_map(|word| word.parse::<T>())
}

impl LookOptions {
    /// The options as pictures are drawn by them.
    pub fn options(&self) -> Result<PictureOptions, Failure> {
        let options = PictureOptions {
            channels: self.channels,
            most: self.pictures,
            formats: self.formats.clone(),
            titled: self.titled,
            overlay: self.overlay,
            colours: self.colours.clone(),
            clip: self.clip,
            same_scale: self.same_scale,
            layers: self.layer_pictures,
        };
        options.check().map_err(Failure::usage)?;
        Ok(options)
    }
}
