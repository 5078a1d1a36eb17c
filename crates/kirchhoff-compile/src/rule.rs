//! The rules by name (SPEC 2), and the separable data that each is made of.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use kirchhoff_circuit::{Destinations, LayerRule, Normaliser, Part, SeparableRule, Stabiliser};
use kirchhoff_kernel::{Slopes, SourceFactor, WeightFactor};
use kirchhoff_semiring::{Call, CallError, LookupError, UnknownName};

/// The default ε of [`Rule::Epsilon`], and the ε of rules that have no other.
pub const EPSILON: f32 = 1e-6;

/// The ε of [`Rule::Zero`], and what [`Rule::MaxAbs`] adds to its maximum.
const TINY: f32 = 1e-9;

/// A rule: how a layer shares relevance out among its sources.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// LRP-0 (1.2.3).
    Zero,
    /// LRP-ε.
    Epsilon(f32),
    /// LRP-ε with ε = c · root mean square of the layer's outputs (Montavon et al. 2019).
    EpsilonRms(f32),
    /// LRP-γ, for inputs of either sign.
    Gamma(f32),
    /// LRP-αβ, with α − β = 1.
    AlphaBeta(f32, f32),
    /// LRP-αβ with α = 1, β = 0.
    ZPlus,
    /// The zᴮ rule for bounded inputs (1.2.4), with `[low, high]` or the bounds of the network's input.
    ZBox(Option<[f32; 2]>),
    /// The w² rule.
    WSquare,
    /// Equal shares.
    Flat,
    /// LRP-ε on a layer without weights.
    Norm,
    /// Shares of the largest contribution (2.2.5).
    MaxAbs,
    /// Relevance passes unchanged.
    Pass,
    /// All to the largest activation.
    Winner,
}

