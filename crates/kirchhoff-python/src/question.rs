//! Questions, as Python asks them.

use kirchhoff::compile::{Assignment, Bounds, Composite, LayerPattern, MaximumPooling, Rule, Treatments};
use kirchhoff::evaluate::Coverage;
use kirchhoff::explain::{AnySemiring, Layers, Neurons, Question, Target, ThetaChoice, ThetaPreset};
use kirchhoff::semiring::{Annotation, Call};
use pyo3::prelude::*;

use crate::errors::{Kind, OrRaise};
use crate::rule::PyRule;
use crate::semiring::start;

/// A rule by name, or as a value.
#[derive(FromPyObject)]
pub enum GivenRule {
    Name(String),
    Rule(Py<PyRule>),
}

/// A Θ for some layers: an annotation by name, a threshold, or a function.
#[derive(FromPyObject)]
pub enum GivenTheta {
    Name(String),
    Number(f32),
    Function(Py<PyAny>),
}

/// What is asked beside the semiring. A choice is for the layers that its pattern means, or for all of them.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct QuestionOptions {
    pub targets: Vec<String>,
    pub rules: Vec<(Option<String>, GivenRule)>,
    pub thetas: Vec<(Option<String>, GivenTheta)>,
    /// What of, for which layers, and how.
    pub treatments: Vec<(String, Option<String>, String)>,
    pub start: Option<String>,
    pub max_pool: Option<String>,
    pub low: Option<Vec<f32>>,
    pub high: Option<Vec<f32>>,
    pub layers: Vec<String>,
    pub through: Vec<String>,
    pub remove: Vec<String>,
    pub count_kept: bool,
    pub memory: Option<u64>,
}

impl QuestionOptions {
    /// The function that stands for Θ, if one does.
    pub fn function(&self) -> PyResult<Option<&Py<PyAny>>> {
        let mut found = None;
        for (layer, theta) in &self.thetas {
            let GivenTheta::Function(function) = theta else { continue };
            if layer.is_some() || found.is_some() {
                return Err(Kind::Question.error("a function as theta is for all layers, and there is one"));
            }
            found = Some(function);
        }
        Ok(found)
    }

    /// The question in a semiring, with bounds for z-box where none are given.
    ///
    /// # Errors
    /// Names that nothing has, or what cannot be asked in this semiring.
    pub fn question(&self, semiring: AnySemiring, bounds: &Bounds) -> PyResult<Question> {
        let own = self.function()?.is_some();
        let mut question = Question::of(semiring);
        let bound = |given: &Option<Vec<f32>>, default: &std::sync::Arc<[f32]>| match given {
            Some(values) => values.as_slice().into(),
            None => default.clone(),
        };
        question.assignment.bounds =
            Bounds { low: bound(&self.low, &bounds.low), high: bound(&self.high, &bounds.high) };
        if !self.targets.is_empty() {
            let targets = self.targets.iter().map(|target| target.parse::<Target>().or_raise(Kind::Question));
            question.targets = targets.collect::<PyResult<_>>()?;
        }
        if let Some(name) = &self.start {
            question.start = start(name)?;
        }
        // What is meant for all layers comes first, or it would undo what is meant for single ones.
        for (_, rule) in self.rules.iter().filter(|(layer, _)| layer.is_none()) {
            question = question.with_rules(base(rule)?);
        }
        if let Some(pooling) = &self.max_pool {
            question.assignment.maximum_pooling = match &pooling[..] {
                "winner" => MaximumPooling::Winner,
                "average" => MaximumPooling::Average,
                other => {
                    let text = format!("`{other}` is no way through maximum pooling: write `winner` or `average`");
                    return Err(Kind::Question.error(text));
                }
            };
        }
        for (what, layer, how) in &self.treatments {
            let treatments = treatment(what, how)?;
            question.assignment = match layer {
                None => {
                    let others = question.assignment.treatments;
                    question.assignment.with_treatments(treatments.or(others))
                }
                Some(layer) => question.assignment.treat(pattern(layer)?, treatments),
            };
        }
        for (layer, rule) in &self.rules {
            let Some(layer) = layer else { continue };
            question.assignment = question.assignment.choose(pattern(layer)?, single(rule)?);
        }
        for (layer, theta) in &self.thetas {
            question = with_theta(question, layer.as_deref(), theta)?;
        }
        if own {
            question.annotation = Annotation::Own;
        }
        question.layers = match &self.layers[..] {
            [] => Layers::Input,
            [one] if one == "input" => Layers::Input,
            [one] if one == "all" => Layers::All,
            names => Layers::Matching(names.iter().map(|name| pattern(name)).collect::<PyResult<_>>()?),
        };
        let neurons = |names: &[String]| -> PyResult<Vec<Neurons>> {
            names.iter().map(|name| name.parse().or_raise(Kind::Question)).collect()
        };
        question.through = neurons(&self.through)?;
        question.removed = neurons(&self.remove)?;
        question.count_kept = self.count_kept;
        Ok(question)
    }
}

