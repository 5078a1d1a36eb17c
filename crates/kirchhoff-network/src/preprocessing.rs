//! From stored inputs to those that a network takes.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is done to inputs before a network sees them: pictures are turned upright, scaled and cropped, and each value
/// becomes `x ← (x · scale − mean[c]) / std[c]`, with `c` the channel, which is the first axis.
///
/// It speaks of values as they are read. Those of pictures, and unsigned 8-bit values of any source, were divided by 255
/// before. Mean and standard deviation have one number for all channels, or one each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preprocessing {
    /// The factor.
    pub scale: f32,
    /// What is subtracted: one number, or one a channel.
    pub mean: Vec<f32>,
    /// What is divided by: one number, or one a channel.
    pub std: Vec<f32>,
    /// The order of the axes in arrays. Images need none.
    pub layout: Layout,
    /// The size that pictures are scaled to before their middle is cut out.
    pub resize: Resize,
    /// How pictures are scaled.
    pub filter: Filter,
    /// Whether pictures are turned as their EXIF orientation says, as whoever looks at them sees them. torchvision's data
    /// sets leave them as they lie.
    pub upright: bool,
}

/// The size that a picture is scaled to. What is then more than the network takes is cut off, half at each end.
///
/// In text, the two words and the number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "ResizeText", try_from = "ResizeText")]
pub enum Resize {
    /// The least size, in the picture's own proportions, that covers what the network takes: torchvision's `Resize(n)` and
    /// `CenterCrop(n)` for a network of n × n.
    #[default]
    Cover,
    /// The shorter side becomes so many pixels, the longer one in proportion, rounded down: `Resize(256)` before
    /// `CenterCrop(224)`.
    Side(u32),
    /// What the network takes, in whatever proportions: `Resize((n, n))`.
    Stretch,
}

/// A filter that scales pictures. All but `Nearest` take in all pixels that a smaller picture's pixel stands for
/// (antialiasing), as Pillow does it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// The nearest pixel.
    Nearest,
    /// Linear between neighbours: what torchvision does by default.
    #[default]
    Bilinear,
    /// A cubic of parameter −½ over two neighbours at each side.
    Bicubic,
    /// A windowed sinc over three neighbours at each side.
    Lanczos,
}

/// [`Resize`] as text has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum ResizeText {
    Side(u32),
    Word(String),
}

impl From<Resize> for ResizeText {
    fn from(resize: Resize) -> Self {
        match resize {
            Resize::Cover => ResizeText::Word("cover".to_string()),
            Resize::Stretch => ResizeText::Word("stretch".to_string()),
            Resize::Side(side) => ResizeText::Side(side),
        }
    }
}

impl TryFrom<ResizeText> for Resize {
    type Error = String;

    fn try_from(text: ResizeText) -> Result<Self, String> {
        match text {
            ResizeText::Side(side) => Ok(Resize::Side(side)),
            ResizeText::Word(word) => word.parse(),
        }
    }
}

impl FromStr for Resize {
    type Err = String;

    /// `cover`, `stretch`, or the number of pixels of the shorter side.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "cover" => Ok(Resize::Cover),
            "stretch" => Ok(Resize::Stretch),
            side => side.parse().map(Resize::Side).map_err(|_| {
                format!("'{side}' is no size to scale to: write cover, stretch, or the pixels of the shorter side")
            }),
        }
    }
}

impl Filter {
    /// All filters.
    pub const ALL: [Filter; 4] = [Filter::Nearest, Filter::Bilinear, Filter::Bicubic, Filter::Lanczos];

    /// The name that users write.
    pub const fn name(self) -> &'static str {
        match self {
            Filter::Nearest => "nearest",
            Filter::Bilinear => "bilinear",
            Filter::Bicubic => "bicubic",
            Filter::Lanczos => "lanczos",
        }
    }
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Filter::ALL.map(Filter::name).join(", ");
        let found = Filter::ALL.into_iter().find(|filter| filter.name() == text);
        found.ok_or_else(|| format!("'{text}' is no filter: there are {}", names()))
    }
}

/// The order of the axes of an image that is stored as an array.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Channels, height, width: the order of networks.
    #[default]
    Chw,
    /// Height, width, channels.
    Hwc,
}

impl Default for Preprocessing {
    /// Values as they are; pictures upright, covering what the network takes.
    fn default() -> Self {
        Preprocessing {
            scale: 1.0,
            mean: vec![0.0],
            std: vec![1.0],
            layout: Layout::Chw,
            resize: Resize::Cover,
            filter: Filter::Bilinear,
            upright: true,
        }
    }
}

