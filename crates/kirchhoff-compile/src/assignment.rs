//! Which rule each layer of a network takes.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use kirchhoff_network::{LayerKind, Network, Node, NodeId};
use kirchhoff_semiring::UnknownName;

use crate::composite::{Composite, MaximumPooling};
use crate::error::CompileError;
use crate::rule::Rule;
use crate::rules::{Bounds, Fits};
use crate::treatment::{AffineTreatment, Treatment, Treatments};

/// A choice of rules for the layers of any network: one for all, and others for single layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    base: Base,
    choices: Vec<(LayerPattern, Rule)>,
    /// How maximum pooling is treated.
    pub maximum_pooling: MaximumPooling,
    /// Bounds of the input, for z-box.
    pub bounds: Bounds,
    /// How relevance goes through what is no sum of weights.
    pub treatments: Treatments,
    /// The same for single layers; later ones win.
    pub layer_treatments: Vec<(LayerPattern, Treatments)>,
}

/// What layers take that no choice names.
#[derive(Clone, Debug, PartialEq)]
enum Base {
    Rule(Rule),
    Composite(Composite),
}

/// The name of a layer, or a glob pattern for several: `features.0`, `features.*`, `*`. Layers of ONNX models are also meant by the
/// [name](module_name) that PyTorch gives their module: `conv1` is `/conv1/Conv`.
#[derive(Clone, Debug)]
pub struct LayerPattern {
    text: String,
    glob: Option<GlobMatcher>,
}

/// Equal as text: the glob follows from it.
impl PartialEq for LayerPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl LayerPattern {
    /// Reads a name or a pattern.
    ///
    /// # Errors
    /// A pattern with unbalanced brackets or braces.
    pub fn new(text: &str) -> Result<Self, CompileError> {
        let glob = if text.contains(['*', '?', '[', '{']) {
            let glob = GlobBuilder::new(text).literal_separator(false).build().map_err(|error| {
                CompileError::Pattern { pattern: text.to_string(), reason: error.kind().to_string() }
            })?;
            Some(glob.compile_matcher())
        } else {
            None
        };
        Ok(LayerPattern { text: text.to_string(), glob })
    }

    /// Whether the layer `name` is meant, or its module. A name that is the text itself always is.
    pub fn matches(&self, name: &str) -> bool {
        let is = |name: &str| name == self.text || self.glob.as_ref().is_some_and(|glob| glob.is_match(name));
        is(name) || module_name(name).is_some_and(|module| is(&module))
    }

    /// Whether the text is a pattern for several layers.
    pub fn is_glob(&self) -> bool {
        self.glob.is_some()
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The name of the module that a layer of a model that PyTorch exported belongs to, as `named_modules` gives it: `layer4.0.conv1` of
/// `/layer4/layer4.0/conv1/Conv`. None of names of other kinds.
///
/// ```
/// use kirchhoff_compile::module_name;
///
/// assert_eq!(module_name("/layer4/layer4.0/conv1/Conv").as_deref(), Some("layer4.0.conv1"));
/// assert_eq!(module_name("/features/features.0/Conv").as_deref(), Some("features.0"));
/// assert_eq!(module_name("layer4.0.conv1"), None);
/// ```
pub fn module_name(layer: &str) -> Option<String> {
    let (scopes, _) = layer.strip_prefix('/')?.rsplit_once('/')?;
    let mut path: Vec<&str> = Vec::new();
    for scope in scopes.split('/') {
        // Members of a list or a sequence have its name in front of their own.
        if path.last().is_some_and(|last| scope.strip_prefix(last).is_some_and(|rest| rest.starts_with('.'))) {
            path.pop();
        }
        path.push(scope);
    }
    Some(path.join("."))
}

/// For a message about a layer that is not there: those that come nearest, as a question, and the first of those there are.
pub fn listed(pattern: &str, layers: &[&str]) -> (String, String) {
    const MOST: usize = 16;
    let modules: Vec<String> = layers.iter().filter_map(|layer| module_name(layer)).collect();
    let known: Vec<&str> = layers.iter().copied().chain(modules.iter().map(String::as_str)).collect();
    let mut nearest = UnknownName::new("layer", pattern, &known).nearest;
    nearest.dedup();
    let question = match nearest.is_empty() {
        true => String::new(),
        false => format!(" (did you mean `{}`?)", nearest.join("`, `")),
    };
    let rest = layers.len().saturating_sub(MOST);
    let rest = if rest > 0 { format!(", … and {rest} more") } else { String::new() };
    (question, layers[..layers.len().min(MOST)].join(", ") + &rest)
}

/// As lines of a name and a value each: equal texts are equal assignments, and the other way round.
impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.base {
            Base::Rule(rule) => writeln!(f, "rule: {}", rule.definition())?,
            Base::Composite(composite) => writeln!(f, "composite: {}", composite.definition())?,
        }
        for (pattern, rule) in &self.choices {
            // With its length in front, a pattern may hold any character.
            writeln!(f, "rule of {}:{}: {}", pattern.text.len(), pattern.text, rule.definition())?;
        }
        writeln!(f, "maximum pooling: {}", self.maximum_pooling.name())?;
        for (side, bounds) in [("low", &self.bounds.low), ("high", &self.bounds.high)] {
            let bounds: Vec<_> = bounds.iter().map(f32::to_string).collect();
            writeln!(f, "{side}: {}", bounds.join(", "))?;
        }
        // What was written before there were treatments is still the text of those that make no choice.
        if self.treatments != Treatments::default() {
            writeln!(f, "treatments: {}", self.treatments)?;
        }
        for (pattern, treatments) in &self.layer_treatments {
            writeln!(f, "treatments of {}:{}: {treatments}", pattern.text.len(), pattern.text)?;
        }
        Ok(())
    }
}

