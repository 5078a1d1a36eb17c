//! From options to questions.

use std::sync::Arc;

use kirchhoff::compile::{Bounds, Composite, LayerPattern, Rule};
use kirchhoff::evaluate::Coverage;
use kirchhoff::explain::{AnySemiring, ExplainError, Layers, Neurons, Question, Target, ThetaChoice, ThetaPreset};
use kirchhoff::network::Network;
use kirchhoff::semiring::{Call, DefaultStart};

use crate::circuits::find_layer;
use crate::failure::Failure;
use crate::options::{ConditionOptions, QuestionOptions, RuleOptions, StartOption};
use crate::semirings::{registry, semiring};

/// An option that may be meant for one semiring only: `boolean:…`.
struct Scoped<'a> {
    semiring: Option<&'a str>,
    text: &'a str,
}

impl<'a> Scoped<'a> {
    /// An option, where semirings of the given names are asked for.
    fn new(text: &'a str, semirings: &[&str]) -> Self {
        // Layer names may have colons of their own: only a semiring's name before one is a scope.
        match text.split_once(':') {
            Some((name, rest)) if semirings.contains(&name) || registry().find(name).is_ok() => {
                Scoped { semiring: Some(name), text: rest }
            }
            _ => Scoped { semiring: None, text },
        }
    }

    fn is_for(&self, semiring: &str) -> bool {
        self.semiring.is_none_or(|scope| scope == semiring)
    }

    /// The layer, if one is named, and what is chosen for it.
    fn layer(&self) -> (Option<&'a str>, &'a str) {
        match self.text.rsplit_once('=') {
            Some((layer, choice)) => (Some(layer), choice),
            None => (None, self.text),
        }
    }
}

/// The semirings of explanations for which none are named.
pub const DEFAULT_SEMIRINGS: &str = "real,boolean,counting,viterbi,bottleneck";

/// Questions that can be asked, and a line about each semiring that was left out.
pub type Admitted = (Vec<Question>, Vec<String>);

/// One question a semiring, in the order in which they are named; all of them can be asked of the network. Of the default
/// semirings, those in which a question cannot be asked are left out.
pub fn questions(options: &QuestionOptions, bounds: &Bounds, network: &Arc<Network>) -> Result<Admitted, Failure> {
    let layers = layers(&options.layers)?;
    let [through, removed] = conditions(&options.conditions, network)?;
    named_or_default(&options.rules, options.semiring.as_deref(), DEFAULT_SEMIRINGS, bounds, |question| {
        question.layers = layers.clone();
        (question.through, question.removed) = (through.clone(), removed.clone());
        question.count_kept = options.count_kept;
        question.check(network)
    })
}

/// One question for each of the semirings that are named, as [`checked`]; or of the default ones, as [`admitted`].
pub fn named_or_default(
    options: &RuleOptions,
    named: Option<&str>,
    default: &str,
    bounds: &Bounds,
    check: impl Fn(&mut Question) -> Result<(), ExplainError>,
) -> Result<Admitted, Failure> {
    match named {
        Some(named) => Ok((checked(options, named, bounds, check)?, Vec::new())),
        None => admitted(options, default, bounds, check),
    }
}

/// Says which semirings were left out.
pub fn say_left_out(left_out: &[String]) {
    left_out.iter().for_each(|line| crate::say(format_args!("left out {line}")));
}

/// The neurons that relevance goes through, and those that it does not go through, under the names that the network has.
fn conditions(options: &ConditionOptions, network: &Network) -> Result<[Vec<Neurons>; 2], Failure> {
    let read = |texts: &[String]| -> Result<Vec<Neurons>, Failure> {
        let one = |text: &str| {
            let neurons: Neurons = text.parse().map_err(Failure::input)?;
            let layer = find_layer(network, &neurons.layer).map(|node| node.name.clone());
            Ok(Neurons { layer: layer.unwrap_or(neurons.layer), ..neurons })
        };
        texts.iter().flat_map(|text| split(text)).map(one).collect()
    };
    Ok([read(&options.through)?, read(&options.remove)?])
}

/// One question for each of the semirings that `semirings` names, in that order, which `check` completes and accepts.
pub fn checked(
    options: &RuleOptions,
    semirings: &str,
    bounds: &Bounds,
    check: impl Fn(&mut Question) -> Result<(), ExplainError>,
) -> Result<Vec<Question>, Failure> {
    accepted(options, semirings, bounds, false, check)?.into_iter().map(|(_, question)| question).collect()
}

