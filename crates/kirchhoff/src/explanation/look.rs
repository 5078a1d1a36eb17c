//! How pictures of an explanation look, and what they are written as.

use std::str::FromStr;

use kirchhoff_render::{Error, Join, Kind, Palette, Style};
use thiserror::Error;

/// How pictures join colour channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// Relevant in one channel.
    Or,
    /// Relevant in all channels.
    And,
    /// The sum.
    Sum,
    /// The largest.
    Max,
}

/// What a picture is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PictureFormat {
    /// Pixels.
    Png,
    /// Pixels and text, for pages and drawing programs.
    Svg,
    /// Pixels and text, for papers; all pages of a sheet in one file.
    Pdf,
}

/// Which pictures have one scale, so that their colours compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SameScale {
    /// Those of all inputs in a semiring.
    Semiring,
    /// Those of an input in all semirings whose values are shown alike.
    Input,
}

/// Which pictures are drawn of an explanation, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureOptions {
    /// How colour channels are joined; by the semiring's ⊕ where it is not said.
    pub channels: Option<Channels>,
    /// Pictures for at most so many inputs; for none there is no sheet, either.
    pub most: usize,
    /// What pictures and sheets are written as.
    pub formats: Vec<PictureFormat>,
    /// Whether single pictures have a title, a colour bar and its scale.
    pub titled: bool,
    /// How much of the input the most relevant pixels cover, from 0 to 1, where relevance is drawn over pictures of it.
    pub overlay: Option<f64>,
    /// The palettes: of those with two arms the last is for values around 0, of the others for all others.
    pub colours: Vec<Palette>,
    /// The quantile beyond which values take the colour of the end, above 0.5; 1 clips nothing. By the semiring where it is not
    /// said.
    pub clip: Option<f64>,
    /// Which pictures have one scale; each has its own where it is not said.
    pub same_scale: Option<SameScale>,
    /// At most so many pictures of hidden layers whose relevance is kept.
    pub layers: usize,
}

impl Default for PictureOptions {
    /// Bare pictures for a hundred inputs, and a hundred of hidden layers, as PNG, in the colours of their semirings, each with
    /// its own scale.
    fn default() -> Self {
        PictureOptions {
            channels: None,
            most: 100,
            formats: vec![PictureFormat::Png],
            titled: false,
            overlay: None,
            colours: Vec::new(),
            clip: None,
            same_scale: None,
            layers: 100,
        }
    }
}

/// A word that names nothing, or a number out of its range.
#[derive(Debug, Error)]
pub enum LookError {
    /// A word that names nothing.
    #[error("unknown {what} `{word}`: there are {known}")]
    Unknown {
        /// What was to be named.
        what: &'static str,
        /// The word.
        word: String,
        /// The names there are.
        known: String,
    },
    /// An opacity that is no share.
    #[error("an opacity is a share from 0 to 1, which {opacity} is not")]
    Opacity {
        /// The opacity.
        opacity: f64,
    },
    /// Whatever else in it no picture can be drawn with.
    #[error(transparent)]
    Render(#[from] Error),
}

impl Channels {
    /// All of them, by name.
    pub const NAMES: [(&'static str, Self); 4] =
        [("or", Self::Or), ("and", Self::And), ("sum", Self::Sum), ("max", Self::Max)];
}

impl PictureFormat {
    /// All of them, by name, which is also how their files end.
    pub const NAMES: [(&'static str, Self); 3] = [("png", Self::Png), ("svg", Self::Svg), ("pdf", Self::Pdf)];

    /// How files of it end.
    pub fn name(self) -> &'static str {
        match self {
            PictureFormat::Png => "png",
            PictureFormat::Svg => "svg",
            PictureFormat::Pdf => "pdf",
        }
    }
}

impl SameScale {
    /// All of them, by name.
    pub const NAMES: [(&'static str, Self); 2] = [("semiring", Self::Semiring), ("input", Self::Input)];
}

fn named<T: Copy>(what: &'static str, word: &str, names: &[(&'static str, T)]) -> Result<T, LookError> {
    let known = || names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let found = names.iter().find(|(name, _)| *name == word).map(|&(_, value)| value);
    found.ok_or_else(|| LookError::Unknown { what, word: word.to_string(), known: known() })
}

impl FromStr for Channels {
    type Err = LookError;

    fn from_str(word: &str) -> Result<Self, LookError> {
        named("join of channels", word, &Self::NAMES)
    }
}

impl FromStr for PictureFormat {
    type Err = LookError;

    fn from_str(word: &str) -> Result<Self, LookError> {
        named("format of pictures", word, &Self::NAMES)
    }
}

impl FromStr for SameScale {
    type Err = LookError;

    fn from_str(word: &str) -> Result<Self, LookError> {
        named("common scale", word, &Self::NAMES)
    }
}

impl PictureOptions {
    /// Whether pictures can be drawn so, before anything is run.
    ///
    /// # Errors
    /// An opacity or a quantile out of its range.
    pub fn check(&self) -> Result<(), LookError> {
        if let Some(opacity) = self.overlay.filter(|opacity| !(0.0..=1.0).contains(opacity)) {
            return Err(LookError::Opacity { opacity });
        }
        Ok(self.style(Kind::Signed).map(drop)?)
    }

    /// The style of values of a kind.
    ///
    /// # Errors
    /// A quantile out of its range.
    pub fn style(&self, kind: Kind) -> Result<Style, Error> {
        let style = self.colours.iter().fold(Style::for_values(kind), |style, &palette| style.with_palette(palette));
        match self.clip {
            Some(quantile) => style.with_clip(quantile),
            None => Ok(style),
        }
    }
}

impl Channels {
    /// The join that a word stands for: relevant in some or in all channels, whatever a value says.
    pub(super) fn join(self, kind: Kind) -> Join {
        match (self, kind) {
            (Channels::Sum, _) => Join::Sum,
            (Channels::Max, _) => Join::Max,
            (Channels::Or, Kind::Truth) => Join::Or,
            (Channels::And, Kind::Truth) => Join::And,
            // Relevant in all channels: as much as in the least relevant one. A cost is the less relevant the larger.
            (Channels::Or, Kind::Cost) => Join::Min,
            (Channels::Or, _) => Join::Max,
            (Channels::And, Kind::Cost) => Join::Max,
            (Channels::And, _) => Join::Min,
        }
    }
}
