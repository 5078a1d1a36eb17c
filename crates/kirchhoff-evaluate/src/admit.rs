//! What a fold refuses, before and after.

use kirchhoff_circuit::GateCircuit;
use kirchhoff_semiring::{Laws, Semiring};

use crate::error::FoldError;

/// Whether a circuit means something in semirings of the given laws: those that it was simplified by are among them.
///
/// # Errors
/// The first law that is missing.
pub fn check_laws(circuit: &GateCircuit, laws: Laws) -> Result<(), FoldError> {
    match circuit.laws().iter().find(|&law| !laws.has(law)) {
        Some(law) => Err(FoldError::Law { law }),
        None => Ok(()),
    }
}

/// Refuses outputs that are no [elements](Semiring::is_element) of the semiring, as a circuit in a file may lead to: for whoever
/// folds it for somebody else.
///
/// # Errors
/// The first such output, by its number among those of one vector.
pub fn check_elements<S: Semiring>(circuit: &GateCircuit, semiring: &S, values: &[S::Value]) -> Result<(), FoldError> {
    match values.iter().position(|value| !semiring.is_element(value)) {
        Some(at) => {
            let output = at % circuit.outputs().len().max(1);
            Err(FoldError::NoElement { output, value: format!("{:?}", values[at]) })
        }
        None => Ok(()),
    }
}

/// Whether a semiring and values of the variables fit a circuit.
pub(crate) fn check<S: Semiring>(circuit: &GateCircuit, semiring: &S, variables: &[S::Value]) -> Result<(), FoldError> {
    check_laws(circuit, semiring.laws())?;
    let (got, expected) = (variables.len(), circuit.variables().len());
    if got == expected { Ok(()) } else { Err(FoldError::Variables { got, expected }) }
}
