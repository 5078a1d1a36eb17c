//! How relevance goes through what is no sum of weights: products, softmax, normalisation.

use std::fmt;
use std::str::FromStr;

use kirchhoff_circuit::{LayerRule, Normaliser, Part, SeparableRule, Stabiliser};
use kirchhoff_kernel::{Slopes, SourceFactor, WeightFactor};
use kirchhoff_network::{LayerKind, Network, NodeId};
use kirchhoff_semiring::UnknownName;

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every choice.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The name, as users write it.
            pub fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                let names: Vec<_> = $name::ALL.iter().map(|choice| choice.name()).collect();
                let found = $name::ALL.iter().find(|choice| choice.name() == name);
                found.copied().ok_or_else(|| UnknownName::new($what, name, &names))
            }
        }
    };
}

choices! {
    /// How relevance goes through products of two values that depend on the input (Achtibat et al. 2024, Propositions 3.2 and
    /// 3.3; Arras et al. 2017).
    ProductTreatment, "treatment of products" {
        /// Half of it to either factor. In a matrix product, by the contributions to the result, of which there are two for
        /// each of its products.
        Half = "half",
        /// All of it to the factor that is no gate, which counts as a weight.
        Signal = "signal",
    }
}

choices! {
    /// How relevance goes through a softmax inside the network.
    SoftmaxTreatment, "treatment of softmax" {
        /// It ends there: what a softmax computes is a gate, and counts as constant.
        Constant = "constant",
        /// By its Taylor expansion: `d[i,k] = x[i] · (δ[i,k] − s[i])` (Achtibat et al. 2024, Proposition 3.1).
        Taylor = "taylor",
    }
}

choices! {
    /// How relevance goes through layer, group, instance and root-mean-square normalisation. The divisor counts as constant.
    NormalisationTreatment, "treatment of normalisation" {
        /// As through the linear layer that is left: values less their mean, times factors.
        Linear = "linear",
        /// Unchanged (Achtibat et al. 2024, Proposition 3.4).
        Identity = "identity",
    }
}

choices! {
    /// How relevance goes through multiplications and additions per channel that could not be folded into a linear layer, as of
    /// batch normalisation behind a sum.
    AffineTreatment, "treatment of per-channel layers" {
        /// As through any linear layer.
        Linear = "linear",
        /// Unchanged, as Zennit does. Through many in a row, as in dense blocks, it may grow past any number.
        Pass = "pass",
    }
}

/// Choices that nobody need make: where they are left out, the network decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Treatments {
    /// Of products, value by value. By default `signal` where one factor is a gate (the output of a sigmoid, hard sigmoid or
    /// softmax, or a factor that is repeated over the other), else `half`.
    pub product: Option<ProductTreatment>,
    /// Of matrix products, likewise.
    pub matrix_product: Option<ProductTreatment>,
    /// Of softmax inside the network; `constant` by default.
    pub softmax: Option<SoftmaxTreatment>,
    /// Of normalisation; `linear` by default.
    pub normalisation: Option<NormalisationTreatment>,
    /// Of root-mean-square normalisation, where that differs from the others.
    pub root_mean_square: Option<NormalisationTreatment>,
    /// Of multiplications and additions per channel, under composites; `linear` by default.
    pub affine: Option<AffineTreatment>,
}

/// As `name=choice`, those that are made.
impl fmt::Display for Treatments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Treatments { product, matrix_product, softmax, normalisation, root_mean_square, affine } = self;
        let made = [
            ("product", product.map(ProductTreatment::name)),
            ("matrix product", matrix_product.map(ProductTreatment::name)),
            ("softmax", softmax.map(SoftmaxTreatment::name)),
            ("normalisation", normalisation.map(NormalisationTreatment::name)),
            ("root mean square", root_mean_square.map(NormalisationTreatment::name)),
            ("affine", affine.map(AffineTreatment::name)),
        ];
        let made: Vec<String> =
            made.into_iter().filter_map(|(what, choice)| Some(format!("{what}={}", choice?))).collect();
        f.write_str(&made.join(", "))
    }
}

impl Treatments {
    /// No choice.
    pub const NONE: Treatments = Treatments {
        product: None,
        matrix_product: None,
        softmax: None,
        normalisation: None,
        root_mean_square: None,
        affine: None,
    };

    /// These, and others where these leave the choice.
    pub fn or(self, others: Treatments) -> Treatments {
        Treatments {
            product: self.product.or(others.product),
            matrix_product: self.matrix_product.or(others.matrix_product),
            softmax: self.softmax.or(others.softmax),
            normalisation: self.normalisation.or(others.normalisation),
            root_mean_square: self.root_mean_square.or(self.normalisation).or(others.root_mean_square),
            affine: self.affine.or(others.affine),
        }
    }

