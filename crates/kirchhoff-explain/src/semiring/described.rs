//! A semiring of some type with what there is to know of it: what becomes an [`AnySemiring`].

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use kirchhoff_circuit::{GateCircuit, GateId, GateLayer, LayeredCircuit};
use kirchhoff_evaluate::{
    Amount, Annotations, Bookkeeping, Keep, LeafVectors, OwnTheta, PathError, Paths, PerExecution, Stream,
    check_elements, fold_batch, fold_gates, fold_lanes, run,
};
use kirchhoff_formula::Decision;
use kirchhoff_kernel::{Monitor, vectorised};
use kirchhoff_semiring::{
    Annotation, Array, Carrier, DefaultStart, Embed, Interval, Join, Law, LawChecker, LawReport, Meaning, Project,
    SemiringInfo,
};

use super::paths::Shown;
use super::questioned::Questioned;
use super::recorder::{Recorder, Summaries};
use super::theta::{Blocks, Named, Own, Thetas};
use super::{Answering, AnySemiring, Erased, FindPaths, GateFold, VariableValue};
use crate::gates::start_name;
use crate::{Answer, ExplainError, LayerSetting, Question, TensorRelevance};

/// A semiring with what there is to know of it.
///
/// [`new`](Described::new) takes any semiring whose values can be shown, [`embedding`](Described::embedding) one that takes
/// real numbers. Both have defaults that suit any: rule `zero`, `threshold(1e-9)`, 1 as start.
pub struct Described<S, T> {
    semiring: S,
    /// The semiring where all contributions lie in `[0, 1]`, if that makes a difference.
    within_unit: Option<S>,
    info: SemiringInfo,
    theta: T,
    built_in: bool,
}

/// The Θ of a semiring that has none of its own.
type NoTheta<V> = fn(&str, f32) -> V;

impl<S: Project + Clone + 'static> Described<S, Own<NoTheta<S::Value>>> {
    /// A semiring of a name, `[a-z][a-z0-9-]*`, that takes thresholds as Θ, and one of its own where
    /// [`with_theta`](Described::with_theta) gives it.
    pub fn new(name: impl Into<Cow<'static, str>>, semiring: S) -> Self {
        let none: NoTheta<S::Value> = |_, _| unreachable!("annotation `own` is refused where there is none");
        let info = described(name.into(), &semiring, Carrier::NONE);
        Described { semiring, within_unit: None, info, theta: Own(Arc::new(none), false), built_in: false }
    }
}

impl<S: Embed + Clone + 'static> Described<S, Named> {
    /// A semiring of a name, `[a-z][a-z0-9-]*`, that takes real numbers, and so every annotation whose values lie in its
    /// carrier.
    pub fn embedding(name: impl Into<Cow<'static, str>>, semiring: S) -> Self {
        let info = described(name.into(), &semiring, semiring.carrier());
        Described { semiring, within_unit: None, info, theta: Named, built_in: false }
    }

    /// A semiring of the table.
    pub(super) fn built_in(info: SemiringInfo, semiring: S) -> Self {
        Described { semiring, within_unit: None, info, theta: Named, built_in: true }
    }
}

impl<S: Project + Clone + 'static> Described<S, Blocks<S::Value>> {
    /// A semiring of a name, `[a-z][a-z0-9-]*`, whose Θ is a function of many contributions at a time; its default where it
    /// has one of its own.
    pub fn blockwise(name: impl Into<Cow<'static, str>>, semiring: S, blocks: Blocks<S::Value>) -> Self {
        let mut info = described(name.into(), &semiring, Thetas::<S>::carrier(&blocks, &semiring));
        if blocks.has_own() {
            info.annotation = Annotation::Own;
        }
        info.theta_of_neurons = blocks.is_of_neurons();
        Described { semiring, within_unit: None, info, theta: blocks, built_in: false }
    }
}

impl<S: Project + Clone + 'static, T: Thetas<S>> Described<S, T> {
    /// A semiring with annotations of another meaning, and the same for contributions in `[0, 1]`.
    pub(super) fn with_thetas(
        name: String,
        semiring: S,
        within_unit: S,
        carrier: Carrier,
        theta_of_neurons: bool,
        theta: T,
    ) -> Self {
        let mut info = described(name.into(), &semiring, carrier);
        info.theta_of_neurons = theta_of_neurons;
        Described { semiring, within_unit: Some(within_unit), info, theta, built_in: false }
    }

    /// The semiring for a circuit: its contributions may all lie in `[0, 1]`.
    fn of(&self, circuit: &LayeredCircuit) -> &S {
        let range = |layer: &kirchhoff_circuit::Layer| Interval::UNIT.includes(&layer.rule.range());
        let annotated = || circuit.layers().iter().filter(|layer| layer.is_annotated());
        match &self.within_unit {
            Some(within_unit) if annotated().all(range) => within_unit,
            _ => &self.semiring,
        }
    }
}

