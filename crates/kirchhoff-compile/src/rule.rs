//! A rule with its arguments: one of the registry, or the user's own.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use kirchhoff_circuit::{LayerRule, Part, SeparableRule};
use kirchhoff_kernel::{Slopes, WeightFactor};
use kirchhoff_semiring::{Call, CallError, LookupError, UnknownName};

use crate::error::CompileError;
use crate::rules::{Bounds, Fits, RuleInfo, entry, rules};

/// A rule: how a layer shares relevance out among its sources.
///
/// ```
/// use kirchhoff_compile::{Part, Rule, Slopes, SourceFactor, WeightFactor};
///
/// assert_eq!("gamma(0.5)".parse(), Ok(Rule::gamma(0.5)));
///
/// // Shares of the magnitudes |a w|, the bias left out.
/// let magnitude = (SourceFactor::Activation(Slopes::ABSOLUTE), WeightFactor::Weight(Slopes::ABSOLUTE));
/// let rule = Rule::custom("magnitude", [Part { bias: false, ..Part::share([magnitude], 1e-6) }])?;
/// assert_eq!(rule.to_string(), "magnitude");
/// # Ok::<(), kirchhoff_compile::CompileError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Rule(Form);

#[derive(Clone, PartialEq)]
enum Form {
    Named { info: &'static RuleInfo, arguments: Arguments },
    Custom(Arc<Custom>),
}

/// Arguments, one for each parameter or none; what is left of the array is 0.
#[derive(Clone, Copy, PartialEq)]
struct Arguments {
    values: [f32; 2],
    count: usize,
}

#[derive(Debug, PartialEq)]
struct Custom {
    name: String,
    rule: SeparableRule,
}

/// Constructors do not look at their arguments: [`check`](Rule::check) does, and [`compile`](crate::compile()).
impl Rule {
    /// LRP-0 (1.2.3).
    pub const ZERO: Rule = plain("zero");
    /// LRP-αβ with α = 1, β = 0.
    pub const Z_PLUS: Rule = plain("z-plus");
    /// The zᴮ rule (1.2.4) with the bounds of the network's input.
    pub const Z_BOX: Rule = plain("z-box");
    /// The w² rule.
    pub const W_SQUARE: Rule = plain("w-square");
    /// Equal shares.
    pub const FLAT: Rule = plain("flat");
    /// LRP-ε on a layer without weights.
    pub const NORM: Rule = plain("norm");
    /// Shares of the largest contribution (2.2.5).
    pub const MAX_ABS: Rule = plain("max-abs");
    /// Relevance passes unchanged.
    pub const PASS: Rule = plain("pass");
    /// All to the largest activation.
    pub const WINNER: Rule = plain("winner");

    /// LRP-ε. With `epsilon(0)`, a neuron whose normaliser is 0 gives its sources nothing, as under
    /// [`gamma`](Rule::gamma).
    pub const fn epsilon(epsilon: f32) -> Rule {
        with_one(const { entry("epsilon") }, epsilon)
    }

    /// LRP-ε with ε = c · root mean square of the layer's outputs (Montavon et al. 2019).
    pub const fn epsilon_rms(c: f32) -> Rule {
        with_one(const { entry("epsilon-rms") }, c)
    }

    /// LRP-γ, for inputs of either sign.
    pub const fn gamma(gamma: f32) -> Rule {
        with_one(const { entry("gamma") }, gamma)
    }

    /// LRP-αβ, with α − β = 1.
    pub const fn alpha_beta(alpha: f32, beta: f32) -> Rule {
        let arguments = Arguments { values: [alpha, beta], count: 2 };
        Rule(Form::Named { info: const { entry("alpha-beta") }, arguments })
    }

    /// The zᴮ rule for inputs from `low` to `high` (1.2.4).
    pub const fn z_box(low: f32, high: f32) -> Rule {
        let arguments = Arguments { values: [low, high], count: 2 };
        Rule(Form::Named { info: const { entry("z-box") }, arguments })
    }

    /// A rule of the user's own: the sum of `parts`, under a name that no other rule has.
    ///
    /// It goes wherever one of the registry does, but for its text, which nothing can read back. Circuits keep its parts,
    /// and so do their files.
    ///
    /// # Errors
    /// A name that is taken or cannot be written, or parts that make no rule: none, more than four terms, or numbers that
    /// cannot be computed with.
    pub fn custom(name: &str, parts: impl Into<Vec<Part>>) -> Result<Rule, CompileError> {
        let wrong = |reason: String| CompileError::RuleName { name: name.to_string(), reason };
        if rules().iter().any(|info| info.name == name) {
            return Err(wrong("a rule has this name already".to_string()));
        }
        let call: Call = name.parse().map_err(|error: CallError| wrong(error.to_string()))?;
        if call != Call::named(name) {
            return Err(wrong("a name has no arguments and no blanks".to_string()));
        }
        let rule = SeparableRule { parts: parts.into() };
        rule.check().map_err(|error| CompileError::Terms { rule: name.to_string(), error })?;
        Ok(Rule(Form::Custom(Arc::new(Custom { name: name.to_string(), rule }))))
    }

