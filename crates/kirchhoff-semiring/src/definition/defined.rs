//! Definitions as semirings.

use std::sync::Arc;

use super::cells::{Cells, number};
use super::column::{Column, ColumnType};
use super::compile::Compiled;
use super::error::{DefinitionFault, Faults};
use super::number::truncate;
use super::program::Program;
use super::recognise::{self, Form};
use super::{DefinedTheta, run};
use crate::semiring::selective_difference;
use crate::semirings::{clamp, near};
use crate::{Annotation, Array, Bottleneck, Carrier, Embed, Fused, Interval, Laws, Limbs, Project, Semiring};

/// What all clones of a semiring share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) laws: Laws,
    pub(super) theta: DefinedTheta,
    pub(super) compiled: Compiled,
}

/// A semiring that a [`Definition`](super::Definition) describes, over values of type `V`; see [`Cells`] for the types.
///
/// It computes in blocks: [`accumulate`](Semiring::accumulate) runs the whole of `⊕` and `⊗` on up to 512 lanes at once,
/// one vector operation at a time. `plus` and `times` run the same code on one lane, at some tens of nanoseconds a call.
/// Clones are cheap, and share what [`take_fault`](Defined::take_fault) tells.
#[derive(Clone, Debug)]
pub struct Defined<V> {
    shared: Arc<Shared>,
    zero: V,
    one: V,
    /// A built-in form, and the elements for which it means the same.
    form: Option<(Form, Interval)>,
}

/// Values on which laws are tested are made of Θ of these: logarithms to base 2 of most of them are integers, so that
/// sums of those are exact.
const SAMPLES: [f32; 12] = [0.0, 1.0, 0.5, 0.25, -1.0, 2.0, -0.5, -2.0, 0.03125, 0.001953125, 0.125, 1.5];
/// The most values on which laws are tested.
const ELEMENTS: usize = 20;