impl<S: Project + Clone + 'static, T> Described<S, T> {
    /// The same semiring with a Θ of its own, given the name of the layer and the contribution: its default from then on.
    pub fn with_theta<F: OwnTheta<S::Value> + 'static>(self, theta: F) -> Described<S, Own<F>> {
        let mut info = self.info;
        info.embeds = Carrier { own: true, ..Carrier::NONE };
        info.annotation = Annotation::Own;
        info.theta_of_neurons = false;
        Described {
            semiring: self.semiring,
            within_unit: None,
            info,
            theta: Own(Arc::new(theta), true),
            built_in: false,
        }
    }

    /// The same semiring with a description: what a neuron's value says.
    pub fn with_description(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.info.description = description.into();
        self
    }

    /// The same semiring under another default rule or composite, by name.
    pub fn with_rule(mut self, rule: impl Into<Cow<'static, str>>) -> Self {
        self.info.rule = rule.into();
        self
    }

    /// The same semiring under another default annotation.
    pub fn with_annotation(mut self, annotation: Annotation) -> Self {
        self.info.annotation = annotation;
        self
    }

    /// The same semiring with another meaning of its values as numbers, which pictures and studies go by.
    pub fn with_meaning(mut self, meaning: Meaning) -> Self {
        self.info.meaning = meaning;
        self
    }

    /// The same semiring with other facts: whatever the given function changes, but for the name, the laws, the carrier, and whether there
    /// are a difference and a Θ of neurons.
    pub fn with_info(mut self, change: impl FnOnce(&mut SemiringInfo)) -> Self {
        let (name, laws, embeds) = (self.info.name.clone(), self.info.laws, self.info.embeds);
        let (monus, theta_of_neurons) = (self.info.monus, self.info.theta_of_neurons);
        change(&mut self.info);
        (self.info.name, self.info.laws, self.info.embeds) = (name, laws, embeds);
        (self.info.monus, self.info.theta_of_neurons) = (monus, theta_of_neurons);
        self
    }
}

/// What can be told of a semiring by asking it.
fn described<S: Project>(name: Cow<'static, str>, semiring: &S, embeds: Carrier) -> SemiringInfo {
    let (zero, one) = (semiring.zero(), semiring.one());
    let mut info = SemiringInfo::new(name);
    info.laws = semiring.laws();
    info.monus = semiring.minus(&zero, &zero).is_some();
    info.embeds = embeds;
    info.zero = format!("{zero:?}").into();
    info.one = format!("{one:?}").into();
    info.carrier = format!("{embeds}").into();
    info.zero_number = semiring.project(&zero);
    info.meaning = match (info.zero_number, semiring.project(&one)) {
        (zero, one) if zero > one => Meaning::Cost,
        (f64::NEG_INFINITY, _) => Meaning::Score,
        _ => Meaning::Share,
    };
    info.join = join(semiring);
    info
}

/// What `⊕` is on values as numbers, if it is the same of the joins on all elements that the semiring names.
fn join<S: Project>(semiring: &S) -> Option<Join> {
    let elements = semiring.elements();
    let is = |join: &Join| {
        elements.iter().all(|a| {
            elements.iter().all(|b| {
                let expected = semiring.project(&semiring.plus(a, b));
                let got = join.join(semiring.project(a), semiring.project(b));
                got == expected || (got - expected).abs() <= 1e-4 * expected.abs().max(1.0)
            })
        })
    };
    Join::ALL.into_iter().find(is)
}

