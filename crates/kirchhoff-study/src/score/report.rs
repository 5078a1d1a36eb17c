//! What a study of scores has found, as tables and a page.

use kirchhoff_render::Report;

use super::Metric;
use super::study::{Found, Tally};
use crate::output::{described, rounded, skipped};
use crate::{Outputs, StudyError, Table};

impl Found {
    /// The mean score of each semiring in each metric, with its standard error over inputs.
    pub fn scores(&self) -> Table {
        let mut table = Table::new(&["semiring", "metric", "inputs", "score", "± score", "without", "better"]);
        for (semiring, metric, Tally { mean, without }) in self.tallies() {
            let better = if metric.info().larger_is_better { "larger" } else { "smaller" };
            let numbers = [mean.count().to_string(), mean.mean().to_string(), mean.error().to_string()];
            let cells = [semiring.to_string(), metric.to_string()].into_iter().chain(numbers);
            table.push(cells.chain([without.to_string(), better.to_string()]).collect());
        }
        table
    }

    /// The files of the study: `scores.csv`, `inputs.csv` and `subsets.csv` with what was kept, `study.json` and `report.html`.
    /// `settings` are shown as they are.
    ///
    /// # Errors
    /// Pictures that cannot be drawn.
    pub fn outputs(&self, settings: &serde_json::Value) -> Result<Outputs, StudyError> {
        let mut outputs = Outputs::default();
        let mut report = Report::new("Scores");
        let scores = self.scores();
        outputs.add("scores.csv", scores.csv());
        if self.settings.keep > 0 {
            outputs.add("inputs.csv", self.kept().csv());
            if self.settings.metrics.contains(&Metric::FaithfulnessCorrelation) {
                outputs.add("subsets.csv", self.subsets().csv());
            }
        }
        report.paragraph(&format!(
            "{} inputs. ± is a standard error over inputs; inputs without a score, for they have no relevance or an empty mask, or \
             nothing varies, are counted beside it. Seed {}.",
            self.scores.state.inputs, self.settings.seed
        ));
        for metric in &self.settings.metrics {
            report.paragraph(&format!("{metric}: {}.", metric.info().description));
        }
        report.heading("Scores");
        report.table(&scores.columns, &rounded(&scores));
        let passed_over = (self.scores.skipped, &self.scores.listed[..]);
        skipped(passed_over, &mut report, &mut outputs);
        described("score", settings, &scores.json(), passed_over, &mut report, &mut outputs);
        outputs.add("report.html", report.html());
        Ok(outputs)
    }

    fn tallies(&self) -> impl Iterator<Item = (&str, Metric, &Tally)> {
        let settings = &self.settings;
        let names = settings
            .questions
            .iter()
            .flat_map(|question| settings.metrics.iter().map(move |&metric| (&*question.semiring.name, metric)));
        names.zip(&self.scores.state.tallies).map(|((semiring, metric), tally)| (semiring, metric, tally))
    }

    fn kept(&self) -> Table {
        let mut table = Table::new(&["input", "semiring", "metric", "score"]);
        for kept in &self.scores.state.kept {
            for ((semiring, metric, _), score) in self.tallies().zip(&kept.scores) {
                let score = score.map_or(String::new(), |score| score.to_string());
                table.push(vec![kept.position.to_string(), semiring.to_string(), metric.to_string(), score]);
            }
        }
        table
    }

    fn subsets(&self) -> Table {
        let mut table = Table::new(&["input", "run", "values"]);
        for kept in &self.scores.state.kept {
            for (run, subset) in kept.subsets.iter().enumerate() {
                let values: Vec<String> = subset.iter().map(u32::to_string).collect();
                table.push(vec![kept.position.to_string(), run.to_string(), values.join(" ")]);
            }
        }
        table
    }
}
