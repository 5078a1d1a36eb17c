//! S-expressions.

use std::fmt::Write;

use kirchhoff_circuit::{Gate, GateCircuit, GateId};
use kirchhoff_semiring::Interval;

use crate::number::number;
use crate::plan::Plan;
use crate::{FormulaError, FormulaOptions};

/// A circuit as an S-expression, which [`parse`](super::parse) reads back:
///
/// ```text
/// (circuit
///   (requires commutative-times)              laws of the class that the circuit was simplified for, if any
///   (layer "0" "epsilon" (range -inf inf))    a layer that contributions come from: name, rule, range
///   (variables "start[0]")                    in their order
///   (let g1 (+ (* (d 0 0.5) "start[0]") 1))   a subformula with a name; 0 and 1 are the constants
///   (output "input" (2) g1 (* (d 0 0.25) g1)))
/// ```
///
/// `(d 0 0.5)` is a contribution of the first layer. Under exact numbers the circuit that is read back is the same up to
/// the order of its gates and up to `⊕` and `⊗` of one child, which are that child.
///
/// # Errors
/// More gates to write than the options allow.
pub fn sexpr(circuit: &GateCircuit, options: &FormulaOptions) -> Result<String, FormulaError> {
    let plan = Plan::new(circuit, options.expand, options.max_gates)?;
    let writer = Writer { circuit, plan, digits: options.digits };
    let mut text = "(circuit".to_string();
    if circuit.laws().iter().next().is_some() {
        text.push_str("\n  (requires");
        circuit.laws().iter().for_each(|law| {
            let _ = write!(text, " {}", super::parse::law_name(law));
        });
        text.push(')');
    }
    for layer in circuit.layers() {
        let range = layer.range.map_or_else(String::new, |range| format!(" {}", interval(range)));
        let _ = write!(text, "\n  (layer {} {}{range})", quoted(&layer.name), quoted(&layer.rule));
    }
    if !circuit.variables().is_empty() {
        let names: Vec<String> = circuit.variables().iter().map(|name| quoted(name)).collect();
        let _ = write!(text, "\n  (variables {})", names.join(" "));
    }
    for (index, &gate) in writer.plan.definitions.iter().enumerate() {
        let _ = write!(text, "\n  (let g{} ", index + 1);
        writer.gate(gate, &mut text);
        text.push(')');
    }
    for (tensor, own) in circuit.outputs_by_tensor() {
        let sizes: Vec<String> = tensor.shape.iter().map(usize::to_string).collect();
        let _ = write!(text, "\n  (output {} ({})", quoted(&tensor.name), sizes.join(" "));
        for &gate in own {
            text.push_str(if own.len() > 1 { "\n    " } else { " " });
            writer.operand(gate, &mut text);
        }
        text.push(')');
    }
    text.push_str(")\n");
    Ok(text)
}

fn interval(range: Interval) -> String {
    let mut text = format!("(range {} {}", range.low, range.high);
    if range.closed_below {
        text.push_str(" closed-below");
    }
    if range.closed_above {
        text.push_str(" closed-above");
    }
    text + ")"
}

/// A string in quotation marks, with `\` before quotation marks and backslashes, and control characters as `\u{7}`.
fn quoted(name: &str) -> String {
    let mut text = "\"".to_string();
    for c in name.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text + "\""
}

struct Writer<'a> {
    circuit: &'a GateCircuit,
    plan: Plan,
    digits: Option<usize>,
}

impl Writer<'_> {
    fn operand(&self, gate: GateId, text: &mut String) {
        match self.plan.number(gate) {
            Some(number) => {
                let _ = write!(text, "g{number}");
            }
            None => self.gate(gate, text),
        }
    }

    fn gate(&self, gate: GateId, text: &mut String) {
        let (sign, children) = match self.circuit.gate(gate) {
            Gate::Zero => return text.push('0'),
            Gate::One => return text.push('1'),
            Gate::Contribution { layer, d } => {
                let _ = write!(text, "(d {layer} {})", number(d, self.digits));
                return;
            }
            Gate::Variable(number) => return text.push_str(&quoted(&self.circuit.variables()[number as usize])),
            Gate::Plus(children) => ('+', children),
            Gate::Times(children) => ('*', children),
        };
        text.extend(['(', sign]);
        for &child in children {
            text.push(' ');
            self.operand(child, text);
        }
        text.push(')');
    }
}