impl<S: Project + Clone + 'static, T: Thetas<S>> Described<S, T> {
    /// What a target of the given sign and logit starts with.
    fn start(&self, start: DefaultStart, sign: f32, logit: f32) -> Result<S::Value, ExplainError> {
        let (semiring, embeds) = (&self.semiring, self.info.embeds);
        let value = match start {
            DefaultStart::One => sign,
            DefaultStart::Logit => sign * logit,
        };
        if start == DefaultStart::One && sign > 0.0 {
            return Ok(semiring.one());
        }
        let fits = if sign < 0.0 { self.has_signs() } else { embeds.contains(f64::from(value)) };
        match self.theta.embed(semiring, value).filter(|_| fits) {
            Some(value) => Ok(value),
            None => Err(ExplainError::Start {
                value,
                semiring: self.info.name.to_string(),
                carrier: self.info.carrier.to_string(),
                hint: match sign < 0.0 {
                    true => "contrasts such as `3-8` need the real semiring, or one with a difference ⊖",
                    false => "start from 1 instead of the logit",
                },
            }),
        }
    }

    /// The values of the variables of a gate circuit.
    fn variables(&self, fold: &GateFold<'_>, variables: &[VariableValue]) -> Result<Vec<S::Value>, ExplainError> {
        let names = fold.circuit.variables();
        let value = |(place, value): (usize, &VariableValue)| match *value {
            VariableValue::Zero => Ok(self.semiring.zero()),
            VariableValue::One => Ok(self.semiring.one()),
            VariableValue::Target { sign, logit } => self.start(fold.start, sign, logit),
            VariableValue::Number(number) => {
                let fits = self.info.embeds.contains(f64::from(number));
                let element = fits.then(|| self.theta.embed(&self.semiring, number)).flatten();
                element.ok_or_else(|| ExplainError::Variable {
                    variable: names[place % names.len()].clone(),
                    value: number,
                    semiring: self.info.name.to_string(),
                    carrier: self.info.carrier.to_string(),
                })
            }
        };
        variables.iter().enumerate().map(value).collect()
    }

    /// The outputs of a gate circuit, for each execution, where its variables have these values.
    fn folded(&self, fold: &GateFold<'_>, variables: &[VariableValue]) -> Result<Vec<S::Value>, ExplainError> {
        let variables = self.variables(fold, variables)?;
        let GateFold { circuit, annotations, count, memory, monitor, .. } = *fold;
        let contributions = fold.contributions.unwrap_or(&circuit.arrays().contributions);
        let vectors = LeafVectors { count, contributions, variables: &variables };
        let lanes = fold_lanes::<S::Value>(circuit, memory).min(count.max(1));
        let bound = self.theta.bind(annotations);
        let values = fold_batch(circuit, &self.semiring, &bound, vectors, lanes, monitor)?;
        self.check_fault()?;
        Ok(values)
    }

    /// Whether some targets count against the others as what these are beyond: where ⊖ is there and signs are none.
    fn contrasts(&self, targets: &[Vec<(usize, f32)>]) -> bool {
        self.info.monus && !self.has_signs() && targets.iter().flatten().any(|&(_, sign)| sign < 0.0)
    }

    /// `a ⊖ b`, value by value.
    pub(super) fn beyond(&self, values: Vec<S::Value>, others: &[S::Value]) -> Vec<S::Value> {
        let difference = |(a, b): (S::Value, &S::Value)| self.semiring.minus(&a, b).unwrap_or(a);
        values.into_iter().zip(others).map(difference).collect()
    }

    pub(super) fn check_fault(&self) -> Result<(), ExplainError> {
        match self.theta.fault(&self.semiring) {
            Some(fault) => Err(fault.into()),
            None => Ok(()),
        }
    }

    /// The values of a tensor as numbers.
    pub(super) fn tensor(&self, name: &str, shape: &[usize], values: Vec<S::Value>) -> TensorRelevance {
        TensorRelevance {
            name: name.to_string(),
            shape: shape.to_vec(),
            limbs: self.semiring.limbs(&values),
            columns: self.semiring.columns(&values),
            values: self.semiring.array(values),
        }
    }

    /// The relevance of images with their channels joined by ⊕; `None` where there are not several.
    pub(super) fn joined(&self, relevance: &[S::Value], shape: &[usize]) -> Option<Array> {
        let [channels, height, width] = shape[..] else { return None };
        if channels < 2 {
            return None;
        }
        let area = height * width;
        let image = |values: &[S::Value]| -> Vec<S::Value> {
            let mut sum = values[..area].to_vec();
            for channel in values.chunks(area).skip(1) {
                sum.iter_mut().zip(channel).for_each(|(sum, value)| self.semiring.plus_assign(sum, value));
            }
            sum
        };
        Some(self.semiring.array(relevance.chunks(channels * area).flat_map(image).collect()))
    }
}

