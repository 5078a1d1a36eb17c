//! `kirchhoff study score`.

use std::path::PathBuf;

use clap::Args;
use kirchhoff::study::perturb::Baseline;
use kirchhoff::study::score::{Metric, Settings};
use serde_json::json;

use crate::failure::Failure;
use crate::listings::table;
use crate::perturb::{DEFAULT, parse, range};
use crate::study::{Studied, names, numbers, outside, outside_questions};
use crate::study_options::{StudyOptions, named_file};

/// `kirchhoff study score`.
#[derive(Args, Debug)]
pub struct Score {
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
    /// Metrics: `faithfulness-correlation`, `sparseness`, `complexity`, `pointing-game`
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "faithfulness-correlation,sparseness,complexity"
    )]
    pub metric: Vec<String>,
    /// Subsets to draw of each input, for `faithfulness-correlation`
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    pub runs: u32,
    /// Values of a subset
    #[arg(long, value_name = "N", default_value_t = 224, value_parser = clap::value_parser!(u32).range(1..))]
    pub subset: u32,
    /// What takes the place of values: `value(x)`, `black`, `white`, `mean`, `blur(k)`, `random`, `invert`
    #[arg(long, value_name = "NAME", default_value = "black")]
    pub baseline: String,
    /// The object in each input, for `pointing-game`: an array (.npy, .npz, .safetensors) of shape [inputs, height, width], or
    /// [inputs, values], not 0 where it is
    #[arg(long, value_name = "FILE")]
    pub masks: Option<PathBuf>,
    /// Write the scores and subsets of the first N inputs one by one, to inputs.csv and subsets.csv
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub keep: u32,
}

/// Scores the explanations of a data set.
pub fn run(arguments: &Score) -> Result<(), Failure> {
    let options = &arguments.study;
    let (studied, mut data) = Studied::open(options)?;
    let (rules, by_label) = studied.rules(options)?;
    let named = arguments.semiring.as_deref();
    let questions = studied.questions(&rules, named, DEFAULT, |question| question.check(studied.network()))?;
    let semirings = questions.iter().map(|question| &*question.semiring.name).collect::<Vec<_>>().join(",");
    let outside = outside(&arguments.relevance, named.unwrap_or(DEFAULT), &data)?;
    let questions = [questions, outside_questions(&outside, &rules)?].concat();
    let shape = data.picture().map_or_else(|| data.shape().to_vec(), |[_, height, width]| vec![height, width]);
    let settings = Settings {
        questions,
        outside,
        by_label,
        metrics: arguments.metric.iter().map(|name| parse::<Metric>(name)).collect::<Result<_, _>>()?,
        runs: arguments.runs as usize,
        subset: arguments.subset as usize,
        baseline: parse::<Baseline>(&arguments.baseline)?,
        masks: arguments.masks.as_deref().map(|file| numbers(file, &shape)).transpose()?,
        range: range(&data, &studied.preprocessing),
        keep: arguments.keep as usize,
        seed: options.seed,
    };
    let mut identity = studied.identity("score", options)?;
    settings.describe(&mut identity);
    let described = json!({
        "model": studied.loaded.name,
        "data": studied.source,
        "semirings": semirings,
        "relevance from elsewhere": names(&arguments.relevance),
        "metrics": arguments.metric,
        "runs": arguments.runs,
        "subset": arguments.subset,
        "baseline": arguments.baseline,
        "masks": arguments.masks,
        "target": options.rules.target.join(" "),
        "theta": options.rules.theta,
        "seed": options.seed,
    });
    let network = studied.network().clone();
    let mut run = studied.run(identity, options)?;
    let found = settings.run(&network, &mut data, &mut run)?;
    let outputs = found.outputs(&described)?;
    studied.finish(run, outputs, options)?;
    if options.common.json {
        return Ok(());
    }
    let short = |cell: &String| cell.parse::<f64>().map_or_else(|_| cell.clone(), |number| format!("{number:.4}"));
    let row = |cells: &Vec<String>| {
        let [semiring, metric, _, score, error, without, better] = &cells[..] else { return Default::default() };
        let score = format!("{} ± {}", short(score), short(error));
        [semiring.clone(), metric.clone(), score, without.clone(), better.clone()]
    };
    let rows: Vec<[String; 5]> = found.scores().rows.iter().map(row).collect();
    crate::print(&table(&["semiring", "metric", "score", "without", "better"], &rows))
}
