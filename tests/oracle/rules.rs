//! The rules, each written as its formula, and which layer takes which.

use kirchhoff_compile::{Assignment, Bounds, Composite, LayerPattern, MaximumPooling, Rule};
use kirchhoff_network::{Operator, Pool, PoolKind};

use crate::approximate::{Approximate, ROUNDING};
use crate::edges::Edge;
use crate::network::{Description, Layer};

/// What a layer's rule makes of one execution.
#[derive(Clone, Debug)]
pub struct Contributions {
    /// `d[j,k]` of every edge.
    pub edges: Vec<Approximate>,
    /// The share of each destination's relevance that its bias absorbs.
    pub bias: Vec<Approximate>,
}

/// A layer about to be given contributions.
pub struct Situation<'a> {
    /// Its edges.
    pub edges: &'a [Edge],
    /// The bias of every destination.
    pub bias: &'a [f64],
    /// The activations of its arguments.
    pub sources: &'a [&'a [f32]],
    /// Its own activations.
    pub outputs: &'a [f32],
    /// Bounds for z-box: of all neurons of the source, or one for each of the equal parts that are its channels.
    pub bounds: &'a Bounds,
}

/// The edges into one destination: their activations and weights.
struct Destination {
    edges: Vec<usize>,
    a: Vec<Approximate>,
    w: Vec<Approximate>,
    b: Approximate,
    output: f32,
}

/// The shares of one destination: of its edges, and of its bias.
type Shares = (Vec<Approximate>, Approximate);

fn real(x: f32) -> Approximate {
    Approximate::new(f64::from(x))
}

/// `z + ε sign(z)` with `sign(0) = +1`.
fn stab(z: Approximate, epsilon: Approximate) -> Approximate {
    if !z.has_sign() {
        return Approximate { error: f64::INFINITY, ..z };
    }
    if z.value >= 0.0 { z + epsilon } else { z - epsilon }
}

/// `n / stab(Σ n + n_b, ε)`, for the edges and the bias; nothing where ε and the sum are 0.
fn quotients(n: Vec<Approximate>, bias: Approximate, epsilon: f32) -> Shares {
    let z: Approximate = n.iter().copied().chain([bias]).sum();
    let denominator = stab(z, real(epsilon));
    if denominator.is_zero() {
        return (vec![Approximate::ZERO; n.len()], Approximate::ZERO);
    }
    // The evaluator multiplies by what 1 over the denominator rounds to: n / n need not be 1.
    let reciprocal = Approximate::ONE / denominator;
    let share = |n: Approximate| {
        let quotient = n / denominator;
        Approximate { error: quotient.error.max((n * reciprocal).error), ..quotient }
    };
    (n.into_iter().map(share).collect(), share(bias))
}

/// The sum of terms that may cancel. A rule is a sum of separable terms, each of which may be divided, and so
/// rounded, before they are added. Terms that cancel to 0 still do.
fn separable<const TERMS: usize>(terms: [Approximate; TERMS]) -> Approximate {
    let sum: Approximate = terms.iter().copied().sum();
    let total: f64 = terms.iter().map(|term| term.value.abs()).sum();
    if sum.value == 0.0 && terms.iter().all(|term| term.error == 0.0) {
        return Approximate::ZERO;
    }
    Approximate { error: sum.error + 2.0 * ROUNDING * total, ..sum }
}

/// The contributions of a layer under a rule.
pub fn contributions(situation: &Situation<'_>, rule: &Rule) -> Contributions {
    let mut result = Contributions {
        edges: vec![Approximate::ZERO; situation.edges.len()],
        bias: vec![Approximate::ZERO; situation.bias.len()],
    };
    let destinations = situation.destinations();
    let mean_square = mean_square(&destinations);
    for (k, destination) in destinations.iter().enumerate() {
        let (shares, bias) = situation.shares(destination, rule, mean_square);
        destination.edges.iter().zip(shares).for_each(|(&edge, share)| result.edges[edge] = share);
        result.bias[k] = bias;
    }
    result
}

