//! The rules by name: one entry each, from its parameters to the separable terms that it is made of.

use std::fmt;
use std::sync::Arc;

use kirchhoff_circuit::{Destinations, LayerRule, Normaliser, Part, SeparableRule, Stabiliser};
use kirchhoff_kernel::{Slopes, SourceFactor, WeightFactor};
use kirchhoff_semiring::{Call, CallError};

/// The default ε of `epsilon`, and the ε of rules that have no other.
pub const EPSILON: f32 = 1e-6;

/// The ε of `zero`, and what `max-abs` adds to its maximum.
const TINY: f32 = 1e-9;

/// A rule of the registry.
#[derive(Clone, Copy, Debug)]
pub struct RuleInfo {
    /// The name.
    pub name: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// What there is to say of the parameters beside their defaults.
    pub note: &'static str,
    /// What arguments have to be, in words.
    pub requirement: &'static str,
    /// Numerator `n[j,k]` and normaliser `z[k]`.
    pub formula: &'static str,
    /// Where it fits.
    pub fits: Fits,
    /// Whether it speaks of the bounds of activations, which are those of the network's input where it has no arguments.
    pub bounded: bool,
    accepts: fn(&[f32]) -> bool,
    make: fn(&[f32], &Bounds) -> LayerRule,
}

/// A parameter of a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is where no argument is given. Parameters without a default are given together, or not at all.
    pub default: Option<f32>,
}

/// The layers that a rule fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fits {
    /// Layers with edges: dense, convolution, per-channel affine, average pooling, addition, and maximum pooling
    /// treated as average.
    Any,
    /// Layers with weights: dense, convolution, per-channel affine. Where it is named for a whole network, layers
    /// without weights take `norm`.
    Weighted,
    /// Layers without weights: average pooling, addition, maximum pooling treated as average.
    Unweighted,
    /// Layers with edges between equal positions: per-channel affine, addition, and whatever always passes.
    Passing,
    /// Maximum pooling.
    MaximumPooling,
}

impl fmt::Display for Fits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fits::Any => "layers with edges",
            Fits::Weighted => "layers with weights",
            Fits::Unweighted => "layers without weights",
            Fits::Passing => "layers that join equal positions",
            Fits::MaximumPooling => "maximum pooling",
        })
    }
}

