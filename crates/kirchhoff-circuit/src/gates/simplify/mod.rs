//! Simplification in linear time: rewrites which each name the laws they need.

mod report;
pub(super) mod rewrites;

use kirchhoff_semiring::Laws;

use self::report::Structural;
use self::rewrites::{Draft, REWRITES, Rewrite, Workbench};
use super::{Gate, GateBuilder, GateCircuit, GateError, GateId, GateKind, MappedGates};

#[cfg(feature = "saturate")]
pub(super) use self::report::linear_rewrites;
pub use self::report::{Firings, RewriteInfo, SimplifyReport};

/// Passes at most: each sees what the one before has made possible, and more than two or three find nothing.
const PASSES: usize = 4;

/// Rewrites a circuit to a smaller one of the same value in every semiring that has the given laws.
///
/// The [report](SimplifyReport) lists the rewrites with the laws that they need. Rewrites whose laws are not all among
/// `laws` are left alone; the result [requires](GateCircuit::laws) the laws of those that found something to do, beside
/// those that the circuit required before. Contributions stay as they are: Θ comes later, so that nothing is concluded
/// from the value of `d`, but that equal bits of one layer are the same leaf. Outputs, variables and layers stay.
///
/// Takes O(gates + wires) time and memory a pass, and at most four passes.
///
/// ```
/// use kirchhoff_circuit::{GateBuilder, simplify};
/// use kirchhoff_semiring::{Law, Laws};
///
/// // a ⊕ (a ⊗ b ⊗ 1)
/// let mut builder = GateBuilder::new(Vec::new(), 100);
/// let [a, b] = [builder.declare("a"), builder.declare("b")];
/// let [a, b, one] = [builder.variable(a)?, builder.variable(b)?, builder.one()?];
/// let product = builder.times(&[a, b, one])?;
/// let sum = builder.plus(&[a, product])?;
/// builder.output("value", &[1], &[sum])?;
/// let circuit = builder.finish()?;
///
/// let (any, report) = simplify(&circuit, Laws::NONE)?;
/// assert_eq!((any.gates(), report.count("drop-one")), (4, 1));
/// let (absorptive, _) = simplify(&circuit, Laws::of(&[Law::Absorptive]))?;
/// assert_eq!(absorptive.gates(), 1);
/// assert!(absorptive.laws().has(Law::Absorptive));
/// # Ok::<(), kirchhoff_circuit::GateError>(())
/// ```
///
/// # Errors
/// None for circuits within the limits on gates and wires.
pub fn simplify(circuit: &GateCircuit, laws: Laws) -> Result<(GateCircuit, SimplifyReport), GateError> {
    let rewrites: Vec<&Rewrite> = REWRITES.iter().filter(|rewrite| laws.include(rewrite.needs)).collect();
    simplify_by(circuit, laws, &rewrites)
}

fn simplify_by(
    circuit: &GateCircuit,
    laws: Laws,
    rewrites: &[&Rewrite],
) -> Result<(GateCircuit, SimplifyReport), GateError> {
    let mut report = SimplifyReport::new(laws, circuit.size());
    let mut simplified = circuit.clone();
    for _ in 0..PASSES {
        let before = simplified.size();
        simplified = Pass::new(&simplified, rewrites, &mut report).run()?;
        report.passes += 1;
        if simplified.size() == before {
            break;
        }
    }
    report.after = simplified.size();
    report.required = simplified.laws();
    Ok((simplified, report))
}

/// One pass over a circuit, which makes another.
struct Pass<'a> {
    circuit: &'a GateCircuit,
    rewrites: &'a [&'a Rewrite],
    report: &'a mut SimplifyReport,
    /// How often each gate is used; 0 for dead ones.
    users: Vec<u32>,
    /// The gates that are taken into their only user.
    flattened: Vec<bool>,
    bench: Workbench<GateBuilder>,
    /// How often each of the rewrites has fired.
    fired: Vec<u64>,
    structural: Structural,
}

impl<'a> Pass<'a> {
    fn new(circuit: &'a GateCircuit, rewrites: &'a [&'a Rewrite], report: &'a mut SimplifyReport) -> Self {
        let users = circuit.users();
        let mut flattened = vec![false; circuit.gates()];
        for (id, gate) in circuit.iter() {
            let (Gate::Plus(children) | Gate::Times(children)) = gate else { continue };
            for &child in children.iter().filter(|_| users[id.index()] > 0) {
                // With one user it is gone afterwards, so that the number of wires never grows.
                flattened[child.index()] = users[child.index()] == 1 && circuit.kind(child) == circuit.kind(id);
            }
        }
        let bench = Workbench::new(GateBuilder::like(circuit, u64::MAX));
        Pass {
            circuit,
            rewrites,
            report,
            users,
            flattened,
            bench,
            fired: vec![0; rewrites.len()],
            structural: Structural::default(),
        }
    }

    fn run(mut self) -> Result<GateCircuit, GateError> {
        let circuit = self.circuit;
        let mapped = circuit.map_gates(|id, gate, mapped| {
            if self.users[id.index()] == 0 {
                self.structural.dead += 1;
                return Ok(None);
            }
            if self.flattened[id.index()] {
                return Ok(None);
            }
            if circuit.kind(id).is_inner() {
                let draft = self.draft(id, mapped);
                return self.gate(draft).map(Some);
            }
            let made = self.bench.gates.gates();
            let leaf = self.bench.gates.copy(circuit, gate, mapped)?;
            self.structural.share += u64::from(self.bench.gates.gates() == made);
            Ok(Some(leaf))
        })?;
        self.bench.gates.copy_outputs(circuit, &mapped)?;
        for (rewrite, fired) in self.rewrites.iter().zip(self.fired) {
            self.report.add(rewrite.name, fired);
            if fired > 0 {
                self.bench.gates.require(rewrite.needs);
            }
        }
        self.structural.report(self.report);
        // What rewrites have made unused goes now, so that the next pass counts only what was there.
        self.bench.gates.finish()?.without_dead_gates()
    }

    /// Associativity: (a ⊕ b) ⊕ c = a ⊕ b ⊕ c, and the same for ⊗. A gate with the children that it has when the
    /// gates that only it uses, of its own kind, are taken into it.
    fn draft(&mut self, id: GateId, mapped: &MappedGates) -> Draft {
        let mut children = Vec::new();
        let mut open: Vec<GateId> = self.circuit.children(id).iter().rev().copied().collect();
        while let Some(child) = open.pop() {
            if self.flattened[child.index()] {
                self.structural.flatten += 1;
                open.extend(self.circuit.children(child).iter().rev());
            } else {
                children.push(mapped.of(child));
            }
        }
        Draft { kind: self.circuit.kind(id), children }
    }

    /// Makes a gate, after every rewrite has had its turn on it.
    fn gate(&mut self, mut draft: Draft) -> Result<GateId, GateError> {
        for (rewrite, fired) in self.rewrites.iter().zip(&mut self.fired) {
            *fired += (rewrite.apply)(&mut draft, &mut self.bench);
        }
        let builder = &mut self.bench.gates;
        match draft.kind {
            GateKind::Zero => return builder.zero(),
            GateKind::One => return builder.one(),
            _ => {}
        }
        let made = builder.gates();
        let gate = if draft.kind == GateKind::Plus {
            builder.plus(&draft.children)?
        } else {
            builder.times(&draft.children)?
        };
        if draft.children.len() < 2 {
            self.structural.unwrap += 1;
        } else if builder.gates() == made {
            self.structural.share += 1;
        }
        Ok(gate)
    }
}

#[cfg(test)]
mod tests;
