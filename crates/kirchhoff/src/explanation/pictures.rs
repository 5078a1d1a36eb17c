//! Pictures of relevance: one a semiring and input, and the sheet of all.

use kirchhoff_data::{Inputs, Preprocessing};
use kirchhoff_explain::Answer;
use kirchhoff_file::Folder;
use kirchhoff_kernel::{Cancelled, Monitor};
use kirchhoff_render::{
    Error, Figure, HeatMap, Join, Kind, Panel, PreviewPanel, PreviewSize, READABLE_SIZE, RgbImage, Sheet, SheetRow,
    SheetSize, Style, encode_png, input_picture, preview_row, render_figure,
};
use kirchhoff_semiring::{Array, Meaning, SemiringInfo};
use kirchhoff_study::kind;

use super::ExplanationError;
use super::shown::{Names, Shown, Subject, channels_first};

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

/// Which pictures are drawn of an explanation, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureOptions {
    /// How colour channels are joined; by the semiring's ⊕ where it is not said.
    pub channels: Option<Channels>,
    /// Pictures for at most so many inputs; for none there is no sheet, either.
    pub most: usize,
}

impl Default for PictureOptions {
    /// Channels joined by ⊕, and pictures for a hundred inputs.
    fn default() -> Self {
        PictureOptions { channels: None, most: 100 }
    }
}

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
    pub channels: Option<Channels>,
    /// The network's inputs, as they are shown; of none, the first tensor of an answer is drawn.
    pub subjects: &'a [Subject],
    /// What they consist of.
    pub names: &'a Names,
}