/// What the registry says of a rule.
#[derive(Clone, Copy, Debug)]
pub struct RuleInfo {
    /// The name.
    pub name: &'static str,
    /// Names and defaults of its parameters, as users write them.
    pub parameters: &'static str,
    /// Numerator `n[j,k]` and normaliser `z[k]`.
    pub formula: &'static str,
    /// Where it fits.
    pub fits: Fits,
    make: fn(&Call) -> Result<Rule, CallError>,
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

/// A rule without parameters.
fn plain(call: &Call, rule: Rule) -> Result<Rule, CallError> {
    call.arguments([]).map(|[]| rule)
}

/// A rule with one parameter that is not negative.
fn scaled(call: &Call, parameter: &str, default: f32, rule: fn(f32) -> Rule) -> Result<Rule, CallError> {
    let [value] = call.arguments_or([(parameter, f64::from(default))])?;
    let single = value as f32;
    if single >= 0.0 && single.is_finite() {
        Ok(rule(single))
    } else {
        Err(call.value_error(&format!("{parameter} ≥ 0 within the range of f32"), value))
    }
}

fn alpha_beta_of(call: &Call) -> Result<Rule, CallError> {
    let [alpha, beta] = call.arguments_or([("α", 2.0), ("β", 1.0)])?;
    if beta < 0.0 || (alpha - beta - 1.0).abs() > 1e-6 || alpha > f64::from(f32::MAX) {
        return Err(call.value_error("α and β with β ≥ 0 and α − β = 1", alpha));
    }
    Ok(Rule::AlphaBeta(alpha as f32, beta as f32))
}

fn z_box_of(call: &Call) -> Result<Rule, CallError> {
    if call.arguments.is_empty() {
        return Ok(Rule::ZBox(None));
    }
    let [low, high] = call.arguments(["low", "high"])?;
    if low > high || !(low as f32).is_finite() || !(high as f32).is_finite() {
        return Err(call.value_error("low ≤ high within the range of f32", low));
    }
    Ok(Rule::ZBox(Some([low as f32, high as f32])))
}

static RULES: [RuleInfo; 13] = [
    RuleInfo {
        name: "zero",
        parameters: "",
        formula: "n = a w, z = Σ n + b, d = n / (z ± 1e-9)",
        fits: Fits::Any,
        make: |call| plain(call, Rule::Zero),
    },
    RuleInfo {
        name: "epsilon",
        parameters: "ε = 1e-6",
        formula: "n = a w, z = Σ n + b, d = n / (z ± ε)",
        fits: Fits::Any,
        make: |call| scaled(call, "ε", EPSILON, Rule::Epsilon),
    },
    RuleInfo {
        name: "epsilon-rms",
        parameters: "c = 0.25",
        formula: "n = a w, z = Σ n + b, d = n / (z + 1e-9 + c √(mean z²))",
        fits: Fits::Any,
        make: |call| scaled(call, "c", 0.25, Rule::EpsilonRms),
    },
    RuleInfo {
        name: "gamma",
        parameters: "γ = 0.25",
        formula: "out > 0: n = a⁺(w + γw⁺) + a⁻(w + γw⁻); out < 0: n = a⁺(w + γw⁻) + a⁻(w + γw⁺); d = n / (z ± 1e-6)",
        fits: Fits::Weighted,
        make: |call| scaled(call, "γ", 0.25, Rule::Gamma),
    },
    RuleInfo {
        name: "alpha-beta",
        parameters: "α = 2, β = 1, α − β = 1",
        formula: "n₁ = a⁺w⁺ + a⁻w⁻, n₂ = a⁺w⁻ + a⁻w⁺, d = α n₁ / (z₁ ± 1e-6) − β n₂ / (z₂ ± 1e-6)",
        fits: Fits::Weighted,
        make: alpha_beta_of,
    },
    RuleInfo {
        name: "z-plus",
        parameters: "",
        formula: "alpha-beta(1, 0)",
        fits: Fits::Weighted,
        make: |call| plain(call, Rule::ZPlus),
    },
    RuleInfo {
        name: "z-box",
        parameters: "low and high; by default the bounds of the input",
        formula: "n = a w − low w⁺ − high w⁻, z = Σ n, d = n / (z ± 1e-6)",
        fits: Fits::Weighted,
        make: z_box_of,
    },
    RuleInfo {
        name: "w-square",
        parameters: "",
        formula: "n = w², z = Σ w² + b², d = n / (z ± 1e-6)",
        fits: Fits::Weighted,
        make: |call| plain(call, Rule::WSquare),
    },
    RuleInfo {
        name: "flat",
        parameters: "",
        formula: "n = 1, z = number of edges, d = n / (z ± 1e-6)",
        fits: Fits::Weighted,
        make: |call| plain(call, Rule::Flat),
    },
    RuleInfo {
        name: "norm",
        parameters: "",
        formula: "epsilon(1e-6) on a layer without weights",
        fits: Fits::Unweighted,
        make: |call| plain(call, Rule::Norm),
    },
    RuleInfo {
        name: "max-abs",
        parameters: "",
        formula: "n = |a w|, z = max n, d = n / (z + 1e-9)",
        fits: Fits::Any,
        make: |call| plain(call, Rule::MaxAbs),
    },
    RuleInfo {
        name: "pass",
        parameters: "",
        formula: "d = 1 on the identity edge; activations, dropout and reshapes always pass",
        fits: Fits::Passing,
        make: |call| plain(call, Rule::Pass),
    },
    RuleInfo {
        name: "winner",
        parameters: "",
        formula: "d = 1 on the edge of the first maximum, 0 elsewhere",
        fits: Fits::MaximumPooling,
        make: |call| plain(call, Rule::Winner),
    },
];

/// Every rule, in the order of SPEC 2.
pub fn rules() -> &'static [RuleInfo] {
    &RULES
}

