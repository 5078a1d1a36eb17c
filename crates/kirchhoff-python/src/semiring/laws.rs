//! The laws of semirings whose operations are calls: tested on few elements, with what calls returned kept.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use kirchhoff::semiring::{LawChecker, LawReport, Laws, Semiring, selective_difference};

use super::cells::{Cell, Number};
use super::dynamic::Operations;
use super::numpy::{Functions, OnBlocks};

/// Elements that laws are tested on, at most: every condition takes all combinations of three.
pub const LAW_BUDGET: usize = 12;

/// Tests the axioms and the declared laws of a semiring on blocks.
pub fn check<V: Cell>(semiring: OnBlocks<V>, functions: &Arc<Functions>) -> LawReport {
    let known = Mutex::default();
    LawChecker::new().with_budget(LAW_BUDGET).check(&Tested { semiring, functions: functions.clone(), known })
}

/// A semiring that remembers what its operations made of pairs of values: the same pairs come again and again, and a call takes
/// some microseconds.
struct Tested<V> {
    semiring: OnBlocks<V>,
    functions: Arc<Functions>,
    known: Mutex<Known<V>>,
}

/// Values of an operation by its name, and the bits of what it was of.
type Known<V> = HashMap<(&'static str, Vec<u64>), V>;

/// A value that is shown as its numbers.
#[derive(Clone)]
struct Shown<V> {
    value: V,
    functions: Arc<Functions>,
}

impl<V: PartialEq> PartialEq for Shown<V> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<V: Cell> fmt::Debug for Shown<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layout = &self.functions.layout;
        for (place, field) in layout.fields.iter().enumerate() {
            let bits = self.value.bits(field);
            let number = match field.number {
                Number::F32 => f32::from_bits(bits as u32).to_string(),
                Number::F64 => f64::from_bits(bits).to_string(),
                Number::U64 => bits.to_string(),
                Number::I64 => bits.cast_signed().to_string(),
                Number::Bool => (bits != 0).to_string(),
            };
            match layout.single {
                true => write!(f, "{number}")?,
                false => write!(f, "{}{}: {number}", if place > 0 { ", " } else { "(" }, field.name)?,
            }
        }
        f.write_str(if layout.single { "" } else { ")" })
    }
}

impl<V: Cell> Tested<V> {
    fn shown(&self, value: V) -> Shown<V> {
        Shown { value, functions: self.functions.clone() }
    }

    fn pair(&self, name: &'static str, a: &V, b: &V, compute: impl FnOnce() -> V) -> Shown<V> {
        let fields = &self.functions.layout.fields;
        let bits = [a, b].into_iter().flat_map(|value| fields.iter().map(|field| value.bits(field))).collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.shown(*known.entry((name, bits)).or_insert_with(compute))
    }
}

impl<V: Cell> Semiring for Tested<V> {
    type Value = Shown<V>;

    fn zero(&self) -> Shown<V> {
        self.shown(self.semiring.zero())
    }

    fn one(&self) -> Shown<V> {
        self.shown(self.semiring.one())
    }

    fn plus(&self, a: &Shown<V>, b: &Shown<V>) -> Shown<V> {
        self.pair("plus", &a.value, &b.value, || self.semiring.plus(&a.value, &b.value))
    }

    fn times(&self, a: &Shown<V>, b: &Shown<V>) -> Shown<V> {
        self.pair("times", &a.value, &b.value, || self.semiring.times(&a.value, &b.value))
    }

    fn minus(&self, a: &Shown<V>, b: &Shown<V>) -> Option<Shown<V>> {
        let difference = self.functions.minus.as_ref();
        match difference {
            Some(_) => Some(self.pair("minus", &a.value, &b.value, || {
                self.semiring.minus(&a.value, &b.value).expect("there is a difference")
            })),
            None => selective_difference(self, a, b),
        }
    }

    fn accumulate(&self, sums: &mut [Shown<V>], theta: &[Shown<V>], relevance: &[Shown<V>]) {
        let values = |shown: &[Shown<V>]| shown.iter().map(|shown| shown.value).collect::<Vec<V>>();
        let mut found = values(sums);
        self.semiring.accumulate(&mut found, &values(theta), &values(relevance));
        sums.iter_mut().zip(found).for_each(|(sum, found)| sum.value = found);
    }

    fn laws(&self) -> Laws {
        self.semiring.laws()
    }

    fn elements(&self) -> Vec<Shown<V>> {
        self.semiring.elements().into_iter().map(|value| self.shown(value)).collect()
    }

    fn close(&self, a: &Shown<V>, b: &Shown<V>) -> bool {
        self.semiring.close(&a.value, &b.value)
    }
}
