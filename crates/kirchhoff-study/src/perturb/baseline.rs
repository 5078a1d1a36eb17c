//! What takes the place of values that are perturbed.

use std::fmt;
use std::str::FromStr;

use kirchhoff_semiring::{Call, LookupError, UnknownName};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// What the values of a perturbed region become. Written `value(0)`, `black`, `mean`, `blur(15)`, ...
///
/// `black`, `white` and `mean` are those of the input as it is when the step begins, as in Quantus: a mean therefore
/// moves as more of the input is replaced by it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Baseline {
    /// This value.
    Value(f32),
    /// The input's smallest value.
    Black,
    /// The input's largest value.
    White,
    /// The mean of the input's values.
    Mean,
    /// The mean of the window of so many pixels a side around the value, in the input as it was; beyond the border the
    /// image counts as 0.
    Blur(usize),
    /// A number drawn anew for each value, uniformly from the range of inputs.
    Random,
    /// `low + high − x`, from the range of inputs: `1 − x` for images of 0 to 1.
    Invert,
}

impl Baseline {
    /// The names, without arguments, and what each stands for.
    pub const ALL: [(&'static str, &'static str); 7] = [
        ("value", "value(x): this value, 0 if none is given"),
        ("black", "the input's smallest value"),
        ("white", "the input's largest value"),
        ("mean", "the mean of the input's values"),
        ("blur", "blur(k): the mean of a window of k × k pixels, 15 if none is given"),
        ("random", "drawn for each value from the range of inputs"),
        ("invert", "low + high − x, from the range of inputs"),
    ];

    /// Whether values are replaced by those of their neighbours, so that the input has to be an image.
    pub fn needs_image(&self) -> bool {
        matches!(self, Baseline::Blur(_))
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = |name: &str, argument: f64| Call { name: name.to_string(), arguments: vec![argument] };
        match *self {
            Baseline::Value(value) => call("value", f64::from(value)).fmt(f),
            Baseline::Black => f.write_str("black"),
            Baseline::White => f.write_str("white"),
            Baseline::Mean => f.write_str("mean"),
            Baseline::Blur(side) => call("blur", side as f64).fmt(f),
            Baseline::Random => f.write_str("random"),
            Baseline::Invert => f.write_str("invert"),
        }
    }
}

impl FromStr for Baseline {
    type Err = LookupError;

    fn from_str(text: &str) -> Result<Self, LookupError> {
        let call: Call = text.parse()?;
        let plain =
            |baseline: Baseline| -> Result<Baseline, LookupError> { Ok(call.arguments([]).map(|[]| baseline)?) };
        match &call.name[..] {
            "value" => {
                let [value] = call.arguments_or([("x", 0.0)])?;
                match value as f32 {
                    single if single.is_finite() => Ok(Baseline::Value(single)),
                    _ => Err(call.value_error("a value within the range of f32", value).into()),
                }
            }
            "black" => plain(Baseline::Black),
            "white" => plain(Baseline::White),
            "mean" => plain(Baseline::Mean),
            "blur" => {
                let [side] = call.arguments_or([("k", 15.0)])?;
                let whole = side.fract() == 0.0 && (1.0..=1e6).contains(&side);
                whole
                    .then_some(Baseline::Blur(side as usize))
                    .ok_or_else(|| call.value_error("a whole k ≥ 1", side).into())
            }
            "random" => plain(Baseline::Random),
            "invert" => plain(Baseline::Invert),
            name => {
                let known: Vec<_> = Baseline::ALL.iter().map(|(name, _)| *name).collect();
                Err(UnknownName::new("baseline", name, &known).into())
            }
        }
    }
}

/// How inputs are laid out, and the range of their values.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// The number of values of one input.
    pub size: usize,
    /// Channels, height and width, where the input is an image.
    pub image: Option<[usize; 3]>,
    /// The lower and the upper end of the values: one pair, or one a channel.
    pub range: Vec<(f32, f32)>,
}

impl Layout {
    /// The range of the value at a position.
    fn range_at(&self, position: usize) -> (f32, f32) {
        self.range[position * self.range.len() / self.size]
    }
}

/// One input on its way through a perturbation.
pub(crate) struct Perturbed<'a> {
    layout: &'a Layout,
    baseline: Baseline,
    original: &'a [f32],
    random: ChaCha8Rng,
    /// The input with what was perturbed so far.
    pub values: Vec<f32>,
    /// The blurred input, if it is asked for.
    blurred: Vec<f32>,
}

impl<'a> Perturbed<'a> {
    /// An input of which nothing is perturbed yet.
    pub fn new(layout: &'a Layout, baseline: Baseline, original: &'a [f32], random: ChaCha8Rng) -> Self {
        let blurred = match (baseline, layout.image) {
            (Baseline::Blur(side), Some(image)) => blur(original, image, side),
            _ => Vec::new(),
        };
        Perturbed { layout, baseline, original, random, values: original.to_vec(), blurred }
    }