/// `mean z²` over the layer, with `z = Σ a w + b`.
fn mean_square(destinations: &[Destination]) -> Approximate {
    let z = |to: &Destination| to.products().into_iter().chain([to.b]).sum::<Approximate>();
    let squares = destinations.iter().map(|to| z(to) * z(to)).sum::<Approximate>();
    squares / Approximate::new(destinations.len() as f64)
}

impl Destination {
    fn products(&self) -> Vec<Approximate> {
        self.each(|a, w| a * w)
    }

    fn each(&self, n: impl Fn(Approximate, Approximate) -> Approximate) -> Vec<Approximate> {
        self.a.iter().zip(&self.w).map(|(&a, &w)| n(a, w)).collect()
    }
}

impl Situation<'_> {
    fn destinations(&self) -> Vec<Destination> {
        let empty = |(&b, &output): (&f64, &f32)| Destination {
            edges: Vec::new(),
            a: Vec::new(),
            w: Vec::new(),
            b: Approximate::new(b),
            output,
        };
        let mut destinations: Vec<Destination> = self.bias.iter().zip(self.outputs).map(empty).collect();
        for (index, edge) in self.edges.iter().enumerate() {
            let destination = &mut destinations[edge.destination];
            destination.edges.push(index);
            destination.a.push(real(self.sources[edge.argument][edge.source]));
            destination.w.push(Approximate::new(edge.weight));
        }
        destinations
    }

    fn shares(&self, to: &Destination, rule: &Rule, mean_square: Approximate) -> Shares {
        let (none, one) = (Approximate::ZERO, Approximate::ONE);
        let b = to.b;
        match (rule.name(), rule.arguments()) {
            ("zero", []) => quotients(to.products(), b, 1e-9),
            ("epsilon", &[epsilon]) => quotients(to.products(), b, epsilon),
            ("norm", []) => quotients(to.products(), b, 1e-6),
            ("epsilon-rms", &[c]) => {
                let n = to.products();
                let z: Approximate = n.iter().copied().chain([b]).sum();
                let denominator = z + real(1e-9) + real(c) * mean_square.sqrt();
                (n.into_iter().map(|n| n / denominator).collect(), b / denominator)
            }
            ("gamma", &[gamma]) => {
                let gamma = real(gamma);
                let more = |w: Approximate| w + gamma * w.positive();
                let less = |w: Approximate| w + gamma * w.negative();
                if to.output > 0.0 {
                    let n = to.each(|a, w| a.positive() * more(w) + a.negative() * less(w));
                    quotients(n, b + gamma * b.positive(), 1e-6)
                } else if to.output < 0.0 {
                    let n = to.each(|a, w| a.positive() * less(w) + a.negative() * more(w));
                    quotients(n, b + gamma * b.negative(), 1e-6)
                } else {
                    (vec![none; to.a.len()], none)
                }
            }
            ("alpha-beta", &[alpha, beta]) => alpha_beta(to, real(alpha), real(beta)),
            ("z-plus", []) => alpha_beta(to, one, none),
            ("z-box", fixed) => {
                let bounds = |index: usize| match fixed {
                    &[low, high] => (real(low), real(high)),
                    _ => self.bounds_of(&self.edges[to.edges[index]]),
                };
                let minus = Approximate { value: -1.0, error: 0.0 };
                let terms: Vec<[Approximate; 3]> = (to.a.iter().zip(&to.w).enumerate())
                    .map(|(index, (&a, &w))| {
                        let (low, high) = bounds(index);
                        [a * w, minus * low * w.positive(), minus * high * w.negative()]
                    })
                    .collect();
                let denominator = stab(terms.iter().flatten().copied().sum(), real(1e-6));
                (terms.into_iter().map(|terms| separable(terms) / denominator).collect(), none)
            }
            ("w-square", []) => quotients(to.each(|_, w| w * w), b * b, 1e-6),
            ("flat", []) => quotients(to.each(|_, _| one), none, 1e-6),
            ("max-abs", []) => {
                let n = to.each(|a, w| (a * w).abs());
                let denominator = Approximate::maximum(n.iter().copied()) + real(1e-9);
                (n.into_iter().map(|n| n / denominator).collect(), none)
            }
            ("pass", []) => (vec![one; to.a.len()], none),
            ("winner", []) => {
                let largest = to.a.iter().map(|a| a.value).fold(f64::NEG_INFINITY, f64::max);
                let first = to.a.iter().position(|a| a.value == largest);
                ((0..to.a.len()).map(|index| if Some(index) == first { one } else { none }).collect(), none)
            }
            _ => panic!("the oracle has no formula of rule `{rule}`"),
        }
    }

    /// Bounds of the source neuron of an edge.
    fn bounds_of(&self, edge: &Edge) -> (Approximate, Approximate) {
        let size = self.sources[edge.argument].len();
        let bound = |bounds: &[f32]| real(bounds[edge.source / (size / bounds.len())]);
        (bound(&self.bounds.low), bound(&self.bounds.high))
    }
}

