//! Composites: a rule for each kind of layer.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use kirchhoff_network::LayerKind;
use kirchhoff_semiring::UnknownName;

use crate::rule::Rule;
use crate::rules::EPSILON;
use crate::treatment::{NormalisationTreatment, ProductTreatment, SoftmaxTreatment, Treatments};

/// How relevance goes through maximum pooling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MaximumPooling {
    /// To the first maximum of the window (Zennit, Captum).
    #[default]
    Winner,
    /// As through average pooling of the same window (the paper, 3.1.3).
    Average,
}

impl MaximumPooling {
    /// The name, as users write it.
    pub fn name(self) -> &'static str {
        match self {
            MaximumPooling::Winner => "winner",
            MaximumPooling::Average => "average",
        }
    }
}

/// A named choice of rules for all layers of a network, after Zennit's composites.
#[derive(Clone, Debug, PartialEq)]
pub struct Composite {
    /// The name.
    pub name: Cow<'static, str>,
    /// What it does, in words.
    pub description: Cow<'static, str>,
    /// How it treats maximum pooling, unless the user says otherwise.
    pub maximum_pooling: MaximumPooling,
    /// How it treats what is no sum of weights, likewise.
    pub treatments: Treatments,
    choice: Choice,
}

#[derive(Clone, Debug, PartialEq)]
enum Choice {
    /// By the kind of the layer, with a rule of its own for the first layer of some kinds.
    ByKind { first: Option<First>, convolution: Rule, dense: Rule },
    /// By the number of the layer in torchvision's VGG: up to which number each rule goes.
    ByNumber(&'static [(u32, Rule)]),
}

#[derive(Clone, Debug, PartialEq)]
struct First {
    /// Whether only convolutions count.
    convolutions: bool,
    rule: Rule,
}

const EPSILON_RULE: Rule = Rule::epsilon(EPSILON);
const FLAT_FIRST: Option<First> = Some(First { convolutions: false, rule: Rule::FLAT });
const PAPER_VGG: &[(u32, Rule)] =
    &[(0, Rule::ZERO), (16, Rule::gamma(0.25)), (30, Rule::epsilon_rms(0.25)), (u32::MAX, Rule::ZERO)];

static COMPOSITES: [Composite; 9] = [
    by_kind("epsilon", "epsilon on every linear layer", None, EPSILON_RULE),
    by_kind(
        "epsilon-gamma-box",
        "z-box on the first convolution, gamma(0.25) on the others, epsilon on dense layers",
        Some(First { convolutions: true, rule: Rule::Z_BOX }),
        Rule::gamma(0.25),
    ),
    by_kind("epsilon-plus", "z-plus on convolutions, epsilon on dense layers", None, Rule::Z_PLUS),
    by_kind(
        "epsilon-alpha2-beta1",
        "alpha-beta(2,1) on convolutions, epsilon on dense layers",
        None,
        Rule::alpha_beta(2.0, 1.0),
    ),
    by_kind("epsilon-plus-flat", "flat on the first linear layer, then as epsilon-plus", FLAT_FIRST, Rule::Z_PLUS),
    by_kind(
        "epsilon-alpha2-beta1-flat",
        "flat on the first linear layer, then as epsilon-alpha2-beta1",
        FLAT_FIRST,
        Rule::alpha_beta(2.0, 1.0),
    ),
    Composite {
        name: Cow::Borrowed("attention"),
        description: Cow::Borrowed(
            "epsilon; half through matrix products of activations, softmax by its Taylor expansion (Achtibat et al. 2024)",
        ),
        maximum_pooling: MaximumPooling::Winner,
        treatments: Treatments {
            matrix_product: Some(ProductTreatment::Half),
            softmax: Some(SoftmaxTreatment::Taylor),
            root_mean_square: Some(NormalisationTreatment::Identity),
            ..Treatments::NONE
        },
        choice: Choice::ByKind { first: None, convolution: EPSILON_RULE, dense: EPSILON_RULE },
    },
    by_kind(
        "attention-conservative",
        "epsilon; attention passes to the values alone (CP-LRP), as every composite but `attention` has it",
        None,
        EPSILON_RULE,
    ),
    Composite {
        name: Cow::Borrowed("paper-vgg"),
        description: Cow::Borrowed(
            "VGG layers 0: zero, 1–16: gamma(0.25), 17–30: epsilon-rms(0.25), from 31: zero; maximum pooling averaged (Groudiev & Maniu 2024)",
        ),
        maximum_pooling: MaximumPooling::Average,
        treatments: Treatments::NONE,
        choice: Choice::ByNumber(PAPER_VGG),
    },
];

/// A composite that gives dense layers `epsilon`.
const fn by_kind(name: &'static str, description: &'static str, first: Option<First>, convolution: Rule) -> Composite {
    Composite {
        name: Cow::Borrowed(name),
        description: Cow::Borrowed(description),
        maximum_pooling: MaximumPooling::Winner,
        treatments: Treatments::NONE,
        choice: Choice::ByKind { first, convolution, dense: EPSILON_RULE },
    }
}

/// Every composite that has a name of its own.
pub fn composites() -> &'static [Composite] {
    &COMPOSITES
}

