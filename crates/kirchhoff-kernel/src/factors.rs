//! The factors of terms as kernels take them: what belongs to the source neurons, and thresholds as bounds on it.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::edges::LayerEdges;
use crate::memory::zeros;
use crate::product::{Form, Packing};
use crate::{Slopes, SourceFactor, Term, Threshold};

/// Values that a task of elementwise work takes.
pub(crate) const CHUNK: usize = 1 << 14;

/// `u(j)` of all executions, in a form.
pub(crate) fn source_factors<'a>(edges: &LayerEdges<'a>, term: &Term, form: Form) -> Cow<'a, [f32]> {
    factors(&term.source, edges.activations, edges.wiring.sources(), form)
}

/// What is taken of the neurons of executions of `size` neurons each, in a form.
pub(crate) fn factors<'a>(source: &SourceFactor, activations: &'a [f32], size: usize, form: Form) -> Cow<'a, [f32]> {
    if *source == SourceFactor::Activation(Slopes::IDENTITY) && form == Form::Plain {
        return Cow::Borrowed(activations);
    }
    let mut own = zeros(activations.len());
    own.par_chunks_mut(CHUNK).enumerate().for_each(|(number, own)| {
        // A chunk may reach over several executions.
        let mut first = number * CHUNK;
        let mut rest = own;
        while !rest.is_empty() {
            let (execution, position) = (first / size, first % size);
            let (part, others) = rest.split_at_mut(rest.len().min(size - position));
            source.fill(&activations[execution * size..(execution + 1) * size], position, part);
            form.apply(part);
            first += part.len();
            rest = others;
        }
    });
    Cow::Owned(own)
}

/// The terms with the sources of either sign apart, as contributions that grow with `ρ(w) · v(k)`.
pub(crate) fn sides<'a>(edges: &LayerEdges<'a>, terms: &'a [Term], threshold: Threshold) -> Vec<Side<'a>> {
    let mut sides = Vec::new();
    for term in terms {
        if threshold.absolute {
            sides.push(Side {
                term,
                packing: absolute(term),
                sign: 1.0,
                absolute: true,
                own: source_factors(edges, term, Form::Absolute),
            });
            continue;
        }
        let own = source_factors(edges, term, Form::Plain);
        let packing = Packing::plain(term.weight);
        let has = |sign: f32| own.par_chunks(CHUNK).any(|own| own.iter().any(|own| sign * own > 0.0));
        match [has(1.0), has(-1.0)] {
            [false, false] => {}
            [true, false] => sides.push(Side { term, packing, sign: 1.0, absolute: false, own }),
            _ => sides.extend([1.0, -1.0].map(|sign| {
                let mut part = zeros(own.len());
                part.par_chunks_mut(CHUNK).zip(own.par_chunks(CHUNK)).for_each(|(part, own)| {
                    part.iter_mut().zip(own).for_each(|(part, own)| *part = (sign * own).max(0.0));
                });
                Side { term, packing, sign, absolute: false, own: part.into() }
            })),
        }
    }
    sides
}

/// A term for source neurons of one sign.
pub(crate) struct Side<'a> {
    term: &'a Term,
    pub packing: Packing,
    pub sign: f32,
    absolute: bool,
    /// `|u(j)|`, 0 for sources of the other sign.
    pub own: Cow<'a, [f32]>,
}

impl Side<'_> {
    /// `v(k)` of every destination, and of every source the bound that `ρ(w) · v(k)` must reach.
    pub fn bounded(&self, threshold: Threshold) -> (Vec<f32>, Vec<f32>) {
        let mut values = zeros(self.term.destination.len());
        values.par_chunks_mut(CHUNK).enumerate().for_each(|(number, values)| {
            let neurons = number * CHUNK..;
            values.iter_mut().zip(neurons).for_each(|(value, k)| *value = self.sign * self.value(k));
        });
        let mut bounds = zeros(self.own.len());
        bounds.par_chunks_mut(CHUNK).zip(self.own.par_chunks(CHUNK)).for_each(|(bounds, own)| {
            bounds.iter_mut().zip(own).for_each(|(bound, own)| *bound = threshold.bound(*own));
        });
        (values, bounds)
    }

    /// `v(k)`, in the form that the side takes.
    pub fn value(&self, k: usize) -> f32 {
        let value = self.term.destination[k];
        if self.absolute { value.abs() } else { value }
    }
}

/// How the weights of a term are packed whose contributions count by their magnitude.
pub(crate) fn absolute(term: &Term) -> Packing {
    Packing { factor: term.weight, form: Form::Absolute }
}
