//! Questions: what is asked of an execution.

use std::borrow::Cow;
use std::ops::Range;

use kirchhoff_circuit::{Conditions, GateCircuit, LayeredCircuit, TensorId};
use kirchhoff_compile::{Assignment, Composite, LayerPattern, MaximumPooling, Rule, compile_shape, listed};
use kirchhoff_evaluate::{Annotations, Chooser, Coverage, LayerTheta, run};
use kirchhoff_kernel::Monitor;
use kirchhoff_network::Network;
use kirchhoff_semiring::{Annotation, DefaultStart, Image, Interval, LookupError};

use crate::{AnySemiring, ExplainError, Neurons, Registry, Target, TargetError};

/// One explanation to make of every input: in which semiring, under which rules, from where.
///
/// ```
/// use kirchhoff::compile::Rule;
/// use kirchhoff::explain::Question;
///
/// let question = Question::new("boolean")?.with_rules(Rule::ZERO).with_annotation("threshold(0.02)".parse()?);
/// assert_eq!(question.annotation.to_string(), "threshold(0.02)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Question {
    /// The semiring.
    pub semiring: AnySemiring,
    /// The rules.
    pub assignment: Assignment,
    /// Θ of every layer that no choice names.
    pub annotation: Annotation,
    /// The share of neurons that a threshold is chosen to keep, for every layer that no choice names; it takes the place
    /// of `annotation`.
    pub coverage: Option<Coverage>,
    /// Θ of single layers; later choices win.
    pub choices: Vec<(LayerPattern, ThetaChoice)>,
    /// What targets start with.
    pub start: DefaultStart,
    /// The outputs to start from: one target for all inputs, or one an input.
    pub targets: Vec<Target>,
    /// The neurons that relevance has to go through: of each layer that is named, one of those named. Paths that go past such a
    /// layer by another branch are left out. None says that all count.
    pub through: Vec<Neurons>,
    /// The neurons that relevance does not go through.
    pub removed: Vec<Neurons>,
    /// The tensors to keep the relevance of.
    pub layers: Layers,
    /// Whether ledgers hold how many edges Θ keeps, which costs a visit to every edge.
    pub count_kept: bool,
    /// Whether answers say what the relevance of every tensor comes to: see [`TensorSummary`](crate::TensorSummary).
    pub summaries: bool,
    /// Θ of every layer, once thresholds are chosen for an execution.
    pub settled: Option<Annotations>,
}