impl<S: Project + Clone + 'static, T: Thetas<S>> Erased for Described<S, T> {
    fn info(&self) -> &SemiringInfo {
        &self.info
    }

    fn is_built_in(&self) -> bool {
        self.built_in
    }

    fn has_signs(&self) -> bool {
        let (semiring, embeds) = (&self.semiring, self.info.embeds);
        let one = || self.theta.embed(semiring, 1.0).is_some_and(|one| one == semiring.one());
        embeds.contains(-1.0) && embeds.contains(1.0) && one()
    }

    fn check_laws(&self) -> LawReport {
        self.theta.check_laws(&self.semiring)
    }

    fn decide(&self, annotation: Annotation, layer: &str, d: f32) -> Decision {
        let value = self.theta.apply(&self.semiring, annotation, layer, d);
        if self.semiring.is_zero(&value) {
            Decision::Zero
        } else if value == self.semiring.one() {
            Decision::One
        } else {
            Decision::Number(self.semiring.project(&value) as f32)
        }
    }

    fn stream<'a>(
        &'a self,
        handle: &'a AnySemiring,
        circuit: &'a LayeredCircuit,
        question: &Question,
    ) -> Result<Box<dyn Answering + 'a>, ExplainError> {
        let annotations = question.annotations_so_far(circuit)?;
        let targets = question.resolve(circuit)?;
        let outputs = circuit.tensor(circuit.output()).size();
        let contrasts = self.contrasts(&targets);
        let mut starts = [vec![self.semiring.zero(); targets.len() * outputs], Vec::new()];
        if contrasts {
            starts[1] = starts[0].clone();
        }
        for (input, targets) in targets.iter().enumerate() {
            for &(index, sign) in targets {
                let logit = circuit.outputs(input)[index];
                // What is beyond what: both start alike.
                let (side, sign) = if contrasts { (usize::from(sign < 0.0), sign.abs()) } else { (0, sign) };
                starts[side][input * outputs + index] = self.start(question.start, sign, logit)?;
            }
        }
        // Sums of relevance have a meaning where ⊕ is the addition of all real numbers.
        let project = |values: &[S::Value], amounts: &mut [f64]| {
            let pairs = amounts.iter_mut().zip(values);
            vectorised(|| pairs.for_each(|(amount, value)| *amount = self.semiring.project(value)));
        };
        let adds = self.info.embeds == Carrier::real(Interval::REALS);
        let amount: Amount<'a, S::Value> = if adds { Some(Arc::new(project)) } else { None };
        let settings = settings(circuit, &annotations);
        let (kept, conditions) = (question.kept(circuit)?, question.conditions(circuit)?);
        // What is beyond what is known of the tensors that are kept alone.
        let summed_up = question.summaries && !contrasts;
        let stream = |start: Vec<S::Value>, bookkeeping: Bookkeeping<'a, S::Value>| {
            let bound = PerExecution::alike(self.theta.bind(&annotations));
            let semiring = self.of(circuit);
            let (meaning, join) = (self.info.meaning, self.info.join);
            let summaries = || Summaries { semiring, circuit, meaning, join, found: Vec::new() };
            let keep = Keep::tensors(kept.iter().copied());
            let recorder = Recorder { keep, summaries: summed_up.then(summaries) };
            let stream = Stream::new(circuit, semiring, bound, start, bookkeeping, recorder);
            stream.map(|stream| stream.with_conditions(conditions.clone()))
        };
        let [start, against] = starts;
        let against = match contrasts {
            true => Some(stream(against, Bookkeeping { amount: None, kept: false })?),
            false => None,
        };
        let stream = stream(start, Bookkeeping { amount, kept: question.count_kept })?;
        Ok(Box::new(Questioned { described: self, handle, circuit, stream, against, settings, targets }))
    }

    fn paths<'a>(
        &'a self,
        circuit: &'a LayeredCircuit,
        question: &Question,
        count: usize,
        monitor: &dyn Monitor,
    ) -> Result<Box<dyn FindPaths + 'a>, ExplainError> {
        let semiring = self.of(circuit);
        if !semiring.laws().has(Law::Selective) {
            return Err(PathError::NotSelective.into());
        }
        let (annotations, conditions) = (question.annotations(circuit)?, question.conditions(circuit)?);
        for (index, layer) in circuit.layers().iter().enumerate().filter(|(_, layer)| layer.is_annotated()) {
            let annotation = annotations.of(index);
            let of_neurons = annotation == Annotation::Own && self.info.theta_of_neurons;
            if of_neurons || annotation == Annotation::Rank {
                let (layer, annotation) = (layer.name.clone(), annotation.to_string());
                return Err(PathError::Annotation { layer, annotation }.into());
            }
        }
        let outputs = circuit.tensor(circuit.output()).size();
        let mut start = vec![semiring.zero(); circuit.batch() * outputs];
        for (input, targets) in question.resolve(circuit)?.into_iter().enumerate() {
            for (output, sign) in targets {
                if sign < 0.0 {
                    return Err(ExplainError::Difference { variable: start_name(output) });
                }
                start[input * outputs + output] = self.start(question.start, sign, circuit.outputs(input)[output])?;
            }
        }
        let bound = PerExecution::alike(self.theta.bind(&annotations));
        let keep = Keep::all(circuit);
        let stream = Stream::new(circuit, semiring, bound, start, Bookkeeping { amount: None, kept: false }, keep)?;
        let mut stream = stream.with_conditions(conditions.clone());
        run(circuit, &mut [&mut stream], monitor)?;
        self.check_fault()?;
        let (_, keep) = stream.into_parts();
        let weight =
            move |layer: usize, d| self.theta.apply(semiring, annotations.of(layer), &circuit.layers()[layer].name, d);
        let paths = Paths::new(circuit, semiring, weight, keep, count)?.with_conditions(conditions);
        Ok(Box::new(Shown { semiring, paths }))
    }

    fn fold(&self, handle: &AnySemiring, fold: GateFold<'_>) -> Result<Answer, ExplainError> {
        let clock = Instant::now();
        let values = match self.contrasts(&fold.targets) {
            false => self.folded(&fold, &fold.variables)?,
            true => {
                let [own, others] = [1.0, -1.0].map(|side| self.folded(&fold, &of_side(&fold.variables, side)));
                self.beyond(own?, &others?)
            }
        };
        let GateFold { circuit, annotations, targets, .. } = fold;
        check_elements(circuit, &self.semiring, &values)?;
        let settings = gate_settings(circuit, annotations);
        let outputs = by_tensor(circuit, &values);
        let first = circuit.output_tensors().first().zip(outputs.first());
        let joined = first.and_then(|(tensor, values)| self.joined(values, &tensor.shape));
        let tensors = circuit.output_tensors().iter().zip(outputs);
        Ok(Answer {
            semiring: handle.clone(),
            tensors: tensors.map(|(tensor, values)| self.tensor(&tensor.name, &tensor.shape, values)).collect(),
            joined,
            summaries: Vec::new(),
            ledgers: Vec::new(),
            settings,
            targets,
            time: clock.elapsed(),
        })
    }

    fn check_laws_of_gates(&self, fold: GateFold<'_>) -> Result<LawReport, ExplainError> {
        let variables = self.variables(&fold, &fold.variables)?;
        let bound = self.theta.bind(fold.annotations);
        let values = fold_gates(fold.circuit, &self.semiring, &bound, &variables, fold.monitor)?;
        self.check_fault()?;
        Ok(LawChecker::new().check_values(&self.semiring, values))
    }
}