    /// The name.
    pub fn name(&self) -> &str {
        match &self.0 {
            Form::Named { info, .. } => info.name,
            Form::Custom(custom) => &custom.name,
        }
    }

    /// The arguments, one for each parameter, or none where the rule has none or goes by the bounds of the input.
    pub fn arguments(&self) -> &[f32] {
        match &self.0 {
            Form::Named { arguments, .. } => &arguments.values[..arguments.count],
            Form::Custom(_) => &[],
        }
    }

    /// What the registry says of the rule; `None` of the user's own.
    pub fn info(&self) -> Option<&'static RuleInfo> {
        match &self.0 {
            Form::Named { info, .. } => Some(info),
            Form::Custom(_) => None,
        }
    }

    /// The layers that the rule fits. One of the user's own that takes other functions of weights than `w` and `|w|` is for
    /// layers with weights, as those of the registry are.
    pub fn fits(&self) -> Fits {
        match &self.0 {
            Form::Named { info, .. } => info.fits,
            Form::Custom(custom) => {
                let plain = [WeightFactor::IDENTITY, WeightFactor::Weight(Slopes::ABSOLUTE)];
                let mut factors = custom.rule.parts.iter().flat_map(|part| &part.numerators);
                if factors.all(|(_, factor)| plain.contains(factor)) { Fits::Any } else { Fits::Weighted }
            }
        }
    }

    /// Whether the rule goes by the bounds of the network's input.
    pub fn takes_bounds(&self) -> bool {
        matches!(&self.0, Form::Named { info, arguments } if info.bounded && arguments.count == 0)
    }

    /// Whether the arguments are such as the rule takes.
    ///
    /// # Errors
    /// What the rule takes instead.
    pub fn check(&self) -> Result<(), CallError> {
        match &self.0 {
            Form::Named { info, .. } => info.arguments(&self.call()).map(|_| ()),
            Form::Custom(_) => Ok(()),
        }
    }

    /// The rule as data. `bounds` are those of the source's activations, for a rule that [takes
    /// them](Rule::takes_bounds).
    pub fn layer_rule(&self, bounds: &Bounds) -> LayerRule {
        match &self.0 {
            Form::Named { info, .. } => info.layer_rule(self.arguments(), bounds),
            Form::Custom(custom) => LayerRule::Separable(custom.rule.clone()),
        }
    }

    /// The rule in one line that no other rule has: with its terms, if it is the user's own.
    pub(crate) fn definition(&self) -> String {
        match &self.0 {
            Form::Named { .. } => self.to_string(),
            Form::Custom(custom) => format!("{} = {}", custom.name, custom.rule),
        }
    }

    fn call(&self) -> Call {
        // Through the shortest text of the f32: 0.1, not the digits of its neighbour in f64.
        let exact = |x: &f32| format!("{x:?}").parse().unwrap_or(f64::from(*x));
        Call { name: self.name().to_string(), arguments: self.arguments().iter().map(exact).collect() }
    }
}

/// The rule of a name without arguments.
const fn plain(name: &str) -> Rule {
    Rule(Form::Named { info: entry(name), arguments: Arguments { values: [0.0; 2], count: 0 } })
}

const fn with_one(info: &'static RuleInfo, argument: f32) -> Rule {
    Rule(Form::Named { info, arguments: Arguments { values: [argument, 0.0], count: 1 } })
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call().fmt(f)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Named { .. } => fmt::Display::fmt(self, f),
            Form::Custom(custom) => custom.fmt(f),
        }
    }
}

impl FromStr for Rule {
    type Err = LookupError;

    /// Reads a rule of the registry as users write it: `zero`, `gamma(0.25)`, `alpha-beta(2, 1)`.
    fn from_str(text: &str) -> Result<Self, LookupError> {
        let call: Call = text.parse()?;
        let names: Vec<_> = rules().iter().map(|info| info.name).collect();
        let info = rules()
            .iter()
            .find(|info| info.name == call.name)
            .ok_or_else(|| UnknownName::new("rule", &call.name, &names))?;
        let given = info.arguments(&call)?;
        let mut arguments = Arguments { values: [0.0; 2], count: given.len() };
        arguments.values[..given.len()].copy_from_slice(&given);
        Ok(Rule(Form::Named { info, arguments }))
    }
}