fn alpha_beta(to: &Destination, alpha: Approximate, beta: Approximate) -> Shares {
    let activating = to.each(|a, w| a.positive() * w.positive() + a.negative() * w.negative());
    let inhibiting = to.each(|a, w| a.positive() * w.negative() + a.negative() * w.positive());
    let (first, first_bias) = quotients(activating, to.b.positive(), 1e-6);
    let (second, second_bias) = quotients(inhibiting, to.b.negative(), 1e-6);
    let shares = first.into_iter().zip(second).map(|(first, second)| alpha * first - beta * second);
    (shares.collect(), alpha * first_bias - beta * second_bias)
}

/// The rules of a network's layers, as a user asks for them.
#[derive(Clone, Debug)]
pub struct Request {
    /// The rule or composite for all layers.
    pub base: Base,
    /// Rules for single layers, by name.
    pub choices: Vec<(String, Rule)>,
    /// How maximum pooling is treated.
    pub maximum_pooling: MaximumPooling,
    /// Bounds for z-box.
    pub bounds: Bounds,
}

/// What layers take that no choice names.
#[derive(Clone, Debug)]
pub enum Base {
    /// This rule.
    Rule(Rule),
    /// The composite of this name.
    Composite(&'static str),
}

impl From<Rule> for Request {
    fn from(rule: Rule) -> Self {
        let maximum_pooling = MaximumPooling::Winner;
        Request { base: Base::Rule(rule), choices: Vec::new(), maximum_pooling, bounds: Bounds::default() }
    }
}

impl Request {
    /// The request in the evaluator's terms.
    pub fn assignment(&self) -> Assignment {
        let base: Assignment = match &self.base {
            Base::Rule(rule) => rule.clone().into(),
            Base::Composite(name) => name.parse::<Composite>().unwrap().into(),
        };
        let choose = |assignment: Assignment, (name, rule): &(String, Rule)| {
            assignment.choose(LayerPattern::new(name).unwrap(), rule.clone())
        };
        let chosen = self.choices.iter().fold(base, choose);
        chosen.with_maximum_pooling(self.maximum_pooling).with_bounds(self.bounds.clone())
    }

    /// The rule of every layer.
    pub fn rules(&self, description: &Description) -> Vec<Rule> {
        // Whether each layer is, or follows, one that could be a first one.
        let mut behind: Vec<bool> = Vec::new();
        let rule = |layer: &Layer| {
            let follows = layer.arguments.iter().any(|&argument| behind[argument]);
            behind.push(follows || self.takes_first(&layer.operator));
            self.rule(layer, !follows)
        };
        description.layers.iter().map(rule).collect()
    }

    /// Whether a layer counts for the rule of its own that a composite has for the first ones.
    fn takes_first(&self, operator: &Operator) -> bool {
        let convolution = matches!(operator, Operator::Convolution(_) | Operator::Volume(_));
        match self.base {
            Base::Composite("epsilon-gamma-box") => convolution,
            Base::Composite(_) => convolution || matches!(operator, Operator::Dense(_) | Operator::Linear(_)),
            Base::Rule(_) => false,
        }
    }