static RULES: [RuleInfo; 13] = [
    plain("zero", Fits::Any, "n = a w, z = Σ n + b, d = n / (z ± 1e-9)", |_, _| products(Stabiliser::Signed(TINY))),
    RuleInfo {
        parameters: &[parameter("ε", EPSILON)],
        requirement: "ε ≥ 0 within the range of f32",
        accepts: are_scales,
        ..plain("epsilon", Fits::Any, "n = a w, z = Σ n + b, d = n / (z ± ε)", |arguments, _| {
            products(Stabiliser::Signed(arguments[0]))
        })
    },
    RuleInfo {
        parameters: &[parameter("c", 0.25)],
        requirement: "c ≥ 0 within the range of f32",
        accepts: are_scales,
        ..plain(
            "epsilon-rms",
            Fits::Any,
            "n = a w, z = Σ n + b, d = n / (z + 1e-9 + c √(mean z²))",
            |arguments, _| products(Stabiliser::RootMeanSquare(arguments[0])),
        )
    },
    RuleInfo {
        parameters: &[parameter("γ", 0.25)],
        requirement: "γ ≥ 0 within the range of f32",
        accepts: are_scales,
        ..plain(
            "gamma",
            Fits::Weighted,
            "out > 0: n = a⁺(w + γw⁺) + a⁻(w + γw⁻); out < 0: n = a⁺(w + γw⁻) + a⁻(w + γw⁺); d = n / (z ± 1e-6)",
            |arguments, _| gamma(arguments[0]),
        )
    },
    RuleInfo {
        parameters: &[parameter("α", 2.0), parameter("β", 1.0)],
        note: "α − β = 1",
        requirement: "α and β with β ≥ 0 and α − β = 1",
        // Up to the rounding of both to f32.
        accepts: |arguments| {
            let [alpha, beta] = [0, 1].map(|index| f64::from(arguments[index]));
            are_scales(arguments) && (alpha - beta - 1.0).abs() <= 1e-6 + 2.0 * f64::from(f32::EPSILON) * alpha
        },
        ..plain(
            "alpha-beta",
            Fits::Weighted,
            "n₁ = a⁺w⁺ + a⁻w⁻, n₂ = a⁺w⁻ + a⁻w⁺, d = α n₁ / (z₁ ± 1e-6) − β n₂ / (z₂ ± 1e-6)",
            |arguments, _| alpha_beta(arguments[0], arguments[1]),
        )
    },
    plain("z-plus", Fits::Weighted, "alpha-beta(1, 0)", |_, _| alpha_beta(1.0, 0.0)),
    RuleInfo {
        parameters: &[Parameter { name: "low", default: None }, Parameter { name: "high", default: None }],
        note: "low and high; by default the bounds of the input",
        requirement: "low ≤ high within the range of f32",
        bounded: true,
        accepts: |arguments| arguments.iter().all(|bound| bound.is_finite()) && arguments.is_sorted(),
        ..plain(
            "z-box",
            Fits::Weighted,
            "n = a w − low w⁺ − high w⁻, z = Σ n, d = n / (z ± 1e-6)",
            |arguments, bounds| match arguments {
                [low, high] => z_box(&[*low], &[*high]),
                _ => z_box(&bounds.low, &bounds.high),
            },
        )
    },
    plain("w-square", Fits::Weighted, "n = w², z = Σ w² + b², d = n / (z ± 1e-6)", |_, _| {
        separable([Part::share([(SourceFactor::One, WeightFactor::Square)], EPSILON)])
    }),
    plain("flat", Fits::Weighted, "n = 1, z = number of edges, d = n / (z ± 1e-6)", |_, _| {
        separable([Part { bias: false, ..Part::share([(SourceFactor::One, WeightFactor::One)], EPSILON) }])
    }),
    plain("norm", Fits::Unweighted, "epsilon(1e-6) on a layer without weights", |_, _| {
        products(Stabiliser::Signed(EPSILON))
    }),
    // The bias is no neuron here: it competes with no source for the maximum.
    plain("max-abs", Fits::Any, "n = |a w|, z = max n, d = n / (z + 1e-9)", |_, _| {
        let (normaliser, stabiliser) = (Normaliser::Maximum, Stabiliser::Added(TINY));
        let product = (a(Slopes::ABSOLUTE), w(Slopes::ABSOLUTE));
        separable([Part { bias: false, normaliser, stabiliser, ..Part::share([product], TINY) }])
    }),
    plain(
        "pass",
        Fits::Passing,
        "d = 1 on the identity edge; activations, dropout and reshapes always pass",
        |_, _| LayerRule::Pass,
    ),
    plain("winner", Fits::MaximumPooling, "d = 1 on the edge of the first maximum, 0 elsewhere", |_, _| {
        LayerRule::Winner
    }),
];

/// Every rule that has a name of its own.
pub fn rules() -> &'static [RuleInfo] {
    &RULES
}

/// The entry of a name, looked up while the program is compiled: a name that is not there does not compile.
pub(crate) const fn entry(name: &str) -> &'static RuleInfo {
    let mut index = 0;
    while index < RULES.len() {
        let (this, name) = (RULES[index].name.as_bytes(), name.as_bytes());
        let mut equal = 0;
        while equal < name.len() && equal < this.len() && this[equal] == name[equal] {
            equal += 1;
        }
        if equal == name.len() && equal == this.len() {
            return &RULES[index];
        }
        index += 1;
    }
    panic!("no rule has this name")
}

/// A rule without parameters, or what one with parameters has beside them.
const fn plain(
    name: &'static str,
    fits: Fits,
    formula: &'static str,
    make: fn(&[f32], &Bounds) -> LayerRule,
) -> RuleInfo {
    let (parameters, accepts): (_, fn(&[f32]) -> bool) = (&[], |_| true);
    RuleInfo { name, parameters, note: "", requirement: "", formula, fits, bounded: false, accepts, make }
}

const fn parameter(name: &'static str, default: f32) -> Parameter {
    Parameter { name, default: Some(default) }
}

/// Whether arguments are numbers that are not negative.
fn are_scales(arguments: &[f32]) -> bool {
    arguments.iter().all(|argument| *argument >= 0.0 && argument.is_finite())
}

