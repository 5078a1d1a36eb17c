//! Circuits made of other circuits, gate by gate.

use super::{Gate, GateBuilder, GateCircuit, GateError, GateId};

/// What the gates of one circuit became in the builder of another, as [`GateCircuit::map_gates`] goes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedGates(Vec<Option<GateId>>);

impl MappedGates {
    /// What a gate became; `None` if it was left out, or has not had its turn.
    pub fn get(&self, gate: GateId) -> Option<GateId> {
        self.0.get(gate.index()).copied().flatten()
    }

    /// What a gate became.
    ///
    /// # Panics
    /// If it was left out, or has not had its turn: children come before their users.
    pub fn of(&self, gate: GateId) -> GateId {
        self.get(gate).expect("the gate has been mapped before its users")
    }

    /// What several gates became.
    ///
    /// # Panics
    /// As [`of`](MappedGates::of).
    pub fn all(&self, gates: &[GateId]) -> Vec<GateId> {
        gates.iter().map(|&gate| self.of(gate)).collect()
    }
}

impl GateCircuit {
    /// Goes over all gates, children before users, and keeps what `make` makes of each in the builder of another
    /// circuit: `None` leaves a gate out, which must then have no users that are kept.
    ///
    /// [`GateBuilder::copy`] makes a gate as it is, and [`GateBuilder::copy_outputs`] gives the new circuit the outputs of
    /// this one. Takes O(gates) time and memory beside that of `make`.
    ///
    /// ```
    /// use kirchhoff_circuit::{Gate, GateBuilder};
    ///
    /// let mut builder = GateBuilder::new(Vec::new(), 100);
    /// let [a, b] = ["a", "b"].map(|name| builder.declare(name));
    /// let [a, b] = [builder.variable(a)?, builder.variable(b)?];
    /// let sum = builder.plus(&[a, b])?;
    /// builder.output("value", &[], &[sum])?;
    /// let circuit = builder.finish()?;
    ///
    /// // The same circuit with 1 for `b`.
    /// let mut builder = GateBuilder::like(&circuit, 100);
    /// let mapped = circuit.map_gates(|_, gate, mapped| match gate {
    ///     Gate::Variable(1) => builder.one().map(Some),
    ///     gate => builder.copy(&circuit, gate, mapped).map(Some),
    /// })?;
    /// builder.copy_outputs(&circuit, &mapped)?;
    /// let changed = builder.finish()?;
    /// let Gate::Plus(&[first, second]) = changed.gate(changed.outputs()[0]) else { panic!("a sum") };
    /// assert_eq!((changed.gate(first), changed.gate(second)), (Gate::Variable(0), Gate::One));
    /// # Ok::<(), kirchhoff_circuit::GateError>(())
    /// ```
    ///
    /// # Errors
    /// The first of `make`.
    pub fn map_gates(
        &self,
        mut make: impl FnMut(GateId, Gate<'_>, &MappedGates) -> Result<Option<GateId>, GateError>,
    ) -> Result<MappedGates, GateError> {
        let mut mapped = MappedGates(Vec::with_capacity(self.gates()));
        for (id, gate) in self.iter() {
            let made = make(id, gate, &mapped)?;
            mapped.0.push(made);
        }
        Ok(mapped)
    }
}

impl GateBuilder {
    /// Makes a gate of a circuit as it is, of what its children became. A variable keeps its name, and is declared if it
    /// was not; a contribution keeps its layer's position.
    ///
    /// # Errors
    /// A layer that is not there, too many gates, or too many operands.
    ///
    /// # Panics
    /// If a child was left out.
    pub fn copy(&mut self, circuit: &GateCircuit, gate: Gate<'_>, mapped: &MappedGates) -> Result<GateId, GateError> {
        match gate {
            Gate::Zero => self.zero(),
            Gate::One => self.one(),
            Gate::Contribution { layer, d } => self.contribution(layer, d),
            Gate::Variable(number) => {
                let number = self.declare(&circuit.variables()[number as usize]);
                self.variable(number)
            }
            Gate::Plus(children) => self.plus(&mapped.all(children)),
            Gate::Times(children) => self.times(&mapped.all(children)),
        }
    }

    /// Makes what the outputs of a circuit became the outputs of the new one, tensor after tensor.
    ///
    /// # Errors
    /// A gate that this builder has not made.
    ///
    /// # Panics
    /// If an output was left out.
    pub fn copy_outputs(&mut self, circuit: &GateCircuit, mapped: &MappedGates) -> Result<(), GateError> {
        for (tensor, gates) in circuit.outputs_by_tensor() {
            self.output(&tensor.name, &tensor.shape, &mapped.all(gates))?;
        }
        Ok(())
    }
}
