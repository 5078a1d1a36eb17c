//! What a study of perturbation has found, as tables, plots and a page.

use kirchhoff_render::{Curve as PlotCurve, HeatMap, Kind, Plot, READABLE_SIZE, Report, Style, encode_png, render};

use super::attack::Attacked;
use super::study::{Found, Tally};
use super::windows::Map;
use super::{Baseline, Combination, Order};
use crate::meaning::with_curve;
use crate::output::{described, rounded, skipped};
use crate::{Outputs, StudyError, Table};

/// Half the width of an interval of 95 % confidence, in standard errors.
const CONFIDENCE: f64 = 1.96;

/// How well relevance finds what an answer rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Faithfulness {
    /// The semiring.
    pub semiring: String,
    /// What took the place of values.
    pub baseline: Baseline,
    /// The area over the curve of the most relevant first, and its standard error over inputs.
    pub aopc: (f64, f64),
    /// The area between the curves of the least and of the most relevant first, if both were made.
    pub abpc: Option<f64>,
}

impl Found {
    /// The files of the study: `curves.csv`, `scores.csv`, `attack.csv`, `windows.csv`, `inputs.csv` with the curves that
    /// were kept, plots,
    /// `study.json` and `report.html`. `settings` are shown as they are.
    ///
    /// # Errors
    /// Pictures that cannot be drawn.
    pub fn outputs(&self, settings: &serde_json::Value) -> Result<Outputs, StudyError> {
        let mut outputs = Outputs::default();
        let mut report = Report::new("Perturbation");
        self.introduce(&mut report);
        let scores = self.scores();
        outputs.add("scores.csv", scores.csv());
        outputs.add("curves.csv", self.points().csv());
        if self.settings.keep > 0 {
            outputs.add("inputs.csv", self.kept().csv());
        }
        report.heading("Scores");
        report.paragraph(
            "AOPC is the mean of f(x₀) − f(x_k) over k = 0 … L, where f is the softmax probability of the target and x_k the \
             input after k steps; AUC the area under f(x_1) … f(x_L) by the trapezoidal rule, with steps one apart. ± is a \
             standard error over inputs. ABPC, the area between perturbation curves, is how far the least relevant first keep the \
             answer that the most relevant first lose: the difference of their AOPC.",
        );
        report.table(&scores.columns, &rounded(&scores));
        for &baseline in &self.settings.baselines {
            let name = format!("curves-{}.svg", baseline.to_string().replace(['(', ')'], ""));
            report.heading(&format!("Curves, baseline {baseline}"));
            let caption = "The mean probability of the target; bands are of 95 % confidence.";
            let svg = report.plot(caption, &self.plot(baseline))?;
            outputs.add(name, svg);
        }
        if let Some(attacked) = &self.attacked {
            self.report_attack(attacked, &mut report, &mut outputs)?;
        }
        if let Some((map, grid)) = &self.map {
            report_map(map, *grid, &mut report, &mut outputs)?;
        }
        let passed_over = (self.curves.skipped, &self.curves.listed[..]);
        skipped(passed_over, &mut report, &mut outputs);
        described("perturb", settings, &self.scores().json(), passed_over, &mut report, &mut outputs);
        outputs.add("report.html", report.html());
        Ok(outputs)
    }

    fn introduce(&self, report: &mut Report) {
        let settings = &self.settings;
        let regions = match settings.square {
            None => "values".to_string(),
            Some(side) => format!("squares of {side} × {side} pixels"),
        };
        report.paragraph(&format!(
            "{} inputs; {} are perturbed, {} a step. Relevance that is equal comes in an order that is \
             drawn. Seed {}.",
            self.curves.state.inputs, regions, settings.regions_a_step, settings.seed
        ));
        let questions = settings.questions.iter().map(|question| {
            let theta = match question.coverage {
                Some(coverage) => coverage.to_string(),
                None => question.annotation.to_string(),
            };
            vec![question.semiring.name.to_string(), theta]
        });
        report.table(&["semiring", "Θ"], &questions.collect::<Vec<_>>());
    }

    /// The name of a combination without its baseline.
    fn name(&self, combination: &Combination) -> String {
        match combination.question {
            Some(question) => {
                let semiring = &self.settings.questions[question].semiring.name;
                format!("{semiring}, {}", combination.order)
            }
            None => combination.order.to_string(),
        }
    }