    fn rule(&self, layer: &Layer, first: bool) -> Rule {
        let rule = match &self.base {
            Base::Rule(rule) => rule.clone(),
            Base::Composite(name) => composite(name, layer, first),
        };
        if let Some((_, rule)) = self.choices.iter().rev().find(|(name, _)| *name == layer.name) {
            return rule.clone();
        }
        let weights = has_weights(&layer.operator);
        match rule.name() {
            _ if !has_edges(&layer.operator) => Rule::PASS,
            _ if is_maximum(&layer.operator) && self.maximum_pooling == MaximumPooling::Winner => Rule::WINNER,
            "gamma" | "alpha-beta" | "z-plus" | "z-box" | "w-square" | "flat" if !weights => Rule::NORM,
            _ => rule,
        }
    }
}

/// What a multiplication and addition per channel is: a summand alone, also of the argument with the other sign, a factor
/// alone, or both.
#[derive(PartialEq)]
enum PerChannel {
    Sum,
    Factor,
    Both,
}

fn per_channel(operator: &Operator) -> Option<PerChannel> {
    let Operator::Affine(affine) = operator else { return None };
    let scales = |factor: f32| affine.scale.iter().all(|&scale| scale == factor);
    let shifts = affine.shift.iter().any(|&shift| shift != 0.0);
    Some(match () {
        () if scales(1.0) || (scales(-1.0) && shifts) => PerChannel::Sum,
        () if shifts => PerChannel::Both,
        () => PerChannel::Factor,
    })
}

/// Whether rules speak of the layer's weights.
fn has_weights(operator: &Operator) -> bool {
    use Operator::*;
    match operator {
        Dense(_) | Convolution(_) | Linear(_) | Volume(_) | Multiple(_) => true,
        // A summand alone is an addition.
        _ => per_channel(operator).is_some_and(|part| part != PerChannel::Sum),
    }
}

/// Whether a layer has edges of its own, and does not only pass relevance on.
pub fn has_edges(operator: &Operator) -> bool {
    use Operator::*;
    let weighted = matches!(operator, Dense(_) | Convolution(_) | Linear(_) | Volume(_) | Affine(_) | Multiple(_));
    weighted || matches!(operator, Pool(_) | Add | Subtract | Offset(_) | Reduction(_) | Interpolate(_))
}

/// Whether a layer is a maximum pool.
pub fn is_maximum(operator: &Operator) -> bool {
    matches!(operator, Operator::Pool(Pool { kind: PoolKind::Maximum, .. }))
}

/// What the composite of a name gives a layer; `first` is whether no dense layer or convolution comes before it.
fn composite(name: &str, layer: &Layer, first: bool) -> Rule {
    let dense = matches!(layer.operator, Operator::Dense(_) | Operator::Linear(_));
    let convolution = matches!(layer.operator, Operator::Convolution(_) | Operator::Volume(_));
    match per_channel(&layer.operator) {
        Some(PerChannel::Factor) => return Rule::PASS,
        Some(PerChannel::Both) => return Rule::epsilon(1e-6),
        Some(PerChannel::Sum) | None => {}
    }
    if matches!(layer.operator, Operator::Multiple(_)) || !has_edges(&layer.operator) {
        return Rule::PASS;
    }
    if name == "paper-vgg" {
        let (part, number) = layer.name.split_once('.').unwrap();
        let number: u32 = number.parse().unwrap();
        return match if part == "classifier" { number + 31 } else { number } {
            0 => Rule::ZERO,
            1..=16 => Rule::gamma(0.25),
            17..=30 => Rule::epsilon_rms(0.25),
            31.. => Rule::ZERO,
        };
    }
    if !dense && !convolution {
        return Rule::NORM;
    }
    let special = match name {
        "epsilon-gamma-box" if convolution => Some(Rule::Z_BOX),
        "epsilon-plus-flat" | "epsilon-alpha2-beta1-flat" => Some(Rule::FLAT),
        _ => None,
    };
    if let Some(rule) = special.filter(|_| first) {
        return rule;
    }
    match name {
        _ if dense => Rule::epsilon(1e-6),
        "epsilon" => Rule::epsilon(1e-6),
        "epsilon-gamma-box" => Rule::gamma(0.25),
        "epsilon-plus" | "epsilon-plus-flat" => Rule::Z_PLUS,
        "epsilon-alpha2-beta1" | "epsilon-alpha2-beta1-flat" => Rule::alpha_beta(2.0, 1.0),
        other => panic!("no composite is named {other}"),
    }
}