impl<V: Cells> Defined<V> {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (zero, one) = (V::of(&shared.compiled.zero), V::of(&shared.compiled.one));
        Defined { shared, zero, one, form: None }.with_contributions(Interval::REALS)
    }

    /// The semiring for contributions in `range` only: what a rule is known to yield. A Θ such as `d` stays in `[0, 1]` under
    /// the rule `max-abs`, and `max(a, b)` with `a * b` is then the built-in form [`Fused::MaxTimes`].
    pub fn with_contributions(mut self, range: Interval) -> Self {
        self.form = recognise::form(&self.shared.compiled, &self.shared.theta, range);
        self
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Whether it has a built-in form.
    pub(super) fn has_form(&self) -> bool {
        self.form.is_some()
    }

    /// The columns of a value.
    pub fn column_types(&self) -> &[Column] {
        &self.shared.compiled.columns
    }

    /// Θ, as it is written.
    pub fn defined_theta(&self) -> &DefinedTheta {
        &self.shared.theta
    }

    /// The built-in annotation that Θ is, if it is one under another name: `min(abs(d), 1)` is
    /// [`AbsClamp`](Annotation::AbsClamp), and `d >= 0.01` between the definition's 0 and 1 a
    /// [`Threshold`](Annotation::Threshold). Kernels made for that annotation give the same relevance.
    pub fn annotation(&self) -> Option<Annotation> {
        recognise::annotation(&self.shared.compiled, &self.shared.theta)
    }

    /// Whether Θ asks for the neurons of an edge, beside its contribution: then [`theta_of_edges`](Defined::theta_of_edges) tells
    /// it, and what is told without them is of the edge from neuron 0 to neuron 0.
    pub fn theta_of_neurons(&self) -> bool {
        self.shared.compiled.theta_of_neurons
    }

    /// `theta[i] ← Θ(d[i], sources[i], destinations[i])`, for slices of one length: `Θ` of edges with the numbers of their neurons.
    pub fn theta_of_edges(&self, d: &[f32], sources: &[u64], destinations: &[u64], theta: &mut [V]) {
        let Shared { compiled, .. } = &*self.shared;
        match &compiled.theta_code {
            Some(code) if compiled.theta_of_neurons => {
                compiled.note(run::of_edges(code, &compiled.columns, d, [sources, destinations], theta));
            }
            _ => self.theta_block(d, theta),
        }
    }

    /// `Θ(d)`.
    pub fn theta(&self, d: f32) -> V {
        let mut value = [self.zero];
        self.theta_block(&[d], &mut value);
        value[0]
    }

    /// `theta[i] ← Θ(d[i])`, for slices of one length.
    pub fn theta_block(&self, d: &[f32], theta: &mut [V]) {
        self.shared.compiled.note(self.theta_faults(d, theta));
    }

    fn theta_faults(&self, d: &[f32], theta: &mut [V]) -> Faults {
        let compiled = &self.shared.compiled;
        match (&self.shared.theta, &compiled.theta_code) {
            (DefinedTheta::Annotation(annotation), _) => {
                theta.iter_mut().zip(d).for_each(|(theta, d)| *theta = self.annotated(*annotation, *d));
                Faults::NONE
            }
            (DefinedTheta::Expression(_), code) => {
                let code = code.as_ref().expect("the expression of Θ has code");
                if compiled.theta_of_neurons {
                    let first = vec![0; d.len()];
                    return run::of_edges(code, &compiled.columns, d, [&first, &first], theta);
                }
                run::contributions(code, &compiled.columns, d, theta)
            }
        }
    }

    /// An annotation by name: one of numbers only where values are one f32 or f64.
    fn annotated(&self, annotation: Annotation, d: f32) -> V {
        match annotation {
            Annotation::Threshold(theta) => self.truth(d >= theta),
            Annotation::ThresholdAbs(theta) => self.truth(d.abs() > theta),
            Annotation::Keep(theta) if d < theta => self.zero(),
            Annotation::Own => unreachable!("a definition's own Θ is an expression"),
            Annotation::Identity
            | Annotation::Keep(_)
            | Annotation::Scale(_)
            | Annotation::AbsClamp
            | Annotation::NegLog
            | Annotation::MinusNegLog
            | Annotation::Rank => {
                // The extended reals take every annotation's numbers as they are.
                let x = annotation.apply(&Bottleneck, d);
                let double = self.shared.compiled.columns[0].kind == ColumnType::F64;
                V::of(&[if double { f64::from(x).to_bits() } else { u64::from(x.to_bits()) }])
            }
        }
    }

    fn truth(&self, holds: bool) -> V {
        if holds { self.one } else { self.zero }
    }

    /// What went wrong in an operation on u64 since the last call, in this semiring or its clones: relevance computed
    /// meanwhile is not to be trusted. To be asked once after a pass.
    ///
    /// # Errors
    ///
    /// [`DefinitionFault`] if something did.
    pub fn take_fault(&self) -> Result<(), DefinitionFault> {
        let faults = self.shared.compiled.take_faults();
        if faults.is_none() { Ok(()) } else { Err(DefinitionFault { name: self.shared.name.clone(), faults }) }
    }

    /// The number of a column, as text.
    pub(super) fn text(&self, value: &V, column: usize) -> String {
        number(value, column, self.column_types()[column].kind).to_string()
    }

    /// Runs `code` on one lane.
    fn pair(&self, code: &Program, a: &V, b: &V) -> V {
        let mut out = [*a];
        let faults = run::pairs(code, self.column_types(), std::slice::from_ref(a), std::slice::from_ref(b), &mut out);
        self.shared.compiled.note(faults);
        out[0]
    }

    /// A value of an operation that was no fault and is a number in every column.
    fn sample(&self, faults: Faults, value: V) -> Option<V> {
        let numbers = self
            .column_types()
            .iter()
            .enumerate()
            .all(|(column, Column { kind, .. })| !number(&value, column, *kind).to_f64().is_nan());
        (faults.is_none() && numbers).then_some(value)
    }
}

impl<V: Cells> Semiring for Defined<V> {
    type Value = V;

    const BLOCKWISE: bool = true;

    fn zero(&self) -> V {
        self.zero
    }

    fn one(&self) -> V {
        self.one
    }

    fn plus(&self, a: &V, b: &V) -> V {
        self.pair(&self.shared.compiled.plus_code, a, b)
    }