/// As [`checked`], without the semirings in which `check` or the options do not admit a question; one at least has to.
pub fn admitted(
    options: &RuleOptions,
    semirings: &str,
    bounds: &Bounds,
    check: impl Fn(&mut Question) -> Result<(), ExplainError>,
) -> Result<Admitted, Failure> {
    let accepted = accepted(options, semirings, bounds, true, check)?;
    let none = accepted.iter().all(|(_, question)| question.is_err());
    // What is said of one semiring by name is meant for it.
    let scoped = options.composite.iter().chain(&options.rule).chain(&options.theta);
    let scoped: Vec<&str> = scoped.filter_map(|option| Scoped::new(option, &[]).semiring).collect();
    let (mut questions, mut left_out) = (Vec::new(), Vec::<(String, String)>::new());
    for (name, question) in accepted {
        match question {
            Ok(question) => questions.push(question),
            Err(failure) if none || scoped.contains(&&name[..]) => return Err(failure),
            // What to do instead is for those who ask for it.
            Err(failure) => {
                let reason = failure.to_string();
                let reason = reason.split("; ").next().unwrap_or_default();
                let reason = reason.strip_prefix(&format!("semiring `{name}`: ")).unwrap_or(reason);
                match left_out.iter_mut().find(|(_, other)| other == reason) {
                    Some((names, _)) => *names += &format!(", {name}"),
                    None => left_out.push((name, reason.to_string())),
                }
            }
        }
    }
    Ok((questions, left_out.into_iter().map(|(names, reason)| format!("{names}: {reason}")).collect()))
}

/// A semiring's name, and its question or why there is none.
type Accepted = (String, Result<Question, Failure>);

/// For each of the semirings its question, or why there is none; `alone` if the others do not matter for that.
fn accepted(
    options: &RuleOptions,
    semirings: &str,
    bounds: &Bounds,
    alone: bool,
    check: impl Fn(&mut Question) -> Result<(), ExplainError>,
) -> Result<Vec<Accepted>, Failure> {
    let texts = split(semirings);
    if texts.is_empty() {
        return Err(Failure::usage("--semiring names no semiring; `kirchhoff semirings` lists them"));
    }
    let semirings: Vec<AnySemiring> =
        texts.iter().map(|text| semiring(text, options.unchecked)).collect::<Result<_, _>>()?;
    let names: Vec<&str> = semirings.iter().map(|semiring| &*semiring.name).collect();
    if let Some(name) = names.iter().enumerate().find_map(|(at, name)| names[..at].contains(name).then_some(name)) {
        return Err(Failure::usage(format!("--semiring names `{name}` twice")));
    }
    for option in options.composite.iter().chain(&options.rule).chain(&options.theta) {
        if let Some(scope) = Scoped::new(option, &names).semiring.filter(|scope| !names.contains(scope)) {
            return Err(Failure::usage(format!("`{option}` is for semiring `{scope}`, which is not asked for")));
        }
    }
    let targets: Vec<Target> =
        options.target.iter().map(|target| target.parse().map_err(Failure::input)).collect::<Result<_, _>>()?;
    let question_in = |semiring: &AnySemiring| {
        let semirings = if alone { 1 } else { names.len() };
        let mut question = question(semiring, options, &names, semirings, bounds, &targets)?;
        check(&mut question).map_err(|error| explained(semirings, &question, error))?;
        Ok(question)
    };
    Ok(semirings.iter().map(|semiring| (semiring.name.to_string(), question_in(semiring))).collect())
}

/// The failure of a question, with what it was meant for.
fn explained(semirings: usize, question: &Question, error: ExplainError) -> Failure {
    match error {
        ExplainError::Theta { .. } => {
            refused(semirings, format_args!("semiring `{}`: {error}", question.semiring.name))
        }
        ExplainError::Annotation(_) => refused(semirings, error),
        error => error.into(),
    }
}

