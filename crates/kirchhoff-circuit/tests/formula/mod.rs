//! Formulas as text, for tests: letters are variables, `+` is ⊕, products are written side by side, `²` to `⁴` repeat
//! a factor, `0` and `1` are the constants and other digits repeat a product.

use kirchhoff_circuit::{Gate, GateBuilder, GateCircuit, GateId};

/// The circuit of several formulas, one an output; equal gates are made once.
pub fn circuit(formulas: &[&str]) -> GateCircuit {
    let mut builder = GateBuilder::new(Vec::new(), 1_000_000);
    let outputs: Vec<GateId> = formulas
        .iter()
        .map(|formula| {
            let mut parser = Parser { text: formula.chars().filter(|c| !c.is_whitespace()).collect(), at: 0 };
            let sum = parser.sum(&mut builder);
            assert_eq!(parser.at, parser.text.len(), "`{formula}` has been read to its end");
            sum
        })
        .collect();
    builder.output("value", &[outputs.len()], &outputs).unwrap();
    builder.finish().unwrap()
}

struct Parser {
    text: Vec<char>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn sum(&mut self, builder: &mut GateBuilder) -> GateId {
        let mut summands = Vec::new();
        loop {
            let times = match self.peek().and_then(|c| c.to_digit(10)).filter(|&digit| digit > 1) {
                Some(digit) => {
                    self.at += 1;
                    digit
                }
                None => 1,
            };
            let product = self.product(builder);
            summands.extend((0..times).map(|_| product));
            if self.peek() != Some('+') {
                return builder.plus(&summands).unwrap();
            }
            self.at += 1;
        }
    }

    fn product(&mut self, builder: &mut GateBuilder) -> GateId {
        let mut factors = Vec::new();
        while let Some(letter) = self.peek().filter(|&c| c != '+' && c != ')') {
            self.at += 1;
            let factor = match letter {
                '(' => {
                    let sum = self.sum(builder);
                    assert_eq!(self.peek(), Some(')'));
                    self.at += 1;
                    sum
                }
                '0' => builder.zero().unwrap(),
                '1' => builder.one().unwrap(),
                letter => {
                    let variable = builder.declare(&letter.to_string());
                    builder.variable(variable).unwrap()
                }
            };
            let exponent = match self.peek() {
                Some('²') => 2,
                Some('³') => 3,
                Some('⁴') => 4,
                _ => 1,
            };
            self.at += usize::from(exponent > 1);
            factors.extend((0..exponent).map(|_| factor));
        }
        builder.times(&factors).unwrap()
    }
}

/// An output as a formula in the same manner.
pub fn text(circuit: &GateCircuit, gate: GateId) -> String {
    match circuit.gate(gate) {
        Gate::Zero => "0".to_string(),
        Gate::One => "1".to_string(),
        Gate::Contribution { layer, d } => format!("[{layer}:{d}]"),
        Gate::Variable(number) => circuit.variables()[number as usize].clone(),
        Gate::Plus(children) => children.iter().map(|&child| text(circuit, child)).collect::<Vec<_>>().join(" + "),
        Gate::Times(children) => children
            .iter()
            .map(|&child| match circuit.gate(child) {
                Gate::Plus(_) => format!("({})", text(circuit, child)),
                _ => text(circuit, child),
            })
            .collect(),
    }
}
