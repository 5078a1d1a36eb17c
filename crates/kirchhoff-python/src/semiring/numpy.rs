//! Semirings of Python functions over blocks of NumPy arrays.

use std::sync::Arc;

use kirchhoff::evaluate::BlockTheta;
use kirchhoff::explain::{AnySemiring, Blocks, Described};
use kirchhoff::semiring::{
    Annotation, Array, Bottleneck, Carrier, Columns, EdgeLanes, Interval, JoinEdges, LawReport, Laws, Limbs,
};
use kirchhoff_kernel::EdgeBlock;
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PySlice;

use super::cells::{Cell, Field, Layout, Number};
use super::dynamic::{Dynamic, Operations};
use super::{Facts, edge_arrays, laws, takes_neurons};
use crate::work::Failure;

/// What a class says of its semiring.
pub struct Functions {
    pub plus: Py<PyAny>,
    pub times: Py<PyAny>,
    /// Θ of contributions.
    pub theta: Option<Py<PyAny>>,
    /// `a ⊖ b`, where there is one.
    pub minus: Option<Py<PyAny>>,
    /// Values as numbers.
    pub project: Option<Py<PyAny>>,
    pub layout: Layout,
    pub laws: Laws,
}

/// A semiring over values that lie in arrays.
pub struct OnBlocks<V> {
    functions: Arc<Functions>,
    zero: V,
    one: V,
    elements: Vec<V>,
    /// Where what its functions raise is kept.
    failure: Arc<Failure>,
}

/// What every run makes a semiring of.
pub struct Blueprint<V> {
    pub functions: Arc<Functions>,
    pub zero: V,
    pub one: V,
    pub elements: Vec<V>,
}

impl<V: Cell> OnBlocks<V> {
    /// Writes what a function returns for blocks, unless something was raised before.
    fn call(&self, name: &str, function: &Py<PyAny>, blocks: &[&[V]], values: &mut [V]) {
        self.attempt(|py| {
            let layout = &self.functions.layout;
            let blocks = blocks.iter().map(|block| V::to_array(py, block, layout)).collect::<PyResult<Vec<_>>>()?;
            let found = match &blocks[..] {
                [a, b] => function.bind(py).call1((a, b))?,
                blocks => function.bind(py).call1(pyo3::types::PyTuple::new(py, blocks)?)?,
            };
            V::read(&layout.checked(name, found, values.len())?, layout, values)
        });
    }

    /// What an operation makes of two values.
    fn pair(&self, name: &str, function: &Py<PyAny>, a: &V, b: &V) -> V {
        let mut value = [*a];
        self.call(name, function, &[&[*a], &[*b]], &mut value);
        value[0]
    }

    fn attempt(&self, work: impl FnOnce(Python<'_>) -> PyResult<()>) {
        if self.failure.is_there() {
            return;
        }
        if let Err(error) = Python::attach(work) {
            self.failure.set(error);
        }
    }

    fn single(&self) -> Option<Number> {
        self.functions.layout.single.then(|| self.functions.layout.fields[0].number)
    }

    fn numbers(&self, a: &V, field: &Field) -> f64 {
        field.number.to_f64(a.bits(field))
    }
}

impl<V: Cell> Operations<V> for OnBlocks<V> {
    fn zero(&self) -> V {
        self.zero
    }

    fn one(&self) -> V {
        self.one
    }

    fn plus(&self, a: &V, b: &V) -> V {
        self.pair("plus", &self.functions.plus, a, b)
    }

    fn times(&self, a: &V, b: &V) -> V {
        self.pair("times", &self.functions.times, a, b)
    }

    fn minus(&self, a: &V, b: &V) -> Option<V> {
        self.functions.minus.as_ref().map(|minus| self.pair("minus", minus, a, b))
    }

    fn accumulate(&self, sums: &mut [V], theta: &[V], relevance: &[V]) {
        self.attempt(|py| {
            let Functions { plus, times, layout, .. } = &*self.functions;
            let (theta, relevance) = (V::to_array(py, theta, layout)?, V::to_array(py, relevance, layout)?);
            let product = times.bind(py).call1((theta, relevance))?;
            let product = layout.checked("times", product, sums.len())?;
            let found = plus.bind(py).call1((V::to_array(py, sums, layout)?, product))?;
            V::read(&layout.checked("plus", found, sums.len())?, layout, sums)
        });
    }

    fn is_zero(&self, a: &V) -> bool {
        *a == self.zero
    }

    /// Numbers that are none are no elements, and infinities only where 0 or 1 has them.
    fn is_element(&self, a: &V) -> bool {
        self.functions.layout.fields.iter().all(|field| {
            let number = self.numbers(a, field);
            number.is_finite() || [&self.zero, &self.one].iter().any(|own| self.numbers(own, field) == number)
        })
    }

    fn laws(&self) -> Laws {
        self.functions.laws
    }

    fn elements(&self) -> Vec<V> {
        self.elements.clone()
    }

