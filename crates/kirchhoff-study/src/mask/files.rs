//! Masks as files: arrays, a table, pictures, a report.

use kirchhoff_file::{Tensor, file_name};
use kirchhoff_render::{
    HeatMap, Kind, Panel, READABLE_SIZE, Report, Sheet, SheetRow, SheetSize, Style, encode_png, render,
};
use kirchhoff_semiring::SemiringInfo;
use serde_json::json;

use super::{Group, MaskJoin, MaskSettings, Masks, TensorMasks};
use crate::meaning::kind;
use crate::{Outputs, StudyError, Table};

/// Groups that are drawn: further classes are in `masks.safetensors` only.
const DRAWN: usize = 21;

impl Masks {
    /// The mask of a group.
    pub fn mask(&self, semiring: &str, layer: &str, group: Group, join: MaskJoin) -> Option<&[f64]> {
        let tensor = self.tensors.iter().find(|tensor| tensor.semiring.name == semiring && tensor.layer == layer)?;
        let (_, masks) = tensor.groups.iter().find(|(of, _)| *of == group)?;
        masks.iter().find(|(of, _)| *of == join).map(|(_, values)| &values[..])
    }

    /// `masks.safetensors` (`<semiring>/<layer>/<class>/<join>`, F64), `masks.csv` (one row each), a sheet of pictures for
    /// each layer and join, the picture of each mask of the input for all classes, `study.json` and `report.html`.
    ///
    /// # Errors
    /// Pictures that cannot be drawn.
    pub fn outputs(&self, settings: &MaskSettings, described: &serde_json::Value) -> Result<Outputs, StudyError> {
        let mut outputs = Outputs::default();
        let table = self.table();
        let mut report = Report::new("Masks");
        report.paragraph(
            "What is relevant in the inputs of a class, and in all inputs: the relevance of every input, joined neuron by \
             neuron. “sum” joins by the semiring's ⊕, “all” (∧) takes the input in which the neuron is least relevant, \
             “any” (∨) the one in which it is most so.",
        );
        let inputs = self.images.last().map_or(0, |(_, images)| *images);
        let lost = match self.skipped.0 {
            0 => String::new(),
            lost => format!(" {lost} could not be."),
        };
        report.paragraph(&format!("Inputs that were taken: {inputs}.{lost}"));
        let named = self.images.iter().filter(|(group, _)| self.title(*group) != group.to_string());
        let named: Vec<String> = named.map(|(group, _)| self.title(*group)).collect();
        if !named.is_empty() {
            report.paragraph(&format!("Classes: {}.", named.join(", ")));
        }
        for skipped in self.skipped.1.iter().take(20) {
            report.paragraph(&format!("Not taken: {}: {}", skipped.name, skipped.reason));
        }
        let layers = self.layers();
        for layer in &layers {
            report.heading(&format!("Layer {layer}"));
            for join in self.joins() {
                let pages = self.sheet(layer, join)?;
                for (page, png) in pages.iter().enumerate() {
                    let number = if pages.len() == 1 { String::new() } else { format!("-{}", page + 1) };
                    outputs.add(format!("{}-{join}{number}.png", file_name(layer)), png.clone());
                    report.picture(&format!("{layer}: {join}"), png);
                }
            }
        }
        for tensor in self.tensors.iter().filter(|tensor| Some(&tensor.layer) == layers.first()) {
            let Some((_, masks)) = tensor.groups.iter().find(|(group, _)| *group == Group::All) else { continue };
            for (join, values) in masks {
                let Some(map) = self.map(tensor, values)? else { continue };
                let png = encode_png(&render(&map, &style(&tensor.semiring, *join)?, READABLE_SIZE))?;
                outputs.add(format!("{}-{}-{join}.png", file_name(&tensor.layer), tensor.semiring.name), png);
            }
        }
        report.heading("Numbers");
        report.paragraph(
            "The share of neurons that are relevant in some (any) and in all inputs, and the mean of the mean.",
        );
        report.table(&table.columns, &table.rows);
        let images: Vec<_> = self
            .images
            .iter()
            .map(|(group, images)| json!({"group": group.to_string(), "name": self.title(*group), "inputs": images}))
            .collect();
        let study = json!({
            "study": "mask",
            "settings": described,
            "correct_only": settings.correct,
            "inputs": images,
            "skipped": {"count": self.skipped.0, "listed": self.skipped.1},
        });
        report.heading("Settings");
        for (name, value) in described.as_object().into_iter().flatten() {
            report.paragraph(&format!("{name}: {}", value.as_str().map_or(value.to_string(), str::to_string)));
        }
        outputs.add("masks.safetensors", self.archive()?);
        outputs.add("masks.csv", table.csv());
        outputs.study(&study);
        outputs.add("report.html", report.html());
        Ok(outputs)
    }

    /// What a group is called: a class by number and name.
    fn title(&self, group: Group) -> String {
        match group {
            Group::Class(class) => match self.class_names.get(class).filter(|name| !name.is_empty()) {
                Some(name) => format!("{class} {name}"),
                None => group.to_string(),
            },
            Group::All => group.to_string(),
        }
    }

    fn layers(&self) -> Vec<String> {
        let mut layers: Vec<String> = Vec::new();
        for tensor in &self.tensors {
            if !layers.contains(&tensor.layer) {
                layers.push(tensor.layer.clone());
            }
        }
        layers
    }