impl From<Rule> for Assignment {
    fn from(rule: Rule) -> Self {
        Assignment::new(Base::Rule(rule))
    }
}

impl From<Composite> for Assignment {
    fn from(composite: Composite) -> Self {
        let (maximum_pooling, treatments) = (composite.maximum_pooling, composite.treatments);
        Assignment::new(Base::Composite(composite)).with_maximum_pooling(maximum_pooling).with_treatments(treatments)
    }
}

impl Assignment {
    fn new(base: Base) -> Self {
        Assignment {
            base,
            choices: Vec::new(),
            maximum_pooling: MaximumPooling::default(),
            bounds: Bounds::default(),
            treatments: Treatments::default(),
            layer_treatments: Vec::new(),
        }
    }

    /// Chooses `rule` for the layers that `pattern` means; later choices win.
    pub fn choose(mut self, pattern: LayerPattern, rule: Rule) -> Self {
        self.choices.push((pattern, rule));
        self
    }

    /// Sets how maximum pooling is treated.
    pub fn with_maximum_pooling(mut self, maximum_pooling: MaximumPooling) -> Self {
        self.maximum_pooling = maximum_pooling;
        self
    }

    /// Sets how relevance goes through what is no sum of weights.
    pub fn with_treatments(mut self, treatments: Treatments) -> Self {
        self.treatments = treatments;
        self
    }

    /// Sets the same for the layers that `pattern` means; later choices win.
    pub fn treat(mut self, pattern: LayerPattern, treatments: Treatments) -> Self {
        self.layer_treatments.push((pattern, treatments));
        self
    }

    /// What relevance does at a node that is no sum of weights.
    pub(crate) fn treatment(&self, network: &Network, id: NodeId) -> Option<Treatment> {
        self.treatments_of(network.node(id)).of(network, id)
    }

    fn treatments_of(&self, node: &Node) -> Treatments {
        let own = self.layer_treatments.iter().rev().filter(|(pattern, _)| pattern.matches(&node.name));
        own.fold(Treatments::default(), |all, (_, earlier)| all.or(*earlier)).or(self.treatments)
    }

