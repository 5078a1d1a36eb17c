//! Gate circuits as formulas that people and other programs read.
//!
//! [`text`] and [`latex`] write equations, [`page`] a page that folds, [`sexpr`] S-expressions that [`parse`] reads back, [`json`] the gates one by
//! one, [`dot`] and [`svg`] drawings. [`cnf`] and [`nnf`] write Boolean formulas for solvers and knowledge compilers, and a
//! [`Ddnnf`] is such a formula in the form in which it can be counted with.
//! Before any of them, [`cut`] keeps what is of interest, and [`decide`] applies Θ.
//!
//! Subformulas that are used several times are written out where they are small
//! ([`expand`](FormulaOptions::expand)) and have names of their own where they are not, so that a formula is never
//! much longer than its circuit.
//!
//! ```
//! use kirchhoff_formula::{Cut, FormulaOptions, Notation, cut, find_outputs, latex, parse, sexpr, text};
//!
//! let circuit = parse(
//!     r#"(circuit
//!       (layer "0" "epsilon")
//!       (let sum (+ "h1[0]" (* (d 0 0.25) "h1[1]")))
//!       (output "input" (2) (* (d 0 0.5) sum) (* (d 0 -1.5) sum)))"#,
//!     1000,
//! )?;
//! let real = FormulaOptions { notation: Notation::Arithmetic, expand: 1, ..FormulaOptions::default() };
//! assert_eq!(
//!     text(&circuit, &real)?,
//!     "let g1 = h1[0] + 0.25·h1[1]\n\
//!      R(x[0]) = 0.5·g1\n\
//!      R(x[1]) = -1.5·g1\n"
//! );
//! let second = cut(&circuit, &Cut { outputs: find_outputs(&circuit, "x[1]")?, ..Cut::default() })?;
//! assert_eq!(text(&second, &FormulaOptions::default())?, "R(x[1]) = (-1.5) ⊗ (h1[0] ⊕ 0.25 ⊗ h1[1])\n");
//! assert!(latex(&second, &real)?.contains(r"R_{x_{1}} &= -1.5 \cdot \left(h^{(1)}_{0} + 0.25 \cdot h^{(1)}_{1}\right)"));
//! assert_eq!(parse(&sexpr(&circuit, &real)?, 1000)?, circuit);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod boolean;
mod cut;
mod ddnnf;
mod dot;
mod equations;
mod error;
mod json;
mod latex;
pub mod layout;
mod number;
mod page;
mod parse;
mod plan;
mod removal;
mod sexpr;
mod svg;

pub use boolean::{boolean_output, cnf, nnf};
pub use cut::{Cut, Decision, cut, decide, find_outputs, output_names};
pub use ddnnf::{Ddnnf, DdnnfError, DdnnfNode, DdnnfOptions};
pub use dot::dot;
pub use equations::{latex, text};
pub use error::FormulaError;
pub use json::json;
pub use kirchhoff_semiring::Notation;
pub use latex::latex_name;
pub use page::page;
pub use parse::{ParseError, parse};
pub use removal::{with_total, without};
pub use sexpr::sexpr;
pub use svg::{escaped, svg, text_width};

/// How formulas are written.
#[derive(Clone, Debug, PartialEq)]
pub struct FormulaOptions {
    /// The signs of text and LaTeX.
    pub notation: Notation,
    /// Significant digits of numbers; none for as many as it takes to read the same `f32` back.
    pub digits: Option<usize>,
    /// Subformulas of at most so many gates are written out wherever they are used; others that are used several times
    /// have a name.
    pub expand: u64,
    /// How many gates may be written, each as often as it is.
    pub max_gates: u64,
    /// Variables with values: text and LaTeX begin with an equation for each that occurs.
    pub given: Vec<(String, f32)>,
}

impl Default for FormulaOptions {
    /// Signs for any semiring, exact numbers, subformulas of up to 7 gates written out, a million gates.
    fn default() -> Self {
        FormulaOptions {
            notation: Notation::Semiring,
            digits: None,
            expand: 7,
            max_gates: 1_000_000,
            given: Vec::new(),
        }
    }
}

/// A name without characters that would break a line or steer a terminal.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