    fn joins(&self) -> Vec<MaskJoin> {
        let mut joins: Vec<MaskJoin> = Vec::new();
        for tensor in &self.tensors {
            for (join, _) in tensor.groups.first().map_or(&[][..], |(_, masks)| masks) {
                if !joins.contains(join) {
                    joins.push(*join);
                }
            }
        }
        joins
    }

    /// The table of all masks. In how many inputs signed relevance is 0 is not known of its extremes: the share relevant in
    /// all is left out there.
    pub fn table(&self) -> Table {
        let mut table = Table::new(&[
            "layer",
            "semiring",
            "group",
            "inputs",
            "neurons",
            "relevant in any",
            "relevant in all",
            "mean",
        ]);
        for tensor in &self.tensors {
            let zero = tensor.semiring.zero_number;
            let signed = kind(&tensor.semiring) == Kind::Signed;
            for (group, masks) in &tensor.groups {
                let values = |wanted: MaskJoin| -> &[f64] {
                    masks.iter().find(|(join, _)| *join == wanted).map_or(&[], |(_, values)| values)
                };
                let [all, any, mean] = [MaskJoin::All, MaskJoin::Any, MaskJoin::Mean].map(values);
                let share = |relevant: usize| format!("{:.4}", relevant as f64 / mean.len().max(1) as f64);
                // Signed relevance may be 0 in some input although it is below 0 in one and above in another.
                let in_any = all.iter().zip(any).filter(|(all, any)| **all != zero || **any != zero).count();
                let in_all = all.iter().filter(|&&all| all != zero).count();
                let in_all = if signed { String::new() } else { share(in_all) };
                let images = self.images.iter().find(|(of, _)| of == group).map_or(0, |(_, images)| *images);
                table.push(vec![
                    tensor.layer.clone(),
                    tensor.semiring.name.to_string(),
                    group.to_string(),
                    images.to_string(),
                    mean.len().to_string(),
                    share(in_any),
                    in_all,
                    format!("{:.6e}", mean.iter().sum::<f64>() / mean.len().max(1) as f64),
                ]);
            }
        }
        table
    }

    /// A heat map of a layer's values; none where some of them are no numbers, as the mean of both infinities.
    fn map(&self, tensor: &TensorMasks, values: &[f64]) -> Result<Option<HeatMap>, StudyError> {
        if values.iter().any(|value| value.is_nan()) {
            return Ok(None);
        }
        let is_input = Some(&tensor.layer) == self.tensors.first().map(|tensor| &tensor.layer);
        let drawn = match self.picture.filter(|_| is_input) {
            Some([1, height, width]) => HeatMap::plane(values, [height, width])?,
            Some(picture) => HeatMap::mosaic(values, picture)?,
            None => HeatMap::hidden(values, &tensor.shape)?,
        };
        Ok(Some(drawn))
    }

    /// Classes below one another, semirings side by side.
    fn sheet(&self, layer: &str, join: MaskJoin) -> Result<Vec<Vec<u8>>, StudyError> {
        // A semiring whose ⊕ is none of numbers has no sum.
        let has = |tensor: &&TensorMasks| {
            tensor.groups.first().is_some_and(|(_, masks)| masks.iter().any(|(of, _)| *of == join))
        };
        let tensors: Vec<_> = self.tensors.iter().filter(|tensor| tensor.layer == layer).filter(has).collect();
        let columns = tensors.iter().map(|tensor| tensor.semiring.name.to_string());
        let mut sheet = Sheet::new(columns).with_title(format!("Layer {layer}, joined by {join}"));
        let groups: Vec<Group> =
            tensors.first().map_or(Vec::new(), |tensor| tensor.groups.iter().map(|(of, _)| *of).collect());
        let last = groups.len().saturating_sub(1);
        for (row, group) in groups.iter().enumerate().filter(|(row, _)| *row < DRAWN - 1 || *row == last) {
            let mut panels = Vec::new();
            for tensor in &tensors {
                let masks = &tensor.groups[row].1;
                let values = masks.iter().find(|(of, _)| *of == join).map_or(&[][..], |(_, values)| values);
                let map = match self.map(tensor, values)? {
                    Some(map) => map,
                    None => HeatMap::hidden(&vec![0.0; values.len()], &tensor.shape)?,
                };
                panels.push(Panel::new(map, style(&tensor.semiring, join)?));
            }
            let images = self.images.iter().find(|(of, _)| of == group).map_or(0, |(_, images)| *images);
            let noun = if images == 1 { "input" } else { "inputs" };
            let label = format!("{}\n{images} {noun}", self.title(*group));
            sheet.push(SheetRow { label, picture: None, panels })?;
        }
        sheet.pages(SheetSize { cell: 140, ..SheetSize::default() })?.map(|page| Ok(encode_png(&page)?)).collect()
    }

    fn archive(&self) -> Result<Vec<u8>, StudyError> {
        let mut tensors = Vec::new();
        for tensor in &self.tensors {
            for (group, masks) in &tensor.groups {
                for (join, values) in masks {
                    let name = format!("{}/{}/{group}/{join}", tensor.semiring.name, tensor.layer);
                    tensors.push(Tensor::new(name, &tensor.shape, values));
                }
            }
        }
        Tensor::file(tensors, &[("kirchhoff", env!("CARGO_PKG_VERSION"))]).map_err(StudyError::Settings)
    }
}

/// How a mask is drawn: that of a truth value is a share once it is a mean.
fn style(semiring: &SemiringInfo, join: MaskJoin) -> Result<Style, StudyError> {
    let kind = kind(semiring);
    let kind = if kind == Kind::Truth && join == MaskJoin::Mean { Kind::Magnitude } else { kind };
    Ok(Style::for_values(kind))
}
