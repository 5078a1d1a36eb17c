//! How pictures look, as Python says it.

use kirchhoff::explanation::{LookError, PictureOptions};
use pyo3::prelude::*;

use crate::errors::{Kind, OrRaise};

/// The words and numbers of `_look.native`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Look {
    titled: bool,
    overlay: Option<f64>,
    colours: Vec<String>,
    clip: Option<f64>,
    channels: Option<String>,
    formats: Vec<String>,
    same_scale: Option<String>,
    pictures: usize,
    layers: usize,
}

impl Look {
    /// The options that they stand for.
    pub fn options(&self) -> PyResult<PictureOptions> {
        self.read().or_raise(Kind::Question)
    }

    fn read(&self) -> Result<PictureOptions, LookError> {
        let options = PictureOptions {
            channels: self.channels.as_deref().map(str::parse).transpose()?,
            most: self.pictures,
            formats: self.formats.iter().map(|word| word.parse()).collect::<Result<_, _>>()?,
            titled: self.titled,
            overlay: self.overlay,
            colours: self.colours.iter().map(|word| word.parse()).collect::<Result<_, _>>()?,
            clip: self.clip,
            same_scale: self.same_scale.as_deref().map(str::parse).transpose()?,
            layers: self.layers,
        };
        options.check()?;
        Ok(options)
    }
}