    fn semiring(&self, combination: &Combination) -> &str {
        combination.question.map_or("", |question| &self.settings.questions[question].semiring.name)
    }

    /// The area between the curves of the most relevant first, as here, and of the least relevant first, if both were made.
    fn between(&self, combination: &Combination, tally: &Tally) -> Option<f64> {
        let opposite = Combination { order: Order::LeastRelevantFirst, ..*combination };
        let (_, least) = self.curves().find(|(other, _)| **other == opposite)?;
        (combination.order == Order::MostRelevantFirst).then(|| tally.over.mean() - least.over.mean())
    }

    /// How well the relevance of each semiring finds what the answer rests on, with each baseline: the semiring's name, the baseline,
    /// the AOPC of the most relevant first with its standard error, and the ABPC. Of the orders that were asked for.
    pub fn faithfulness(&self) -> Vec<Faithfulness> {
        let most = self.curves().filter(|(combination, _)| combination.order == Order::MostRelevantFirst);
        let of = |(combination, tally): (&Combination, &Tally)| Faithfulness {
            semiring: self.semiring(combination).to_string(),
            baseline: combination.baseline,
            aopc: (tally.over.mean(), tally.over.error()),
            abpc: self.between(combination, tally),
        };
        most.map(of).collect()
    }

    fn scores(&self) -> Table {
        let mut table =
            Table::new(&["semiring", "order", "baseline", "inputs", "AOPC", "± AOPC", "AUC", "± AUC", "ABPC"]);
        for (combination, tally) in self.curves() {
            let between = self.between(combination, tally);
            table.push(vec![
                self.semiring(combination).to_string(),
                combination.order.to_string(),
                combination.baseline.to_string(),
                tally.over.count().to_string(),
                tally.over.mean().to_string(),
                tally.over.error().to_string(),
                tally.under.mean().to_string(),
                tally.under.error().to_string(),
                between.map_or(String::new(), |between| between.to_string()),
            ]);
        }
        table
    }

    fn points(&self) -> Table {
        let mut table =
            Table::new(&["semiring", "order", "baseline", "step", "probability", "± probability", "accuracy"]);
        for (combination, tally) in self.curves() {
            for (step, (probability, &correct)) in tally.probability.iter().zip(&tally.correct).enumerate() {
                table.push(vec![
                    self.semiring(combination).to_string(),
                    combination.order.to_string(),
                    combination.baseline.to_string(),
                    step.to_string(),
                    probability.mean().to_string(),
                    probability.error().to_string(),
                    share(correct, probability.count()).to_string(),
                ]);
            }
        }
        table
    }

    fn kept(&self) -> Table {
        let mut table = Table::new(&["input", "semiring", "order", "baseline", "step", "probability", "class"]);
        for (combination, tally) in self.curves() {
            for (input, probabilities, classes) in &tally.kept {
                for (step, (probability, class)) in probabilities.iter().zip(classes).enumerate() {
                    table.push(vec![
                        input.to_string(),
                        self.semiring(combination).to_string(),
                        combination.order.to_string(),
                        combination.baseline.to_string(),
                        step.to_string(),
                        probability.to_string(),
                        class.to_string(),
                    ]);
                }
            }
        }
        table
    }

    fn plot(&self, baseline: Baseline) -> Plot {
        let mut plot = Plot::new(format!("Perturbed by {baseline}"), "regions perturbed", "probability of the target");
        for (combination, tally) in self.curves().filter(|(combination, _)| combination.baseline == baseline) {
            let x = |step: usize| (step * self.settings.regions_a_step) as f64;
            let points = tally.probability.iter().enumerate().map(|(step, mean)| [x(step), mean.mean()]).collect();
            let ends = |mean: &crate::Mean| {
                let half = CONFIDENCE * mean.error();
                // What is beyond is no probability.
                [(mean.mean() - half).max(0.0), (mean.mean() + half).min(1.0)]
            };
            let band = tally.probability.iter().map(ends).collect();
            let curve = PlotCurve { name: self.name(combination), points, band };
            let other = combination.order == Order::LeastRelevantFirst;
            plot = with_curve(plot, self.semiring(combination), other, curve);
        }
        plot
    }

