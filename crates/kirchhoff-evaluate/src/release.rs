//! Which values of a fold are needed no longer, level by level.

use kirchhoff_circuit::GateCircuit;

/// The gates of a circuit in the order in which their values can be given back.
pub(crate) struct Releases {
    gates: Vec<u32>,
    /// Where the gates end that can go after each level.
    ends: Vec<usize>,
}

impl Releases {
    /// Takes O(gates + wires) of time, and 8 bytes a gate.
    pub fn of(circuit: &GateCircuit) -> Self {
        let arrays = circuit.arrays();
        let levels = circuit.levels().len();
        // The last level that takes a value; those that nothing takes are outputs, or need nobody.
        let mut last = vec![0u32; circuit.gates()];
        for (number, level) in circuit.levels().enumerate().skip(1) {
            let wires = arrays.offsets[level.start] as usize..arrays.offsets[level.end] as usize;
            arrays.operands[wires].iter().for_each(|&child| last[child as usize] = number as u32);
        }
        circuit.outputs().iter().for_each(|output| last[output.index()] = levels as u32);
        let mut ends = vec![0; levels + 1];
        last.iter().for_each(|&level| ends[level as usize] += 1);
        let mut first = 0;
        for end in &mut ends {
            first += std::mem::replace(end, first);
        }
        let mut gates = vec![0; circuit.gates()];
        for (gate, &level) in last.iter().enumerate() {
            gates[ends[level as usize]] = gate as u32;
            ends[level as usize] += 1;
        }
        Releases { gates, ends }
    }

    /// The gates that no level above this one takes, and no output is.
    pub fn after(&self, level: usize) -> impl Iterator<Item = usize> {
        let first = if level == 0 { 0 } else { self.ends[level - 1] };
        // Leaves that nothing takes may stand in the way of nobody.
        self.gates[first..self.ends[level]].iter().map(|&gate| gate as usize)
    }
}
