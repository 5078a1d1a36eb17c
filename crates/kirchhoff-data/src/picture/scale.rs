//! Scaling and cutting, as Pillow and torchvision do it.
//!
//! Pillow's `Resize.c` is followed to the bit for bytes: a pass along the rows, then one along the columns, each a sum of
//! weighted pixels in fixed-point numbers of 22 binary places, rounded to bytes between the two. Weights are computed in f64
//! and normalised; where a picture shrinks, the filter widens (antialiasing). Only what the cut leaves is computed.

use std::ops::Range;

use kirchhoff_network::{Filter, Preprocessing, Resize};

use super::{Picture, Samples};

/// Binary places of the weights of bytes.
const PLACES: u32 = 22;

/// The largest size that a picture is scaled to, of which a part is computed.
const LARGEST: u64 = 1 << 28;

/// One axis: how long it is, how long it becomes, and which part of that is wanted.
struct Axis {
    length: usize,
    scaled: usize,
    wanted: Range<usize>,
    filter: Filter,
}

/// The weights of neighbouring pixels that make up one.
struct Weights {
    first: usize,
    exact: Vec<f64>,
}

/// Values that are scaled.
trait Sample: Copy {
    /// Weights as the values take them.
    type Weight: Copy;

    fn weights(weights: &[f64]) -> Vec<Self::Weight>;

    /// The weighted sum.
    fn sum(values: impl Iterator<Item = (Self, Self::Weight)>) -> Self;
}

impl Sample for u8 {
    type Weight = i32;

    fn weights(weights: &[f64]) -> Vec<i32> {
        // Rounded away from zero at a half.
        weights.iter().map(|weight| (weight * f64::from(1 << PLACES)).round() as i32).collect()
    }

    fn sum(values: impl Iterator<Item = (u8, i32)>) -> u8 {
        let sum = values.fold(1i64 << (PLACES - 1), |sum, (value, weight)| sum + i64::from(value) * i64::from(weight));
        (sum >> PLACES).clamp(0, 255) as u8
    }
}

impl Sample for f32 {
    type Weight = f64;

    fn weights(weights: &[f64]) -> Vec<f64> {
        weights.to_vec()
    }

    fn sum(values: impl Iterator<Item = (f32, f64)>) -> f32 {
        values.map(|(value, weight)| f64::from(value) * weight).sum::<f64>() as f32
    }
}

/// The picture scaled, and its middle of this `size` (height and width).
///
/// # Errors
/// A sentence about a picture that becomes smaller than that, or too large.
pub(super) fn scaled(picture: Picture, size: [usize; 2], preprocessing: &Preprocessing) -> Result<Picture, String> {
    let old = [picture.height, picture.width];
    let new = new_size(old, size, preprocessing.resize)?;
    if old == size && new == size {
        return Ok(picture);
    }
    let axis = |number: usize| {
        let first = middle(new[number] - size[number]);
        let wanted = first..first + size[number];
        Axis { length: old[number], scaled: new[number], wanted, filter: preprocessing.filter }
    };
    let (rows, columns, channels) = (axis(0), axis(1), picture.channels);
    let samples = match picture.samples {
        Samples::Bytes(samples) => Samples::Bytes(resampled(&samples, channels, &rows, &columns)),
        Samples::Floats(samples) => Samples::Floats(resampled(&samples, channels, &rows, &columns)),
    };
    Ok(Picture { height: size[0], width: size[1], channels, samples })
}

/// The size that a picture is scaled to, before its middle of `size` is cut out.
///
/// # Errors
/// A sentence about a picture that becomes smaller than that, or too large.
pub(super) fn new_size(old: [usize; 2], size: [usize; 2], resize: Resize) -> Result<[usize; 2], String> {
    let ([height, width], [rows, columns]) = (old.map(|length| length as u64), size.map(|length| length as u64));
    if rows == 0 || columns == 0 {
        return Err(format!("no image can be scaled to {rows}×{columns}"));
    }
    let side = |side: u32| {
        let (short, long) = (height.min(width), height.max(width));
        let long = u64::from(side) * long / short;
        if width <= height { [long, side.into()] } else { [side.into(), long] }
    };
    let new = match resize {
        Resize::Stretch => [rows, columns],
        Resize::Side(pixels) => side(pixels),
        Resize::Cover if width * rows <= height * columns => [columns * height / width, columns],
        Resize::Cover => [rows, rows * width / height],
    };
    let [new_height, new_width] = new;
    if new_height < rows || new_width < columns {
        return Err(format!(
            "the image of {width}×{height} pixels is scaled to {new_width}×{new_height}, less than the {columns}×{rows} that the \
             network takes: scale it to more"
        ));
    }
    if new.iter().any(|&length| length > LARGEST) {
        return Err(format!(
            "the image of {width}×{height} pixels would be scaled to {new_width}×{new_height}, which is too large"
        ));
    }
    Ok(new.map(|length| length as usize))
}

