//! `kirchhoff study perturb`.

use std::path::PathBuf;

use clap::Args;
use kirchhoff::data::{DataSet, Preprocessing};
use kirchhoff::explain::Question;
use kirchhoff::study::perturb::{Attack, Baseline, Faithfulness, Order, Settings};
use serde_json::json;

use crate::failure::Failure;
use crate::listings::table;
use crate::study::{Studied, names, outside, outside_questions};
use crate::study_options::{StudyOptions, named_file};

/// `kirchhoff study perturb`.
#[derive(Args, Debug)]
pub struct Perturb {
    #[command(flatten)]
    pub study: StudyOptions,
    /// Semirings, separated by commas: names, files of definitions (.toml) or `define(...)`; `kirchhoff semirings` lists those
    /// there are [default: real,boolean,counting-float,viterbi, without those that rules, Θ or targets do not suit]
    #[arg(long, short, value_name = "NAMES")]
    pub semiring: Option<String>,
    /// Relevance from elsewhere to compare with: a name and an array (.npy, .npz, .safetensors) of shape [inputs, values], in
    /// the order of the data set; may be repeated
    #[arg(long, value_name = "NAME=FILE", value_parser = named_file)]
    pub relevance: Vec<(String, PathBuf)>,
    /// Orders in which regions are perturbed: `most` and `least` relevant first, `random`
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "most,least,random")]
    pub order: Vec<String>,
    /// What takes the place of values: `value(x)`, `black`, `white`, `mean`, `blur(k)`, `random`, `invert`
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "black")]
    pub baseline: Vec<String>,
    /// Perturb squares of N × N pixels, through all channels [default: single values]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub square: Option<u32>,
    /// Regions to perturb in a step [default: one square, or a hundredth of the values]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub step: Option<u32>,
    /// Steps to make [default: until everything is perturbed]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// Attack as the paper does: pixels drawn by softmax(−η · mean |R|), inverted five at a time
    #[arg(long)]
    pub attack: bool,
    /// η of the attack, one a semiring [default: the paper's: 1, for boolean 200, for viterbi 20000]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', allow_hyphen_values = true, requires = "attack")]
    pub eta: Option<Vec<f64>>,
    /// Values that the attack inverts in a step
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..), requires = "attack")]
    pub attack_step: u32,
    /// Orders that the attack draws
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000), requires = "attack")]
    pub draws: u32,
    /// Map of the accuracy with each window of N × N pixels inverted; the paper's are of 4
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub windows: Option<u32>,
    /// Pixels from one window to the next
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), requires = "windows")]
    pub stride: u32,
    /// Write the curves of the first N inputs one by one, to inputs.csv
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub keep: u32,
}

/// The semirings of perturbation, and of scores, for which none are named.
pub const DEFAULT: &str = "real,boolean,counting-float,viterbi";

/// Perturbs the inputs of a data set.
pub fn run(arguments: &Perturb) -> Result<(), Failure> {
    let options = &arguments.study;
    let (studied, mut data) = Studied::open(options)?;
    let (rules, by_label) = studied.rules(options)?;
    let named = arguments.semiring.as_deref();
    let questions = studied.questions(&rules, named, DEFAULT, |question| question.check(studied.network()))?;
    let semirings = questions.iter().map(|question| &*question.semiring.name).collect::<Vec<_>>().join(",");
    let outside = outside(&arguments.relevance, named.unwrap_or(DEFAULT), &data)?;
    let questions = [questions, outside_questions(&outside, &rules)?].concat();
    let (size, square) = (data.shape().iter().product::<usize>(), arguments.square.map(|side| side as usize));
    let hundredth = if square.is_some() { 1 } else { size.div_ceil(100) };
    let baselines =
        |names: &[String]| -> Result<Vec<Baseline>, Failure> { names.iter().map(|name| parse(name)).collect() };
    let settings = Settings {
        attack: attack(arguments, &questions)?,
        questions,
        outside,
        by_label,
        orders: arguments.order.iter().map(|name| parse::<Order>(name)).collect::<Result<_, _>>()?,
        baselines: baselines(&arguments.baseline)?,
        square,
        regions_a_step: arguments.step.map_or(hundredth, |step| step as usize),
        steps: arguments.steps.map_or(usize::MAX, |steps| steps as usize),
        windows: arguments.windows.map(|side| [side as usize, arguments.stride as usize]),
        range: range(&data, &studied.preprocessing),
        keep: arguments.keep as usize,
        seed: options.seed,
    };
    let mut identity = studied.identity("perturb", options)?;
    settings.describe(&mut identity);
    let described = json!({
        "model": studied.loaded.name,
        "data": studied.source,
        "semirings": semirings,
        "relevance from elsewhere": names(&arguments.relevance),
        "orders": arguments.order,
        "baselines": arguments.baseline,
        "square": arguments.square,
        "regions a step": settings.regions_a_step,
        "steps": arguments.steps,
        "attack": settings.attack.as_ref().map(|attack| json!({"eta": attack.eta, "draws": attack.repeats})),
        "windows": settings.windows,
        "target": options.rules.target.join(" "),
        "theta": options.rules.theta,
        "seed": options.seed,
    });
    let network = studied.network().clone();
    let mut run = studied.run(identity, options)?;
    let found = settings.run(&network, &mut data, &mut run)?;
    let outputs = found.outputs(&described)?;
    studied.finish(run, outputs, options)?;
    let areas = found.faithfulness();
    if options.common.json || areas.is_empty() {
        return Ok(());
    }
    let row = |of: &Faithfulness| {
        let (mean, error) = of.aopc;
        let between = of.abpc.map_or("–".to_string(), |between| format!("{between:.4}"));
        [of.semiring.clone(), of.baseline.to_string(), format!("{mean:.4} ± {error:.4}"), between]
    };
    let rows: Vec<[String; 4]> = areas.iter().map(row).collect();
    crate::print(&table(&["semiring", "baseline", "AOPC", "ABPC"], &rows))
}

/// What a name stands for.
pub fn parse<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(name: &str) -> Result<T, Failure> {
    name.trim().parse().map_err(Failure::input)
}

/// The range of inputs: what the preprocessing makes of 0 and 1, in all channels or in each.
pub fn range(data: &DataSet, preprocessing: &Preprocessing) -> Vec<(f32, f32)> {
    let channels = data.picture().map_or(data.shape()[0], |[channels, ..]| channels);
    match preprocessing.mean.len().max(preprocessing.std.len()) {
        1 => vec![preprocessing.range(0)],
        _ => (0..channels).map(|channel| preprocessing.range(channel)).collect(),
    }
}

fn attack(arguments: &Perturb, questions: &[Question]) -> Result<Option<Attack>, Failure> {
    if !arguments.attack {
        return Ok(None);
    }
    let eta = match &arguments.eta {
        None => questions.iter().map(|question| question.semiring.sharpness).collect(),
        Some(eta) if eta.len() == questions.len() => eta.clone(),
        Some(eta) => {
            let (given, semirings) = (eta.len(), questions.len());
            return Err(Failure::usage(format!(
                "--eta has {given} numbers for {semirings} semirings: give one for each"
            )));
        }
    };
    if let Some(eta) = eta.iter().find(|eta| !eta.is_finite()) {
        return Err(Failure::usage(format!("--eta holds {eta}, which is not a finite number")));
    }
    Ok(Some(Attack { eta, values_a_step: arguments.attack_step as usize, repeats: arguments.draws as usize }))
}