    fn report_attack(&self, attacked: &Attacked, report: &mut Report, outputs: &mut Outputs) -> Result<(), StudyError> {
        let Some(attack) = &self.settings.attack else { return Ok(()) };
        let of_questions = self.settings.questions.iter().zip(&attack.eta);
        let names = of_questions.map(|(question, eta)| format!("{}, η = {eta}", question.semiring.name));
        let names: Vec<String> = names.chain(["uniform".to_string()]).collect();
        let mut table = Table::new(&["strategy", "draw", "step", "values inverted", "accuracy"]);
        let mut plot = Plot::new("Attacks", "values inverted", "accuracy");
        let inverted = |step: usize| (step * attack.values_a_step).min(self.values);
        let semirings = self.settings.questions.iter().map(|question| &*question.semiring.name).chain([""]);
        for ((name, semiring), draws) in names.iter().zip(semirings).zip(&attacked.correct) {
            for (draw, correct) in draws.iter().enumerate() {
                for (step, &correct) in correct.iter().enumerate() {
                    let accuracy = share(correct, attacked.inputs).to_string();
                    let numbers = [draw, step, inverted(step)].map(|number| number.to_string());
                    table.push([name.clone()].into_iter().chain(numbers).chain([accuracy]).collect());
                }
            }
            let steps = draws.first().map_or(0, Vec::len);
            let of = |step: usize| draws.iter().map(move |correct| share(correct[step], attacked.inputs));
            let mean = |step: usize| [inverted(step) as f64, of(step).sum::<f64>() / draws.len() as f64];
            let ends = |step: usize| {
                of(step).fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)])
            };
            let points = (0..steps).map(mean).collect();
            let band = (0..steps).map(ends).collect();
            plot = with_curve(plot, semiring, false, PlotCurve { name: name.clone(), points, band });
        }
        report.heading("Attacks");
        report.paragraph(&format!(
            "Pixels are drawn without repetition with probability softmax(−η · mean |R|), in one order for all inputs, and \
             inverted {} at a time (Groudiev & Maniu 2024, 4.3). Bands span {} draws.",
            attack.values_a_step, attack.repeats
        ));
        let svg = report.plot("Accuracy under attack, against pixels drawn uniformly.", &plot)?;
        outputs.add("attack.csv", table.csv());
        outputs.add("attack.svg", svg);
        Ok(())
    }
}

fn report_map(
    map: &Map,
    [rows, columns]: [usize; 2],
    report: &mut Report,
    outputs: &mut Outputs,
) -> Result<(), StudyError> {
    let all: u64 = map.inputs.iter().sum();
    let mut planes: Vec<(String, Vec<f64>)> = Vec::new();
    let of_all = (0..rows * columns).map(|window| map.correct.iter().map(|correct| correct[window]).sum::<u64>());
    planes.push(("all".to_string(), of_all.map(|correct| share(correct, all)).collect()));
    for (class, (correct, &inputs)) in map.correct.iter().zip(&map.inputs).enumerate().filter(|(_, (_, n))| **n > 0) {
        planes.push((class.to_string(), correct.iter().map(|&correct| share(correct, inputs)).collect()));
    }
    let mut table = Table::new(&["class", "row", "column", "accuracy"]);
    for (class, accuracy) in &planes {
        for (window, accuracy) in accuracy.iter().enumerate() {
            let (row, column) = (window / columns, window % columns);
            table.push(vec![class.clone(), row.to_string(), column.to_string(), accuracy.to_string()]);
        }
    }
    outputs.add("windows.csv", table.csv());
    let losses: Vec<f64> = planes.iter().flat_map(|(_, accuracy)| accuracy.iter().map(|x| 1.0 - x)).collect();
    let style = Style::for_values(Kind::Magnitude).with_range(0.0, 1.0)?;
    let png = encode_png(&render(&HeatMap::mosaic(&losses, [planes.len(), rows, columns])?, &style, READABLE_SIZE))?;
    report.heading("Inverted windows");
    let names: Vec<&str> = planes.iter().map(|(class, _)| class.as_str()).collect();
    let caption = format!(
        "The share of inputs that are named wrongly with the window at each place inverted, from 0 to 1; row by row the \
         classes {}.",
        names.join(", ")
    );
    report.picture(&caption, &png);
    outputs.add("windows.png", png);
    Ok(())
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}
