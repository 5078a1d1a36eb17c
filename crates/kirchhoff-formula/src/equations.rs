//! Formulas as equations: text, and LaTeX.

use kirchhoff_circuit::{Gate, GateCircuit, GateId, GateKind};

use crate::latex::{latex_name, latex_number};
use crate::number::number;
use crate::plan::Plan;
use crate::{FormulaError, FormulaOptions, Notation, output_names, printable};

/// Lines are broken between the operands of their outermost `⊕` or `⊗` where they would be longer.
const LINE: usize = 110;

/// A circuit as lines of text: `let g1 = …` for each subformula with a name, `R(x[3]) = …` for each output.
///
/// Lines that go on begin with spaces. `⊗` binds more strongly than `⊕`.
///
/// # Errors
/// More gates to write than the options allow.
pub fn text(circuit: &GateCircuit, options: &FormulaOptions) -> Result<String, FormulaError> {
    let writer = Writer::new(circuit, options, Script::plain(circuit, options))?;
    let mut text = String::new();
    for (name, value) in writer.given(options) {
        text.push_str(&format!("let {name} = {value}\n"));
    }
    for (name, operands) in writer.equations() {
        let name = match name {
            Left::Definition(number) => format!("let {}", (writer.script.definition)(number)),
            Left::Output(name) => format!("R({})", printable(&name)),
        };
        text.push_str(&broken(&format!("{name} = "), &operands, "\n    "));
        text.push('\n');
    }
    Ok(text)
}

/// Plus, times, zero and one, as text writes them.
pub(crate) fn signs(notation: Notation) -> [&'static str; 4] {
    match notation {
        Notation::Semiring => [" ⊕ ", " ⊗ ", "𝟘", "𝟙"],
        Notation::Arithmetic => [" + ", "·", "0", "1"],
        Notation::Logic => [" ∨ ", " ∧ ", "⊥", "⊤"],
    }
}

/// A circuit as a LaTeX `align*` environment, for which the document needs `amsmath`.
///
/// # Errors
/// More gates to write than the options allow.
pub fn latex(circuit: &GateCircuit, options: &FormulaOptions) -> Result<String, FormulaError> {
    let signs = match options.notation {
        Notation::Semiring => [r" \oplus ", r" \otimes ", r"\mathbf{0}", r"\mathbf{1}"],
        Notation::Arithmetic => [" + ", r" \cdot ", "0", "1"],
        Notation::Logic => [r" \lor ", r" \land ", r"\bot", r"\top"],
    };
    let script = Script {
        signs,
        minus: " - ",
        parentheses: [r"\left(", r"\right)"],
        number: Box::new(|d| latex_number(&number(d, options.digits))),
        name: Box::new(latex_name),
        definition: Box::new(|number| format!("g_{{{number}}}")),
    };
    let writer = Writer::new(circuit, options, script)?;
    let given = writer.given(options).map(|(name, value)| format!("{name} &= {value}"));
    let lines = writer.equations().map(|(name, operands)| {
        let name = match name {
            Left::Definition(number) => (writer.script.definition)(number),
            Left::Output(name) => latex_name(&format!("R({name})")),
        };
        broken(&format!("{name} &= "), &operands, " \\\\\n  &\\quad ")
    });
    let lines: Vec<String> = given.chain(lines).collect();
    Ok(format!("\\begin{{align*}}\n{}\n\\end{{align*}}\n", lines.join(" \\\\\n")))
}

/// What stands left of an equality sign.
pub(crate) enum Left {
    /// A subformula, by the number of its definition.
    Definition(u32),
    /// An output, by its name.
    Output(String),
}