impl Rule {
    /// What the registry says of the rule.
    pub fn info(&self) -> &'static RuleInfo {
        let name = match self {
            Rule::Zero => "zero",
            Rule::Epsilon(_) => "epsilon",
            Rule::EpsilonRms(_) => "epsilon-rms",
            Rule::Gamma(_) => "gamma",
            Rule::AlphaBeta(..) => "alpha-beta",
            Rule::ZPlus => "z-plus",
            Rule::ZBox(_) => "z-box",
            Rule::WSquare => "w-square",
            Rule::Flat => "flat",
            Rule::Norm => "norm",
            Rule::MaxAbs => "max-abs",
            Rule::Pass => "pass",
            Rule::Winner => "winner",
        };
        RULES.iter().find(|info| info.name == name).expect("every rule is registered")
    }

    /// The rule as data. `low` and `high` are the bounds of the source's activations, one for all or one a channel;
    /// only a [`Rule::ZBox`] uses them.
    pub fn separable(&self, low: &[f32], high: &[f32]) -> LayerRule {
        let parts = match *self {
            Rule::Pass => return LayerRule::Pass,
            Rule::Winner => return LayerRule::Winner,
            Rule::Zero => vec![part(&[(a(Slopes::IDENTITY), w(Slopes::IDENTITY))], Stabiliser::Signed(TINY))],
            Rule::Epsilon(epsilon) => {
                vec![part(&[(a(Slopes::IDENTITY), w(Slopes::IDENTITY))], Stabiliser::Signed(epsilon))]
            }
            Rule::Norm => vec![part(&[(a(Slopes::IDENTITY), w(Slopes::IDENTITY))], Stabiliser::Signed(EPSILON))],
            Rule::EpsilonRms(factor) => {
                vec![part(&[(a(Slopes::IDENTITY), w(Slopes::IDENTITY))], Stabiliser::RootMeanSquare(factor))]
            }
            Rule::Gamma(gamma) => {
                // w + γ w⁺ and w + γ w⁻.
                let more = w(Slopes { positive: 1.0 + gamma, negative: 1.0 });
                let less = w(Slopes { positive: 1.0, negative: 1.0 + gamma });
                let gated = |positive, negative, destinations| Part {
                    destinations,
                    ..signed_part(&[(a(Slopes::POSITIVE), positive), (a(Slopes::NEGATIVE), negative)])
                };
                vec![gated(more, less, Destinations::Positive), gated(less, more, Destinations::Negative)]
            }
            Rule::AlphaBeta(alpha, beta) => alpha_beta(alpha, beta),
            Rule::ZPlus => alpha_beta(1.0, 0.0),
            Rule::ZBox(_) => {
                let negated = |bounds: &[f32]| SourceFactor::Channel(bounds.iter().map(|bound| -bound).collect());
                let numerators = [
                    (a(Slopes::IDENTITY), w(Slopes::IDENTITY)),
                    (negated(low), w(Slopes::POSITIVE)),
                    (negated(high), w(Slopes::NEGATIVE)),
                ];
                vec![Part { bias: false, ..signed_part(&numerators) }]
            }
            Rule::WSquare => vec![signed_part(&[(SourceFactor::One, WeightFactor::Square)])],
            Rule::Flat => vec![Part { bias: false, ..signed_part(&[(SourceFactor::One, WeightFactor::One)]) }],
            // The bias is no neuron here: it competes with no source for the maximum.
            Rule::MaxAbs => vec![Part {
                bias: false,
                normaliser: Normaliser::Maximum,
                ..part(&[(a(Slopes::ABSOLUTE), w(Slopes::ABSOLUTE))], Stabiliser::Added(TINY))
            }],
        };
        LayerRule::Separable(SeparableRule { parts })
    }
}

fn a(slopes: Slopes) -> SourceFactor {
    SourceFactor::Activation(slopes)
}

fn w(slopes: Slopes) -> WeightFactor {
    WeightFactor::Weight(slopes)
}

fn part(numerators: &[(SourceFactor, WeightFactor)], stabiliser: Stabiliser) -> Part {
    Part {
        coefficient: 1.0,
        numerators: numerators.to_vec(),
        bias: true,
        normaliser: Normaliser::Sum,
        stabiliser,
        destinations: Destinations::All,
    }
}

fn signed_part(numerators: &[(SourceFactor, WeightFactor)]) -> Part {
    part(numerators, Stabiliser::Signed(EPSILON))
}

fn alpha_beta(alpha: f32, beta: f32) -> Vec<Part> {
    let (positive, negative) = (Slopes::POSITIVE, Slopes::NEGATIVE);
    let activating = signed_part(&[(a(positive), w(positive)), (a(negative), w(negative))]);
    let inhibiting = signed_part(&[(a(positive), w(negative)), (a(negative), w(positive))]);
    let mut parts = vec![Part { coefficient: alpha, ..activating }, Part { coefficient: -beta, ..inhibiting }];
    parts.retain(|part| part.coefficient != 0.0);
    parts
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments: &[f32] = match self {
            Rule::Epsilon(x) | Rule::EpsilonRms(x) | Rule::Gamma(x) => &[*x],
            Rule::AlphaBeta(alpha, beta) => &[*alpha, *beta],
            Rule::ZBox(Some(bounds)) => bounds,
            _ => &[],
        };
        // Through the shortest text of the f32: 0.1, not the digits of its neighbour in f64.
        let exact = |x: &f32| format!("{x:?}").parse().unwrap_or(f64::from(*x));
        let call = Call { name: self.info().name.to_string(), arguments: arguments.iter().map(exact).collect() };
        call.fmt(f)
    }
}

impl FromStr for Rule {
    type Err = LookupError;

    /// Reads a rule as users write it: `zero`, `gamma(0.25)`, `alpha-beta(2, 1)`.
    fn from_str(text: &str) -> Result<Self, LookupError> {
        let call: Call = text.parse()?;
        let names: Vec<_> = RULES.iter().map(|info| info.name).collect();
        let info = RULES
            .iter()
            .find(|info| info.name == call.name)
            .ok_or_else(|| UnknownName::new("rule", &call.name, &names))?;
        Ok((info.make)(&call)?)
    }
}

/// Lower and upper bounds of the network's inputs, for [`Rule::ZBox`]: one for all, or one a channel.
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