/// A Θ chosen for single layers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ThetaChoice {
    /// Another annotation.
    Annotation(Annotation),
    /// The same kind of threshold with another θ.
    Theta(f32),
    /// The threshold that keeps a share of the layer's source neurons, chosen for each input.
    Coverage(Coverage),
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
    /// The question in the built-in semiring of a name, with its default rule, annotation and start, about the largest output.
    ///
    /// # Errors
    /// No semiring of this name.
    pub fn new(semiring: &str) -> Result<Self, LookupError> {
        Ok(Question::of(AnySemiring::named(semiring)?))
    }

    /// The question in a semiring, built-in or anybody's, with its default rule, annotation and start, about the largest
    /// output. A default rule that is not known is `zero`: [`Registry::with`](crate::Registry::with) refuses it.
    pub fn of(semiring: impl Into<AnySemiring>) -> Self {
        let semiring = semiring.into();
        Question {
            assignment: assignment(&semiring.rule).unwrap_or_else(|_| Rule::ZERO.into()),
            annotation: semiring.annotation,
            coverage: None,
            choices: Vec::new(),
            start: semiring.start,
            targets: vec![Target::Top],
            through: Vec::new(),
            removed: Vec::new(),
            layers: Layers::Input,
            count_kept: false,
            summaries: false,
            settled: None,
            semiring,
        }
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

    /// The same question with thresholds that keep a share of each layer's source neurons, chosen for each input.
    pub fn with_coverage(mut self, coverage: Coverage) -> Self {
        self.coverage = Some(coverage);
        self
    }

    /// Whether the question leaves thresholds open, which are then chosen for each input: see
    /// [`choose_thresholds`](kirchhoff_evaluate::choose_thresholds).
    pub fn is_open(&self) -> bool {
        let open = |(_, choice): &(_, ThetaChoice)| matches!(choice, ThetaChoice::Coverage(_));
        self.settled.is_none() && (self.coverage.is_some() || self.choices.iter().any(open))
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
    pub fn check(&self, network: &Network) -> Result<(), ExplainError> {
        let circuit = compile_shape(network, &self.assignment)?;
        self.annotations_so_far(&circuit)?;
        self.kept(&circuit)?;
        self.conditions(&*self.started(&circuit)?)?;
        let outputs = vec![0.0; circuit.tensor(circuit.output()).size()];
        let check = |target: &Target| match target {
            Target::Neurons { .. } => target.neurons().try_for_each(|(neurons, _)| neurons.find(&circuit).map(|_| ())),
            Target::Top | Target::Outputs { .. } | Target::Relative(_) => Ok(target.resolve(&outputs).map(|_| ())?),
        };
        self.targets.iter().try_for_each(check)
    }

    /// The circuit from where the targets are: itself, or the same that [starts](LayeredCircuit::starting_at) at a hidden layer.
    ///
    /// # Errors
    /// A layer that is not there, or targets of several.
    pub fn started<'a>(&self, circuit: &'a LayeredCircuit) -> Result<Cow<'a, LayeredCircuit>, ExplainError> {
        let mut start: Option<TensorId> = None;
        let name = |id: TensorId| circuit.tensor(id).name.clone();
        for target in &self.targets {
            let mut tensors = target.neurons().map(|(neurons, _)| neurons.tensor(circuit)).peekable();
            let of_output = tensors.peek().is_none().then_some(Ok(circuit.output()));
            for tensor in tensors.chain(of_output) {
                let tensor = tensor?;
                match start.replace(tensor) {
                    Some(other) if other != tensor => return Err(TargetError::Layers(name(other), name(tensor)).into()),
                    _ => {}
                }
            }
        }
        match start {
            Some(start) if start != circuit.output() => Ok(Cow::Owned(circuit.starting_at(start))),
            _ => Ok(Cow::Borrowed(circuit)),
        }
    }

    /// The neurons of a circuit that relevance goes through.
    ///
    /// # Errors
    /// Neurons that are not there, or some to go through that relevance starts before.
    pub fn conditions(&self, circuit: &LayeredCircuit) -> Result<Conditions, ExplainError> {
        let mut conditions = Conditions::default();
        for neurons in &self.through {
            let (tensor, neurons) = neurons.find(circuit)?;
            conditions = conditions.through(tensor, neurons);
        }
        for neurons in &self.removed {
            let (tensor, neurons) = neurons.find(circuit)?;
            conditions = conditions.without(tensor, neurons);
        }
        match conditions.last_passed().filter(|last| *last > circuit.output()) {
            Some(last) => Err(ExplainError::Behind {
                start: circuit.tensor(circuit.output()).name.clone(),
                layer: circuit.tensor(last).name.clone(),
            }),
            None => Ok(conditions),
        }
    }

    /// The annotation of every layer of a circuit, checked against the semiring's carrier.
    ///
    /// # Errors
    /// A choice that means no layer, a θ for an annotation without one, values outside the carrier, or a threshold that
    /// is still [open](Question::is_open).
    pub fn annotations(&self, circuit: &LayeredCircuit) -> Result<Annotations, ExplainError> {
        let annotations = match &self.settled {
            Some(settled) => settled.clone(),
            None => given(&layers(circuit), self.chosen(&layers(circuit))?)?,
        };
        self.fitting(circuit, annotations)
    }

    /// As [`annotations`](Question::annotations), with the Θ [before the choice](LayerTheta::before_choice) of every layer
    /// whose threshold is open.
    pub(crate) fn annotations_so_far(&self, circuit: &LayeredCircuit) -> Result<Annotations, ExplainError> {
        if !self.is_open() {
            return self.annotations(circuit);
        }
        let thetas = self.thetas(circuit)?.into_iter();
        self.fitting(circuit, Annotations::new(thetas.map(LayerTheta::before_choice).collect()))
    }

    /// Annotations of a circuit, if they are the semiring's.
    fn fitting(&self, circuit: &LayeredCircuit, annotations: Annotations) -> Result<Annotations, ExplainError> {
        self.check_name()?;
        annotations.check(circuit, &self.semiring.name, self.semiring.embeds)?;
        Ok(annotations)
    }

    /// As [`annotations`](Question::annotations), for a gate circuit.
    ///
    /// # Errors
    /// A choice that means no layer, a θ for an annotation without one, values outside the carrier, or a threshold that
    /// is [open](Question::is_open): a gate circuit may have dropped what it would be chosen by.
    pub fn gate_annotations(&self, circuit: &GateCircuit) -> Result<Annotations, ExplainError> {
        let layers: Vec<_> = circuit.layers().iter().map(|layer| (&layer.name[..], layer.range.is_some())).collect();
        let annotations = given(&layers, self.chosen(&layers)?)?;
        self.check_name()?;
        annotations.check_gates(circuit, &self.semiring.name, self.semiring.embeds)?;
        Ok(annotations)
    }

    /// Whether the semiring has a name of its own: files and stored circuits know semirings by their names.
    fn check_name(&self) -> Result<(), ExplainError> {
        match self.semiring.is_built_in() {
            true => Ok(()),
            false => Ok(Registry::built_in().with(self.semiring.clone()).map(|_| ())?),
        }
    }

    /// The outputs that each input of a circuit is explained from, with their signs: of a circuit that
    /// [starts](Question::started) at a hidden layer, its neurons that are meant and active.
    ///
    /// # Errors
    /// Targets that are neither one for all nor one an input, or that the network does not have.
    pub fn resolve(&self, circuit: &LayeredCircuit) -> Result<Vec<Vec<(usize, f32)>>, ExplainError> {
        let (targets, inputs) = (&self.targets, circuit.batch());
        if targets.len() != 1 && targets.len() != inputs {
            return Err(ExplainError::Targets { targets: targets.len(), inputs });
        }
        let target = |input: usize| &targets[if targets.len() == 1 { 0 } else { input }];
        (0..inputs).map(|input| target(input).resolve_in(circuit, input)).collect()
    }

    /// The question about each execution of a circuit, with the thresholds that it leaves
    /// [open](Question::is_open) chosen.
    ///
    /// # Errors
    /// As for [`explain`](crate::explain).
    pub fn settle(&self, circuit: &LayeredCircuit, monitor: &dyn Monitor) -> Result<Vec<Question>, ExplainError> {
        let inputs = circuit.batch();
        let mut questions: Vec<Question> =
            (0..inputs).map(|input| self.part(input..input + 1, inputs)).collect::<Result<_, _>>()?;
        if !self.is_open() {
            return Ok(questions);
        }
        let mut chooser = self.chooser(circuit)?;
        run(circuit, &mut [&mut chooser], monitor)?;
        let chosen = chooser.into_annotations();
        questions.iter_mut().zip(chosen).for_each(|(question, chosen)| question.settled = Some(chosen));
        Ok(questions)
    }

    /// What chooses the thresholds that the question leaves [open](Question::is_open), before it goes through a circuit.
    ///
    /// # Errors
    /// Those of [`resolve`](Question::resolve) and [`thetas`](Question::thetas).
    pub(crate) fn chooser<'a>(&self, circuit: &'a LayeredCircuit) -> Result<Chooser<'a>, ExplainError> {
        let outputs = circuit.tensor(circuit.output()).size();
        let mut start = vec![false; circuit.batch() * outputs];
        for (input, targets) in self.resolve(circuit)?.into_iter().enumerate() {
            targets.into_iter().for_each(|(output, _)| start[input * outputs + output] = true);
        }
        let conditions = self.conditions(circuit)?;
        Ok(Chooser::new(circuit, self.thetas(circuit)?, &start)?.with_conditions(conditions))
    }

    /// The Θ of every layer of a circuit, where some are left open: all others have to be thresholds.
    ///
    /// # Errors
    /// A choice that means no layer, a θ for an annotation without one, or an annotation that is no threshold.
    pub fn thetas(&self, circuit: &LayeredCircuit) -> Result<Vec<LayerTheta>, ExplainError> {
        let thetas = self.chosen(&layers(circuit))?;
        for (layer, theta) in circuit.layers().iter().zip(&thetas).filter(|(layer, _)| layer.is_annotated()) {
            match theta {
                LayerTheta::Given(annotation) if annotation.image(Interval::REALS) != Image::Truth => {
                    return Err(ExplainError::InputDependentTheta {
                        layer: layer.name.clone(),
                        annotation: *annotation,
                    });
                }
                _ => {}
            }
        }
        Ok(thetas)
    }

    /// The Θ of layers of which the names are given, and whether they take any.
    fn chosen(&self, layers: &[(&str, bool)]) -> Result<Vec<LayerTheta>, ExplainError> {
        let annotated = || layers.iter().filter(|(_, annotated)| *annotated).map(|(name, _)| *name);
        for (pattern, _) in &self.choices {
            if !annotated().any(|layer| pattern.matches(layer)) {
                let (nearest, layers) = listed(pattern.text(), &annotated().collect::<Vec<_>>());
                return Err(ExplainError::NoLayer { pattern: pattern.text().to_string(), nearest, layers });
            }
        }
        let of = |(layer, _): &(&str, bool)| {
            let mut annotation = self.annotation;
            let mut coverage = self.coverage;
            for (_, choice) in self.choices.iter().filter(|(pattern, _)| pattern.matches(layer)) {
                let other = match choice {
                    ThetaChoice::Annotation(other) => *other,
                    // A number beside chosen thresholds is one of their kind.
                    ThetaChoice::Theta(theta) if coverage.is_some() => Annotation::Threshold(*theta),
                    ThetaChoice::Theta(theta) => annotation
                        .with_theta(*theta)
                        .map_err(|error| ExplainError::Theta { layer: layer.to_string(), error })?,
                    ThetaChoice::Coverage(share) => {
                        coverage = Some(*share);
                        continue;
                    }
                };
                (annotation, coverage) = (other, None);
            }
            Ok(coverage.map_or(LayerTheta::Given(annotation), LayerTheta::Chosen))
        };
        layers.iter().map(of).collect()
    }

    /// The tensors to keep the relevance of, from input to output.
    ///
    /// # Errors
    /// A pattern that means no tensor.
    pub fn kept(&self, circuit: &LayeredCircuit) -> Result<Vec<TensorId>, ExplainError> {
        let all = || (0..circuit.tensors().len()).map(|index| TensorId(index as u32));
        let patterns = match &self.layers {
            Layers::Input => return Ok(circuit.inputs().to_vec()),
            Layers::All => return Ok(all().collect()),
            Layers::Matching(patterns) => patterns,
        };
        let name = |id: TensorId| &circuit.tensor(id).name[..];
        if let Some(pattern) = patterns.iter().find(|pattern| !all().any(|id| pattern.matches(name(id)))) {
            let (nearest, layers) = listed(pattern.text(), &all().map(name).collect::<Vec<_>>());
            return Err(ExplainError::NoTensor { pattern: pattern.text().to_string(), nearest, layers });
        }
        let wanted =
            |id: &TensorId| circuit.inputs().contains(id) || patterns.iter().any(|pattern| pattern.matches(name(*id)));
        Ok(all().filter(wanted).collect())
    }
}