/// The operands of a line's outermost sign, each with the sign in front of it.
pub(crate) type Operands = Vec<(&'static str, String)>;

/// A line, broken where it becomes too long.
fn broken(start: &str, operands: &Operands, line_break: &str) -> String {
    let mut text = start.to_string();
    let mut length = start.chars().count();
    for (sign, operand) in operands {
        let more = sign.chars().count() + operand.chars().count();
        if length + more > LINE && !sign.is_empty() {
            text.push_str(line_break);
            text.push_str(sign.trim_start());
            length = more + 4;
        } else {
            text.push_str(sign);
            length += more;
        }
        text.push_str(operand);
    }
    text
}

/// `g`, or longer where a variable is called `g1`.
pub(crate) fn definition_prefix(circuit: &GateCircuit) -> String {
    let numbered = |name: &str, prefix: &str| {
        name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut prefix = "g".to_string();
    while circuit.variables().iter().any(|name| numbered(name, &prefix)) {
        prefix.push('_');
    }
    prefix
}

/// The signs that formulas are written with.
pub(crate) struct Script<'a> {
    /// Plus, times, zero, one.
    pub(crate) signs: [&'static str; 4],
    pub(crate) minus: &'static str,
    pub(crate) parentheses: [&'static str; 2],
    pub(crate) number: Box<dyn Fn(f32) -> String + 'a>,
    pub(crate) name: Box<dyn Fn(&str) -> String + 'a>,
    pub(crate) definition: Box<dyn Fn(u32) -> String + 'a>,
}

impl<'a> Script<'a> {
    /// That of plain text.
    pub(crate) fn plain(circuit: &GateCircuit, options: &'a FormulaOptions) -> Self {
        let prefix = definition_prefix(circuit);
        Script {
            signs: signs(options.notation),
            minus: " - ",
            parentheses: ["(", ")"],
            number: Box::new(|d| number(d, options.digits)),
            name: Box::new(printable),
            definition: Box::new(move |number| format!("{prefix}{number}")),
        }
    }
}

pub(crate) struct Writer<'a> {
    circuit: &'a GateCircuit,
    plan: Plan,
    script: Script<'a>,
    /// Whether numbers have signs that sums may take over: `a - 0.5·b`.
    signed: bool,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(
        circuit: &'a GateCircuit,
        options: &FormulaOptions,
        script: Script<'a>,
    ) -> Result<Self, FormulaError> {
        let plan = Plan::new(circuit, options.expand, options.max_gates)?;
        Ok(Writer { circuit, plan, script, signed: options.notation == Notation::Arithmetic })
    }

    /// The variables with values, as they are written.
    pub(crate) fn given(&self, options: &'a FormulaOptions) -> impl Iterator<Item = (String, String)> + '_ {
        let occurs = |(name, _): &&(String, f32)| self.circuit.variables().contains(name);
        options
            .given
            .iter()
            .filter(occurs)
            .map(|(name, value)| ((self.script.name)(name), (self.script.number)(*value)))
    }

    /// Every definition, children first, and every output.
    pub(crate) fn equations(&self) -> impl Iterator<Item = (Left, Operands)> + '_ {
        let definitions = self.plan.definitions.iter().map(|&gate| {
            let number = self.plan.number(gate).expect("definitions have numbers");
            (Left::Definition(number), self.operands(gate))
        });
        let outputs = output_names(self.circuit).into_iter().zip(self.circuit.outputs()).map(|(name, &gate)| {
            let operands = match self.plan.number(gate) {
                Some(number) => vec![("", (self.script.definition)(number))],
                None => self.operands(gate),
            };
            (Left::Output(name), operands)
        });
        definitions.chain(outputs)
    }

    /// The operands of a gate on a line of its own.
    fn operands(&self, gate: GateId) -> Operands {
        let kind = self.circuit.kind(gate);
        let children = self.circuit.children(gate);
        if children.len() < 2 {
            return vec![("", self.gate(gate, None, true))];
        }
        let operand = |(place, &child): (usize, &GateId)| {
            let text = self.operand(child, Some(kind), place == 0 || kind == GateKind::Plus);
            if place == 0 { ("", text) } else { self.joined(kind, text) }
        };
        children.iter().enumerate().map(operand).collect()
    }

    /// An operand behind the first with the sign in front of it.
    fn joined(&self, kind: GateKind, text: String) -> (&'static str, String) {
        match text.strip_prefix('-').filter(|_| self.signed && kind == GateKind::Plus) {
            Some(positive) => (self.script.minus, positive.to_string()),
            None => (self.script.signs[usize::from(kind == GateKind::Times)], text),
        }
    }

    /// A gate as an operand of another: its name, if it has one.
    fn operand(&self, gate: GateId, outer: Option<GateKind>, first: bool) -> String {
        match self.plan.number(gate) {
            Some(number) => (self.script.definition)(number),
            None => self.gate(gate, outer, first),
        }
    }

    /// A gate written out. `first` says that a sign in front of it would not follow another one.
    fn gate(&self, id: GateId, outer: Option<GateKind>, first: bool) -> String {
        let [_, _, zero, one] = self.script.signs;
        let kind = self.circuit.kind(id);
        match self.circuit.gate(id) {
            Gate::Zero | Gate::Plus([]) => zero.to_string(),
            Gate::One | Gate::Times([]) => one.to_string(),
            Gate::Contribution { d, .. } => {
                let number = (self.script.number)(d);
                let alone = outer.is_none() || self.signed && first;
                let [open, close] = self.script.parentheses;
                if number.starts_with('-') && !alone { format!("{open}{number}{close}") } else { number }
            }
            Gate::Variable(number) => (self.script.name)(&self.circuit.variables()[number as usize]),
            Gate::Plus([child]) | Gate::Times([child]) => self.operand(*child, outer, first),
            Gate::Plus(children) | Gate::Times(children) => {
                let enclosed = outer.is_some_and(|outer| outer == GateKind::Times || outer == kind);
                let first = first || enclosed;
                let mut text = String::new();
                for (place, &child) in children.iter().enumerate() {
                    let own = self.operand(child, Some(kind), kind == GateKind::Plus || place == 0 && first);
                    if place == 0 {
                        text = own;
                    } else {
                        let (sign, own) = self.joined(kind, own);
                        text.push_str(sign);
                        text.push_str(&own);
                    }
                }
                let [open, close] = self.script.parentheses;
                if enclosed { format!("{open}{text}{close}") } else { text }
            }
        }
    }
}