    fn times(&self, a: &V, b: &V) -> V {
        self.pair(&self.shared.compiled.times_code, a, b)
    }

    /// What the definition says; else that of a selective `⊕`.
    fn minus(&self, a: &V, b: &V) -> Option<V> {
        match &self.shared.compiled.minus_code {
            Some(code) => Some(self.pair(code, a, b)),
            None => selective_difference(self, a, b),
        }
    }

    /// Adds the second half of the rows to the first until one is left.
    fn sum_rows(&self, sums: &mut [V], rows: &[V]) -> bool {
        let Shared { compiled, .. } = &*self.shared;
        let width = sums.len();
        if width == 0 || rows.is_empty() {
            sums.fill(self.zero);
            return true;
        }
        let mut rows = rows.to_vec();
        let mut number = rows.len() / width;
        let mut faults = Faults::NONE;
        while number > 1 {
            let kept = number.div_ceil(2);
            let (first, second) = rows[..number * width].split_at_mut(kept * width);
            let first = &mut first[..second.len()];
            faults = faults.and(run::add(&compiled.plus_code, &compiled.columns, first, second));
            number = kept;
        }
        sums.copy_from_slice(&rows[..width]);
        compiled.note(faults);
        true
    }

    fn accumulate(&self, sums: &mut [V], theta: &[V], relevance: &[V]) {
        let Shared { compiled, .. } = &*self.shared;
        let faults = run::accumulate(&compiled.accumulate_code, &compiled.columns, sums, theta, relevance);
        compiled.note(faults);
    }

    fn fused(&self) -> Option<Fused<V>> {
        // One f32 is the only type whose values are read as the kernel's.
        let view = V::single_precision()?;
        self.form.map(|(form, _)| match form {
            Form::PlusTimes => Fused::PlusTimes(view),
            Form::MaxTimes => Fused::MaxTimes(view),
            Form::MinPlus => Fused::MinPlus(view),
            Form::MaxPlus => Fused::MaxPlus(view),
            Form::MaxMin => Fused::MaxMin(view),
        })
    }

    fn is_zero(&self, a: &V) -> bool {
        *a == self.zero
    }

    /// Numbers that are none belong to no definition, and an infinity only where the semiring's 0 or 1 is the same.
    fn is_element(&self, a: &V) -> bool {
        let columns = self.shared.compiled.columns.iter().enumerate();
        let number = |kind: ColumnType, bits: u64| match kind {
            ColumnType::F32 => f64::from(f32::from_bits(bits as u32)),
            ColumnType::F64 => f64::from_bits(bits),
            ColumnType::U64 | ColumnType::Bool => 0.0,
        };
        columns.map(|(index, column)| (index, column.kind)).all(|(index, kind)| {
            let value = number(kind, a.bits(index));
            value.is_finite() || [&self.zero, &self.one].iter().any(|own| number(kind, own.bits(index)) == value)
        })
    }

    fn laws(&self) -> Laws {
        self.shared.laws
    }

    /// 0, 1, Θ of a few contributions, and sums and products of those, none close to another.
    fn elements(&self) -> Vec<V> {
        let mut elements = vec![self.zero];
        let add = |elements: &mut Vec<V>, value: Option<V>| {
            let new = value.filter(|value| elements.iter().all(|element| !self.close(element, value)));
            elements.extend(new.filter(|_| elements.len() < ELEMENTS));
        };
        add(&mut elements, Some(self.one));
        for d in SAMPLES {
            let mut value = [self.zero];
            let faults = self.theta_faults(&[d], &mut value);
            add(&mut elements, self.sample(faults, value[0]));
        }
        let Shared { compiled, .. } = &*self.shared;
        let given = elements.clone();
        for a in &given {
            for b in &given {
                for code in [&compiled.plus_code, &compiled.times_code] {
                    let mut out = [*a];
                    let faults = run::pairs(code, &compiled.columns, &[*a], &[*b], &mut out);
                    add(&mut elements, self.sample(faults, out[0]));
                }
            }
        }
        elements
    }

