//! What a study of thresholds has found, as tables, plots and a page.

use kirchhoff_render::{Curve, Plot, Report};

use super::coverages::Coverages;
use super::study::{Candidate, Found};
use crate::output::{described, rounded, skipped};
use crate::{Outputs, StudyError, Table};

/// Shares of the inputs whose coverage is given beside the mean.
const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

impl Found {
    /// The files of the study: `coverage.csv`, `thresholds.csv`, `candidates.csv`, `formula.csv`, `inputs.csv` with the
    /// coverage of the inputs that were kept, plots,
    /// `study.json` and `report.html`. `settings` are shown as they are.
    ///
    /// # Errors
    /// Pictures that cannot be drawn.
    pub fn outputs(&self, settings: &serde_json::Value) -> Result<Outputs, StudyError> {
        let mut outputs = Outputs::default();
        let mut report = Report::new("Thresholds");
        let inputs = self.critical.state.inputs;
        report.paragraph(&format!(
            "{inputs} inputs. Thresholds are chosen by every second one, from the first on, and judged by the others. Seed {}.",
            self.settings.seed
        ));
        let found = self.report_candidates(&mut report, &mut outputs);
        self.report_thresholds(&mut report, &mut outputs);
        self.report_coverage(&mut report, &mut outputs)?;
        let passed_over = (self.critical.skipped, &self.critical.listed[..]);
        skipped(passed_over, &mut report, &mut outputs);
        described("thresholds", settings, &found, passed_over, &mut report, &mut outputs);
        outputs.add("report.html", report.html());
        Ok(outputs)
    }

    fn report_candidates(&self, report: &mut Report, outputs: &mut Outputs) -> serde_json::Value {
        let mut table =
            Table::new(&["thresholds", "coverage", "AOPC, choosing", "± choosing", "AOPC, held out", "± held out"]);
        for (candidate, [choosing, held_out]) in self.scores() {
            let numbers = [
                held_out.coverage.mean(),
                choosing.over.mean(),
                choosing.over.error(),
                held_out.over.mean(),
                held_out.over.error(),
            ];
            table.push([candidate.to_string()].into_iter().chain(numbers.map(|number| number.to_string())).collect());
        }
        let settings = &self.settings;
        report.heading("Which thresholds are best");
        report.paragraph(&format!(
            "Values are flipped to {} from the most relevant on in semiring {}, {} a step for {} steps; equal ones in an \
             order that is drawn. AOPC is the mean of f(x₀) − f(x_k) over k = 0 … L, where f is the softmax probability of \
             the target: the larger, the sooner the network gives up its answer. ± is a standard error over inputs, coverage \
             the share of input values that are relevant at all.",
            settings.baseline, settings.judged.semiring.name, settings.values_a_step, settings.steps
        ));
        report.paragraph("The best choice and the best constant are picked by the inputs that choose.");
        for sentence in self.verdicts() {
            report.paragraph(&sentence);
        }
        report.table(&table.columns, &rounded(&table));
        outputs.add("candidates.csv", table.csv());
        serde_json::json!({"candidates": table.json(), "verdicts": self.verdicts()})
    }

    /// How the choice that is best on one half of the inputs does on the other, against the constants.
    pub fn verdicts(&self) -> Vec<String> {
        let constant = |candidate: &Candidate| matches!(candidate, Candidate::Constant(_));
        let Some(best) = self.best(|candidate| !constant(candidate)) else { return Vec::new() };
        let mut others: Vec<usize> = (0..self.candidates.len())
            .filter(|&index| {
                self.candidates[index] == Candidate::Constant(kirchhoff_semiring::Annotation::DEFAULT_THETA)
            })
            .collect();
        others.extend(self.best(constant).filter(|index| !others.contains(index)));
        let sentence = |other: usize| {
            let [of_best, of_other] = [best, other].map(|index| self.judged.scores[index][1].over.mean());
            let difference = &self.judged.differences[best][other];
            format!(
                "On the inputs held out, the AOPC of {} is {of_best:.4}, and that of {} is {of_other:.4}: a difference of \
                 {:+.4} ± {:.4}.",
                self.candidates[best],
                self.candidates[other],
                difference.mean(),
                difference.error()
            )
        };
        others.into_iter().map(sentence).collect()
    }

