//! Pictures as files: one a semiring and input, the sheet of all, and the hidden layers.

use std::collections::HashSet;

use kirchhoff_explain::Answer;
use kirchhoff_file::{Folder, file_name};
use kirchhoff_kernel::{Cancelled, Monitor};
use kirchhoff_render::{Drawing, SheetSize, encode_png, pdf};

use super::ExplanationError;
use super::look::PictureFormat;
use super::pictures::Pictures;

/// Writes pictures to a folder, no two of one name.
struct Writer<'a> {
    folder: &'a mut Folder,
    formats: &'a [PictureFormat],
    names: HashSet<String>,
}

impl Writer<'_> {
    /// Writes a drawing in every format, under a name made of texts.
    fn write(&mut self, parts: &[&str], drawing: Drawing) -> Result<(), ExplanationError> {
        let parts: Vec<String> = parts.iter().map(|part| file_name(part)).collect();
        let name = parts.join("-");
        let mut free = name.clone();
        let mut number = 2;
        while !self.names.insert(free.clone()) {
            free = format!("{name}-{number}");
            number += 1;
        }
        write_pages(self.folder, self.formats, &free, [drawing].into_iter())
    }
}

/// Writes drawings in every format: PDF in one file, the others a page a file.
fn write_pages(
    folder: &mut Folder,
    formats: &[PictureFormat],
    name: &str,
    drawings: impl ExactSizeIterator<Item = Drawing>,
) -> Result<(), ExplanationError> {
    let count = drawings.len();
    let mut pages = Vec::new();
    for (number, drawing) in drawings.enumerate() {
        let page = if count == 1 { name.to_string() } else { format!("{name}-{}", number + 1) };
        for format in formats {
            match format {
                PictureFormat::Png => folder.write(format!("{page}.png"), &encode_png(&drawing.image())?)?,
                PictureFormat::Svg => folder.write(format!("{page}.svg"), drawing.svg()?.as_bytes())?,
                PictureFormat::Pdf => pages.push(drawing.clone()),
            }
        }
    }
    if formats.contains(&PictureFormat::Pdf) {
        folder.write(format!("{name}.pdf"), &pdf(&pages)?)?;
    }
    Ok(())
}

impl Pictures<'_> {
    /// Writes one picture a semiring and input, `<semiring>-<input>.png`, of as many inputs as there are labels, and what hidden
    /// layers come to, `layer-<layer>-<semiring>-<input>.png`, in the formats of the options.
    ///
    /// # Errors
    /// Values that no picture can be made of; files that cannot be written; cancellation.
    pub fn draw(
        &self,
        folder: &mut Folder,
        answers: &[Answer],
        labels: &[String],
        monitor: &dyn Monitor,
    ) -> Result<(), ExplanationError> {
        let mut writer = Writer { folder, formats: &self.options.formats, names: HashSet::new() };
        let go_on = || if monitor.cancelled() { Err(Cancelled) } else { Ok(()) };
        let styles = self.styles(answers, labels.len())?;
        for (answer, styles) in answers.iter().zip(&styles) {
            for ((input, label), style) in labels.iter().enumerate().zip(styles) {
                go_on()?;
                let drawing = self.drawing(answer, input, style, label)?;
                writer.write(&[&answer.semiring.name, &self.inputs.names[input]], drawing)?;
            }
        }
        let mut left = self.options.layers;
        for input in 0..labels.len() {
            for answer in answers {
                for tensor in self.hidden(answer).take(left) {
                    go_on()?;
                    left -= 1;
                    let drawing = self.layer(answer, tensor, input)?;
                    writer
                        .write(&["layer", &tensor.name, &answer.semiring.name, &self.inputs.names[input]], drawing)?;
                }
            }
        }
        Ok(())
    }

    /// How many pictures of hidden layers there would be for so many inputs, drawn or not.
    pub fn count_of_layers(&self, answers: &[Answer], inputs: usize) -> usize {
        inputs * answers.iter().map(|answer| self.hidden(answer).count()).sum::<usize>()
    }

    /// Writes the sheet: `sheet.png`, or `sheet-1.png` and so on where one page is not enough, in the formats of the options.
    ///
    /// # Errors
    /// As for [`sheet`](Pictures::sheet); files that cannot be written.
    pub fn draw_sheet(
        &self,
        folder: &mut Folder,
        answers: &[Answer],
        labels: &[String],
    ) -> Result<(), ExplanationError> {
        let sheet = self.sheet(answers, labels, "")?;
        write_pages(folder, &self.options.formats, "sheet", sheet.drawings(SheetSize::default())?)
    }
}