    /// Perturbs the values at the given positions, all in one step.
    pub fn step(&mut self, positions: impl Iterator<Item = usize>) {
        let constant = match self.baseline {
            Baseline::Value(value) => value,
            Baseline::Black => self.values.iter().copied().fold(f32::INFINITY, f32::min),
            Baseline::White => self.values.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            Baseline::Mean => {
                (self.values.iter().map(|&value| f64::from(value)).sum::<f64>() / self.values.len() as f64) as f32
            }
            Baseline::Blur(_) | Baseline::Random | Baseline::Invert => 0.0,
        };
        for position in positions {
            self.values[position] = match self.baseline {
                Baseline::Blur(_) => self.blurred[position],
                Baseline::Random => {
                    let (low, high) = self.layout.range_at(position);
                    low + (high - low) * self.random.random::<f32>()
                }
                Baseline::Invert => {
                    let (low, high) = self.layout.range_at(position);
                    (low + high) - self.original[position]
                }
                _ => constant,
            };
        }
    }
}

/// The mean of a window around each pixel. A window of an even side reaches one pixel further up and left.
///
/// Takes O(pixels) by sums over the rows and columns before each pixel.
fn blur(values: &[f32], [channels, height, width]: [usize; 3], side: usize) -> Vec<f32> {
    let (before, after) = (side / 2, side - side / 2);
    let mut blurred = Vec::with_capacity(values.len());
    let mut sums = vec![0.0f64; (height + 1) * (width + 1)];
    for channel in values.chunks_exact(height * width).take(channels) {
        for y in 0..height {
            let mut row = 0.0;
            for x in 0..width {
                row += f64::from(channel[y * width + x]);
                sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
            }
        }
        for y in 0..height {
            for x in 0..width {
                let (top, bottom) = (y.saturating_sub(before), (y + after).min(height));
                let (left, right) = (x.saturating_sub(before), (x + after).min(width));
                let at = |y: usize, x: usize| sums[y * (width + 1) + x];
                let sum = at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left);
                blurred.push((sum / (side * side) as f64) as f32);
            }
        }
    }
    blurred
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn perturbed(baseline: &str, values: &[f32], image: Option<[usize; 3]>, steps: &[&[usize]]) -> Vec<f32> {
        let layout = Layout { size: values.len(), image, range: vec![(-1.0, 1.0), (0.0, 1.0)] };
        let baseline = baseline.parse().unwrap();
        let mut perturbed = Perturbed::new(&layout, baseline, values, ChaCha8Rng::seed_from_u64(1));
        steps.iter().for_each(|positions| perturbed.step(positions.iter().copied()));
        perturbed.values
    }

    #[test]
    fn baselines_are_read_and_written() {
        for text in ["value(0)", "value(0.5)", "black", "white", "mean", "blur(15)", "random", "invert"] {
            assert_eq!(text.parse::<Baseline>().unwrap().to_string(), text);
        }
        assert_eq!("blur".parse(), Ok(Baseline::Blur(15)));
        for text in ["grey", "blur(0)", "blur(2.5)", "value(1e60)", "mean(3)"] {
            assert!(text.parse::<Baseline>().is_err(), "{text}");
        }
        assert!("gray".parse::<Baseline>().unwrap_err().to_string().contains("black"));
    }

    #[test]
    fn values_take_their_baseline() {
        let values = [0.5, -1.0, 0.25, 1.0];
        assert_eq!(perturbed("value(2)", &values, None, &[&[0], &[3]]), [2.0, -1.0, 0.25, 2.0]);
        assert_eq!(perturbed("black", &values, None, &[&[0, 2]]), [-1.0, -1.0, -1.0, 1.0]);
        assert_eq!(perturbed("white", &values, None, &[&[1]]), [0.5, 1.0, 0.25, 1.0]);
        // Each channel has its own range; a value inverted twice is inverted all the same.
        assert_eq!(perturbed("invert", &values, None, &[&[0, 2], &[0]]), [-0.5, -1.0, 0.75, 1.0]);
        // The mean is that of what the step before has left.
        assert_eq!(perturbed("mean", &values, None, &[&[0, 1], &[2]])[..3], [0.1875, 0.1875, 0.40625]);
        let random = perturbed("random", &values, None, &[&[0, 1, 2, 3]]);
        assert!(
            random[..2].iter().all(|x| (-1.0..1.0).contains(x)) && random[2..].iter().all(|x| (0.0..1.0).contains(x))
        );
        assert_eq!(random, perturbed("random", &values, None, &[&[0, 1, 2, 3]]));
    }

    #[test]
    fn a_blur_is_the_mean_of_the_window() {
        let values: Vec<f32> = (0..24).map(|number| ((number * 7) % 11) as f32).collect();
        for side in [1, 2, 3, 5, 20] {
            let blurred = blur(&values, [2, 3, 4], side);
            for (position, &got) in blurred.iter().enumerate() {
                let (channel, y, x) = (position / 12, (position / 4 % 3) as isize, (position % 4) as isize);
                let reach = side as isize / 2;
                let window = |centre: isize| (centre - reach)..(centre - reach + side as isize);
                let mut sum = 0.0;
                for (y, x) in window(y).flat_map(|y| window(x).map(move |x| (y, x))) {
                    if (0..3).contains(&y) && (0..4).contains(&x) {
                        sum += values[channel * 12 + y as usize * 4 + x as usize];
                    }
                }
                assert!((got - sum / (side * side) as f32).abs() < 1e-5, "side {side}, position {position}");
            }
        }
    }
}
