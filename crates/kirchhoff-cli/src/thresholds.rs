//! `kirchhoff study thresholds`.

use clap::Args;
use kirchhoff::evaluate::Coverage;
use kirchhoff::explain::Question;
use kirchhoff::study::thresholds::Settings;
use serde_json::json;

use crate::failure::Failure;
use crate::options::RuleOptions;
use crate::perturb::{parse, range};
use crate::questions::checked;
use crate::study::Studied;
use crate::study_options::StudyOptions;

/// `kirchhoff study thresholds`.
#[derive(Args, Debug)]
pub struct Thresholds {
    #[command(flatten)]
    pub study: StudyOptions,
    /// Semiring in which thresholds are judged: one in which they decide, as boolean or counting
    #[arg(long, short, value_name = "NAME", default_value = "boolean")]
    pub semiring: String,
    /// Thresholds to give the coverage at [default: 1e-9, and 48 from 0.0001 to 1, or from 0 to 1 under Θ = rank]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', allow_hyphen_values = true)]
    pub at: Option<Vec<f32>>,
    /// Shares of each layer's neurons to choose thresholds for
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        default_value = "0.01,0.02,0.03,0.05,0.07,0.1,0.15,0.2,0.3,0.5"
    )]
    pub share: Vec<f64>,
    /// Constant thresholds to compare the choices with
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "1e-9,0.01,0.02,0.05,0.1")]
    pub constant: Vec<f32>,
    /// What takes the place of flipped values: `value(x)`, `black`, `white`, `mean`, `blur(k)`, `random`, `invert`
    #[arg(long, value_name = "NAME", default_value = "black")]
    pub baseline: String,
    /// Values to flip in a step
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub step: u32,
    /// Steps to make
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: u32,
    /// Write the coverage of the first N inputs one by one, to inputs.csv
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub keep: u32,
}

/// Studies the thresholds of a model on a data set.
pub fn run(arguments: &Thresholds) -> Result<(), Failure> {
    let options = &arguments.study;
    let (studied, mut data) = Studied::open(options)?;
    let (rules, by_label) = studied.rules(options)?;
    let single = |rules: &RuleOptions, name: &str| -> Result<Question, Failure> {
        let mut questions = checked(rules, name, &studied.bounds, |question| question.check(studied.network()))?;
        match questions.len() {
            1 => Ok(questions.swap_remove(0)),
            _ => Err(Failure::usage("thresholds are judged in one semiring")),
        }
    };
    // --theta is for the critical thresholds; those that are judged are chosen.
    let critical = single(&rules, "bottleneck")?;
    let judged = single(&RuleOptions { theta: Vec::new(), ..rules }, &arguments.semiring)?;
    let rank = critical.annotation == kirchhoff::semiring::Annotation::Rank;
    let share = |&share: &f64| {
        Coverage::new(share)
            .ok_or_else(|| Failure::usage(format!("--share takes numbers above 0 up to 1, not {share}")))
    };
    if let Some(theta) = arguments.at.iter().flatten().chain(&arguments.constant).find(|theta| !theta.is_finite()) {
        return Err(Failure::usage(format!("a threshold has to be a finite number, not {theta}")));
    }
    let settings = Settings {
        critical,
        judged,
        by_label,
        thetas: arguments.at.clone().unwrap_or_else(|| grid(rank)),
        shares: arguments.share.iter().map(share).collect::<Result<_, _>>()?,
        constants: arguments.constant.clone(),
        baseline: parse(&arguments.baseline)?,
        values_a_step: arguments.step as usize,
        steps: arguments.steps as usize,
        range: range(&data, &studied.preprocessing),
        keep: arguments.keep as usize,
        seed: options.seed,
    };
    let mut identity = studied.identity("thresholds", options)?;
    settings.describe(&mut identity);
    let described = json!({
        "model": studied.loaded.name,
        "data": studied.source,
        "judged in": arguments.semiring,
        "critical thresholds on": settings.critical.annotation.to_string(),
        "baseline": arguments.baseline,
        "values a step": arguments.step,
        "steps": arguments.steps,
        "target": options.rules.target.join(" "),
        "seed": options.seed,
    });
    let network = studied.network().clone();
    let mut run = studied.run(identity, options)?;
    let found = settings.run(&network, &mut data, &mut run)?;
    let outputs = found.outputs(&described)?;
    studied.finish(run, outputs, options)?;
    if !options.common.quiet {
        for verdict in found.verdicts() {
            crate::say(verdict);
        }
    }
    Ok(())
}

/// Thresholds on contributions in equal ratios, or on ranks at equal distances.
fn grid(rank: bool) -> Vec<f32> {
    let steps = 0..=48u8;
    let others = steps.map(|step| match rank {
        true => f32::from(step) / 48.0,
        false => 10f64.powf(f64::from(step) / 12.0 - 4.0) as f32,
    });
    std::iter::once(1e-9).chain(others).collect()
}