    fn close(&self, a: &V, b: &V) -> bool {
        self.functions.layout.fields.iter().all(|field| {
            let [a, b] = [a, b].map(|value| self.numbers(value, field));
            let tolerance = field.number.tolerance();
            let scale = if a.is_finite() && b.is_finite() { a.abs().max(b.abs()) } else { 0.0 };
            a == b || (a - b).abs() <= tolerance + tolerance * scale
        })
    }

    fn project(&self, a: &V) -> f64 {
        match self.array(vec![*a]) {
            Array::Bool(values) => f64::from(u8::from(values[0])),
            Array::F32(values) => f64::from(values[0]),
            Array::F64(values) => values[0],
        }
    }

    fn array(&self, values: Vec<V>) -> Array {
        let Functions { project, layout, .. } = &*self.functions;
        let first = &layout.fields[0];
        let Some(project) = project else {
            return first.number.array(values.iter().map(|value| value.bits(first)));
        };
        let mut numbers = vec![0.0; values.len()];
        self.attempt(|py| {
            let found = project.bind(py).call1((V::to_array(py, &values, layout)?,))?;
            let found = crate::arrays::to_f64("project", &layout.semiring, &found, values.len())?;
            numbers = found;
            Ok(())
        });
        Array::F64(numbers)
    }

    fn limbs(&self, values: &[V]) -> Option<Limbs> {
        let Functions { project, layout, .. } = &*self.functions;
        let field = &layout.fields[0];
        let natural = project.is_none() && self.single() == Some(Number::U64);
        let large = natural && values.iter().any(|value| value.bits(field) > 1 << 53);
        large.then(|| Limbs { width: 1, limbs: values.iter().map(|value| value.bits(field)).collect() })
    }

    fn columns(&self, values: &[V]) -> Vec<(String, Array)> {
        let Layout { fields, single, .. } = &self.functions.layout;
        let column = |field: &Field| {
            let bits = values.iter().map(|value| value.bits(field));
            (field.name.clone(), field.number.array(bits))
        };
        if *single { Vec::new() } else { fields.iter().map(column).collect() }
    }
}

impl<V: Cell> Blueprint<V> {
    fn semiring(&self, failure: &Arc<Failure>) -> OnBlocks<V> {
        OnBlocks {
            functions: self.functions.clone(),
            zero: self.zero,
            one: self.one,
            elements: self.elements.clone(),
            failure: failure.clone(),
        }
    }

    /// Tests the axioms and the declared laws.
    pub fn check_laws(&self, failure: &Arc<Failure>) -> LawReport {
        laws::check(self.semiring(failure), &self.functions)
    }

    /// The semiring for one run, with `theta` in place of its own Θ, if that is given.
    pub fn build(&self, facts: &Facts, theta: Option<&Py<PyAny>>, failure: &Arc<Failure>) -> AnySemiring {
        let Blueprint { functions, zero, one, .. } = self;
        let semiring = self.semiring(failure);
        let own = Python::attach(|py| theta.or(functions.theta.as_ref()).map(|theta| theta.clone_ref(py)));
        let own = own.map(Arc::new);
        let of_neurons = own.clone().filter(|own| Python::attach(|py| takes_neurons(own.bind(py))));
        let (has_own, joined) = (own.is_some(), own.clone());
        let number = semiring.single();
        let semiring = Arc::new(semiring);
        let (of, zero, one) = (semiring.clone(), *zero, *one);
        let annotate = move |annotation: Annotation, d: &[f32], values: &mut [V]| {
            let truth = |holds: bool| if holds { one } else { zero };
            let pairs = values.iter_mut().zip(d);
            match annotation {
                Annotation::Threshold(theta) => pairs.for_each(|(value, d)| *value = truth(*d >= theta)),
                Annotation::ThresholdAbs(theta) => pairs.for_each(|(value, d)| *value = truth(d.abs() > theta)),
                Annotation::Own => {
                    let Some(theta) = &own else { return };
                    of.attempt(|py| {
                        let layout = &of.functions.layout;
                        let found = theta.bind(py).call1((PyArray1::from_slice(py, d),))?;
                        V::read(&layout.checked("theta", found, d.len())?, layout, values)
                    });
                }
                Annotation::Identity
                | Annotation::Scale(_)
                | Annotation::Keep(_)
                | Annotation::AbsClamp
                | Annotation::NegLog
                | Annotation::MinusNegLog
                | Annotation::Rank => {
                    let number = number.unwrap_or(Number::F32);
                    // The extended reals take every annotation's numbers as they are.
                    pairs.for_each(|(value, d)| *value = V::of(number, annotation.apply(&Bottleneck, *d)));
                }
            }
        };
        let all = Interval::closed(f64::NEG_INFINITY, f64::INFINITY);
        let carrier = |number: Number| match number {
            Number::F32 | Number::F64 => Carrier::real(all),
            Number::U64 => Carrier::integers(Interval::open(0.0, u64::MAX as f64)),
            Number::I64 => Carrier::integers(Interval::open(i64::MIN as f64, i64::MAX as f64)),
            Number::Bool => Carrier::integers(Interval::UNIT),
        };
        let annotate: Arc<BlockTheta<V>> = Arc::new(annotate);
        let (of, theta) = (semiring.clone(), annotate.clone());
        let edges = move |annotation| -> Option<Arc<dyn JoinEdges<V>>> {
            Some(Arc::new(Joined { semiring: of.clone(), theta: theta.clone(), own: joined.clone(), annotation }))
        };
        let mut blocks = Blocks::new(annotate, has_own).with_edges(Arc::new(edges));
        if let Some(theta) = of_neurons {
            let of = semiring.clone();
            let annotate = move |edges: &EdgeBlock<'_>, values: &mut [V]| {
                of.attempt(|py| {
                    let layout = &of.functions.layout;
                    let found = theta.bind(py).call1(edge_arrays(py, edges))?;
                    V::read(&layout.checked("theta", found, values.len())?, layout, values)
                });
            };
            blocks = blocks.with_neurons(Arc::new(annotate));
        }
        if let Some(number) = number {
            blocks = blocks.with_numbers(carrier(number), move |x| V::of(number, x));
        }
        let described = Described::blockwise(facts.name.clone(), Dynamic(semiring as Arc<dyn Operations<V>>), blocks);
        described.with_info(|info| facts.tell(info)).into()
    }
}