fn question(
    semiring: &AnySemiring,
    options: &RuleOptions,
    names: &[&str],
    semirings: usize,
    bounds: &Bounds,
    targets: &[Target],
) -> Result<Question, Failure> {
    let name = &*semiring.name;
    let mut question = Question::of(semiring.clone());
    question.targets = targets.to_vec();
    question.assignment.bounds = bounds.clone();
    if let Some(start) = options.start {
        question.start = match start {
            StartOption::One => DefaultStart::One,
            StartOption::Logit => DefaultStart::Logit,
        };
    }
    // What is meant for all layers comes first, or it would undo what is meant for single ones; and a choice for this
    // semiring after one for all of them, over which it wins.
    for for_this in [false, true] {
        let chosen = |scoped: &Scoped<'_>| scoped.is_for(name) && scoped.semiring.is_some() == for_this;
        for composite in options.composite.iter().map(|text| Scoped::new(text, names)).filter(chosen) {
            question = question.with_rules(composite.text.parse::<Composite>().map_err(Failure::input)?);
        }
        for rule in options.rule.iter().map(|text| Scoped::new(text, names)).filter(chosen) {
            if let (None, rule) = rule.layer() {
                question = question.with_rules(rule.parse::<Rule>().map_err(Failure::input)?);
            }
        }
    }
    if let Some(pooling) = options.max_pool {
        question.assignment.maximum_pooling = pooling.into();
    }
    for (layer, treatments) in options.treatments()? {
        question.assignment = match layer {
            None => {
                let others = question.assignment.treatments;
                question.assignment.with_treatments(treatments.or(others))
            }
            Some(layer) => question.assignment.treat(layer, treatments),
        };
    }
    for scoped in options.rule.iter().map(|text| Scoped::new(text, names)).filter(|scoped| scoped.is_for(name)) {
        if let (Some(layer), rule) = scoped.layer() {
            let pattern = LayerPattern::new(layer).map_err(Failure::input)?;
            question.assignment = question.assignment.choose(pattern, rule.parse().map_err(Failure::input)?);
        }
    }
    for scoped in options.theta.iter().map(|text| Scoped::new(text, names)).filter(|scoped| scoped.is_for(name)) {
        match scoped.layer() {
            (None, theta) => match (ThetaPreset::find(theta), theta) {
                (Some(preset), _) => {
                    question = question.with_preset(preset).map_err(|error| refused(semirings, error))?;
                }
                (None, theta) => match theta_choice(theta)? {
                    ThetaChoice::Annotation(annotation) => {
                        (question.annotation, question.coverage) = (annotation, None);
                    }
                    ThetaChoice::Coverage(coverage) => question.coverage = Some(coverage),
                    ThetaChoice::Theta(theta) => {
                        let annotation = question.annotation.with_theta(theta);
                        question.annotation = annotation
                            .map_err(|error| refused(semirings, format_args!("semiring `{name}`: {error}")))?;
                        question.coverage = None;
                    }
                },
            },
            (Some(layer), theta) => {
                let pattern = LayerPattern::new(layer).map_err(Failure::input)?;
                question.choices.push((pattern, theta_choice(theta)?));
            }
        }
    }
    Ok(question)
}

/// What cannot be done in one of the semirings; among several, with the way to ask it of others only.
fn refused(semirings: usize, error: impl std::fmt::Display) -> Failure {
    let hint = match semirings {
        1 => "",
        _ => "; what is meant for one semiring only has its name in front: `--rule real:gamma`, `--theta boolean:0.1`",
    };
    Failure::usage(format!("{error}{hint}"))
}

/// A number is another θ; `auto(…)` leaves it to be chosen; anything else is an annotation.
fn theta_choice(text: &str) -> Result<ThetaChoice, Failure> {
    if let Ok(theta) = text.trim().parse::<f32>() {
        return Ok(ThetaChoice::Theta(theta));
    }
    match text.parse::<Call>() {
        Ok(call) if call.name == Coverage::NAME => text.parse().map(ThetaChoice::Coverage),
        _ => text.parse().map(ThetaChoice::Annotation),
    }
    .map_err(Failure::input)
}

/// The layers that an option names.
pub fn layers(text: &str) -> Result<Layers, Failure> {
    match text {
        "input" => Ok(Layers::Input),
        "all" => Ok(Layers::All),
        names => {
            let names = split(names);
            if names.is_empty() {
                return Err(Failure::usage("--layers names no layer: write `input`, `all`, or layers' names"));
            }
            let patterns: Result<_, _> = names.into_iter().map(LayerPattern::new).collect();
            Ok(Layers::Matching(patterns.map_err(Failure::input)?))
        }
    }
}

/// Parts between commas that are in no brackets.
pub fn split(text: &str) -> Vec<&str> {
    let mut depth = 0usize;
    let parts = text.split(move |character| {
        match character {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}
