//! Pictures of relevance: one a semiring and input, and the sheet of all.

use kirchhoff_data::{Inputs, Preprocessing};
use kirchhoff_explain::{Answer, TensorRelevance};
use kirchhoff_render::{
    ChannelGrid, Drawing, Error, Figure, HeatMap, Panel, PreviewPanel, PreviewSize, READABLE_SIZE, RgbImage, Sheet,
    SheetRow, Style, draw_figure, input_picture, plate, preview_row,
};
use kirchhoff_semiring::{Array, Meaning, SemiringInfo};
use kirchhoff_study::kind;

use super::look::{PictureOptions, SameScale};
use super::shown::{Names, Shown, Subject, channels_first};

/// Channels of a hidden layer that are drawn, the strongest.
const LAYER_CHANNELS: usize = 36;

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
    /// How they are drawn.
    pub options: &'a PictureOptions,
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
        let figure = shown.figure(self.inputs, input, self.names);
        let over = self.options.overlay.and_then(|opacity| Some((self.input(answer, input)?, opacity)));
        Ok(match (figure, over) {
            (Figure::Squares, Some((picture, opacity))) => (map, Figure::Over { picture, opacity }),
            (figure, _) => (map, figure),
        })
    }

    fn map(&self, answer: &Answer, drawn: &Shown<'_>, input: usize) -> Result<HeatMap, Error> {
        let values =
            |array: &Array, size: usize| shown(&answer.semiring, array.part_to_f64(input * size..(input + 1) * size));
        let all = |tensor: &TensorRelevance| values(&tensor.values, tensor.shape.iter().product());
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
        let join = match (self.options.channels, &answer.joined) {
            (Some(option), _) => option.join(kind),
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
            .map(|answer| Ok((&*answer.semiring.name, self.figure(answer, input)?, self.style(answer)?)))
            .collect::<Result<_, Error>>()?;
        let panel = |(heading, (map, figure), style)| PreviewPanel { heading, map, style, figure };
        let panels: Vec<_> =
            maps.iter().map(|(heading, drawn, style)| panel((*heading, (&drawn.0, &drawn.1), style))).collect();
        Ok(preview_row(&panels, size))
    }

    /// The styles of the pictures of the first inputs, for each answer: what the options say, and what makes scales common.
    ///
    /// # Errors
    /// Values that no picture can be made of.
    pub(super) fn styles(&self, answers: &[Answer], inputs: usize) -> Result<Vec<Vec<Style>>, Error> {
        let own = answers.iter().map(|answer| self.style(answer)).collect::<Result<Vec<_>, _>>()?;
        let Some(same) = self.options.same_scale.filter(|_| inputs > 0) else {
            return Ok(own.into_iter().map(|style| vec![style; inputs]).collect());
        };
        let maps = |answer: &Answer| -> Result<Vec<HeatMap>, Error> {
            (0..inputs).map(|input| Ok(self.figure(answer, input)?.0)).collect()
        };
        let maps = answers.iter().map(maps).collect::<Result<Vec<_>, _>>()?;
        let of = |answer: usize, input: usize| match same {
            SameScale::Semiring => own[answer].common(&maps[answer].iter().collect::<Vec<_>>()),
            SameScale::Input => {
                let alike = own.iter().zip(&maps).filter(|(style, _)| style.scale() == own[answer].scale());
                own[answer].common(&alike.map(|(_, maps)| &maps[input]).collect::<Vec<_>>())
            }
        };
        (0..answers.len()).map(|answer| (0..inputs).map(|input| of(answer, input)).collect()).collect()
    }

    /// How the values of an answer are shown.
    fn style(&self, answer: &Answer) -> Result<Style, Error> {
        self.options.style(kind(&answer.semiring))
    }

    fn panel(&self, answer: &Answer, input: usize, style: &Style) -> Result<Panel, Error> {
        let (map, figure) = self.figure(answer, input)?;
        Ok(Panel::new(map, *style).with_figure(figure))
    }

    /// The picture of one input in one semiring, by itself: bare, or with a title, whose first line is that of the label.
    ///
    /// # Errors
    /// Values that no picture can be made of.
    pub(super) fn drawing(&self, answer: &Answer, input: usize, style: &Style, label: &str) -> Result<Drawing, Error> {
        let Panel { map, style, figure } = self.panel(answer, input, style)?;
        match self.options.titled {
            false => draw_figure(&map, &style, &figure, READABLE_SIZE),
            true => {
                let (heading, rest) = label.split_once('\n').unwrap_or((label, ""));
                let rest = rest.lines().chain([&*answer.semiring.name]).collect::<Vec<_>>().join(" · ");
                plate(&Panel { map, style, figure }, &format!("{heading}\n{rest}"), READABLE_SIZE)
            }
        }
    }

    /// The picture of one input in one semiring, in the style of the options.
    ///
    /// # Errors
    /// Values that no picture can be made of.
    ///
    /// # Panics
    /// If the answer has not so many inputs.
    pub fn picture(&self, answer: &Answer, input: usize, label: &str) -> Result<Drawing, Error> {
        self.drawing(answer, input, &self.style(answer)?, label)
    }

    /// The tensors of an answer that are none of the network's inputs.
    pub(super) fn hidden<'b>(&'b self, answer: &'b Answer) -> impl Iterator<Item = &'b TensorRelevance> {
        let is_input = |name: &str| self.subjects.iter().any(|subject| subject.name == name);
        answer.tensors.iter().filter(move |tensor| !self.subjects.is_empty() && !is_input(&tensor.name))
    }

    /// A hidden layer of one input: the strongest channels of a convolution under their numbers, the strongest neurons of a
    /// vector, or a matrix as it is.
    pub(super) fn layer(&self, answer: &Answer, tensor: &TensorRelevance, input: usize) -> Result<Drawing, Error> {
        let size: usize = tensor.shape.iter().product();
        let values = shown(&answer.semiring, tensor.values.part_to_f64(input * size..(input + 1) * size));
        let kind = kind(&answer.semiring);
        let style = self.options.style(kind)?;
        let sizes: Vec<String> = tensor.shape.iter().map(usize::to_string).collect();
        let title = format!(
            "layer {} ({})\n{} · {}",
            tensor.name,
            sizes.join(" × "),
            self.inputs.names[input],
            answer.semiring.name
        );
        // Axes of length 1 in front are the batch's.
        let axes: Vec<usize> = tensor.shape.iter().copied().skip_while(|&length| length == 1).collect();
        match axes[..] {
            [height, width] => {
                plate(&Panel::new(HeatMap::plane(&values, [height, width])?, style), &title, READABLE_SIZE)
            }
            [.., height, width] if height * width > 1 => {
                let channels = size / (height * width);
                let shape = [channels, height, width];
                Ok(ChannelGrid::new(&title, &values, shape, style, kind.join(), LAYER_CHANNELS)?.drawing())
            }
            _ => {
                let names = (0..size).map(|neuron| neuron.to_string()).collect();
                let panel = Panel::new(HeatMap::plane(&values, [1, size])?, style).with_figure(Figure::Bars(names));
                plate(&panel, &title, READABLE_SIZE)
            }
        }
    }

    /// The sheet: inputs below one another, as many as there are labels, semirings side by side.
    ///
    /// # Errors
    /// Values that no picture can be made of.
    pub fn sheet(&self, answers: &[Answer], labels: &[String], title: &str) -> Result<Sheet, Error> {
        let styles = self.styles(answers, labels.len())?;
        let mut sheet = Sheet::new(answers.iter().map(|answer| answer.semiring.name.to_string())).with_title(title);
        for (input, label) in labels.iter().enumerate() {
            let panels = answers.iter().zip(&styles).map(|(answer, styles)| self.panel(answer, input, &styles[input]));
            sheet.push(SheetRow {
                label: label.clone(),
                picture: answers.first().and_then(|answer| self.input(answer, input)),
                panels: panels.collect::<Result<_, Error>>()?,
            })?;
        }
        Ok(sheet)
    }
}
