//! Pruning as files: curves, rankings, plots, a report.

use kirchhoff_file::{GENERATOR, Tensor};
use kirchhoff_network::Network;
use kirchhoff_network::export::{onnx, tensors};
use kirchhoff_render::{Curve as Line, Plot, Report};
use serde_json::{Value, json};

use super::Pruning;
use crate::meaning::with_curve;
use crate::{Outputs, StudyError, Table};

/// Two-sided 95 % quantiles of Student's t, by degrees of freedom from 1; the normal distribution's beyond.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// Mean, and half the width of the 95 % confidence interval over seeds: `t · s / √n`.
fn mean(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    if values.len() < 2 {
        return (mean, 0.0);
    }
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let student = STUDENT.get(values.len() - 2).copied().unwrap_or(1.96);
    (mean, student * (variance / count).sqrt())
}

impl Pruning {
    /// The methods, in their order.
    fn methods(&self) -> Vec<&str> {
        let mut methods: Vec<&str> = Vec::new();
        for curve in &self.curves {
            if !methods.contains(&&curve.method[..]) {
                methods.push(&curve.method);
            }
        }
        methods
    }

    /// Mean and confidence of a method's curves at every point.
    fn means(&self, method: &str, values: impl Fn(&super::Curve) -> &[f64]) -> Vec<(f64, f64)> {
        let curves: Vec<&[f64]> = self.curves.iter().filter(|curve| curve.method == method).map(values).collect();
        (0..self.removed.len())
            .map(|point| mean(&curves.iter().map(|curve| curve[point]).collect::<Vec<_>>()))
            .collect()
    }

    /// The mean accuracy over all shares: the area under a method's curve by trapezia, and its confidence over seeds.
    pub fn area(&self, method: &str) -> (f64, f64) {
        let share = |point: usize| self.removed[point] as f64 / self.neurons as f64;
        let area = |accuracy: &[f64]| -> f64 {
            (1..accuracy.len()).map(|at| (share(at) - share(at - 1)) * (accuracy[at] + accuracy[at - 1]) / 2.0).sum()
        };
        let curves = self.curves.iter().filter(|curve| curve.method == method);
        mean(&curves.map(|curve| area(&curve.accuracy)).collect::<Vec<_>>())
    }

