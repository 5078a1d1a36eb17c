//! A definition's expressions as programs.

use std::sync::atomic::{AtomicU8, Ordering};

use super::DefinitionError;
use super::column::{Column, ColumnType};
use super::error::{Faults, Problem};
use super::expression::{Expression, Node, Scope, Term};
use super::graph::{Formula, Graph, Id};
use super::parse::parse;
use super::program::Program;
use super::types::lower;

/// The expressions of a definition as text: a field and its expression for each column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sources {
    pub(super) zero: Vec<(String, String)>,
    pub(super) one: Vec<(String, String)>,
    pub(super) plus: Vec<(String, String)>,
    pub(super) times: Vec<(String, String)>,
    /// None where the definition does not say what `⊖` is.
    pub(super) minus: Option<Vec<(String, String)>>,
    /// None where Θ is an annotation.
    pub(super) theta: Option<Vec<(String, String)>>,
    pub(super) show: (String, String),
}

/// A definition that is ready to run.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) columns: Vec<Column>,
    pub(super) single: bool,
    pub(super) zero: Vec<u64>,
    pub(super) one: Vec<u64>,
    pub(super) plus: Formula,
    pub(super) times: Formula,
    pub(super) theta: Option<Formula>,
    pub(super) plus_code: Program,
    pub(super) times_code: Program,
    pub(super) minus_code: Option<Program>,
    pub(super) accumulate_code: Program,
    pub(super) theta_code: Option<Program>,
    /// Whether Θ reads the neurons of an edge, beside its contribution.
    pub(super) theta_of_neurons: bool,
    pub(super) show_code: Program,
    /// Whether a value is shown as it is.
    pub(super) shows_itself: bool,
    /// The [`Faults`] met so far.
    faults: AtomicU8,
}

impl Compiled {
    pub(super) fn new(
        origin: &str,
        columns: &[Column],
        single: bool,
        sources: &Sources,
    ) -> Result<Self, DefinitionError> {
        let compiler = Compiler { origin, columns, single };
        let width = columns.len();
        let all = |variables: &'static [&'static str]| Scope { variables, columns, single };
        let none = all(&[]);
        let zero = compiler.constants(&sources.zero, none)?;
        let one = compiler.constants(&sources.one, none)?;

        let plus = compiler.expressions(&sources.plus, all(&["a", "b"]))?;
        let times = compiler.expressions(&sources.times, all(&["a", "b"]))?;
        let pair = |expressions: &[Expression], fields: &[(String, String)]| {
            let mut graph = Graph::default();
            let a = compiler.value(&mut graph, 0);
            let b = compiler.value(&mut graph, width);
            let results = compiler.lower(expressions, fields, &[a, b], &mut graph)?;
            Ok::<_, DefinitionError>(Formula { graph, results })
        };
        let plus_formula = pair(&plus, &sources.plus)?;
        let times_formula = pair(&times, &sources.times)?;
        let minus_formula = match &sources.minus {
            None => None,
            Some(fields) => Some(pair(&compiler.expressions(fields, all(&["a", "b"]))?, fields)?),
        };
        let mut graph = Graph::default();
        let sum = compiler.value(&mut graph, 0);
        let theta = compiler.value(&mut graph, width);
        let relevance = compiler.value(&mut graph, 2 * width);
        let product = graph.inline(&times_formula, &[theta, relevance].concat());
        let results = graph.inline(&plus_formula, &[sum, product].concat());
        let accumulate_code = Program::new(&graph, &results, 3 * width);

        let edge = Scope { variables: &["d", "source", "destination"], columns: &[], single: true };
        let mut theta_of_neurons = false;
        let theta = match &sources.theta {
            None => None,
            Some(fields) => {
                let expressions = compiler.expressions(fields, edge)?;
                let is_neuron = |node: &Node| matches!(node.term, Term::Variable { variable: 1.., .. });
                theta_of_neurons = expressions.iter().flat_map(|expression| &expression.nodes).any(is_neuron);
                let mut graph = Graph::default();
                let mut variables = vec![vec![graph.signed_input(0, ColumnType::F32)]];
                // Elsewhere a Θ has one input, as whoever inlines it expects.
                if theta_of_neurons {
                    variables.extend([1, 2].map(|neuron| vec![graph.input(neuron, ColumnType::U64)]));
                }
                let results = compiler.lower(&expressions, fields, &variables, &mut graph)?;
                Some(Formula { graph, results })
            }
        };

