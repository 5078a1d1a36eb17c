//! A case: one network, one batch of inputs and the rules of its layers, evaluated by the oracle and by the evaluator.

use kirchhoff_circuit::{LayeredCircuit, TensorId};
use kirchhoff_compile::{Rule, compile};
use kirchhoff_evaluate::{Amount, Annotate, Annotations, Bookkeeping, Keep, Ledger, stream};
use kirchhoff_network::Execution;
use kirchhoff_semiring::{Annotation, Embed, Semiring, SemiringInfo, SemiringVisitor, visit};

use crate::approximate::Approximate;
use crate::edges::{Edge, biases, edges};
use crate::network::Description;
use crate::relevance::{Algebra, Annotated, Range, Row, relevance};
use crate::rules::{Contributions, Request, Situation, contributions};

/// A network with activations, rules and contributions.
pub struct Case {
    /// The network.
    pub description: Description,
    /// The rule of every layer.
    pub rules: Vec<Rule>,
    /// The edges of every layer.
    pub edges: Vec<Vec<Edge>>,
    /// The evaluator's circuit.
    pub circuit: LayeredCircuit,
    /// The contributions of every execution and layer.
    pub contributions: Vec<Vec<Contributions>>,
}

/// The relevance that an output starts with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// The semiring's 0.
    Zero,
    /// The semiring's 1.
    One,
    /// What this number stands for.
    Number(f32),
}

impl Start {
    /// The value in a semiring.
    pub fn embed<S: Embed>(self, semiring: &S) -> S::Value {
        match self {
            Start::Zero => semiring.zero(),
            Start::One => semiring.one(),
            Start::Number(number) => semiring.embed(number),
        }
    }
}

/// What the evaluator found.
pub struct Evaluated<V> {
    /// The relevance of every tensor: all executions, one after the other.
    pub relevance: Vec<Vec<V>>,
    /// One ledger an execution.
    pub ledgers: Vec<Ledger>,
}

impl Case {
    /// Runs, compiles and lays out a network on a batch of inputs.
    ///
    /// # Errors
    /// Values that overflow single precision.
    pub fn new(description: Description, request: &Request, inputs: &[f32], batch: usize) -> Result<Self, String> {
        let execution = Execution::run(description.network(), inputs, batch, &()).map_err(|error| error.to_string())?;
        let circuit = compile(&execution, &request.assignment()).map_err(|error| error.to_string())?;
        let edges: Vec<Vec<Edge>> = description
            .layers
            .iter()
            .map(|layer| if layer.arguments.is_empty() { Vec::new() } else { edges_of(&description, layer) })
            .collect();
        let rules = request.rules(&description);
        let mut case = Case { description, rules, edges, circuit, contributions: Vec::new() };
        case.contributions = (0..batch).map(|execution| case.contributions_of(execution, request)).collect();
        Ok(case)
    }

    fn contributions_of(&self, execution: usize, request: &Request) -> Vec<Contributions> {
        let of = |(index, layer): (usize, &crate::network::Layer)| {
            let sources: Vec<&[f32]> =
                layer.arguments.iter().map(|&argument| self.activations(argument, execution)).collect();
            let bias = biases(&layer.operator, &layer.shape);
            let situation = Situation {
                edges: &self.edges[index],
                bias: &bias,
                sources: &sources,
                outputs: self.activations(index, execution),
                bounds: &request.bounds,
            };
            contributions(&situation, &self.rules[index])
        };
        self.description.layers.iter().enumerate().map(of).collect()
    }

    /// The tensor of a layer in the circuit.
    pub fn tensor(&self, layer: usize) -> TensorId {
        self.circuit.find(&self.description.layers[layer].name).unwrap()
    }

    /// The position of a layer by its name.
    pub fn layer(&self, name: &str) -> usize {
        self.description.layers.iter().position(|layer| layer.name == name).unwrap()
    }

    /// The number of neurons of a layer's result.
    pub fn size(&self, layer: usize) -> usize {
        self.description.layers[layer].shape.iter().product()
    }

    /// The position of the last layer.
    pub fn last(&self) -> usize {
        self.description.layers.len() - 1
    }

    /// The activations that the evaluator found, in one execution.
    pub fn activations(&self, layer: usize, execution: usize) -> &[f32] {
        let size = self.size(layer);
        &self.circuit.tensor(self.tensor(layer)).activations[execution * size..(execution + 1) * size]
    }

    /// Whether the contributions are certain enough to compare anything.
    pub fn is_certain(&self) -> bool {
        let mut all = self.contributions.iter().flatten().flat_map(|layer| layer.edges.iter().chain(&layer.bias));
        all.all(|d| d.value.is_finite() && d.error.is_finite())
    }