    /// `curves.csv` (every method, seed and point), `means.csv` (mean and 95 % confidence over seeds), `ranking.csv`,
    /// plots of accuracy and loss, `study.json` and `report.html`. For each method and share of `write` the pruned network
    /// as `pruned-METHOD-SHARE.onnx` and `.safetensors`.
    ///
    /// # Errors
    /// A method that was not among the study's, or a share that leaves no neuron; plots that cannot be drawn.
    pub fn outputs(
        &self,
        network: &Network,
        write: &[(String, f64)],
        described: &Value,
    ) -> Result<Outputs, StudyError> {
        let mut outputs = Outputs::default();
        let share = |removed: usize| removed as f64 / self.neurons as f64;
        let mut curves = Table::new(&["method", "seed", "removed", "share", "accuracy", "loss"]);
        let mut ranking = Table::new(&["method", "seed", "rank", "neuron", "score"]);
        for curve in &self.curves {
            let head = [curve.method.clone(), curve.seed.to_string()];
            for (point, &removed) in self.removed.iter().enumerate() {
                let numbers = [share(removed), curve.accuracy[point], curve.loss[point]].map(|value| value.to_string());
                curves.push([&head[..], &[removed.to_string()], &numbers].concat());
            }
            for (rank, neuron) in curve.order.iter().enumerate() {
                let score = curve.scores.get(*neuron).map_or(String::new(), f64::to_string);
                ranking.push([&head[..], &[rank.to_string(), neuron.to_string(), score]].concat());
            }
        }
        let mut means = Table::new(&["method", "removed", "share", "accuracy", "± accuracy", "loss", "± loss"]);
        let mut summary = Table::new(&["method", "mean accuracy", "±", "half pruned", "±", "four fifths pruned", "±"]);
        let mut accuracy = Plot::new("Accuracy", "share of neurons removed", "accuracy");
        let mut loss = Plot::new("Loss", "share of neurons removed", "cross-entropy");
        let mut results = Vec::new();
        for method in self.methods() {
            let (right, lost) = (self.means(method, |curve| &curve.accuracy), self.means(method, |curve| &curve.loss));
            for (point, &removed) in self.removed.iter().enumerate() {
                let numbers = [share(removed), right[point].0, right[point].1, lost[point].0, lost[point].1];
                let head = [method.to_string(), removed.to_string()];
                means.push([&head[..], &numbers.map(|value| value.to_string())].concat());
            }
            accuracy = with_curve(accuracy, method, false, self.line(method, &right, 1.0));
            loss = with_curve(loss, method, false, self.line(method, &lost, f64::INFINITY));
            let at = |wanted: f64| {
                let distance = |&point: &usize| ((share(self.removed[point]) - wanted).abs() * 1e9) as u64;
                right[(0..self.removed.len()).min_by_key(distance).unwrap_or(0)]
            };
            let numbers = [self.area(method), at(0.5), at(0.8)];
            let cells = numbers.iter().flat_map(|(mean, half)| [format!("{mean:.4}"), format!("{half:.4}")]);
            summary.push(std::iter::once(method.to_string()).chain(cells).collect());
            let [area, half, fifths] = numbers.map(|(mean, half)| json!({"mean": mean, "confidence": half}));
            results.push(
                json!({"method": method, "mean_accuracy": area, "half_pruned": half, "four_fifths_pruned": fifths}),
            );
        }
        let mut written = Vec::new();
        for (method, wanted) in write {
            let (smaller, removed, accuracy, loss) = self.pruned(network, method, *wanted)?;
            let name = format!("pruned-{method}-{wanted}");
            outputs.add(format!("{name}.onnx"), onnx(&smaller));
            outputs.add(
                format!("{name}.safetensors"),
                Tensor::file(tensors(&smaller), &[(GENERATOR, env!("CARGO_PKG_VERSION"))])
                    .map_err(StudyError::Settings)?,
            );
            written.push(json!({
                "files": [format!("{name}.onnx"), format!("{name}.safetensors")], "method": method, "removed": removed,
                "parameters": smaller.parameters(), "accuracy": accuracy, "loss": loss,
            }));
        }
        let study = json!({
            "study": "prune", "settings": described, "layer": self.layer, "neurons": self.neurons,
            "inputs": self.inputs, "results": results, "written": written,
            "skipped": {"count": self.skipped.0, "listed": self.skipped.1},
        });
        let seeds =
            self.curves.iter().filter(|curve| Some(&curve.method) == self.curves.first().map(|first| &first.method));
        let mut report = Report::new("Pruning");
        report.paragraph(&format!(
            "Layer {} has {} neurons. They are removed in the order of each method, those that matter least first, and the \
             network answers {} inputs without being trained again. Lines are means over {} seeds, each of which ranks by \
             inputs of its own; bands are 95 % confidence intervals (Student's t).",
            self.layer, self.neurons, self.inputs, seeds.count()
        ));
        let accuracy = report.plot("Accuracy against the share of neurons removed", &accuracy)?;
        let loss = report.plot("Cross-entropy against the share of neurons removed", &loss)?;
        report.heading("Summary");
        report.paragraph("Mean accuracy is the area under the curve of accuracy over all shares.");
        report.table(&summary.columns, &summary.rows);
        report.heading("Settings");
        for (name, value) in described.as_object().into_iter().flatten() {
            report.paragraph(&format!("{name}: {}", value.as_str().map_or(value.to_string(), str::to_string)));
        }
        if self.skipped.0 > 0 {
            report.paragraph(&format!("{} inputs could not be taken.", self.skipped.0));
        }
        outputs.add("curves.csv", curves.csv());
        outputs.add("means.csv", means.csv());
        outputs.add("ranking.csv", ranking.csv());
        outputs.add("accuracy.svg", accuracy);
        outputs.add("loss.svg", loss);
        outputs.study(&study);
        outputs.add("report.html", report.html());
        Ok(outputs)
    }

    /// The line of numbers from 0 to `most`, beyond which no band goes.
    fn line(&self, method: &str, means: &[(f64, f64)], most: f64) -> Line {
        let share = |removed: &usize| *removed as f64 / self.neurons as f64;
        Line {
            name: method.to_string(),
            points: self.removed.iter().zip(means).map(|(removed, (mean, _))| [share(removed), *mean]).collect(),
            band: means.iter().map(|(mean, half)| [(mean - half).max(0.0), (mean + half).min(most)]).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_is_students() {
        assert_eq!(mean(&[3.0]), (3.0, 0.0));
        let (center, half) = mean(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(center, 3.0);
        assert!((half - 2.776 * (2.5f64 / 5.0).sqrt()).abs() < 1e-12);
    }
}