/// Edges as few large blocks: a call of a function takes some microseconds, whatever it gets.
struct Joined<V> {
    semiring: Arc<OnBlocks<V>>,
    theta: Arc<BlockTheta<V>>,
    /// The function that stands for Θ, if there is one.
    own: Option<Arc<Py<PyAny>>>,
    annotation: Annotation,
}

impl<V: Cell> Joined<V> {
    /// Θ of contributions, as an array.
    fn annotated<'py>(&self, py: Python<'py>, d: Vec<f32>) -> PyResult<Bound<'py, PyAny>> {
        let (layout, count) = (&self.semiring.functions.layout, d.len());
        match (&self.own, self.annotation) {
            (Some(own), Annotation::Own) => {
                layout.checked("theta", own.bind(py).call1((PyArray1::from_vec(py, d),))?, count)
            }
            _ => {
                let mut values = vec![self.semiring.zero; count];
                (self.theta)(self.annotation, &d, &mut values);
                V::into_array(py, values, layout)
            }
        }
    }
}

impl<V: Cell> Joined<V> {
    /// `a ⊕ b` of so many lanes.
    fn sum<'py>(&self, a: Bound<'py, PyAny>, b: Bound<'py, PyAny>, count: usize) -> PyResult<Bound<'py, PyAny>> {
        let Functions { plus, layout, .. } = &*self.semiring.functions;
        let found = plus.bind(a.py()).call1((a, b))?;
        layout.checked("plus", found, count)
    }
}

impl<V: Cell> JoinEdges<V> for Joined<V> {
    /// The values as they are. Calls get as many edges as they can.
    fn columns(&self, values: &[V]) -> Columns {
        Columns::new(0, values.to_vec())
    }

    /// Products of all edges in one call, then halves of them added to each other until one is left, which is added to the sums:
    /// of associative operations that is what adding them one by one is, up to rounding.
    fn join(&self, edges: &EdgeLanes<'_>, sums: &mut [V]) {
        let lanes = sums.len();
        let relevance: &Vec<V> = edges.relevance.kept();
        self.semiring.attempt(|py| {
            let Functions { times, layout, .. } = &*self.semiring.functions;
            let mut d = Vec::with_capacity(edges.starts.len() * lanes);
            let mut reached = Vec::with_capacity(edges.starts.len() * lanes);
            for (&start, weight) in edges.starts.iter().zip(edges.weights) {
                let pairs = edges.own[..lanes].iter().zip(&edges.values[start..start + lanes]);
                d.extend(pairs.map(|(own, value)| own * (weight * value)));
                reached.extend_from_slice(&relevance[start..start + lanes]);
            }
            let count = d.len();
            let products = times.bind(py).call1((self.annotated(py, d)?, V::into_array(py, reached, layout)?))?;
            let mut products = layout.checked("times", products, count)?;
            let mut total = V::to_array(py, sums, layout)?;
            let mut rows = edges.starts.len();
            while rows > 1 {
                let half = rows / 2;
                let part = |rows: std::ops::Range<usize>| {
                    let [first, end] = [rows.start, rows.end].map(|row| row * lanes);
                    // `PySlice::new` of pyo3 0.30 never gives back the numbers that it makes.
                    products.get_item(py.get_type::<PySlice>().call1((first, end))?)
                };
                if rows % 2 == 1 {
                    total = self.sum(total, part(rows - 1..rows)?, lanes)?;
                }
                products = self.sum(part(0..half)?, part(half..2 * half)?, half * lanes)?;
                rows = half;
            }
            if rows == 1 {
                total = self.sum(total, products, lanes)?;
            }
            V::read(&total, layout, sums)
        });
    }

    fn grain(&self) -> usize {
        1
    }
}
