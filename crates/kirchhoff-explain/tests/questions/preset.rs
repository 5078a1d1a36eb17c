//! Thresholds by name.

use kirchhoff_compile::LayerPattern;
use kirchhoff_explain::{Question, ThetaChoice, ThetaPreset};

#[test]
fn every_weighted_layer_of_vgg_16_has_the_threshold_of_the_paper() {
    let layers = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28].map(|number| format!("features.{number}"));
    let layers = layers.into_iter().chain([0, 3, 6].map(|number| format!("classifier.{number}")));
    let boolean = [0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.06, 0.06, 0.06, 0.1, 0.09, 0.025, 0.3, 0.043, 0.0145, 0.0145];
    let counting =
        [0.01, 0.01, 0.015, 0.02, 0.02, 0.02, 0.03, 0.03, 0.03, 0.06, 0.05, 0.01, 0.3, 0.043, 0.0145, 0.0145];
    let preset = ThetaPreset::find("paper-vgg").unwrap();
    let question = |semiring: &str| Question::new(semiring).unwrap().with_preset(preset).unwrap();
    let last = |question: &Question, layer: &str| {
        question.choices.iter().rfind(|(pattern, _)| pattern.matches(layer)).map(|(_, choice)| *choice)
    };
    for ((layer, boolean), counting) in layers.zip(boolean).zip(counting) {
        assert_eq!(last(&question("boolean"), &layer), Some(ThetaChoice::Theta(boolean)), "{layer}");
        assert_eq!(last(&question("counting"), &layer), Some(ThetaChoice::Theta(counting)), "{layer}");
    }
    assert_eq!(last(&question("boolean"), "features.4"), None, "pooling layers keep what is not negligible");

    let own = (LayerPattern::new("features.0").unwrap(), ThetaChoice::Theta(0.5));
    let question = Question { choices: vec![own], ..Question::new("boolean").unwrap() };
    assert_eq!(last(&question.with_preset(preset).unwrap(), "features.0"), Some(ThetaChoice::Theta(0.5)));
}