impl Pictures<'_> {
    fn shown<'b>(&'b self, answer: &'b Answer) -> Shown<'b> {
        let shape = || self.inputs.picture.or_else(|| self.inputs.shape[..].try_into().ok());
        match Shown::of(answer, self.subjects, self.names) {
            // Channels of a convolution, and circuits that say of which shape a picture is.
            Shown::Tensor(tensor) if self.inputs.parts.is_empty() => match shape() {
                Some(shape) if shape.iter().product::<usize>() == tensor.shape.iter().product::<usize>() => {
                    Shown::Picture(tensor, shape, 0)
                }
                _ => Shown::Tensor(tensor),
            },
            shown => shown,
        }
    }

    /// The heat map of one input under one semiring, and what it is drawn on: the first input that is a picture, words of
    /// tokens, a signal, or the columns of a table; else the first tensor of the answer.
    ///
    /// # Errors
    /// Values that no picture can be made of.
    ///
    /// # Panics
    /// If the answer has no tensor, or not so many inputs.
    pub fn figure(&self, answer: &Answer, input: usize) -> Result<(HeatMap, Figure), Error> {
        let shown = self.shown(answer);
        let map = self.map(answer, &shown, input)?;
        Ok((map, shown.figure(self.inputs, input, self.names)))
    }

    fn map(&self, answer: &Answer, drawn: &Shown<'_>, input: usize) -> Result<HeatMap, Error> {
        let values =
            |array: &Array, size: usize| shown(&answer.semiring, array.part_to_f64(input * size..(input + 1) * size));
        let all = |tensor: &kirchhoff_explain::TensorRelevance| values(&tensor.values, tensor.shape.iter().product());
        let (tensor, [channels, height, width]) = match drawn {
            Shown::Picture(tensor, shape, _) => (*tensor, *shape),
            Shown::Tensor(tensor) => return HeatMap::hidden(&all(tensor), &tensor.shape),
            Shown::Words(tensor, _) => {
                let values = all(tensor);
                return HeatMap::plane(&values, [1, values.len()]);
            }
            Shown::Columns(found) => {
                let values: Vec<f64> = found.iter().flat_map(|(tensor, _)| all(tensor)).collect();
                return HeatMap::plane(&values, [1, values.len()]);
            }
            Shown::Signal(tensor, _, shape, turned) => {
                let values = all(tensor);
                return HeatMap::plane(&if *turned { channels_first(&values, *shape) } else { values }, *shape);
            }
        };
        if channels == 1 {
            return HeatMap::plane(&all(tensor), [height, width]);
        }
        let kind = kind(&answer.semiring);
        let join = match (self.channels, &answer.joined) {
            (Some(option), _) => join(option, kind),
            // The answer has joined the channels by ⊕ itself, unless the network takes the picture as a vector.
            (None, Some(joined)) if std::ptr::eq(tensor, &answer.tensors[0]) => {
                return HeatMap::plane(&values(joined, height * width), [height, width]);
            }
            (None, _) => kind.join(),
        };
        HeatMap::joined(&all(tensor), [channels, height, width], join)
    }

    /// The input itself, where an answer is drawn as a picture.
    ///
    /// # Panics
    /// If there are not so many inputs.
    pub fn input(&self, answer: &Answer, input: usize) -> Option<RgbImage> {
        let size: usize = self.inputs.shape.iter().product();
        let Shown::Picture(_, [channels, height, width], first) = self.shown(answer) else { return None };
        let values = &self.inputs.values[input * size + first..][..channels * height * width];
        let values: Vec<f64> = values.iter().copied().map(f64::from).collect();
        let ranges: Vec<(f32, f32)> = (0..channels).map(|channel| self.preprocessing.range(channel)).collect();
        let (low, high): (Vec<f64>, Vec<f64>) =
            ranges.into_iter().map(|(low, high)| (f64::from(low), f64::from(high))).unzip();
        input_picture(&values, [channels, height, width], &low, &high).ok()
    }

    /// The maps of one input side by side, for a terminal.
    ///
    /// # Errors
    /// Values that no picture can be made of.
    pub fn preview(&self, answers: &[Answer], input: usize, size: PreviewSize) -> Result<String, Error> {
        let maps: Vec<(&str, (HeatMap, Figure), Style)> = answers
            .iter()
            .map(|answer| {
                let style = Style::for_values(kind(&answer.semiring));
                Ok((&*answer.semiring.name, self.figure(answer, input)?, style))
            })
            .collect::<Result<_, Error>>()?;
        let panel = |(heading, (map, figure), style)| PreviewPanel { heading, map, style, figure };
        let panels: Vec<_> =
            maps.iter().map(|(heading, drawn, style)| panel((*heading, (&drawn.0, &drawn.1), style))).collect();
        Ok(preview_row(&panels, size))
    }

    /// The pages of the sheet: inputs below one another, as many as there are labels, semirings side by side.
    ///
    /// # Errors
    /// Values that no picture can be made of; more semirings than fit on a page.
    pub fn sheet(&self, answers: &[Answer], labels: &[String], title: &str) -> Result<Vec<RgbImage>, Error> {
        let mut sheet = Sheet::new(answers.iter().map(|answer| answer.semiring.name.to_string())).with_title(title);
        for (input, label) in labels.iter().enumerate() {
            let panels = answers
                .iter()
                .map(|answer| {
                    let (map, figure) = self.figure(answer, input)?;
                    Ok(Panel::new(map, Style::for_values(kind(&answer.semiring))).with_figure(figure))
                })
                .collect::<Result<_, Error>>()?;
            sheet.push(SheetRow {
                label: label.clone(),
                picture: answers.first().and_then(|answer| self.input(answer, input)),
                panels,
            })?;
        }
        Ok(sheet.pages(SheetSize::default())?.collect())
    }

    /// Writes one picture a semiring and input, `<semiring>-<input>.png`, of the first inputs, at most so many.
    ///
    /// # Errors
    /// Values that no picture can be made of; files that cannot be written; cancellation.
    pub fn draw(
        &self,
        folder: &mut Folder,
        answers: &[Answer],
        most: usize,
        monitor: &dyn Monitor,
    ) -> Result<(), ExplanationError> {
        let width = self.inputs.count.saturating_sub(1).to_string().len();
        for answer in answers {
            let style = Style::for_values(kind(&answer.semiring));
            for input in 0..self.inputs.count.min(most) {
                if monitor.cancelled() {
                    return Err(Cancelled.into());
                }
                let (map, figure) = self.figure(answer, input)?;
                let png = encode_png(&render_figure(&map, &style, &figure, READABLE_SIZE)?)?;
                folder.write(format!("{}-{input:0width$}.png", answer.semiring.name), &png)?;
            }
        }
        Ok(())
    }

    /// Writes the sheet: `sheet.png`, or `sheet-1.png` and so on where one page is not enough.
    ///
    /// # Errors
    /// As for [`sheet`](Pictures::sheet); files that cannot be written.
    pub fn draw_sheet(
        &self,
        folder: &mut Folder,
        answers: &[Answer],
        labels: &[String],
    ) -> Result<(), ExplanationError> {
        let pages = self.sheet(answers, labels, "")?;
        for (page, image) in pages.iter().enumerate() {
            let name = if pages.len() == 1 { "sheet.png".to_string() } else { format!("sheet-{}.png", page + 1) };
            folder.write(&name, &encode_png(image)?)?;
        }
        Ok(())
    }
}

/// The join that a user's word stands for: relevant in some or in all channels, whatever a value says.
fn join(option: Channels, kind: Kind) -> Join {
    match (option, kind) {
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