        let fields = std::slice::from_ref(&sources.show);
        let show = compiler.expressions(fields, all(&["a"]))?;
        let mut graph = Graph::default();
        let a = compiler.value(&mut graph, 0);
        let within = |problem: Problem| problem.within(origin, &sources.show.0);
        // Whatever the type is, it is shown as a number.
        let shown = shown(&show[0], std::slice::from_ref(&a), &mut graph).map_err(within)?;
        let shows_itself = single && shown == a[0];
        let shown = graph.convert(shown, ColumnType::F64, None);
        let show_code = Program::new(&graph, &[shown], width);

        Ok(Compiled {
            columns: columns.to_vec(),
            single,
            zero,
            one,
            plus_code: Program::new(&plus_formula.graph, &plus_formula.results, 2 * width),
            times_code: Program::new(&times_formula.graph, &times_formula.results, 2 * width),
            minus_code: minus_formula.map(|minus| Program::new(&minus.graph, &minus.results, 2 * width)),
            accumulate_code,
            theta_code: theta.as_ref().map(|theta| Program::new(&theta.graph, &theta.results, 3)),
            theta_of_neurons,
            show_code,
            shows_itself,
            plus: plus_formula,
            times: times_formula,
            theta,
            faults: AtomicU8::new(0),
        })
    }

    /// Notes what happened in a block.
    #[inline]
    pub(super) fn note(&self, faults: Faults) {
        if !faults.is_none() {
            self.faults.fetch_or(faults.0, Ordering::Relaxed);
        }
    }

    /// What happened since the last call.
    pub(super) fn take_faults(&self) -> Faults {
        Faults(self.faults.swap(0, Ordering::Relaxed))
    }
}

/// The expression as a value of its own type.
fn shown(expression: &Expression, inputs: &[Vec<Id>], graph: &mut Graph) -> Result<Id, Problem> {
    // The first type that takes it without loss is its own.
    for kind in [ColumnType::Bool, ColumnType::U64, ColumnType::F32] {
        if lower(expression, kind, inputs, &mut graph.clone()).is_ok() {
            return lower(expression, kind, inputs, graph);
        }
    }
    lower(expression, ColumnType::F64, inputs, graph)
}

/// The columns of a value as inputs from `first` on. Those of records have no −0.
pub(super) fn inputs(graph: &mut Graph, columns: &[Column], single: bool, first: usize) -> Vec<Id> {
    let columns = columns.iter().zip(first..);
    let mut input = |(column, index): (&Column, usize)| match single {
        true => graph.signed_input(index, column.kind),
        false => graph.input(index, column.kind),
    };
    columns.map(&mut input).collect()
}

struct Compiler<'a> {
    origin: &'a str,
    columns: &'a [Column],
    single: bool,
}

impl Compiler<'_> {
    fn value(&self, graph: &mut Graph, first: usize) -> Vec<Id> {
        inputs(graph, self.columns, self.single, first)
    }

    fn expressions(&self, fields: &[(String, String)], scope: Scope<'_>) -> Result<Vec<Expression>, DefinitionError> {
        let read =
            |(field, text): &(String, String)| parse(text, scope).map_err(|problem| problem.within(self.origin, field));
        fields.iter().map(read).collect()
    }

    fn lower(
        &self,
        expressions: &[Expression],
        fields: &[(String, String)],
        inputs: &[Vec<Id>],
        graph: &mut Graph,
    ) -> Result<Vec<Id>, DefinitionError> {
        let mut results = Vec::with_capacity(expressions.len());
        for ((expression, (field, _)), column) in expressions.iter().zip(fields).zip(self.columns) {
            let result = lower(expression, column.kind, inputs, graph);
            let mut result = result.map_err(|problem| problem.within(self.origin, field))?;
            if !self.single {
                // Records are compared by their bits.
                result = graph.without_negative_zero(result);
            }
            results.push(result);
        }
        Ok(results)
    }

    fn constants(&self, fields: &[(String, String)], scope: Scope<'_>) -> Result<Vec<u64>, DefinitionError> {
        let mut graph = Graph::default();
        let expressions = self.expressions(fields, scope)?;
        let results = self.lower(&expressions, fields, &[], &mut graph)?;
        let bits = |(id, (field, _)): (&Id, &(String, String))| match graph.constant(*id) {
            Some(constant) if !constant.to_f64().is_nan() => Ok(constant.bits),
            Some(_) => Err(Problem::new(1, "this is not a number, which is no element").within(self.origin, field)),
            None => Err(Problem::new(1, "this leaves the range of u64, 0 to 2⁶⁴ − 1").within(self.origin, field)),
        };
        results.iter().zip(fields).map(bits).collect()
    }
}
