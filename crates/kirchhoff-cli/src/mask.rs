//! `kirchhoff study mask`.

use std::path::PathBuf;

use clap::Args;
use kirchhoff::study::mask::{MaskSettings, mask};
use serde_json::json;

use crate::failure::Failure;
use crate::questions::layers;
use crate::study::{Studied, names, outside, outside_questions};
use crate::study_options::{StudyOptions, named_file};

/// `kirchhoff study mask`.
#[derive(Args, Debug)]
pub struct Mask {
    #[command(flatten)]
    pub study: StudyOptions,
    /// Semirings, separated by commas: names, files of definitions (.toml) or `define(...)`; `kirchhoff semirings` lists those
    /// there are [default: boolean,real,counting-float,viterbi, without those that rules, Θ or targets do not suit]
    #[arg(long, short, value_name = "NAMES")]
    pub semiring: Option<String>,
    /// Relevance of the input from elsewhere: a name and an array (.npy, .npz, .safetensors) of shape [inputs, values], in the
    /// order of the data set; may be repeated
    #[arg(long, value_name = "NAME=FILE", value_parser = named_file)]
    pub relevance: Vec<(String, PathBuf)>,
    /// Layers to make masks of: `input`, `all`, or names and patterns separated by commas; the input is always among them
    #[arg(long, value_name = "LAYERS", default_value = "input")]
    pub layers: String,
    /// Classes to make masks of, by number or name, separated by commas [default: all that occur]
    #[arg(long, value_name = "CLASSES", value_delimiter = ',')]
    pub classes: Option<Vec<String>>,
    /// Take those inputs only on which the network's answer is their label
    #[arg(long)]
    pub correct: bool,
    /// Quantiles to give beside, between 0 and 1; they take a second pass
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    pub quantile: Vec<f64>,
}

/// The semirings of masks for which none are named.
const DEFAULT: &str = "boolean,real,counting-float,viterbi";

/// Makes masks of a data set.
pub fn run(arguments: &Mask) -> Result<(), Failure> {
    let options = &arguments.study;
    let (studied, mut data) = Studied::open(options)?;
    let layers = layers(&arguments.layers)?;
    let (rules, by_label) = studied.rules(options)?;
    let questions = studied.questions(&rules, arguments.semiring.as_deref(), DEFAULT, |question| {
        question.layers = layers.clone();
        question.check(studied.network())
    })?;
    let semirings = questions.iter().map(|question| &*question.semiring.name).collect::<Vec<_>>().join(",");
    let outside = outside(&arguments.relevance, arguments.semiring.as_deref().unwrap_or(DEFAULT), &data)?;
    let questions = [questions, outside_questions(&outside, &rules)?].concat();
    let named = |names: &Vec<String>| names.iter().map(|name| studied.class(name)).collect::<Result<Vec<_>, _>>();
    let classes = arguments.classes.as_ref().map(named).transpose()?;
    let settings = MaskSettings {
        questions,
        outside,
        by_label,
        classes: classes.clone(),
        correct: arguments.correct,
        quantiles: arguments.quantile.clone(),
        memory: options.memory,
    };
    let mut identity = studied.identity("mask", options)?;
    settings.identify(&mut identity);
    let described = json!({
        "model": studied.loaded.name,
        "data": studied.source,
        "semirings": semirings,
        "relevance from elsewhere": names(&arguments.relevance),
        "layers": arguments.layers,
        "target": options.rules.target.join(" "),
    });
    let network = studied.network().clone();
    let mut run = studied.run(identity, options)?;
    let mut masks = mask(&mut run, &network, &mut data, &settings)?;
    masks.class_names = studied.class_names.clone().unwrap_or_default();
    let outputs = masks.outputs(&settings, &described)?;
    studied.finish(run, outputs, options)
}