/// A pattern of layers.
pub fn pattern(text: &str) -> PyResult<LayerPattern> {
    LayerPattern::new(text).or_raise(Kind::Question)
}

/// The rules for all layers: a composite, or a rule. A name that is both is the composite.
fn base(rule: &GivenRule) -> PyResult<Assignment> {
    match rule {
        GivenRule::Rule(rule) => Ok(rule.get().0.clone().into()),
        GivenRule::Name(name) => match name.parse::<Composite>() {
            Ok(composite) => Ok(composite.into()),
            Err(unknown) => match name.parse::<Rule>() {
                Ok(rule) => Ok(rule.into()),
                // `kirchhoff.rules()` lists both.
                Err(error) => Err(Kind::Question.error(format!("{error}; {unknown}"))),
            },
        },
    }
}

fn single(rule: &GivenRule) -> PyResult<Rule> {
    match rule {
        GivenRule::Rule(rule) => Ok(rule.get().0.clone()),
        GivenRule::Name(name) => name.parse().or_raise(Kind::Question),
    }
}

fn with_theta(mut question: Question, layer: Option<&str>, theta: &GivenTheta) -> PyResult<Question> {
    let choice = match theta {
        GivenTheta::Function(_) => return Ok(question),
        GivenTheta::Number(theta) => ThetaChoice::Theta(*theta),
        GivenTheta::Name(name) => {
            if let (Some(preset), None) = (ThetaPreset::find(name), layer) {
                return question.with_preset(preset).or_raise(Kind::Question);
            }
            match name.parse::<Call>() {
                Ok(call) if call.name == Coverage::NAME => {
                    ThetaChoice::Coverage(name.parse().or_raise(Kind::Question)?)
                }
                _ => ThetaChoice::Annotation(name.parse().or_raise(Kind::Question)?),
            }
        }
    };
    if let Some(layer) = layer {
        question.choices.push((pattern(layer)?, choice));
        return Ok(question);
    }
    match choice {
        ThetaChoice::Annotation(annotation) => (question.annotation, question.coverage) = (annotation, None),
        ThetaChoice::Coverage(coverage) => question.coverage = Some(coverage),
        ThetaChoice::Theta(theta) => {
            let named = |error| Kind::Question.error(format!("semiring `{}`: {error}", question.semiring.name));
            (question.annotation, question.coverage) = (question.annotation.with_theta(theta).map_err(named)?, None);
        }
    }
    Ok(question)
}

fn treatment(what: &str, how: &str) -> PyResult<Treatments> {
    let none = Treatments::NONE;
    match what {
        "product" => {
            let how = Some(how.parse().or_raise(Kind::Question)?);
            Ok(Treatments { product: how, matrix_product: how, ..none })
        }
        "softmax" => Ok(Treatments { softmax: Some(how.parse().or_raise(Kind::Question)?), ..none }),
        "norm" => {
            let how = Some(how.parse().or_raise(Kind::Question)?);
            Ok(Treatments { normalisation: how, root_mean_square: how, ..none })
        }
        "affine" => Ok(Treatments { affine: Some(how.parse().or_raise(Kind::Question)?), ..none }),
        other => Err(Kind::Question.error(format!("nothing is called `{other}` that relevance goes through"))),
    }
}
