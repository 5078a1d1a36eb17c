//! Checks the laws of a definition.

use std::fmt;

use super::cells::Cells;
use super::defined::Defined;
use super::layouts::DefinedVisitor;
use crate::{Embed, LawChecker, LawReport, Laws, Semiring};

/// Tests the axioms and the declared laws on the semiring's own elements.
pub(super) struct CheckLaws;

impl DefinedVisitor for CheckLaws {
    type Output = LawReport;

    fn number<V: Cells>(self, semiring: &Defined<V>) -> LawReport
    where
        Defined<V>: Embed<Value = V>,
    {
        check(semiring, semiring.elements())
    }

    fn record<V: Cells>(self, semiring: &Defined<V>) -> LawReport {
        let named = Named { semiring };
        check(&named, named.elements())
    }
}

fn check<S: Semiring>(semiring: &S, elements: Vec<S::Value>) -> LawReport {
    // Sums and products are among the elements, but none that differs from another by rounding alone: comparisons
    // within an operation would tell them apart.
    LawChecker::new().with_budget(elements.len()).check_elements(semiring, elements)
}

/// A semiring of records whose values show their columns.
struct Named<'a, V> {
    semiring: &'a Defined<V>,
}

/// A record and its text.
#[derive(Clone)]
struct Record<V> {
    value: V,
    text: String,
    /// Whether all its columns are numbers.
    is_number: bool,
}

impl<V: PartialEq> PartialEq for Record<V> {
    /// As numbers compare: a record with one that is none is not equal to itself.
    fn eq(&self, other: &Self) -> bool {
        self.is_number && self.value == other.value
    }
}

impl<V> fmt::Debug for Record<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<V: Cells> Named<'_, V> {
    fn name(&self, value: V) -> Record<V> {
        let columns = self.semiring.column_types().iter().enumerate();
        let numbers: Vec<String> = columns.clone().map(|(column, _)| self.semiring.text(&value, column)).collect();
        let parts: Vec<_> = columns.map(|(index, column)| format!("{} {}", column.name, numbers[index])).collect();
        Record {
            value,
            text: format!("({})", parts.join(", ")),
            is_number: numbers.iter().all(|number| number != "NaN"),
        }
    }
}

impl<V: Cells> Semiring for Named<'_, V> {
    type Value = Record<V>;

    const BLOCKWISE: bool = true;

    fn zero(&self) -> Record<V> {
        self.name(self.semiring.zero())
    }

    fn one(&self) -> Record<V> {
        self.name(self.semiring.one())
    }

    fn plus(&self, a: &Record<V>, b: &Record<V>) -> Record<V> {
        self.name(self.semiring.plus(&a.value, &b.value))
    }

    fn times(&self, a: &Record<V>, b: &Record<V>) -> Record<V> {
        self.name(self.semiring.times(&a.value, &b.value))
    }

    fn minus(&self, a: &Record<V>, b: &Record<V>) -> Option<Record<V>> {
        self.semiring.minus(&a.value, &b.value).map(|value| self.name(value))
    }

    fn accumulate(&self, sums: &mut [Record<V>], theta: &[Record<V>], relevance: &[Record<V>]) {
        let values = |records: &[Record<V>]| records.iter().map(|record| record.value).collect::<Vec<_>>();
        let mut plain = values(sums);
        self.semiring.accumulate(&mut plain, &values(theta), &values(relevance));
        sums.iter_mut().zip(plain).for_each(|(sum, value)| *sum = self.name(value));
    }

    fn laws(&self) -> Laws {
        self.semiring.laws()
    }

    fn elements(&self) -> Vec<Record<V>> {
        self.semiring.elements().into_iter().map(|value| self.name(value)).collect()
    }

    fn close(&self, a: &Record<V>, b: &Record<V>) -> bool {
        a.is_number && b.is_number && self.semiring.close(&a.value, &b.value)
    }
}
