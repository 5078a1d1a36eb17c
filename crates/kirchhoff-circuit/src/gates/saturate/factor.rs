//! Factoring by distributivity, on sums of any number of summands at once.
//!
//! Factors are taken from *all* summands that have them: from k summands in one step, where rewriting them pair by pair
//! would make each of their 2ᵏ subsets. Which factor is taken matters, so that several are tried, the one that saves
//! most first, as many as the beam of the [`Graph`] is wide.
//!
//! The same code factors products of sums where these distribute as well, in lattices.

use std::collections::{BTreeMap, BTreeSet};

use egg::Id;
use kirchhoff_semiring::Law;

use super::super::GateKind;
use super::graph::Graph;

/// Where in a product factors are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// At its beginning.
    Left,
    /// At its end.
    Right,
    /// Anywhere: factors commute.
    Any,
}

/// The operation whose children are factored, and the one that distributes over it.
#[derive(Clone, Copy)]
struct Shape {
    outer: GateKind,
    inner: GateKind,
    side: Side,
}

const SUM_OF_PRODUCTS: Shape = Shape { outer: GateKind::Plus, inner: GateKind::Times, side: Side::Any };

/// Ways to see one child as a product that are looked at; equal gates may have many.
const PRODUCTS: usize = 4;

/// Products with more factors, and sums with more summands, are left as they are.
const ARITY: usize = 4096;

/// Factors that rectangles are made of: those of most summands.
const ROWS: usize = 12;

/// A factor with the summands that have it: the position of each, and what it is without the factor.
type Row = Vec<(usize, Vec<Id>)>;

/// `a ⊗ b ⊕ a ⊗ c = a ⊗ (b ⊕ c)`, where `a ⊗ 1 = a`.
pub(super) fn factor_left(graph: &mut Graph, class: Id) -> u64 {
    if graph.laws.has(Law::CommutativeTimes) {
        return 0; // What `factor` does is more.
    }
    groups(graph, class, "factor-left", Shape { side: Side::Left, ..SUM_OF_PRODUCTS })
}

/// `b ⊗ a ⊕ c ⊗ a = (b ⊕ c) ⊗ a`.
pub(super) fn factor_right(graph: &mut Graph, class: Id) -> u64 {
    if graph.laws.has(Law::CommutativeTimes) {
        return 0;
    }
    groups(graph, class, "factor-right", Shape { side: Side::Right, ..SUM_OF_PRODUCTS })
}

/// `b ⊗ a ⊕ a ⊗ c = a ⊗ (b ⊕ c)`, where ⊗ commutes.
pub(super) fn factor_commuting(graph: &mut Graph, class: Id) -> u64 {
    groups(graph, class, "factor-commuting", SUM_OF_PRODUCTS)
}

/// `(a ⊕ b) ⊗ (a ⊕ c) = a ⊕ b ⊗ c`, in distributive lattices.
pub(super) fn factor_sums(graph: &mut Graph, class: Id) -> u64 {
    let shape = Shape { outer: GateKind::Times, inner: GateKind::Plus, side: Side::Any };
    groups(graph, class, "factor-sums", shape)
}

/// `a ⊗ c ⊕ a ⊗ d ⊕ b ⊗ c ⊕ b ⊗ d = (a ⊕ b) ⊗ (c ⊕ d)`: finds what taking `a` and `b` one after the other misses where
/// it takes too much, as in `a ⊗ a ⊕ a ⊗ b ⊕ b ⊗ a ⊕ b ⊗ b`.
pub(super) fn factor_rectangles(graph: &mut Graph, class: Id) -> u64 {
    if graph.laws.has(Law::CommutativeTimes) {
        return 0;
    }
    let sides = [Side::Left, Side::Right];
    sides.map(|side| rectangles(graph, class, "factor-rectangles", side, false)).iter().sum()
}

/// The same where ⊗ commutes.
pub(super) fn factor_commuting_rectangles(graph: &mut Graph, class: Id) -> u64 {
    rectangles(graph, class, "factor-commuting-rectangles", Side::Any, false)
}

/// Rectangles that overlap, where `a = a ⊕ a`.
pub(super) fn factor_overlaps(graph: &mut Graph, class: Id) -> u64 {
    if graph.laws.has(Law::CommutativeTimes) {
        return 0;
    }
    let sides = [Side::Left, Side::Right];
    sides.map(|side| rectangles(graph, class, "factor-overlaps", side, true)).iter().sum()
}

/// The same where ⊗ commutes.
pub(super) fn factor_commuting_overlaps(graph: &mut Graph, class: Id) -> u64 {
    rectangles(graph, class, "factor-commuting-overlaps", Side::Any, true)
}