/// The values of variables from the targets of one sign alone, which start as if it were positive.
fn of_side(variables: &[VariableValue], side: f32) -> Vec<VariableValue> {
    let value = |value: &VariableValue| match *value {
        VariableValue::Target { sign, logit } if sign * side > 0.0 => VariableValue::Target { sign: 1.0, logit },
        VariableValue::Target { .. } => VariableValue::Zero,
        other => other,
    };
    variables.iter().map(value).collect()
}

/// What each layer was asked under.
fn settings(circuit: &LayeredCircuit, annotations: &Annotations) -> Vec<LayerSetting> {
    let setting = |(index, layer): (usize, &kirchhoff_circuit::Layer)| LayerSetting {
        layer: layer.name.clone(),
        rule: layer.rule_name.clone(),
        annotation: layer.is_annotated().then(|| annotations.of(index).to_string()),
        thresholds: None,
    };
    circuit.layers().iter().enumerate().map(setting).collect()
}

/// What the layers of a gate circuit were asked under.
fn gate_settings(circuit: &GateCircuit, annotations: &Annotations) -> Vec<LayerSetting> {
    let setting = |(index, layer): (usize, &GateLayer)| LayerSetting {
        layer: layer.name.clone(),
        rule: layer.rule.clone(),
        annotation: layer.range.is_some().then(|| annotations.of(index).to_string()),
        thresholds: None,
    };
    circuit.layers().iter().enumerate().map(setting).collect()
}

/// The values of each tensor of a circuit's outputs, for all executions, one after the other.
fn by_tensor<V: Clone>(circuit: &GateCircuit, values: &[V]) -> Vec<Vec<V>> {
    let mut first = 0;
    let of = |gates: &[GateId]| -> Vec<V> {
        let range = first..first + gates.len();
        first = range.end;
        values.chunks(circuit.outputs().len().max(1)).flat_map(|values| values[range.clone()].to_vec()).collect()
    };
    circuit.outputs_by_tensor().map(|(_, gates)| gates).map(of).collect()
}