    fn report_thresholds(&self, report: &mut Report, outputs: &mut Outputs) {
        let mut table = Table::new(&["share", "layer", "25 %", "median", "75 %"]);
        for (share, layers) in self.settings.shares.iter().zip(&self.critical.state.chosen) {
            for (layer, chosen) in self.layers.iter().zip(layers) {
                let quantiles = [0.25, 0.5, 0.75].map(|share| chosen.quantile(share));
                let cells = quantiles.map(|theta| theta.map_or(String::new(), |theta| theta.to_string()));
                table.push([share.share().to_string(), layer.clone()].into_iter().chain(cells).collect());
            }
        }
        let mut formula = Table::new(&["layer", "kernel of the next layer", "width of the input map", "θ"]);
        for row in &self.formula {
            let numbers = [row.next_kernel.to_string(), row.width.to_string(), row.theta.to_string()];
            formula.push([row.layer.clone()].into_iter().chain(numbers).collect());
        }
        report.heading("Thresholds that keep a share of each layer");
        report.paragraph(
            "Chosen for each input, as --theta \"auto(SHARE)\" does; quantiles over the inputs that choose. The medians can be \
             given for every input by --theta LAYER=θ.",
        );
        report.table(&table.columns, &table.rows);
        report.heading("The formula of Groudiev & Maniu");
        report.paragraph(
            "θ_i = 0.005 (k²_{i+1} + 3 ln width_i) + 0.0066 + 0.0002 i: their fit to thresholds chosen by hand for VGG-16, on \
             the weighted layers of this network.",
        );
        report.table(&formula.columns, &rounded(&formula));
        outputs.add("thresholds.csv", table.csv());
        outputs.add("formula.csv", formula.csv());
    }

    fn report_coverage(&self, report: &mut Report, outputs: &mut Outputs) -> Result<(), StudyError> {
        let mut table = Table::new(&["tensor", "theta", "mean", "5 %", "25 %", "50 %", "75 %", "95 %"]);
        let annotation = self.settings.critical.annotation;
        let x = format!("log₁₀ of θ, on {annotation}");
        let mut layers = Plot::new("Coverage by layer", &x, "share of the neurons that is relevant");
        for (name, coverages) in &self.critical.state.coverages {
            let quantiles = QUANTILES.map(|share| coverages.quantile(share));
            let mean = coverages.mean();
            for (index, (theta, mean)) in coverages.thetas().iter().zip(&mean).enumerate() {
                let cells = quantiles.iter().map(|quantile| quantile[index].to_string());
                table.push([name.clone(), theta.to_string(), mean.to_string()].into_iter().chain(cells).collect());
            }
            layers = layers.with_curve(curve(name, coverages, &mean, None));
        }
        report.heading("Coverage against θ");
        report.paragraph(
            "From one pass in the bottleneck semiring: a neuron is relevant at every θ up to its critical one.",
        );
        let caption = "The share of each tensor's neurons that is boolean-relevant, mean over the inputs.";
        let svg = report.plot(caption, &layers)?;
        outputs.add("coverage.svg", svg);
        if let Some((name, coverages)) = self.critical.state.coverages.first() {
            let mut plot = Plot::new("Coverage of the input, by input", &x, "share of the values that is relevant");
            let bands = [("5 % to 95 % of inputs", 0.05, 0.95), ("25 % to 75 %", 0.25, 0.75)];
            for (label, low, high) in bands {
                let band = Some((coverages.quantile(low), coverages.quantile(high)));
                plot = plot.with_curve(curve(label, coverages, &coverages.quantile(0.5), band));
            }
            let caption = format!("The medians and quantiles over inputs of the coverage of `{name}`.");
            let svg = report.plot(&caption, &plot)?;
            outputs.add("coverage-inputs.svg", svg);
        }
        outputs.add("coverage.csv", table.csv());
        if self.settings.keep > 0 {
            let mut table = Table::new(&["input", "theta", "coverage"]);
            let thetas = self.critical.state.coverages.first().map_or(&[][..], |(_, coverages)| coverages.thetas());
            for (input, coverage) in &self.critical.state.kept {
                for (theta, coverage) in thetas.iter().zip(coverage) {
                    table.push(vec![input.to_string(), theta.to_string(), coverage.to_string()]);
                }
            }
            outputs.add("inputs.csv", table.csv());
        }
        Ok(())
    }
}

/// A curve over the logarithms of thresholds; those that have none are left out.
fn curve(name: &str, coverages: &Coverages, values: &[f64], band: Option<(Vec<f64>, Vec<f64>)>) -> Curve {
    let logarithm = |theta: f32| f64::from(theta).log10();
    let shown = |index: &usize| coverages.thetas()[*index] > 0.0;
    let indices = || (0..values.len()).filter(shown);
    Curve {
        name: name.to_string(),
        points: indices().map(|index| [logarithm(coverages.thetas()[index]), values[index]]).collect(),
        band: band.map_or(Vec::new(), |(low, high)| indices().map(|index| [low[index], high[index]]).collect()),
    }
}
