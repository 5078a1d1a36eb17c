//! Composites: a rule for each kind of layer.

use std::fmt;
use std::str::FromStr;

use kirchhoff_network::LayerKind;
use kirchhoff_semiring::UnknownName;

use crate::rule::{EPSILON, Rule};

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
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Composite {
    /// The name.
    pub name: &'static str,
    /// What it does, in words.
    pub description: &'static str,
    choice: Choice,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Choice {
    /// By the kind of the layer, with a rule of its own for the first layer of some kinds.
    ByKind { first: Option<First>, convolution: Rule, dense: Rule },
    /// By the number of the layer in torchvision's VGG: up to which number each rule goes.
    ByNumber(&'static [(u32, Rule)]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct First {
    /// Whether only convolutions count.
    convolutions: bool,
    rule: Rule,
}

const EPSILON_RULE: Rule = Rule::Epsilon(EPSILON);
const ALPHA2_BETA1: Rule = Rule::AlphaBeta(2.0, 1.0);
const FLAT_FIRST: Option<First> = Some(First { convolutions: false, rule: Rule::Flat });

static COMPOSITES: [Composite; 7] = [
    Composite {
        name: "epsilon",
        description: "epsilon on every linear layer",
        choice: Choice::ByKind { first: None, convolution: EPSILON_RULE, dense: EPSILON_RULE },
    },
    Composite {
        name: "epsilon-gamma-box",
        description: "z-box on the first convolution, gamma(0.25) on the others, epsilon on dense layers",
        choice: Choice::ByKind {
            first: Some(First { convolutions: true, rule: Rule::ZBox(None) }),
            convolution: Rule::Gamma(0.25),
            dense: EPSILON_RULE,
        },
    },
    Composite {
        name: "epsilon-plus",
        description: "z-plus on convolutions, epsilon on dense layers",
        choice: Choice::ByKind { first: None, convolution: Rule::ZPlus, dense: EPSILON_RULE },
    },
    Composite {
        name: "epsilon-alpha2-beta1",
        description: "alpha-beta(2,1) on convolutions, epsilon on dense layers",
        choice: Choice::ByKind { first: None, convolution: ALPHA2_BETA1, dense: EPSILON_RULE },
    },
    Composite {
        name: "epsilon-plus-flat",
        description: "flat on the first linear layer, then as epsilon-plus",
        choice: Choice::ByKind { first: FLAT_FIRST, convolution: Rule::ZPlus, dense: EPSILON_RULE },
    },
    Composite {
        name: "epsilon-alpha2-beta1-flat",
        description: "flat on the first linear layer, then as epsilon-alpha2-beta1",
        choice: Choice::ByKind { first: FLAT_FIRST, convolution: ALPHA2_BETA1, dense: EPSILON_RULE },
    },
    Composite {
        name: "paper-vgg",
        description: "VGG layers 0: zero, 1–16: gamma(0.25), 17–30: epsilon-rms(0.25), from 31: zero; maximum pooling averaged (Groudiev & Maniu 2024)",
        choice: Choice::ByNumber(&[
            (0, Rule::Zero),
            (16, Rule::Gamma(0.25)),
            (30, Rule::EpsilonRms(0.25)),
            (u32::MAX, Rule::Zero),
        ]),
    },
];

/// Every composite.
pub fn composites() -> &'static [Composite] {
    &COMPOSITES
}

impl Composite {
    /// The rule for a layer with edges. `first` says whether it is the first of its kind, as
    /// [`takes_first`](Composite::takes_first) counts, `name` is the layer's name.
    ///
    /// Rules that speak of weights become `norm` on layers without them. `None` if the composite goes by numbers and
    /// the layer has none.
    pub(crate) fn rule(&self, kind: LayerKind, name: &str, first: bool) -> Option<Rule> {
        let rule = match self.choice {
            Choice::ByKind { first: special, convolution, dense } => match (kind, special) {
                (LayerKind::Dense | LayerKind::Convolution, Some(special)) if first => special.rule,
                (LayerKind::Dense, _) => dense,
                (LayerKind::Convolution, _) => convolution,
                (LayerKind::Affine | LayerKind::Passing | LayerKind::Softmax, _) => Rule::Pass,
                (LayerKind::AveragePooling | LayerKind::MaximumPooling | LayerKind::Addition, _) => Rule::Norm,
            },
            Choice::ByNumber(_) if kind == LayerKind::Affine => Rule::Pass,
            Choice::ByNumber(ranges) => {
                let number = vgg_number(name)?;
                ranges.iter().find(|&&(last, _)| number <= last)?.1
            }
        };
        Some(rule)
    }

    /// How the composite treats maximum pooling, unless the user says otherwise: as the paper did where it is the paper's.
    pub fn maximum_pooling(&self) -> MaximumPooling {
        match self.choice {
            Choice::ByKind { .. } => MaximumPooling::Winner,
            Choice::ByNumber(_) => MaximumPooling::Average,
        }
    }

    /// Whether a layer of this kind counts as the first that the composite has a rule of its own for.
    pub(crate) fn takes_first(&self, kind: LayerKind) -> bool {
        match self.choice {
            Choice::ByKind { first: Some(First { convolutions, .. }), .. } => {
                kind == LayerKind::Convolution || (kind == LayerKind::Dense && !convolutions)
            }
            _ => false,
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
        f.write_str(self.name)
    }
}

impl FromStr for Composite {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let names: Vec<_> = COMPOSITES.iter().map(|composite| composite.name).collect();
        let found = COMPOSITES.iter().find(|composite| composite.name == name);
        found.copied().ok_or_else(|| UnknownName::new("composite", name, &names))
    }
}