    /// Sets the bounds of the input.
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// The rule of every node of a network, in the network's order; the input's is `pass`.
    ///
    /// # Errors
    /// A rule with arguments that it does not take, one that does not fit the layer that it was named for, or a choice that
    /// means no layer.
    pub fn resolve(&self, network: &Network) -> Result<Vec<Rule>, CompileError> {
        if let Base::Rule(rule) = &self.base {
            rule.check()?;
        }
        for (pattern, rule) in &self.choices {
            rule.check()?;
            let edges = |node: &Node| !node.operator.kind().is_passing();
            if !network.nodes().any(|(_, node)| pattern.matches(&node.name)) {
                let layers: Vec<_> =
                    network.nodes().filter(|(_, node)| edges(node)).map(|(_, node)| &node.name[..]).collect();
                let (nearest, layers) = listed(&pattern.text, &layers);
                return Err(CompileError::NoLayer { pattern: pattern.text.clone(), nearest, layers });
            }
        }
        // Whether a layer that could be a first one comes before each node, or is it.
        let mut behind: Vec<bool> = Vec::new();
        let mut rule_of = |(id, node): (NodeId, &Node)| {
            let kind = node.operator.kind();
            let takes_first = !network.is_given(id)
                && matches!(&self.base, Base::Composite(composite) if composite.takes_first(kind));
            let follows = network.arguments(id).iter().any(|argument| behind[argument.index()]);
            let first = takes_first && !follows;
            behind.push(takes_first || follows);
            if network.inputs().contains(&id) { Ok(Rule::PASS) } else { self.rule(node, kind, first) }
        };
        network.nodes().map(&mut rule_of).collect()
    }

    fn rule(&self, node: &Node, kind: LayerKind, first: bool) -> Result<Rule, CompileError> {
        match self.choices.iter().rev().find(|(pattern, _)| pattern.matches(&node.name)) {
            // A module may have several layers.
            Some((pattern, rule)) if pattern.is_glob() || pattern.text != node.name => {
                self.spread(rule.clone(), node, kind)
            }
            Some((_, rule)) => self.named(rule.clone(), node, kind),
            None => match &self.base {
                Base::Rule(rule) => self.spread(rule.clone(), node, kind),
                Base::Composite(_) if kind.is_passing() => Ok(Rule::PASS),
                Base::Composite(_) if self.passes_affine(kind, node) => Ok(Rule::PASS),
                Base::Composite(composite) => {
                    let module = module_name(&node.name);
                    let numbered = module.as_deref().unwrap_or(&node.name);
                    let rule = composite.rule(kind, numbered, first).ok_or_else(|| CompileError::Unnumbered {
                        composite: composite.name.to_string(),
                        layer: node.name.clone(),
                    })?;
                    self.spread(rule, node, kind)
                }
            },
        }
    }

    /// Whether a multiplication and addition per channel shall pass relevance on.
    fn passes_affine(&self, kind: LayerKind, node: &Node) -> bool {
        kind == LayerKind::Affine && self.treatments_of(node).affine == Some(AffineTreatment::Pass)
    }

    /// The rule that a layer takes of one that was named for several.
    fn spread(&self, rule: Rule, node: &Node, kind: LayerKind) -> Result<Rule, CompileError> {
        match (kind, rule.fits()) {
            (LayerKind::Passing | LayerKind::Conditional | LayerKind::Constant | LayerKind::Product, _) => {
                Ok(Rule::PASS)
            }
            (LayerKind::Extreme { .. }, _) => Ok(Rule::WINNER),
            (LayerKind::MaximumPooling, _) if self.maximum_pooling == MaximumPooling::Winner => Ok(Rule::WINNER),
            (_, Fits::Weighted) if !kind.is_weighted() => Ok(Rule::NORM),
            _ => self.named(rule, node, kind),
        }
    }

    /// The rule that was named for this layer, if it fits.
    fn named(&self, rule: Rule, node: &Node, kind: LayerKind) -> Result<Rule, CompileError> {
        let pools_winner = kind == LayerKind::MaximumPooling && self.maximum_pooling == MaximumPooling::Winner;
        let fits = rule.fits();
        let fit = match fits {
            Fits::Any => !kind.is_passing() && !pools_winner,
            Fits::Weighted => kind.is_weighted(),
            Fits::Unweighted => !kind.is_weighted() && !kind.is_passing() && !pools_winner,
            Fits::Passing => {
                kind.is_passing() || matches!(kind, LayerKind::Affine | LayerKind::Scale | LayerKind::Addition)
            }
            Fits::MaximumPooling => kind == LayerKind::MaximumPooling,
        };
        let wins = matches!(kind, LayerKind::Extreme { .. } | LayerKind::Product);
        if fit && !wins {
            return Ok(rule);
        }
        Err(CompileError::Unfit {
            rule: rule.to_string(),
            layer: node.name.clone(),
            operator: node.operator.name(),
            fits: fits.to_string(),
            hint: if pools_winner { "; treat maximum pooling as average to give it one" } else { "" },
        })
    }
}