/// Takes one factor from all that have it, in every gate of the outer kind that a class has.
fn groups(graph: &mut Graph, class: Id, rewrite: &'static str, shape: Shape) -> u64 {
    let mut fired = 0;
    let gates: Vec<Vec<Id>> = graph.gates(class, shape.outer).filter(|children| children.len() <= ARITY).collect();
    for children in gates {
        if !graph.has_room(class) || !graph.is_new(rewrite, class, &children) {
            continue;
        }
        let mut groups: Vec<(usize, Vec<Id>, Row)> = Vec::new();
        for (factor, row) in rows(graph, &children, shape) {
            let row = one_a_summand(row);
            if row.len() > 1 {
                let (common, row) = with_all_common(factor, row, shape.side);
                groups.push(((row.len() - 1) * common.len(), common, row));
            }
        }
        // Stable: of groups that save the same, the first factor's is tried first.
        groups.sort_by_key(|(saved, ..)| std::cmp::Reverse(*saved));
        groups.dedup_by(|a, b| a.1 == b.1 && a.2 == b.2);
        for (_, common, row) in groups.into_iter().take(graph.beam) {
            if !graph.has_room(class) {
                return fired;
            }
            let taken: BTreeSet<usize> = row.iter().map(|(position, _)| *position).collect();
            let rests: Vec<Id> = row.into_iter().map(|(_, rest)| graph.make(shape.inner, rest)).collect();
            let sum = graph.make(shape.outer, rests);
            let product = product(graph, shape, common, sum);
            let others = (0..children.len()).filter(|position| !taken.contains(position));
            let sum = [product].into_iter().chain(others.map(|position| children[position])).collect();
            let sum = graph.make(shape.outer, sum);
            fired += graph.equate(class, sum);
        }
    }
    fired
}

/// `common ⊗ sum`, in the order that the side asks for.
fn product(graph: &mut Graph, shape: Shape, common: Vec<Id>, sum: Id) -> Id {
    let mut factors = common;
    let place = if shape.side == Side::Right { 0 } else { factors.len() };
    factors.insert(place, sum);
    graph.make(shape.inner, factors)
}

/// Every factor with the children that have it, each child as itself and as the products that it equals.
fn rows(graph: &Graph, children: &[Id], shape: Shape) -> BTreeMap<Id, Row> {
    let mut rows: BTreeMap<Id, Row> = BTreeMap::new();
    for (position, &child) in children.iter().enumerate() {
        let mut add = |factor: Id, rest: Vec<Id>| rows.entry(factor).or_default().push((position, rest));
        add(child, Vec::new());
        for factors in graph.gates(child, shape.inner).filter(|factors| factors.len() <= ARITY).take(PRODUCTS) {
            match shape.side {
                Side::Left => add(factors[0], factors[1..].to_vec()),
                Side::Right => add(factors[factors.len() - 1], factors[..factors.len() - 1].to_vec()),
                Side::Any => {
                    for (index, &factor) in factors.iter().enumerate() {
                        if index == 0 || factors[index - 1] != factor {
                            let rest = [&factors[..index], &factors[index + 1..]].concat();
                            add(factor, rest);
                        }
                    }
                }
            }
        }
    }
    rows.retain(|_, row| {
        row.sort_unstable();
        row.dedup();
        row[0].0 != row[row.len() - 1].0
    });
    rows
}

/// Of the ways in which a summand has the factor, the one that leaves least.
fn one_a_summand(mut row: Row) -> Row {
    row.sort_by(|(a, x), (b, y)| a.cmp(b).then(x.len().cmp(&y.len())).then_with(|| x.cmp(y)));
    row.dedup_by_key(|(position, _)| *position);
    row
}

/// Takes from the rests of a row, too, what they have in common, next to the factor where the order matters.
fn with_all_common(factor: Id, mut row: Row, side: Side) -> (Vec<Id>, Row) {
    let mut common = row[0].1.clone();
    for (_, rest) in &row[1..] {
        match side {
            Side::Left => common.truncate(common.iter().zip(rest).take_while(|(a, b)| a == b).count()),
            Side::Right => {
                let same = common.iter().rev().zip(rest.iter().rev()).take_while(|(a, b)| a == b).count();
                common.drain(..common.len() - same);
            }
            Side::Any => {
                let mut left = rest.clone();
                common.retain(|factor| match left.iter().position(|other| other == factor) {
                    Some(place) => {
                        left.remove(place);
                        true
                    }
                    None => false,
                });
            }
        }
    }
    for (_, rest) in &mut row {
        match side {
            Side::Left => drop(rest.drain(..common.len())),
            Side::Right => rest.truncate(rest.len() - common.len()),
            Side::Any => {
                for factor in &common {
                    let place = rest.iter().position(|other| other == factor).expect("every rest has it");
                    rest.remove(place);
                }
            }
        }
    }
    let place = if side == Side::Right { common.len() } else { 0 };
    common.insert(place, factor);
    (common, row)
}