/// Names tell rules apart.
impl PartialEq for RuleInfo {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl RuleInfo {
    /// The parameters with their defaults, as users read them: `γ = 0.25`.
    pub fn signature(&self) -> String {
        let default = |parameter: &Parameter| {
            let default = format!("{:?}", parameter.default?);
            Some(format!("{} = {}", parameter.name, default.strip_suffix(".0").unwrap_or(&default)))
        };
        let mut parts: Vec<String> = self.parameters.iter().filter_map(default).collect();
        parts.extend((!self.note.is_empty()).then(|| self.note.to_string()));
        parts.join(", ")
    }

    /// The arguments of a call, with defaults for those that are left out at its end.
    pub(crate) fn arguments(&self, call: &Call) -> Result<Vec<f32>, CallError> {
        let given = call.arguments.len();
        let needed = self.parameters.iter().filter(|parameter| parameter.default.is_none()).count();
        if given > self.parameters.len() || (given > 0 && given < needed) {
            let parameters = self.parameters.iter().map(|parameter| parameter.name.to_string()).collect();
            return Err(CallError::Count { name: call.name.clone(), parameters, given });
        }
        let defaults = self.parameters.iter().skip(given).filter_map(|parameter| parameter.default);
        let arguments: Vec<f32> = call.arguments.iter().map(|&argument| argument as f32).chain(defaults).collect();
        match (self.accepts)(&arguments) {
            true => Ok(arguments),
            false => Err(call.values_error(self.requirement)),
        }
    }

    /// The rule as data, for arguments that it takes.
    pub(crate) fn layer_rule(&self, arguments: &[f32], bounds: &Bounds) -> LayerRule {
        (self.make)(arguments, bounds)
    }
}

fn a(slopes: Slopes) -> SourceFactor {
    SourceFactor::Activation(slopes)
}

fn w(slopes: Slopes) -> WeightFactor {
    WeightFactor::Weight(slopes)
}

fn separable(parts: impl Into<Vec<Part>>) -> LayerRule {
    LayerRule::Separable(SeparableRule { parts: parts.into() })
}

/// `n = a w`.
fn products(stabiliser: Stabiliser) -> LayerRule {
    let product = (a(Slopes::IDENTITY), w(Slopes::IDENTITY));
    separable([Part { stabiliser, ..Part::share([product], EPSILON) }])
}

fn gamma(gamma: f32) -> LayerRule {
    // w + γ w⁺ and w + γ w⁻.
    let more = w(Slopes { positive: 1.0 + gamma, negative: 1.0 });
    let less = w(Slopes { positive: 1.0, negative: 1.0 + gamma });
    let gated = |positive, negative, destinations| Part {
        destinations,
        ..Part::share([(a(Slopes::POSITIVE), positive), (a(Slopes::NEGATIVE), negative)], EPSILON)
    };
    separable([gated(more, less, Destinations::Positive), gated(less, more, Destinations::Negative)])
}

fn alpha_beta(alpha: f32, beta: f32) -> LayerRule {
    let (positive, negative) = (Slopes::POSITIVE, Slopes::NEGATIVE);
    let activating = Part::share([(a(positive), w(positive)), (a(negative), w(negative))], EPSILON);
    let inhibiting = Part::share([(a(positive), w(negative)), (a(negative), w(positive))], EPSILON);
    let mut parts = vec![Part { coefficient: alpha, ..activating }, Part { coefficient: -beta, ..inhibiting }];
    parts.retain(|part| part.coefficient != 0.0);
    separable(parts)
}

fn z_box(low: &[f32], high: &[f32]) -> LayerRule {
    let negated = |bounds: &[f32]| SourceFactor::Channel(bounds.iter().map(|bound| -bound).collect());
    let numerators = [
        (a(Slopes::IDENTITY), w(Slopes::IDENTITY)),
        (negated(low), w(Slopes::POSITIVE)),
        (negated(high), w(Slopes::NEGATIVE)),
    ];
    separable([Part { bias: false, ..Part::share(numerators, EPSILON) }])
}

/// Lower and upper bounds of the network's inputs, for `z-box`: one for all, or one a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// The lower bounds.
    pub low: Arc<[f32]>,
    /// The upper bounds.
    pub high: Arc<[f32]>,
}

impl Default for Bounds {
    /// From 0 to 1.
    fn default() -> Self {
        Bounds { low: [0.0].into(), high: [1.0].into() }
    }
}