impl Composite {
    /// A composite of the user's own: a rule for convolutions and one for dense layers. Other layers with edges take
    /// `norm`, multiplications and additions per channel `epsilon`; multiplications by a constant pass.
    pub fn custom(name: impl Into<Cow<'static, str>>, convolution: Rule, dense: Rule) -> Self {
        Composite {
            name: name.into(),
            description: format!("{convolution} on convolutions, {dense} on dense layers").into(),
            maximum_pooling: MaximumPooling::default(),
            treatments: Treatments::NONE,
            choice: Choice::ByKind { first: None, convolution, dense },
        }
    }

    /// Gives the first dense layer or convolution a rule of its own; with `convolutions`, the first convolution.
    ///
    /// A composite that goes by the numbers of layers stays as it is.
    pub fn with_first(mut self, rule: Rule, convolutions: bool) -> Self {
        if let Choice::ByKind { first, .. } = &mut self.choice {
            let layer = if convolutions { "convolution" } else { "linear layer" };
            self.description = format!("{rule} on the first {layer}, then {}", self.description).into();
            *first = Some(First { convolutions, rule });
        }
        self
    }

    /// The composite in one line that no other composite has: with its rules, if it is the user's own.
    pub(crate) fn definition(&self) -> String {
        // With its length in front, a name may hold any character.
        let own = format!("{}:{}", self.name.len(), self.name);
        match &self.choice {
            _ if COMPOSITES.contains(self) => self.name.to_string(),
            Choice::ByKind { first, convolution, dense } => {
                let (convolution, dense) = (convolution.definition(), dense.definition());
                let first = first.as_ref().map_or(String::new(), |First { convolutions, rule }| {
                    let layer = if *convolutions { "convolution" } else { "linear layer" };
                    format!("; first {layer} {}", rule.definition())
                });
                format!("{own}: convolutions {convolution}; dense layers {dense}{first}")
            }
            Choice::ByNumber(ranges) => {
                let rule = |(last, rule): &(u32, Rule)| format!("; up to {last} {}", rule.definition());
                own + &ranges.iter().map(rule).collect::<String>()
            }
        }
    }

    /// The rule for a layer with edges. `first` says whether it is the first of its kind, as
    /// [`takes_first`](Composite::takes_first) counts, `name` is the layer's name.
    ///
    /// Rules that speak of weights become `norm` on layers without them. `None` if the composite goes by numbers and
    /// the layer has none.
    pub(crate) fn rule(&self, kind: LayerKind, name: &str, first: bool) -> Option<Rule> {
        let rule = match &self.choice {
            Choice::ByKind { first: special, convolution, dense } => match (kind, special) {
                (LayerKind::Dense | LayerKind::Convolution, Some(special)) if first => &special.rule,
                (LayerKind::Dense, _) => dense,
                (LayerKind::Convolution, _) => convolution,
                (LayerKind::Affine, _) => &EPSILON_RULE,
                (
                    LayerKind::Scale
                    | LayerKind::Passing
                    | LayerKind::Conditional
                    | LayerKind::Constant
                    | LayerKind::Product,
                    _,
                ) => &Rule::PASS,
                (
                    LayerKind::AveragePooling
                    | LayerKind::MaximumPooling
                    | LayerKind::Addition
                    | LayerKind::Mean
                    | LayerKind::Extreme { .. }
                    | LayerKind::MatrixProduct
                    | LayerKind::Normalisation { .. }
                    | LayerKind::Softmax,
                    _,
                ) => &Rule::NORM,
            },
            Choice::ByNumber(_) if kind == LayerKind::Affine => &EPSILON_RULE,
            Choice::ByNumber(_) if kind == LayerKind::Scale => &Rule::PASS,
            Choice::ByNumber(ranges) => {
                let number = vgg_number(name)?;
                &ranges.iter().find(|&&(last, _)| number <= last)?.1
            }
        };
        Some(rule.clone())
    }

    /// Whether a layer of this kind counts as the first that the composite has a rule of its own for.
    pub(crate) fn takes_first(&self, kind: LayerKind) -> bool {
        match &self.choice {
            Choice::ByKind { first: Some(First { convolutions, .. }), .. } => {
                kind == LayerKind::Convolution || (kind == LayerKind::Dense && !convolutions)
            }
            Choice::ByKind { first: None, .. } | Choice::ByNumber(_) => false,
        }
    }
}

/// The number of a layer where `features` run from 0 to 30 and the classifier's modules follow from 31
/// (torchvision's VGG-16).
fn vgg_number(name: &str) -> Option<u32> {
    if let Some(number) = name.strip_prefix("features.") {
        return number.parse().ok();
    }
    if name == "avgpool" {
        return Some(30);
    }
    let number: u32 = name.strip_prefix("classifier.")?.parse().ok()?;
    number.checked_add(31)
}

impl fmt::Display for Composite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for Composite {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let names: Vec<_> = COMPOSITES.iter().map(|composite| &*composite.name).collect();
        let found = COMPOSITES.iter().find(|composite| composite.name == name);
        found.cloned().ok_or_else(|| UnknownName::new("composite", name, &names))
    }
}
