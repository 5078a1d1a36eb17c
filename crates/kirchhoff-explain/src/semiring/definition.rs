//! Semirings of definitions: expressions that are read from a file or a line, and run in blocks.

use std::sync::Arc;

use kirchhoff_evaluate::{Annotations, BlockAnnotations, BlockEdges, BlockTheta, EdgeTheta};
use kirchhoff_kernel::EdgeBlock;
use kirchhoff_semiring::{
    Annotation, Carrier, Cells, Defined, DefinedVisitor, Definition, Embed, Interval, LawChecker, LawReport, Project,
    Semiring,
};

use super::described::Described;
use super::theta::Thetas;
use super::{AnySemiring, DefinitionFault};

impl From<&Definition> for AnySemiring {
    /// The semiring of a definition. Its laws are not checked here: [`Definition::check`] does so.
    fn from(definition: &Definition) -> Self {
        definition.semiring().visit(Make(definition))
    }
}

/// What annotations mean for the semiring of a definition: its own Θ, thresholds, and, where values are one number, the
/// annotations by name.
pub struct Expressions<V> {
    definition: Definition,
    theta: Arc<BlockTheta<V>>,
    edges: Arc<BlockEdges<V>>,
    /// Θ of edges with their neurons, where it asks for them.
    neurons: Option<Arc<EdgeTheta<V>>>,
    /// The annotation that Θ is by another name, under which kernels of the built-in semirings may run.
    fused: Option<Annotation>,
    carrier: Carrier,
    embed: Option<Box<dyn Fn(f32) -> V + Send + Sync>>,
}

impl<V: Cells> Thetas<Defined<V>> for Expressions<V>
where
    Defined<V>: Project<Value = V>,
{
    type Bound = BlockAnnotations<V>;

    fn bind(&self, annotations: &Annotations) -> BlockAnnotations<V> {
        let (theta, edges, neurons) = (self.theta.clone(), Some(self.edges.clone()), self.neurons.clone());
        BlockAnnotations { annotations: annotations.clone(), theta, fused: self.fused, edges, neurons }
    }

    fn carrier(&self, _: &Defined<V>) -> Carrier {
        self.carrier
    }

    fn apply(&self, semiring: &Defined<V>, annotation: Annotation, _: &str, d: f32) -> V {
        let mut value = [semiring.zero()];
        (self.theta)(annotation, &[d], &mut value);
        value[0]
    }

    fn embed(&self, _: &Defined<V>, x: f32) -> Option<V> {
        self.embed.as_ref().map(|embed| embed(x))
    }

    fn check_laws(&self, semiring: &Defined<V>) -> LawReport {
        match self.definition.check() {
            Ok(report) => report,
            Err(kirchhoff_semiring::DefinitionError::Laws { report, .. }) => *report,
            Err(_) => LawChecker::new().check(semiring),
        }
    }

    fn fault(&self, semiring: &Defined<V>) -> Option<DefinitionFault> {
        semiring.take_fault().err()
    }
}

/// What an annotation by name makes of a contribution.
type Apply<V> = fn(&Defined<V>, Annotation, f32) -> V;

/// Makes an [`AnySemiring`] of each type of values.
struct Make<'a>(&'a Definition);

impl Make<'_> {
    fn described<V: Cells>(
        self,
        semiring: &Defined<V>,
        carrier: Carrier,
        numbers: Option<Apply<V>>,
        embed: Option<Box<dyn Fn(f32) -> V + Send + Sync>>,
    ) -> AnySemiring
    where
        Defined<V>: Project<Value = V>,
    {
        let of = semiring.clone();
        let theta = move |annotation: Annotation, d: &[f32], values: &mut [V]| {
            let truth = |holds: bool| if holds { of.one() } else { of.zero() };
            let pairs = values.iter_mut().zip(d);
            match (annotation, numbers) {
                (Annotation::Own, _) => of.theta_block(d, values),
                (Annotation::Threshold(theta), _) => pairs.for_each(|(value, d)| *value = truth(*d >= theta)),
                (Annotation::ThresholdAbs(theta), _) => pairs.for_each(|(value, d)| *value = truth(d.abs() > theta)),
                (annotation, Some(apply)) => pairs.for_each(|(value, &d)| *value = apply(&of, annotation, d)),
                (annotation, None) => panic!("annotation `{annotation}` yields numbers, which records are not"),
            }
        };
        // Of a Θ that is an annotation by another name the built-in kernels know what it yields.
        let named = semiring.annotation().filter(|annotation| numbers.is_some() || annotation.is_threshold());
        let carrier = Carrier { own: named.is_none(), ..carrier };
        let (of, theta) = (semiring.clone(), Arc::new(theta));
        let edges = Arc::new(move |annotation| of.edges(annotation));
        let of_neurons = semiring.theta_of_neurons();
        let neurons = of_neurons.then(|| {
            let of = semiring.clone();
            let number = |neurons: &[usize]| neurons.iter().map(|&neuron| neuron as u64).collect::<Vec<_>>();
            let theta = move |edges: &EdgeBlock<'_>, values: &mut [V]| {
                of.theta_of_edges(edges.contributions, &number(edges.sources), &number(edges.destinations), values);
            };
            Arc::new(theta) as Arc<EdgeTheta<V>>
        });
        let thetas = Expressions { definition: self.0.clone(), theta, edges, neurons, fused: named, carrier, embed };
        let within_unit = semiring.clone().with_contributions(Interval::UNIT);
        let (name, semiring) = (self.0.name().to_string(), semiring.clone());
        Described::with_thetas(name, semiring, within_unit, carrier, of_neurons, thetas)
            .with_info(|info| {
                self.0.describe(info);
                info.annotation = named.unwrap_or(Annotation::Own);
                info.own_theta = Some(self.0.theta_text().into());
            })
            .into()
    }
}

impl DefinedVisitor for Make<'_> {
    type Output = AnySemiring;

    fn number<V: Cells>(self, semiring: &Defined<V>) -> AnySemiring
    where
        Defined<V>: Embed<Value = V>,
    {
        let of = semiring.clone();
        let embed = Box::new(move |x: f32| of.embed(x));
        self.described(semiring, semiring.carrier(), Some(|of, annotation, d| annotation.apply(of, d)), Some(embed))
    }

    fn record<V: Cells>(self, semiring: &Defined<V>) -> AnySemiring {
        self.described(semiring, Carrier::NONE, None, None)
    }
}
