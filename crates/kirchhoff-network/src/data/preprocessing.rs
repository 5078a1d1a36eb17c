//! From stored values to those that a network takes.

use serde::{Deserialize, Serialize};

/// What is done to each value before a network sees it: `x ← (x · scale − mean[c]) / std[c]`, with `c` the channel, which
/// is the first axis.
///
/// It speaks of values as they are read. Those of images, and 8-bit values of any source, were divided by 255 before.
/// Mean and standard deviation have one number for all channels, or one each.
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
    /// Values as they are.
    fn default() -> Self {
        Preprocessing { scale: 1.0, mean: vec![0.0], std: vec![1.0], layout: Layout::Chw }
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
}
