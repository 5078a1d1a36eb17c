//! The rewrites of classes of equal gates, each with the laws it needs beyond the axioms of a semiring.

use egg::Id;
use kirchhoff_semiring::{Law, Laws};

use super::super::GateKind;
use super::super::simplify::{RewriteInfo, linear_rewrites};
use super::factor::{
    factor_commuting, factor_commuting_overlaps, factor_commuting_rectangles, factor_left, factor_overlaps,
    factor_rectangles, factor_right, factor_sums,
};
use super::graph::Graph;

/// An equation by which a class gets further gates.
pub(in super::super) struct ClassRewrite {
    /// Its name in reports.
    pub name: &'static str,
    /// The equation; it is used on any number of summands and factors.
    pub equation: &'static str,
    /// The laws that it needs.
    pub needs: Laws,
    /// Adds gates to a class; returns how many were new.
    pub(in super::super) apply: fn(&mut Graph, Id) -> u64,
}

const LATTICE: Laws = Laws::of(&[Law::CommutativeTimes, Law::IdempotentTimes, Law::Absorptive]);

/// Every rewrite, in the order in which they are tried on each class.
pub(in super::super) static CLASS_REWRITES: [ClassRewrite; 9] = [
    ClassRewrite {
        name: "flatten-shared",
        equation: "(a ⊕ b) ⊕ c = a ⊕ b ⊕ c, (a ⊗ b) ⊗ c = a ⊗ b ⊗ c",
        needs: Laws::NONE,
        apply: flatten_shared,
    },
    ClassRewrite {
        name: "factor-left",
        equation: "a ⊗ b ⊕ a ⊗ c ⊕ a = a ⊗ (b ⊕ c ⊕ 1)",
        needs: Laws::NONE,
        apply: factor_left,
    },
    ClassRewrite {
        name: "factor-right",
        equation: "b ⊗ a ⊕ c ⊗ a ⊕ a = (b ⊕ c ⊕ 1) ⊗ a",
        needs: Laws::NONE,
        apply: factor_right,
    },
    ClassRewrite {
        name: "factor-rectangles",
        equation: "a ⊗ c ⊕ a ⊗ d ⊕ b ⊗ c ⊕ b ⊗ d = (a ⊕ b) ⊗ (c ⊕ d)",
        needs: Laws::NONE,
        apply: factor_rectangles,
    },
    ClassRewrite {
        name: "factor-overlaps",
        equation: "a ⊗ c ⊕ a ⊗ d ⊕ b ⊗ c ⊕ b ⊗ d ⊕ b ⊗ e ⊕ f ⊗ d ⊕ f ⊗ e = (a ⊕ b) ⊗ (c ⊕ d) ⊕ (b ⊕ f) ⊗ (d ⊕ e)",
        needs: Laws::of(&[Law::IdempotentPlus]),
        apply: factor_overlaps,
    },
    ClassRewrite {
        name: "factor-commuting",
        equation: "b ⊗ a ⊕ d ⊗ a ⊗ c = a ⊗ (b ⊕ c ⊗ d)",
        needs: Laws::of(&[Law::CommutativeTimes]),
        apply: factor_commuting,
    },
    ClassRewrite {
        name: "factor-commuting-rectangles",
        equation: "a ⊗ a ⊕ a ⊗ b ⊕ a ⊗ b ⊕ b ⊗ b = (a ⊕ b) ⊗ (a ⊕ b)",
        needs: Laws::of(&[Law::CommutativeTimes]),
        apply: factor_commuting_rectangles,
    },
    ClassRewrite {
        name: "factor-commuting-overlaps",
        equation: "a ⊗ a ⊕ a ⊗ b ⊕ b ⊗ b = (a ⊕ b) ⊗ (a ⊕ b)",
        needs: Laws::of(&[Law::CommutativeTimes, Law::IdempotentPlus]),
        apply: factor_commuting_overlaps,
    },
    ClassRewrite {
        name: "factor-sums",
        equation: "(a ⊕ b) ⊗ d ⊗ (a ⊕ c) = (a ⊕ b ⊗ c) ⊗ d",
        needs: LATTICE,
        apply: factor_sums,
    },
];

/// The rewrite that [`distribute`](super::distribute) is, once, before the others.
pub(in super::super) const DISTRIBUTE: (&str, &str) =
    ("distribute", "(a ⊕ b) ⊗ (c ⊕ d) = a ⊗ c ⊕ a ⊗ d ⊕ b ⊗ c ⊕ b ⊗ d");

/// Every rewrite: those of [`simplify`](super::super::simplify()), then those that [`saturate`](super::saturate()) adds, in
/// the order in which they are tried.
///
/// Each is proved by a test in the free semiring of its laws.
pub fn rewrites() -> Vec<RewriteInfo> {
    let (name, equation) = DISTRIBUTE;
    let distribute = RewriteInfo { name, equation, needs: Laws::NONE, saturates: true };
    let classes = CLASS_REWRITES.iter().map(|rewrite| RewriteInfo {
        name: rewrite.name,
        equation: rewrite.equation,
        needs: rewrite.needs,
        saturates: true,
    });
    linear_rewrites().chain([distribute]).chain(classes).collect()
}

/// Flattening makes no gates of more children.
const ARITY: usize = 1024;

/// Associativity, where the linear pass leaves gates that have several users: puts in the place of every child of a
/// gate's own kind its children, those of the gate that has most.
fn flatten_shared(graph: &mut Graph, class: Id) -> u64 {
    let mut fired = 0;
    for kind in [GateKind::Plus, GateKind::Times] {
        let gates: Vec<Vec<Id>> = graph.gates(class, kind).collect();
        for children in gates {
            if !graph.has_room(class) || !graph.is_new("flatten-shared", class, &children) {
                continue;
            }
            let mut flat = Vec::new();
            for &child in &children {
                // A gate that stands below itself would be flattened without end.
                match graph.largest_gate(child, kind).filter(|inner| child != class && !inner.contains(&class)) {
                    Some(inner) => flat.extend(inner),
                    None => flat.push(child),
                }
            }
            if flat.len() > children.len() && flat.len() <= ARITY {
                let gate = graph.make(kind, flat);
                fired += graph.equate(class, gate);
            }
        }
    }
    fired
}
