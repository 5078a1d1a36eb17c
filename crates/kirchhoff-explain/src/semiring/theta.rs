//! Which Θ a semiring takes: the named ones, or its own.

use std::sync::Arc;

use kirchhoff_evaluate::{
    Annotate, AnnotateLeaves, Annotations, BlockAnnotations, BlockEdges, BlockTheta, EdgeTheta, OwnAnnotations,
    OwnTheta, own_value,
};
use kirchhoff_semiring::{Annotation, Carrier, DefinitionFault, Embed, LawChecker, LawReport, Semiring};

/// What the annotations of a semiring mean: implemented by [`Named`] for semirings that take real numbers, and by [`Own`] for
/// those with a Θ of their own.
pub trait Thetas<S: Semiring>: Send + Sync + 'static {
    /// The annotations of the layers of a circuit.
    type Bound: Annotate<S> + AnnotateLeaves<S> + AsRef<Annotations> + AsMut<Annotations> + Clone + Send;

    /// The annotations of the layers of a circuit, which must have been [checked](Annotations::check) for the
    /// [carrier](Thetas::carrier).
    fn bind(&self, annotations: &Annotations) -> Self::Bound;

    /// The real numbers that stand for elements, and whether there is a Θ of the semiring's own.
    fn carrier(&self, semiring: &S) -> Carrier;

    /// `Θ(d)` on an edge of a layer.
    ///
    /// # Panics
    /// At an annotation that the carrier refuses, and at [`Annotation::Rank`].
    fn apply(&self, semiring: &S, annotation: Annotation, layer: &str, d: f32) -> S::Value;

    /// The element that a number of the carrier stands for; `None` where no number does.
    fn embed(&self, semiring: &S, x: f32) -> Option<S::Value>;

    /// Checks the axioms and the declared laws on the semiring's elements.
    fn check_laws(&self, semiring: &S) -> LawReport {
        LawChecker::new().check(semiring)
    }

    /// What went wrong in the operations of an evaluation, where they can: asked once after it.
    fn fault(&self, semiring: &S) -> Option<DefinitionFault> {
        let _ = semiring;
        None
    }
}

/// The annotations by name, of a semiring that takes real numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named;

impl<S: Embed> Thetas<S> for Named {
    type Bound = Annotations;

    fn bind(&self, annotations: &Annotations) -> Annotations {
        annotations.clone()
    }

    fn carrier(&self, semiring: &S) -> Carrier {
        semiring.carrier()
    }

    fn apply(&self, semiring: &S, annotation: Annotation, _: &str, d: f32) -> S::Value {
        annotation.apply(semiring, d)
    }

    fn embed(&self, semiring: &S, x: f32) -> Option<S::Value> {
        Some(semiring.embed(x))
    }
}

/// A Θ of the semiring's own, with the thresholds beside it, which suit any semiring.
#[derive(Debug)]
pub struct Own<F>(pub(crate) Arc<F>, pub(crate) bool);

impl<F> Clone for Own<F> {
    fn clone(&self) -> Self {
        Own(self.0.clone(), self.1)
    }
}

impl<S: Semiring, F: OwnTheta<S::Value> + 'static> Thetas<S> for Own<F> {
    type Bound = OwnAnnotations<Shared<F>>;

    fn bind(&self, annotations: &Annotations) -> Self::Bound {
        OwnAnnotations { annotations: annotations.clone(), own: Shared(self.0.clone()) }
    }

    fn carrier(&self, _: &S) -> Carrier {
        Carrier { own: self.1, ..Carrier::NONE }
    }

    fn apply(&self, semiring: &S, annotation: Annotation, layer: &str, d: f32) -> S::Value {
        own_value(&*self.0, semiring, annotation, layer, d)
    }

    fn embed(&self, _: &S, _: f32) -> Option<S::Value> {
        None
    }
}

/// A Θ that several evaluations share.
#[derive(Debug)]
pub struct Shared<F>(Arc<F>);

impl<F> Clone for Shared<F> {
    fn clone(&self) -> Self {
        Shared(self.0.clone())
    }
}

impl<V, F: OwnTheta<V>> OwnTheta<V> for Shared<F> {
    #[inline(always)]
    fn value(&self, layer: &str, d: f32) -> V {
        self.0.value(layer, d)
    }
}

/// What a semiring that takes numbers makes of one.
type EmbedNumber<V> = Arc<dyn Fn(f32) -> V + Send + Sync>;