    /// What relevance does at a node that has a treatment; `None` at others.
    pub(crate) fn of(&self, network: &Network, id: NodeId) -> Option<Treatment> {
        match network.node(id).operator.kind() {
            LayerKind::Product => Some(match self.factor(network, id, self.product) {
                Some(signal) => Treatment::Signal(signal),
                None => Treatment::Halves,
            }),
            LayerKind::MatrixProduct => self.factor(network, id, self.matrix_product).map(Treatment::Factor),
            LayerKind::Softmax => Some(match self.softmax {
                None | Some(SoftmaxTreatment::Constant) => Treatment::Nothing,
                Some(SoftmaxTreatment::Taylor) => Treatment::Taylor,
            }),
            LayerKind::Normalisation { centred } => {
                let own = if centred { None } else { self.root_mean_square };
                let identity = own.or(self.normalisation) == Some(NormalisationTreatment::Identity);
                identity.then_some(Treatment::Identity)
            }
            _ => None,
        }
    }

    /// The factor that all relevance of a product goes to, if it goes to one.
    fn factor(&self, network: &Network, id: NodeId, chosen: Option<ProductTreatment>) -> Option<usize> {
        // One that is a constant of the execution is no factor that relevance could go to.
        if let [first, second] = network.arguments(id)[..] {
            match [first, second].map(|argument| network.is_given(argument)) {
                [true, false] => return Some(1),
                [false, true] => return Some(0),
                _ => {}
            }
        }
        match (chosen, gate(network, id)) {
            (Some(ProductTreatment::Half), _) | (None, None) => None,
            (_, Some(gate)) => Some(1 - gate),
            // Without a gate, the first factor is the signal.
            (Some(ProductTreatment::Signal), None) => Some(0),
        }
    }
}

/// What relevance does at a node that is no sum of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// Half of it goes to either factor.
    Halves,
    /// All of it passes to one factor of a product, by number.
    Signal(usize),
    /// It goes to one factor of a matrix product, under the layer's rule; the other is its weights.
    Factor(usize),
    /// It ends.
    Nothing,
    /// It follows the Taylor expansion of a softmax.
    Taylor,
    /// It passes to the same place.
    Identity,
}

impl Treatment {
    /// The name that stands for the rule; `None` where the layer's rule holds.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Treatment::Halves => Some("half"),
            Treatment::Signal(_) => Some("signal"),
            Treatment::Factor(_) => None,
            Treatment::Nothing => Some("constant"),
            Treatment::Taylor => Some("taylor"),
            Treatment::Identity => Some("identity"),
        }
    }
}

/// The factor of a product that is a gate, if one of the two is: one that a sigmoid, a hard sigmoid or a softmax computes,
/// through views, dropout and constants; if neither or both are, one that is repeated over the other.
fn gate(network: &Network, id: NodeId) -> Option<usize> {
    let arguments = network.arguments(id);
    let [first, second] = arguments[..] else { return None };
    match [first, second].map(|argument| is_gate(network, argument)) {
        [true, false] => return Some(0),
        [false, true] => return Some(1),
        _ => {}
    }
    if network.node(id).operator.kind() == LayerKind::MatrixProduct {
        return None;
    }
    let [a, b] = [first, second].map(|argument| &network.node(argument).shape[..]);
    let rank = a.len().max(b.len());
    let length = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |own| shape[own]);
    let smaller = |a: &[usize], b: &[usize]| {
        let pairs = || (0..rank).map(|axis| (length(a, axis), length(b, axis)));
        pairs().any(|(a, b)| a == 1 && b > 1) && pairs().all(|(a, b)| a <= b)
    };
    match [smaller(a, b), smaller(b, a)] {
        [true, false] => Some(0),
        [false, true] => Some(1),
        _ => None,
    }
}

fn is_gate(network: &Network, mut id: NodeId) -> bool {
    loop {
        let node = network.node(id);
        if node.operator.is_gate() {
            return true;
        }
        match network.arguments(id)[..] {
            [argument] if node.operator.keeps_gates() => id = argument,
            _ => return false,
        }
    }
}

/// Half of the relevance on every edge, whatever the activations.
pub(crate) fn halves() -> LayerRule {
    let numerators = vec![(SourceFactor::One, WeightFactor::One)];
    let part = Part { coefficient: 0.5, ..fixed(numerators) };
    LayerRule::Separable(SeparableRule { parts: vec![part] })
}

/// `d[i,k] = x[i] · w[i,k]`, over the derivatives of a softmax as weights; shares of the largest magnitude where the rule is one
/// of maxima.
pub(crate) fn taylor(rule: &LayerRule) -> LayerRule {
    let maximum = match rule {
        LayerRule::Separable(rule) => rule.parts.iter().find(|part| part.normaliser == Normaliser::Maximum),
        LayerRule::Pass | LayerRule::Winner | LayerRule::Least | LayerRule::Chosen => None,
    };
    let slopes = if maximum.is_some() { Slopes::ABSOLUTE } else { Slopes::IDENTITY };
    let numerators = vec![(SourceFactor::Activation(slopes), WeightFactor::Weight(slopes))];
    let part = match maximum {
        Some(part) => Part { numerators, ..part.clone() },
        None => fixed(numerators),
    };
    LayerRule::Separable(SeparableRule { parts: vec![part] })
}

/// Numerators that are the contributions.
fn fixed(numerators: Vec<(SourceFactor, WeightFactor)>) -> Part {
    let stabiliser = Stabiliser::Signed(0.0);
    Part { bias: false, normaliser: Normaliser::One, stabiliser, ..Part::share(numerators, 0.0) }
}
