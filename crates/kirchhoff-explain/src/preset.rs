//! Thresholds by name: those that somebody chose for a network that many people use.

use kirchhoff_compile::LayerPattern;
use kirchhoff_semiring::Annotation;

use crate::{ExplainError, Question, ThetaChoice};

/// Thresholds for the layers of one architecture, a choice for each of some semirings.
#[derive(Clone, Copy, Debug)]
pub struct ThetaPreset {
    /// The name.
    pub name: &'static str,
    /// What they are, in words.
    pub description: &'static str,
    /// The annotation of layers that none of the choices names.
    base: Annotation,
    /// Later ones win.
    choices: &'static [Choices],
}

/// The names of semirings, and a threshold for each of the layers that a pattern means.
type Choices = (&'static [&'static str], &'static [(&'static str, f32)]);

static PRESETS: [ThetaPreset; 1] = [ThetaPreset {
    name: "paper-vgg",
    description: "the thresholds of Groudiev & Maniu (2024) for VGG-16 under composite `paper-vgg`; boolean and counting",
    base: Annotation::ThresholdAbs(Annotation::DEFAULT_THETA),
    choices: &[
        (
            &["boolean", "counting", "counting-float"],
            &[
                ("features.{0,2,5,7,10,12}", 0.05),
                ("features.{14,17,19}", 0.06),
                ("features.21", 0.1),
                ("features.24", 0.09),
                ("features.26", 0.025),
                ("features.28", 0.3),
                ("classifier.0", 0.043),
                ("classifier.{3,6}", 0.0145),
            ],
        ),
        // From layer 28 on, counting has the thresholds of boolean.
        (
            &["counting", "counting-float"],
            &[
                ("features.{0,2}", 0.01),
                ("features.5", 0.015),
                ("features.{7,10,12}", 0.02),
                ("features.{14,17,19}", 0.03),
                ("features.21", 0.06),
                ("features.24", 0.05),
                ("features.26", 0.01),
            ],
        ),
    ],
}];

/// Every preset.
pub fn theta_presets() -> &'static [ThetaPreset] {
    &PRESETS
}

impl ThetaPreset {
    /// The preset of a name.
    pub fn find(name: &str) -> Option<&'static ThetaPreset> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// The names of the semirings that it has thresholds for.
    pub fn semirings(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.choices.iter().flat_map(|(names, _)| *names).copied().collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Question {
    /// The same question under the thresholds of a preset; choices for single layers that it has already win over them.
    ///
    /// # Errors
    /// A semiring that the preset has no thresholds for.
    pub fn with_preset(mut self, preset: &ThetaPreset) -> Result<Self, ExplainError> {
        let own = preset.choices.iter().filter(|(names, _)| names.contains(&&*self.semiring.name));
        let choices = own.flat_map(|(_, thetas)| thetas.iter());
        let mut choices = choices
            .map(|&(pattern, theta)| Ok((LayerPattern::new(pattern)?, ThetaChoice::Theta(theta))))
            .collect::<Result<Vec<_>, ExplainError>>()?;
        if choices.is_empty() {
            let (preset, semirings) = (preset.name, preset.semirings().join(", "));
            return Err(ExplainError::Preset { preset, semiring: self.semiring.name.to_string(), semirings });
        }
        choices.append(&mut self.choices);
        self.choices = choices;
        (self.annotation, self.coverage) = (preset.base, None);
        Ok(self)
    }
}
