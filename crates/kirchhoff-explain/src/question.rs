//! Questions: what is asked of an execution.

use std::ops::Range;
use std::sync::Arc;

use kirchhoff_circuit::{GateCircuit, LayeredCircuit, TensorId};
use kirchhoff_compile::{Assignment, Composite, LayerPattern, MaximumPooling, Rule, compile};
use kirchhoff_evaluate::Annotations;
use kirchhoff_network::{Execution, Network};
use kirchhoff_semiring::{Annotation, DefaultStart, LookupError, SemiringInfo, find};

use crate::{ExplainError, Target};

/// One explanation to make of every input: in which semiring, under which rules, from where.
///
/// ```
/// use kirchhoff::compile::Rule;
/// use kirchhoff::explain::Question;
///
/// let question = Question::new("boolean")?.with_rules(Rule::Zero).with_annotation("threshold(0.02)".parse()?);
/// assert_eq!(question.annotation.to_string(), "threshold(0.02)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Question {
    /// The semiring.
    pub semiring: &'static SemiringInfo,
    /// The rules.
    pub assignment: Assignment,
    /// Θ of every layer that no choice names.
    pub annotation: Annotation,
    /// Θ of single layers; later choices win.
    pub choices: Vec<(LayerPattern, ThetaChoice)>,
    /// What targets start with.
    pub start: DefaultStart,
    /// The outputs to start from: one target for all inputs, or one an input.
    pub targets: Vec<Target>,
    /// The tensors to keep the relevance of.
    pub layers: Layers,
    /// Whether ledgers hold how many edges Θ keeps, which costs a visit to every edge.
    pub count_kept: bool,
}

/// A Θ chosen for single layers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ThetaChoice {
    /// Another annotation.
    Annotation(Annotation),
    /// The same kind of threshold with another θ.
    Theta(f32),
}

/// The tensors whose relevance an explanation keeps. The input is always among them.
#[derive(Clone, Debug, Default)]
pub enum Layers {
    /// The input alone.
    #[default]
    Input,
    /// All.
    All,
    /// The input and those computed by the layers that these name.
    Matching(Vec<LayerPattern>),
}

impl Question {
    /// The question with the semiring's default rule, annotation and start (SPEC 4), about the largest output.
    ///
    /// # Errors
    /// No semiring of this name.
    pub fn new(semiring: &str) -> Result<Self, LookupError> {
        let semiring = find(semiring)?;
        Ok(Question {
            semiring,
            assignment: assignment(semiring.rule)?,
            annotation: semiring.annotation,
            choices: Vec::new(),
            start: semiring.start,
            targets: vec![Target::Top],
            layers: Layers::Input,
            count_kept: false,
        })
    }

    /// The same question under one rule for all layers, or under a composite, which also says how maximum pooling is
    /// treated.
    pub fn with_rules(mut self, rules: impl Into<Assignment>) -> Self {
        self.assignment = rules.into().with_bounds(self.assignment.bounds);
        self
    }

    /// The same question under another annotation.
    pub fn with_annotation(mut self, annotation: Annotation) -> Self {
        self.annotation = annotation;
        self
    }

    /// The same question with maximum pooling treated otherwise.
    pub fn with_maximum_pooling(mut self, maximum_pooling: MaximumPooling) -> Self {
        self.assignment.maximum_pooling = maximum_pooling;
        self
    }

    /// The same question about other targets: one for all inputs, or one an input.
    pub fn with_targets(mut self, targets: Vec<Target>) -> Self {
        self.targets = targets;
        self
    }

    /// The same question about a part of the inputs, of which there are `inputs`.
    ///
    /// # Errors
    /// Targets that are neither one for all nor one an input.
    pub fn part(&self, part: Range<usize>, inputs: usize) -> Result<Self, ExplainError> {
        let mut question = self.clone();
        if self.targets.len() == inputs {
            question.targets = self.targets[part].to_vec();
        } else if self.targets.len() != 1 {
            return Err(ExplainError::Targets { targets: self.targets.len(), inputs });
        }
        Ok(question)
    }

