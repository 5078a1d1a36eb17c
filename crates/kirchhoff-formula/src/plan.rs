//! Which subformulas have names of their own, and which are written where they are used.

use kirchhoff_circuit::{GateCircuit, GateId};

use crate::FormulaError;

/// Subformulas are named before formulas nest deeper than this: nobody reads such, and a parser need not.
pub(super) const MOST_NESTED: usize = 60;

/// The definitions that a formula consists of.
pub(super) struct Plan {
    /// The number of each gate's definition, from 1; 0 for gates that are written in place.
    numbers: Vec<u32>,
    /// The gates that are defined, children before users.
    pub definitions: Vec<GateId>,
}

impl Plan {
    /// Names each `⊕` and `⊗` with several users that takes more than `expand` gates written out, and those at which
    /// formulas would nest too deeply.
    pub fn new(circuit: &GateCircuit, expand: u64, limit: u64) -> Result<Self, FormulaError> {
        let users = circuit.users();
        let mut plan = Plan { numbers: vec![0; circuit.gates()], definitions: Vec::new() };
        // What writing each gate out takes, and how deeply it nests.
        let mut sizes = vec![1u64; circuit.gates()];
        let mut nested = vec![0usize; circuit.gates()];
        let mut total = 0u64;
        for (id, _) in circuit.iter().filter(|(id, _)| users[id.index()] > 0) {
            for child in circuit.children(id).iter().filter(|child| plan.number(**child).is_none()) {
                sizes[id.index()] = sizes[id.index()].saturating_add(sizes[child.index()]);
                nested[id.index()] = nested[id.index()].max(nested[child.index()] + 1);
            }
            let named = circuit.children(id).iter().filter(|child| plan.number(**child).is_some()).count();
            sizes[id.index()] = sizes[id.index()].saturating_add(named as u64);
            let shared = users[id.index()] > 1 && sizes[id.index()] > expand;
            if circuit.kind(id).is_inner() && (shared || nested[id.index()] >= MOST_NESTED) {
                total = total.saturating_add(sizes[id.index()]);
                plan.definitions.push(id);
                plan.numbers[id.index()] = plan.definitions.len() as u32;
            }
        }
        for output in circuit.outputs() {
            let size = if plan.number(*output).is_some() { 1 } else { sizes[output.index()] };
            total = total.saturating_add(size);
        }
        if total > limit { Err(FormulaError::TooLong { gates: total, limit }) } else { Ok(plan) }
    }

    /// The number of a gate's definition; none if it is written in place.
    pub fn number(&self, gate: GateId) -> Option<u32> {
        Some(self.numbers[gate.index()]).filter(|&number| number > 0)
    }
}