/// A sum of factors times a sum of rests, and the summands that it stands for.
struct Rectangle {
    factors: Vec<Id>,
    rests: Vec<Vec<Id>>,
    covers: BTreeSet<usize>,
}

impl Rectangle {
    /// Products and sums saved, roughly.
    fn saves(&self) -> usize {
        let long: usize = self.rests.iter().map(|rest| rest.len().max(1)).sum();
        (self.factors.len() * (long + self.rests.len())).saturating_sub(self.factors.len() + long)
    }
}

/// Replaces rectangles in every sum that a class has: one, or with `overlapping` two that may have summands in common,
/// or one of which a summand is used twice.
fn rectangles(graph: &mut Graph, class: Id, rewrite: &'static str, side: Side, overlapping: bool) -> u64 {
    let shape = Shape { side, ..SUM_OF_PRODUCTS };
    let mut fired = 0;
    let gates: Vec<Vec<Id>> = graph.gates(class, shape.outer).filter(|children| children.len() <= ARITY).collect();
    for children in gates {
        // Right and left are two looks at the same gate.
        let look = if side == Side::Right { [&[class][..], &children].concat() } else { children.clone() };
        if children.len() < 3 || !graph.has_room(class) || !graph.is_new(rewrite, class, &look) {
            continue;
        }
        let found = find_rectangles(&rows(graph, &children, shape), overlapping);
        let mut choices: Vec<Vec<usize>> = (0..found.len().min(graph.beam)).map(|one| vec![one]).collect();
        if overlapping {
            let pairs = (0..found.len().min(graph.beam)).flat_map(|a| (0..a).map(move |b| vec![b, a]));
            choices.extend(pairs.filter(|pair| !found[pair[0]].covers.is_disjoint(&found[pair[1]].covers)));
        }
        for choice in choices {
            if !graph.has_room(class) {
                return fired;
            }
            let mut sum = Vec::new();
            let mut covered: BTreeSet<usize> = BTreeSet::new();
            for rectangle in choice.into_iter().map(|index| &found[index]) {
                covered.extend(&rectangle.covers);
                let rests: Vec<Id> = rectangle.rests.iter().map(|rest| graph.make(shape.inner, rest.clone())).collect();
                let rests = graph.make(shape.outer, rests);
                let factors = graph.make(shape.outer, rectangle.factors.clone());
                sum.push(product(graph, shape, vec![factors], rests));
            }
            sum.extend((0..children.len()).filter(|position| !covered.contains(position)).map(|p| children[p]));
            let sum = graph.make(shape.outer, sum);
            fired += graph.equate(class, sum);
        }
    }
    fired
}

/// The rectangles that two rows span, with all other rows that fit them; those that save most first.
fn find_rectangles(rows: &BTreeMap<Id, Row>, overlapping: bool) -> Vec<Rectangle> {
    /// The summands that leave each rest.
    type Rests<'a> = BTreeMap<&'a Vec<Id>, Vec<usize>>;

    let mut largest: Vec<(Id, Rests)> = Vec::new();
    for (&factor, row) in rows {
        let mut rests = Rests::new();
        row.iter().for_each(|(position, rest)| rests.entry(rest).or_default().push(*position));
        if rests.len() > 1 {
            largest.push((factor, rests));
        }
    }
    largest.sort_by_key(|(_, rests)| std::cmp::Reverse(rests.len()));
    largest.truncate(ROWS);
    let mut found: Vec<Rectangle> = Vec::new();
    for (index, (_, first)) in largest.iter().enumerate() {
        for (_, second) in &largest[..index] {
            let rests: Vec<&Vec<Id>> = first.keys().filter(|rest| second.contains_key(*rest)).copied().collect();
            if rests.len() < 2 {
                continue;
            }
            let mut rectangle = Rectangle {
                factors: Vec::new(),
                rests: rests.iter().map(|&rest| rest.clone()).collect(),
                covers: BTreeSet::new(),
            };
            for (factor, row) in &largest {
                let mut covers = rectangle.covers.clone();
                let fits = rests.iter().all(|rest| {
                    let places = row.get(rest).map_or(&[][..], |places| places);
                    // Each summand stands for one product, unless it may stand for several.
                    match places.iter().find(|place| !covers.contains(place)) {
                        Some(&place) => covers.insert(place),
                        None => overlapping && !places.is_empty(),
                    }
                });
                if fits {
                    rectangle.factors.push(*factor);
                    rectangle.covers = covers;
                }
            }
            let known = |other: &Rectangle| other.factors == rectangle.factors && other.rests == rectangle.rests;
            if rectangle.factors.len() > 1 && !found.iter().any(known) {
                found.push(rectangle);
            }
        }
    }
    found.sort_by_key(|rectangle| std::cmp::Reverse(rectangle.saves()));
    found
}