    /// Finds out before anything is run whether the question can be asked of a network, as far as its layers and outputs
    /// tell: rules, annotations, targets and the layers to keep.
    ///
    /// # Errors
    /// Whatever [`explain`](crate::explain) would refuse for these reasons.
    pub fn check(&self, network: &Arc<Network>) -> Result<(), ExplainError> {
        // A circuit of no executions has every layer of one with executions.
        let execution = Execution::run(network.clone(), &[], 0, &())?;
        let circuit = compile(&execution, &self.assignment)?;
        self.annotations(&circuit)?;
        self.kept(&circuit)?;
        let outputs = vec![0.0; circuit.tensor(circuit.output()).size()];
        self.targets.iter().try_for_each(|target| target.resolve(&outputs).map(|_| ()))?;
        Ok(())
    }

    /// The annotation of every layer of a circuit, checked against the semiring's carrier.
    ///
    /// # Errors
    /// A choice that means no layer, a θ for an annotation without one, or values outside the carrier.
    pub fn annotations(&self, circuit: &LayeredCircuit) -> Result<Annotations, ExplainError> {
        let layers = circuit.layers().iter().map(|layer| (&layer.name[..], layer.is_annotated()));
        let annotations = self.chosen(&layers.collect::<Vec<_>>())?;
        annotations.check(circuit, self.semiring.name, self.semiring.embeds)?;
        Ok(annotations)
    }

    /// As [`annotations`](Question::annotations), for a gate circuit.
    ///
    /// # Errors
    /// A choice that means no layer, a θ for an annotation without one, or values outside the carrier.
    pub fn gate_annotations(&self, circuit: &GateCircuit) -> Result<Annotations, ExplainError> {
        let layers = circuit.layers().iter().map(|layer| (&layer.name[..], layer.range.is_some()));
        let annotations = self.chosen(&layers.collect::<Vec<_>>())?;
        annotations.check_gates(circuit, self.semiring.name, self.semiring.embeds)?;
        Ok(annotations)
    }

    /// The annotations of layers of which the names are given, and whether they take any.
    fn chosen(&self, layers: &[(&str, bool)]) -> Result<Annotations, ExplainError> {
        let annotated = || layers.iter().filter(|(_, annotated)| *annotated).map(|(name, _)| *name);
        for (pattern, _) in &self.choices {
            if !annotated().any(|layer| pattern.matches(layer)) {
                let layers = annotated().collect::<Vec<_>>().join(", ");
                return Err(ExplainError::NoLayer { pattern: pattern.text().to_string(), layers });
            }
        }
        let of = |(layer, _): &(&str, bool)| {
            let mut annotation = self.annotation;
            for (_, choice) in self.choices.iter().filter(|(pattern, _)| pattern.matches(layer)) {
                annotation = match choice {
                    ThetaChoice::Annotation(other) => *other,
                    ThetaChoice::Theta(theta) => annotation
                        .with_theta(*theta)
                        .map_err(|error| ExplainError::Theta { layer: layer.to_string(), error })?,
                };
            }
            Ok(annotation)
        };
        Ok(Annotations::new(layers.iter().map(of).collect::<Result<_, ExplainError>>()?))
    }

    /// The tensors to keep the relevance of, from input to output.
    ///
    /// # Errors
    /// A pattern that means no tensor.
    pub fn kept(&self, circuit: &LayeredCircuit) -> Result<Vec<TensorId>, ExplainError> {
        let all = || (0..circuit.tensors().len()).map(|index| TensorId(index as u32));
        let patterns = match &self.layers {
            Layers::Input => return Ok(vec![circuit.input()]),
            Layers::All => return Ok(all().collect()),
            Layers::Matching(patterns) => patterns,
        };
        let name = |id: TensorId| &circuit.tensor(id).name[..];
        if let Some(pattern) = patterns.iter().find(|pattern| !all().any(|id| pattern.matches(name(id)))) {
            let layers: Vec<_> = all().map(name).collect();
            return Err(ExplainError::NoTensor { pattern: pattern.text().to_string(), layers: layers.join(", ") });
        }
        let wanted =
            |id: &TensorId| *id == circuit.input() || patterns.iter().any(|pattern| pattern.matches(name(*id)));
        Ok(all().filter(wanted).collect())
    }
}

/// The rules that the registry names for a semiring: a composite, or one rule for all layers.
fn assignment(name: &str) -> Result<Assignment, LookupError> {
    match name.parse::<Composite>() {
        // `epsilon` is both; the real semiring's default is the composite, which passes unfolded normalisation layers.
        Ok(composite) => Ok(composite.into()),
        Err(_) => Ok(name.parse::<Rule>()?.into()),
    }
}