/// Half of what is cut off. Python rounds halves to even numbers.
fn middle(excess: usize) -> usize {
    let half = excess / 2;
    half + (excess % 2) * (half % 2)
}

/// The part that is wanted of a scaled picture.
fn resampled<T: Sample + Default>(samples: &[T], channels: usize, rows: &Axis, columns: &Axis) -> Vec<T> {
    let down: Vec<Weights> = rows.weights().collect();
    // Rows of the picture that the wanted ones are made of.
    let first = down.iter().map(|weights| weights.first).min().unwrap_or(0);
    let last = down.iter().map(|weights| weights.first + weights.exact.len()).max().unwrap_or(0);
    let (stride, width) = (columns.length * channels, columns.wanted.len());
    let mut across = vec![T::default(); (last - first) * width * channels];
    for (column, weights) in columns.weights().enumerate() {
        let (start, weights) = (weights.first * channels, T::weights(&weights.exact));
        for (row, sums) in (first..last).zip(across.chunks_exact_mut(width * channels)) {
            let row = &samples[row * stride + start..(row + 1) * stride];
            for channel in 0..channels {
                let values = row.iter().skip(channel).step_by(channels).copied();
                sums[column * channels + channel] = T::sum(values.zip(weights.iter().copied()));
            }
        }
    }
    let stride = width * channels;
    let mut result = Vec::with_capacity(down.len() * stride);
    for line in &down {
        let weights = T::weights(&line.exact);
        let start = (line.first - first) * stride;
        for place in 0..stride {
            let values = across[start + place..].iter().step_by(stride).copied();
            result.push(T::sum(values.zip(weights.iter().copied())));
        }
    }
    result
}

impl Axis {
    /// The weights of each wanted pixel.
    fn weights(&self) -> Box<dyn Iterator<Item = Weights> + '_> {
        let scale = self.length as f64 / self.scaled as f64;
        match self.filter {
            Filter::Nearest => Box::new(self.nearest(scale)),
            Filter::Bilinear => {
                Box::new(self.wanted.clone().map(move |place| self.filtered(place, scale, 1.0, triangle)))
            }
            Filter::Bicubic => Box::new(self.wanted.clone().map(move |place| self.filtered(place, scale, 2.0, cubic))),
            Filter::Lanczos => {
                Box::new(self.wanted.clone().map(move |place| self.filtered(place, scale, 3.0, lanczos)))
            }
        }
    }

    /// One pixel each. Positions are added up, as Pillow adds them.
    fn nearest(&self, scale: f64) -> impl Iterator<Item = Weights> {
        let positions = std::iter::successors(Some(scale * 0.5), move |position| Some(position + scale));
        let last = self.length - 1;
        let weights = move |position: f64| Weights { first: (position as usize).min(last), exact: vec![1.0] };
        positions.skip(self.wanted.start).take(self.wanted.len()).map(weights)
    }

    fn filtered(&self, place: usize, scale: f64, support: f64, filter: fn(f64) -> f64) -> Weights {
        let wider = scale.max(1.0);
        let support = support * wider;
        let centre = (place as f64 + 0.5) * scale;
        // A cast takes what is below 0 as 0.
        let first = (centre - support + 0.5) as usize;
        let last = ((centre + support + 0.5) as usize).min(self.length);
        let weight = |pixel: usize| filter((pixel as f64 - centre + 0.5) * (1.0 / wider));
        let mut exact: Vec<f64> = (first..last).map(weight).collect();
        let sum: f64 = exact.iter().sum();
        if sum != 0.0 {
            exact.iter_mut().for_each(|weight| *weight /= sum);
        }
        Weights { first, exact }
    }
}

fn triangle(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (x * std::f64::consts::PI).sin() / (x * std::f64::consts::PI) };
    if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}