impl Preprocessing {
    /// Whether it can be done to tensors of so many channels.
    ///
    /// # Errors
    /// A sentence that says what is wrong: a number that is not finite, a standard deviation of 0, or neither one number
    /// nor one a channel.
    pub fn check(&self, channels: usize) -> Result<(), String> {
        for (name, values) in [("mean", &self.mean), ("std", &self.std)] {
            if values.len() != 1 && values.len() != channels {
                let count = values.len();
                return Err(format!("{name} has {count} values: it takes one, or one for each of {channels} channels"));
            }
        }
        self.check_values()
    }

    /// The part of [`Preprocessing::check`] that does not depend on the number of channels.
    pub(crate) fn check_values(&self) -> Result<(), String> {
        for (name, values) in [("scale", &[self.scale][..]), ("mean", &self.mean), ("std", &self.std)] {
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                return Err(format!("{name} holds {value}, which is not a finite number"));
            }
        }
        if self.std.contains(&0.0) {
            return Err("std holds 0, which nothing can be divided by".to_string());
        }
        if self.resize == Resize::Side(0) {
            return Err("no picture can be scaled to 0 pixels".to_string());
        }
        Ok(())
    }

    /// The value that a network takes for `value` in a channel.
    ///
    /// # Panics
    /// If [`Preprocessing::check`] fails for the number of channels.
    pub fn apply(&self, value: f32, channel: usize) -> f32 {
        let of = |values: &[f32]| if values.len() == 1 { values[0] } else { values[channel] };
        (value * self.scale - of(&self.mean)) / of(&self.std)
    }

    /// What the range 0 to 1 of stored values becomes in a channel: the lower and the upper end. The `z-box` rule takes
    /// its bounds from it.
    ///
    /// # Panics
    /// If [`Preprocessing::check`] fails for the number of channels.
    pub fn range(&self, channel: usize) -> (f32, f32) {
        let (zero, one) = (self.apply(0.0, channel), self.apply(1.0, channel));
        (zero.min(one), zero.max(one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_is_what_0_to_1_becomes() {
        let preprocessing = Preprocessing { mean: vec![0.5, 0.25], std: vec![0.5, 0.25], ..Preprocessing::default() };
        assert_eq!(preprocessing.range(0), (-1.0, 1.0));
        assert_eq!(preprocessing.range(1), (-1.0, 3.0));
        let inverted = Preprocessing { scale: -2.0, ..Preprocessing::default() };
        assert_eq!(inverted.range(7), (-2.0, 0.0));
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        let plain = Preprocessing::default();
        assert_eq!(plain.check(3), Ok(()));
        let refused = |preprocessing: Preprocessing| preprocessing.check(3).unwrap_err();
        let error = refused(Preprocessing { mean: vec![0.5; 2], ..plain.clone() });
        assert_eq!(error, "mean has 2 values: it takes one, or one for each of 3 channels");
        assert!(refused(Preprocessing { std: vec![], ..plain.clone() }).starts_with("std has 0 values"));
        assert!(refused(Preprocessing { std: vec![1.0, 0.0, 1.0], ..plain.clone() }).starts_with("std holds 0"));
        assert!(refused(Preprocessing { scale: f32::NAN, ..plain }).contains("NaN"));
    }

    #[test]
    fn sizes_and_filters_are_written_as_they_are_read() {
        for (resize, text) in
            [(Resize::Cover, "\"cover\""), (Resize::Stretch, "\"stretch\""), (Resize::Side(256), "256")]
        {
            assert_eq!(serde_json::to_string(&resize).unwrap(), text);
            assert_eq!(serde_json::from_str::<Resize>(text).unwrap(), resize);
            assert_eq!(text.trim_matches('"').parse(), Ok(resize));
        }
        assert!("-1".parse::<Resize>().unwrap_err().contains("'-1' is no size to scale to"));
        assert!(serde_json::from_str::<Resize>("\"crop\"").is_err());
        for filter in Filter::ALL {
            assert_eq!(filter.name().parse(), Ok(filter));
            assert_eq!(serde_json::to_value(filter).unwrap(), filter.name());
        }
        assert!("cubic".parse::<Filter>().unwrap_err().contains("there are nearest, bilinear, bicubic, lanczos"));
    }
}
