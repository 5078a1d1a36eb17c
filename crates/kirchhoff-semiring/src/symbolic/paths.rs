//! The elements of `top-k`: the best products with their paths.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashSet};
use std::fmt;

use super::monomial::check_degree;
use super::{Exceeded, Expression, Monomial, Names, VariableSet};

/// A path to the target and the product of the weights along it.
///
/// The path is the product of its variables, in which their order does not matter and a variable may come several
/// times. The weight is kept as a cost, its `−ln` in units of 2⁻⁴⁰, so that a product of weights is a sum of integers:
/// exact, whatever the order, it neither underflows nor makes weights equal that were different. A weight is off by at
/// most 2⁻⁴¹ of itself for each factor.
///
/// Paths are ordered from the best: by weight, of equal weight the shorter first, then the one with the smaller
/// variables. To extend two paths by a third does not change their order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Path {
    /// `−ln` of the weight, in units of 2⁻⁴⁰.
    cost: u64,
    monomial: Monomial,
}

/// 2⁴⁰: different `f32` weights differ in cost, and the largest cost is that of more than 10⁵ of the smallest.
const UNITS: f64 = (1u64 << 40) as f64;

impl Path {
    /// The empty path of this weight; none if the weight is not above 0. A weight above 1 counts as 1.
    pub(super) fn empty(weight: f32) -> Option<Path> {
        let cost = (-f64::from(weight.min(1.0)).ln() * UNITS).round() as u64;
        (weight > 0.0).then(|| Path { cost, monomial: Monomial::default() })
    }

    /// The path that is this product of variables and has weight 1.
    pub(super) fn of(monomial: Monomial) -> Path {
        Path { cost: 0, monomial }
    }

    /// The product of the weights, in `[0, 1]`; 0 only where it underflows.
    pub fn weight(&self) -> f64 {
        (-(self.cost as f64) / UNITS).exp()
    }

    /// `−ln` of the weight, which never underflows.
    pub fn cost(&self) -> f64 {
        self.cost as f64 / UNITS
    }

    /// The product of the path's variables.
    pub fn monomial(&self) -> &Monomial {
        &self.monomial
    }

    /// Both paths as one; none where the weight is below e^−(2²⁴), which counts as 0.
    fn join(&self, other: &Path) -> Option<Path> {
        let cost = self.cost.checked_add(other.cost)?;
        Some(Path { cost, monomial: self.monomial.times(&other.monomial) })
    }
}

impl PartialOrd for Path {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Path {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.monomial, &other.monomial);
        self.cost.cmp(&other.cost).then(a.degree().cmp(&b.degree())).then_with(|| a.cmp(b))
    }
}

/// The best paths to the target, at most as many as were asked for.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Paths(
    /// The best first, no two with the same monomial.
    Vec<Path>,
);

impl Paths {
    /// The paths, the best first.
    pub fn iter(&self) -> impl Iterator<Item = &Path> {
        self.0.iter()
    }

    /// The best path; none where no path leads to the target.
    pub fn best(&self) -> Option<&Path> {
        self.0.first()
    }

    /// `self ← ` the best `k` of both.
    pub(super) fn merge(&mut self, other: &Paths, k: usize) {
        // What cannot improve on the worst of enough paths is most of what a neuron with many edges is offered.
        if let (Some(best), Some(worst)) = (other.0.first(), self.0.last())
            && self.0.len() >= k
            && best >= worst
        {
            return;
        }
        let (mut a, mut b) = (std::mem::take(&mut self.0).into_iter().peekable(), other.0.iter().peekable());
        let ascending = std::iter::from_fn(|| match (a.peek(), b.peek()) {
            (Some(first), Some(second)) if first <= *second => a.next(),
            (Some(_), None) => a.next(),
            _ => b.next().cloned(),
        });
        *self = Paths::first_distinct(ascending, k);
    }

    /// The best `k` paths that join one of each.
    ///
    /// Joined with the same path, paths keep their order, so the pairs are ascending in both places: a pair can only be
    /// next once the one before it in its row, and for the first of a row the one above it, has been.
    pub(super) fn product(&self, other: &Paths, k: usize) -> Result<Paths, Exceeded> {
        let longest = |paths: &Paths| paths.iter().map(|path| path.monomial.degree()).max().unwrap_or(0);
        check_degree(longest(self), longest(other))?;
        if self.0.len() == 1 || other.0.len() == 1 {
            // Joined with one and the same path, they stay different and in order: the case of an edge.
            let pairs = self.iter().flat_map(|left| other.iter().map_while(|right| left.join(right)));
            return Ok(Paths(pairs.take(k).collect()));
        }
        let join = |row: usize, column: usize| {
            let path = self.0.get(row)?.join(other.0.get(column)?)?;
            Some(Reverse((path, row, column)))
        };
        let mut next: BinaryHeap<_> = join(0, 0).into_iter().collect();
        let ascending = std::iter::from_fn(|| {
            let Reverse((path, row, column)) = next.pop()?;
            next.extend(join(row, column + 1));
            if column == 0 {
                next.extend(join(row + 1, 0));
            }
            Some(path)
        });
        Ok(Paths::first_distinct(ascending, k))
    }

    /// The first `k` of ascending paths that have different monomials.
    fn first_distinct(mut ascending: impl Iterator<Item = Path>, k: usize) -> Paths {
        let mut seen = HashSet::new();
        let mut best = Vec::new();
        while best.len() < k
            && let Some(path) = ascending.next()
        {
            if seen.insert(path.monomial.clone()) {
                best.push(path);
            }
        }
        Paths(best)
    }
}

impl From<Path> for Paths {
    fn from(path: Path) -> Self {
        Paths(vec![path])
    }
}

impl Expression for Paths {
    fn terms(&self) -> usize {
        self.0.len()
    }

    fn variables(&self) -> VariableSet {
        self.0.iter().flat_map(|path| path.monomial.factors()).map(|(variable, _)| *variable).collect()
    }

    /// As `{0.5: x₁·x₂, 0.25: ∅}`, with the weights to six digits.
    fn write(&self, f: &mut fmt::Formatter<'_>, names: &Names<'_>) -> fmt::Result {
        write!(f, "{{")?;
        for (i, path) in self.0.iter().enumerate() {
            write!(f, "{}{}: ", if i > 0 { ", " } else { "" }, short(path))?;
            if path.monomial.degree() == 0 {
                write!(f, "∅")?;
            } else {
                path.monomial.write(f, names)?;
            }
        }
        write!(f, "}}")
    }
}

/// The weight to six digits; as a power of e where it underflows.
fn short(path: &Path) -> String {
    let weight = path.weight();
    if weight < f64::MIN_POSITIVE {
        return format!("e^−{:.6}", path.cost());
    }
    let rounded: f64 = format!("{weight:.5e}").parse().unwrap_or(weight);
    if rounded < 1e-4 { format!("{rounded:e}") } else { rounded.to_string() }
}
