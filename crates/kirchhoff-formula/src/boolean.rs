//! Boolean formulas for solvers and knowledge compilers: DIMACS CNF and NNF.

use std::fmt::Write;

use kirchhoff_circuit::{Gate, GateCircuit, GateId};

use crate::number::number;
use crate::{FormulaError, output_names, printable};

/// A circuit of one output, with `∨` for `⊕` and `∧` for `⊗`, in DIMACS CNF: satisfied by the assignments under which the
/// output is true.
///
/// Variables 1 to n are the circuit's, in their order; comments name them. Each gate has a variable of its own, bound to
/// its children in both directions (Tseitin 1968), so that every satisfying assignment of the circuit's variables
/// extends to the rest in exactly one way: the formula has as many models as the circuit. Takes O(gates + wires) time
/// and space.
///
/// # Errors
/// More or fewer outputs than one, or [contributions](super::decide).
pub fn cnf(circuit: &GateCircuit) -> Result<String, FormulaError> {
    let (name, output) = boolean_output("DIMACS CNF", circuit)?;
    let users = circuit.users();
    let variables = circuit.variables().len();
    let mut numbers = vec![0usize; circuit.gates()];
    let mut next = variables;
    let mut clauses: Vec<String> = Vec::new();
    let clause = |first: String, children: &[GateId], sign: &str, numbers: &[usize]| {
        let mut text = first;
        for child in children {
            let _ = write!(text, " {sign}{}", numbers[child.index()]);
        }
        text + " 0"
    };
    for (id, gate) in circuit.iter().filter(|(id, _)| users[id.index()] > 0) {
        if let Gate::Variable(number) = gate {
            numbers[id.index()] = number as usize + 1;
            continue;
        }
        next += 1;
        numbers[id.index()] = next;
        let children = circuit.children(id);
        // Without children, ∨ is false and ∧ true.
        let sum = matches!(gate, Gate::Zero | Gate::Plus(_));
        let [own, child] = if sum { [["-", ""], ["", "-"]] } else { [["", "-"], ["-", ""]] };
        clauses.push(clause(format!("{}{next}", own[0]), children, own[1], &numbers));
        for one in children {
            clauses.push(format!("{}{next} {}{} 0", child[0], child[1], numbers[one.index()]));
        }
    }
    clauses.push(format!("{} 0", numbers[output.index()]));

    let mut text = named(circuit);
    let _ = writeln!(text, "c output {} R({})", numbers[output.index()], printable(&name));
    let _ = writeln!(text, "p cnf {next} {}", clauses.len());
    for clause in clauses {
        text.push_str(&clause);
        text.push('\n');
    }
    Ok(text)
}

/// A circuit of one output, with `∨` for `⊕` and `∧` for `⊗`, in negation normal form (Darwiche & Marquis 2002): a line a
/// node, `L` for a variable, `A` and `O` for gates, children before users and the output last.
///
/// Variables are numbered from 1 in the circuit's order, and comments name them. Circuits are monotone, so negation normal
/// form is what they are already. The lines are those of c2d's files, but c2d's are *deterministic and decomposable*,
/// which gates are not: programs that read such files would count wrongly from this one. For them there is
/// [`Ddnnf`](super::Ddnnf). Takes O(gates + wires) time and space.
///
/// # Errors
/// More or fewer outputs than one, or [contributions](super::decide).
pub fn nnf(circuit: &GateCircuit) -> Result<String, FormulaError> {
    boolean_output("NNF", circuit)?;
    let users = circuit.users();
    let mut numbers = vec![0usize; circuit.gates()];
    let (mut nodes, mut edges, mut lines) = (0usize, 0usize, String::new());
    for (id, gate) in circuit.iter().filter(|(id, _)| users[id.index()] > 0) {
        numbers[id.index()] = nodes;
        nodes += 1;
        let children = circuit.children(id);
        edges += children.len();
        let _ = match gate {
            Gate::Variable(number) => write!(lines, "L {}", number + 1),
            Gate::Zero | Gate::Plus(_) => write!(lines, "O 0 {}", children.len()),
            Gate::One | Gate::Times(_) | Gate::Contribution { .. } => write!(lines, "A {}", children.len()),
        };
        for child in children {
            let _ = write!(lines, " {}", numbers[child.index()]);
        }
        lines.push('\n');
    }
    let comments = "c negation normal form, neither deterministic nor decomposable\n".to_string() + &named(circuit);
    Ok(format!("{comments}nnf {nodes} {edges} {}\n{lines}", circuit.variables().len()))
}

/// Comments that name the variables.
fn named(circuit: &GateCircuit) -> String {
    let mut text = String::new();
    for (number, variable) in circuit.variables().iter().enumerate() {
        let _ = writeln!(text, "c variable {} {}", number + 1, printable(variable));
    }
    text
}

/// The one output, with its name, of a circuit without contributions, as formats of Boolean formulas take it: `format` is
/// named in errors. Takes O(gates + wires) time.
///
/// # Errors
/// More or fewer outputs than one, or [contributions](super::decide).
pub fn boolean_output(format: &'static str, circuit: &GateCircuit) -> Result<(String, GateId), FormulaError> {
    let &[output] = circuit.outputs() else {
        return Err(FormulaError::Outputs { format, got: circuit.outputs().len() });
    };
    let users = circuit.users();
    for (id, gate) in circuit.iter() {
        if let (Gate::Contribution { layer, d }, true) = (gate, users[id.index()] > 0) {
            let layer = circuit.layers()[layer as usize].name.clone();
            return Err(FormulaError::Contribution { layer, d: number(d, None) });
        }
    }
    Ok((output_names(circuit).swap_remove(0), output))
}
