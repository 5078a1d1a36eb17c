//! `kirchhoff study mask`.

use kirchhoff::study::mask::{MaskSettings, mask};
use serde_json::json;

use super::failure::Failure;
use super::questions::{checked, layers};
use super::study::Studied;
use super::study_arguments::Mask;

/// Makes masks of a data set.
pub fn run(arguments: &Mask) -> Result<(), Failure> {
    let options = &arguments.study;
    let (studied, mut data) = Studied::open(options)?;
    let layers = layers(&arguments.layers)?;
    let (rules, by_label) = studied.rules(options);
    let questions = checked(&rules, &arguments.semiring, &studied.bounds, |question| {
        question.layers = layers.clone();
        question.check(studied.network())
    })?;
    let settings = MaskSettings {
        questions,
        by_label,
        classes: arguments.classes.clone(),
        correct: arguments.correct,
        quantiles: arguments.quantile.clone(),
        memory: arguments.memory,
    };
    let mut identity = studied.identity("mask", options)?;
    settings.identify(&mut identity);
    let described = json!({
        "model": studied.loaded.name,
        "data": studied.source,
        "semirings": arguments.semiring,
        "layers": arguments.layers,
        "target": options.rules.target.join(" "),
    });
    let network = studied.network().clone();
    let mut run = studied.run(identity, options)?;
    let masks = mask(&mut run, &network, &mut data, &settings)?;
    let outputs = masks.outputs(&settings, &described)?;
    studied.finish(run, outputs, options)
}