    /// The evaluator's annotations: one a layer of the description, the input included.
    pub fn annotations(&self, chosen: &[Annotation]) -> Annotations {
        Annotations::new(self.circuit.layers().iter().map(|layer| chosen[self.layer(&layer.name)]).collect())
    }

    /// Θ of every edge of an execution, in a row of the table of semirings; nothing where rounding may decide.
    pub fn theta(&self, row: &Row, chosen: &[Annotation], execution: usize) -> Option<Vec<Vec<Range>>> {
        let of = |(index, contributions): (usize, &Contributions)| -> Option<Vec<Range>> {
            if self.rules[index] == Rule::PASS {
                return Some(vec![row.one(); contributions.edges.len()]);
            }
            // The winner takes all, whatever Θ; the edges of the others are none.
            if self.rules[index] == Rule::WINNER {
                let own = |d: &Approximate| if d.value == 1.0 { row.one() } else { row.zero() };
                return Some(contributions.edges.iter().map(own).collect());
            }
            let all = &contributions.edges;
            all.iter().map(|&d| row.annotate(chosen[index], d, all)).collect()
        };
        self.contributions[execution].iter().enumerate().map(of).collect()
    }

    /// Relevance by the definition, from Θ of every edge.
    pub fn relevance<A: Algebra>(
        &self,
        algebra: &A,
        theta: Vec<Vec<A::Value>>,
        start: Vec<A::Value>,
    ) -> Vec<Vec<A::Value>> {
        let layers = self.description.layers.iter().zip(&self.edges).zip(theta);
        let layers: Vec<_> =
            layers.map(|((layer, edges), theta)| Annotated { arguments: &layer.arguments, edges, theta }).collect();
        let sizes: Vec<usize> = (0..layers.len()).map(|layer| self.size(layer)).collect();
        relevance(algebra, &sizes, &layers, start)
    }

    /// Relevance by the evaluator.
    pub fn evaluate<S: Semiring>(
        &self,
        semiring: &S,
        annotations: &impl Annotate<S>,
        start: &[S::Value],
        amount: Amount<'_, S::Value>,
    ) -> Evaluated<S::Value> {
        let mut keep = Keep::all(&self.circuit);
        let ledgers =
            stream(&self.circuit, semiring, annotations, start, Bookkeeping { amount, kept: true }, &mut keep, &())
                .unwrap();
        let of = |layer| keep.relevance(self.tensor(layer)).map(<[_]>::to_vec).unwrap_or_default();
        Evaluated { relevance: (0..=self.last()).map(of).collect(), ledgers }
    }

    /// Relevance by the evaluator in the registered semiring of a name, as numbers; nothing if the annotations leave
    /// its carrier. `start` is for all executions.
    pub fn evaluate_named(&self, semiring: &str, chosen: &[Annotation], start: &[Start]) -> Option<Evaluated<f64>> {
        visit(semiring, Named { case: self, annotations: self.annotations(chosen), start }).unwrap()
    }
}

fn edges_of(description: &Description, layer: &crate::network::Layer) -> Vec<Edge> {
    edges(&layer.operator, &description.shapes(layer))
}

struct Named<'a> {
    case: &'a Case,
    annotations: Annotations,
    start: &'a [Start],
}

impl SemiringVisitor for Named<'_> {
    type Output = Option<Evaluated<f64>>;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> Self::Output {
        self.annotations.check(&self.case.circuit, &info.name, semiring.carrier()).ok()?;
        let start: Vec<S::Value> = self.start.iter().map(|start| start.embed(&semiring)).collect();
        let Evaluated { relevance, ledgers } = self.case.evaluate(&semiring, &self.annotations, &start, None);
        let project = |tensor: &Vec<S::Value>| tensor.iter().map(|value| semiring.project(value)).collect();
        Some(Evaluated { relevance: relevance.iter().map(project).collect(), ledgers })
    }
}

/// Any semiring, as the oracle computes in it.
pub struct Own<S>(pub S);

impl<S: Semiring> Algebra for Own<S> {
    type Value = S::Value;

    fn zero(&self) -> S::Value {
        self.0.zero()
    }

    fn one(&self) -> S::Value {
        self.0.one()
    }

    fn plus(&self, a: &S::Value, b: &S::Value) -> S::Value {
        self.0.plus(a, b)
    }

    fn times(&self, a: &S::Value, b: &S::Value) -> S::Value {
        self.0.times(a, b)
    }
}
