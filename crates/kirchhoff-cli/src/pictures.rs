//! Pictures of relevance: one a semiring and input, and the sheet of all.

use kirchhoff::data::{Inputs, Preprocessing};
use kirchhoff::explain::Answer;
use kirchhoff::render::{
    Error, HeatMap, Join, Kind, Panel, PreviewPanel, PreviewSize, RgbImage, Sheet, SheetRow, SheetSize, Style,
    input_picture, preview_row,
};
use kirchhoff::semiring::{Array, Meaning, SemiringInfo};

pub use kirchhoff::study::kind;

use crate::explain::ChannelsOption;

/// Numbers as pictures show them: a threshold that is not positive keeps everything, so a neuron that is relevant only
/// below such a one is not relevant.
fn shown(semiring: &SemiringInfo, mut values: Vec<f64>) -> Vec<f64> {
    if semiring.meaning == Meaning::Threshold {
        values.iter_mut().for_each(|value| *value = value.max(0.0));
    }
    values
}

/// The relevance of a batch of inputs, ready to be drawn.
pub struct Pictures<'a> {
    /// The inputs.
    pub inputs: &'a Inputs,
    /// How they were preprocessed.
    pub preprocessing: &'a Preprocessing,
    /// How colour channels are joined, unless by ⊕.
    pub channels: Option<ChannelsOption>,
}

impl Pictures<'_> {
    /// An input's shape as a picture, `[channels, height, width]`, where it is one.
    fn shape(&self) -> Option<[usize; 3]> {
        self.inputs.picture.or_else(|| self.inputs.shape[..].try_into().ok())
    }

    /// The heat map of one input under one semiring.
    pub fn map(&self, answer: &Answer, input: usize) -> Result<HeatMap, Error> {
        let tensor = &answer.tensors[0];
        let size: usize = tensor.shape.iter().product();
        let values =
            |array: &Array, size: usize| shown(&answer.semiring, array.part_to_f64(input * size..(input + 1) * size));
        let Some([channels, height, width]) = self.shape() else {
            return HeatMap::hidden(&values(&tensor.values, size), &tensor.shape);
        };
        if channels == 1 {
            return HeatMap::plane(&values(&tensor.values, size), [height, width]);
        }
        let kind = kind(&answer.semiring);
        let join = match (self.channels, &answer.joined) {
            (Some(option), _) => join(option, kind),
            // The answer has joined the channels by ⊕ itself, unless the network takes the picture as a vector.
            (None, Some(joined)) => return HeatMap::plane(&values(joined, height * width), [height, width]),
            (None, None) => kind.join(),
        };
        HeatMap::joined(&values(&tensor.values, size), [channels, height, width], join)
    }

    /// The input itself, where it is a picture.
    pub fn input(&self, input: usize) -> Option<RgbImage> {
        let size: usize = self.inputs.shape.iter().product();
        let [channels, height, width] = self.shape()?;
        let values = &self.inputs.values[input * size..(input + 1) * size];
        let values: Vec<f64> = values.iter().copied().map(f64::from).collect();
        let ranges: Vec<(f32, f32)> = (0..channels).map(|channel| self.preprocessing.range(channel)).collect();
        let (low, high): (Vec<f64>, Vec<f64>) =
            ranges.into_iter().map(|(low, high)| (f64::from(low), f64::from(high))).unzip();
        input_picture(&values, [channels, height, width], &low, &high).ok()
    }

    /// The maps of one input side by side, for a terminal.
    pub fn preview(&self, answers: &[Answer], input: usize, size: PreviewSize) -> Result<String, Error> {
        let maps: Vec<(&str, HeatMap, Style)> = answers
            .iter()
            .map(|answer| {
                let style = Style::for_values(kind(&answer.semiring));
                Ok((&*answer.semiring.name, self.map(answer, input)?, style))
            })
            .collect::<Result<_, Error>>()?;
        let panels: Vec<_> = maps.iter().map(|(heading, map, style)| PreviewPanel { heading, map, style }).collect();
        Ok(preview_row(&panels, size))
    }

    /// The pages of the sheet.
    pub fn sheet(&self, answers: &[Answer], labels: &[String], title: &str) -> Result<Vec<RgbImage>, Error> {
        let mut sheet = Sheet::new(answers.iter().map(|answer| answer.semiring.name.to_string())).with_title(title);
        for (input, label) in labels.iter().enumerate() {
            let panels = answers
                .iter()
                .map(|answer| {
                    Ok(Panel { map: self.map(answer, input)?, style: Style::for_values(kind(&answer.semiring)) })
                })
                .collect::<Result<_, Error>>()?;
            sheet.push(SheetRow { label: label.clone(), picture: self.input(input), panels })?;
        }
        Ok(sheet.pages(SheetSize::default())?.collect())
    }
}

/// The join that a user's word stands for: relevant in some or in all channels, whatever a value says.
fn join(option: ChannelsOption, kind: Kind) -> Join {
    match (option, kind) {
        (ChannelsOption::Sum, _) => Join::Sum,
        (ChannelsOption::Max, _) => Join::Max,
        (ChannelsOption::Or, Kind::Truth) => Join::Or,
        (ChannelsOption::And, Kind::Truth) => Join::And,
        // Relevant in all channels: as much as in the least relevant one. A cost is the less relevant the larger.
        (ChannelsOption::Or, Kind::Cost) => Join::Min,
        (ChannelsOption::Or, _) => Join::Max,
        (ChannelsOption::And, Kind::Cost) => Join::Max,
        (ChannelsOption::And, _) => Join::Min,
    }
}