/// A Θ of many contributions at a time, for semirings that [compute in blocks](Semiring::BLOCKWISE).
///
/// ```
/// use std::sync::Arc;
/// use kirchhoff::explain::{Blocks, Described, Question};
/// use kirchhoff::semiring::{Annotation, Embed, Viterbi};
///
/// let theta = |annotation: Annotation, d: &[f32], values: &mut [f32]| match annotation {
///     Annotation::Own => values.iter_mut().zip(d).for_each(|(value, d)| *value = d.abs().min(1.0)),
///     other => values.iter_mut().zip(d).for_each(|(value, d)| *value = other.apply(&Viterbi, *d)),
/// };
/// let blocks = Blocks::new(Arc::new(theta), true).with_numbers(Viterbi.carrier(), |x| Viterbi.embed(x));
/// let question = Question::of(Described::blockwise("blocks", Viterbi, blocks).with_rule("max-abs"));
/// assert_eq!(question.annotation, Annotation::Own);
/// ```
pub struct Blocks<V> {
    theta: Arc<BlockTheta<V>>,
    edges: Option<Arc<BlockEdges<V>>>,
    neurons: Option<Arc<EdgeTheta<V>>>,
    carrier: Carrier,
    embed: Option<EmbedNumber<V>>,
}

impl<V> Clone for Blocks<V> {
    fn clone(&self) -> Self {
        let (theta, edges, neurons) = (self.theta.clone(), self.edges.clone(), self.neurons.clone());
        Blocks { theta, edges, neurons, carrier: self.carrier, embed: self.embed.clone() }
    }
}

impl<V: 'static> Blocks<V> {
    /// The function gets the annotation of a layer, contributions, and as many places for their values. It is asked for the
    /// thresholds, for [`Annotation::Own`] where the semiring has one of its `own`, and for the other annotations where it
    /// takes [numbers](Blocks::with_numbers).
    pub fn new(theta: Arc<BlockTheta<V>>, own: bool) -> Self {
        Blocks { theta, edges: None, neurons: None, carrier: Carrier { own, ..Carrier::NONE }, embed: None }
    }

    /// The same for a semiring that takes the real numbers of a carrier.
    pub fn with_numbers(self, carrier: Carrier, embed: impl Fn(f32) -> V + Send + Sync + 'static) -> Self {
        Blocks { carrier: Carrier { own: self.carrier.own, ..carrier }, embed: Some(Arc::new(embed)), ..self }
    }

    /// The same with all that happens on edges in one operation, for semirings whose calls cost much: see
    /// [`JoinEdges`](kirchhoff_semiring::JoinEdges).
    pub fn with_edges(self, edges: Arc<BlockEdges<V>>) -> Self {
        Blocks { edges: Some(edges), ..self }
    }

    /// The same with a Θ of its own that asks for the neurons of an edge, which is then what [`Annotation::Own`] means.
    pub fn with_neurons(self, neurons: Arc<EdgeTheta<V>>) -> Self {
        Blocks { neurons: Some(neurons), carrier: Carrier { own: true, ..self.carrier }, ..self }
    }

    /// Whether Θ asks for the neurons of an edge.
    pub(crate) fn is_of_neurons(&self) -> bool {
        self.neurons.is_some()
    }

    /// Whether the semiring has a Θ of its own.
    pub(crate) fn has_own(&self) -> bool {
        self.carrier.own
    }
}

impl<S: Semiring> Thetas<S> for Blocks<S::Value>
where
    S::Value: 'static,
{
    type Bound = BlockAnnotations<S::Value>;

    fn bind(&self, annotations: &Annotations) -> Self::Bound {
        let (theta, edges, neurons) = (self.theta.clone(), self.edges.clone(), self.neurons.clone());
        BlockAnnotations { annotations: annotations.clone(), theta, fused: None, edges, neurons }
    }

    fn carrier(&self, _: &S) -> Carrier {
        self.carrier
    }

    fn apply(&self, semiring: &S, annotation: Annotation, _: &str, d: f32) -> S::Value {
        let mut value = [semiring.zero()];
        (self.theta)(annotation, &[d], &mut value);
        let [value] = value;
        value
    }

    fn embed(&self, _: &S, x: f32) -> Option<S::Value> {
        self.embed.as_ref().map(|embed| embed(x))
    }
}