    /// Equal in u64 and bool, and up to rounding in f32 (1e-5) and f64 (1e-9), relative or absolute.
    fn close(&self, a: &V, b: &V) -> bool {
        self.column_types().iter().enumerate().all(|(column, Column { kind, .. })| {
            let [a, b] = [a, b].map(|value| number(value, column, *kind));
            match kind {
                ColumnType::F32 => near(a.to_f64() as f32, b.to_f64() as f32, 1e-5, 1e-5),
                ColumnType::F64 => {
                    let (a, b) = (a.to_f64(), b.to_f64());
                    let scale = if a.is_finite() && b.is_finite() { a.abs().max(b.abs()) } else { 0.0 };
                    a == b || (a - b).abs() <= 1e-9 + 1e-9 * scale
                }
                ColumnType::U64 | ColumnType::Bool => a == b,
            }
        })
    }
}

impl<V: Cells> Project for Defined<V> {
    /// The number that `show` makes of a value.
    fn project(&self, a: &V) -> f64 {
        let Shared { compiled, .. } = &*self.shared;
        let mut out = [0.0];
        compiled.note(run::shown(&compiled.show_code, &compiled.columns, std::slice::from_ref(a), &mut out));
        out[0]
    }

    fn array(&self, values: Vec<V>) -> Array {
        let Shared { compiled, .. } = &*self.shared;
        if compiled.shows_itself {
            return column_array(&values, 0, compiled.columns[0].kind);
        }
        let mut out = vec![0.0; values.len()];
        compiled.note(run::shown(&compiled.show_code, &compiled.columns, &values, &mut out));
        Array::F64(out)
    }

    fn limbs(&self, values: &[V]) -> Option<Limbs> {
        let Shared { compiled, .. } = &*self.shared;
        let exact = |value: &V| value.bits(0) <= 1 << 53;
        let rounded = compiled.shows_itself && compiled.columns[0].kind == ColumnType::U64 && !values.iter().all(exact);
        rounded.then(|| Limbs { width: 1, limbs: values.iter().map(|value| value.bits(0)).collect() })
    }

    /// Every column of a record under its name.
    fn columns(&self, values: &[V]) -> Vec<(String, Array)> {
        let Shared { compiled, .. } = &*self.shared;
        if compiled.single {
            return Vec::new();
        }
        let columns = compiled.columns.iter().enumerate();
        columns.map(|(index, column)| (column.name.clone(), column_array(values, index, column.kind))).collect()
    }
}

fn column_array<V: Cells>(values: &[V], column: usize, kind: ColumnType) -> Array {
    let bits = values.iter().map(|value| value.bits(column));
    match kind {
        ColumnType::F32 => Array::F32(bits.map(|bits| f32::from_bits(bits as u32)).collect()),
        ColumnType::F64 => Array::F64(bits.map(f64::from_bits).collect()),
        ColumnType::U64 => Array::F64(bits.map(|bits| bits as f64).collect()),
        ColumnType::Bool => Array::Bool(bits.map(|bits| bits != 0).collect()),
    }
}

impl Embed for Defined<f32> {
    /// The elements of a built-in form, else every number.
    fn carrier(&self) -> Carrier {
        let all = Interval::closed(f64::NEG_INFINITY, f64::INFINITY);
        Carrier::real(self.form.map_or(all, |(_, elements)| elements))
    }

    fn embed(&self, x: f32) -> f32 {
        self.form.map_or(x, |(_, elements)| clamp(x, elements.low as f32, elements.high as f32))
    }
}

impl Embed for Defined<f64> {
    fn carrier(&self) -> Carrier {
        Carrier::real(Interval::closed(f64::NEG_INFINITY, f64::INFINITY))
    }

    fn embed(&self, x: f32) -> f64 {
        f64::from(x)
    }
}

impl Embed for Defined<u64> {
    fn carrier(&self) -> Carrier {
        Carrier::integers(Interval::open(0.0, u64::MAX as f64))
    }

    fn embed(&self, x: f32) -> u64 {
        truncate(f64::from(x)).0
    }
}

impl Embed for Defined<bool> {
    fn carrier(&self) -> Carrier {
        Carrier::integers(Interval::UNIT)
    }

    fn embed(&self, x: f32) -> bool {
        x != 0.0
    }
}