/// The names of a circuit's layers, and whether they take an annotation.
fn layers(circuit: &LayeredCircuit) -> Vec<(&str, bool)> {
    circuit.layers().iter().map(|layer| (&layer.name[..], layer.is_annotated())).collect()
}

/// The annotations of layers, if none is left open that takes one.
fn given(layers: &[(&str, bool)], thetas: Vec<LayerTheta>) -> Result<Annotations, ExplainError> {
    let of = |(theta, (layer, annotated)): (LayerTheta, &(&str, bool))| match theta {
        LayerTheta::Given(annotation) => Ok(annotation),
        LayerTheta::Chosen(_) if !annotated => Ok(Annotation::Identity),
        LayerTheta::Chosen(coverage) => Err(ExplainError::Open { layer: layer.to_string(), coverage }),
    };
    Ok(Annotations::new(thetas.into_iter().zip(layers).map(of).collect::<Result<_, _>>()?))
}

/// The rules that the registry names for a semiring: a composite, or one rule for all layers.
fn assignment(name: &str) -> Result<Assignment, LookupError> {
    match name.parse::<Composite>() {
        // `epsilon` is both; the real semiring's default is the composite, which passes unfolded normalisation layers.
        Ok(composite) => Ok(composite.into()),
        Err(_) => Ok(name.parse::<Rule>()?.into()),
    }
}
