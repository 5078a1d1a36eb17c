//! Functions of one tensor that the file spells out in parts.
//!
//! Exporters write SiLU as `x · sigmoid(x)`, and GELU, hard swish and Mish as several operators in varying order. The
//! importer follows how each value depends on an earlier one, and compares the function as a whole with the ones it knows,
//! at enough points to tell them apart; so every order and every algebraic form is recognised.

use std::rc::Rc;

use super::constant::Arithmetic;
use crate::network::NodeId;
use crate::{Activation, Elementary};

/// Longer formulas are not followed: no known function needs as many parts.
const PARTS: usize = 48;

/// A value as a function of another, element by element.
#[derive(Clone, Debug)]
pub(super) struct Function {
    /// The node that it is a function of.
    pub source: NodeId,
    formula: Rc<Formula>,
    parts: usize,
}

#[derive(Debug)]
enum Formula {
    Variable,
    Number(f64),
    Apply(Activation, Rc<Formula>),
    Combine(Arithmetic, Rc<Formula>, Rc<Formula>),
}

impl Formula {
    fn at(&self, x: f64) -> f64 {
        match self {
            Formula::Variable => x,
            Formula::Number(number) => *number,
            Formula::Apply(function, inner) => function.at(inner.at(x)),
            Formula::Combine(operation, left, right) => operation.apply(left.at(x), right.at(x)),
        }
    }
}

impl Function {
    /// The value itself.
    pub fn identity(source: NodeId) -> Self {
        Function { source, formula: Rc::new(Formula::Variable), parts: 1 }
    }

    fn new(source: NodeId, formula: Formula, parts: usize) -> Option<Self> {
        (parts <= PARTS).then(|| Function { source, formula: Rc::new(formula), parts })
    }

    /// A function of it.
    pub fn apply(&self, function: Activation) -> Option<Self> {
        Function::new(self.source, Formula::Apply(function, self.formula.clone()), self.parts + 1)
    }

    /// It and a number.
    pub fn with_number(&self, operation: Arithmetic, number: f32, number_first: bool) -> Option<Self> {
        let number = Rc::new(Formula::Number(number.into()));
        let (left, right) = if number_first { (number, self.formula.clone()) } else { (self.formula.clone(), number) };
        Function::new(self.source, Formula::Combine(operation, left, right), self.parts + 2)
    }

    /// It and another function of the same value.
    pub fn with_function(&self, operation: Arithmetic, other: &Function) -> Option<Self> {
        if self.source != other.source {
            return None;
        }
        let formula = Formula::Combine(operation, self.formula.clone(), other.formula.clone());
        Function::new(self.source, formula, self.parts + other.parts + 1)
    }

    /// The activation that it is, if it is one of those that are written in parts.
    pub fn activation(&self) -> Option<Activation> {
        let known = [
            Activation::Silu,
            Activation::Gelu { tanh: false },
            Activation::Gelu { tanh: true },
            Activation::HardSwish,
            Activation::Mish,
            Activation::Softsign,
            Activation::Elementary(Elementary::Truncate),
        ];
        // The two forms of GELU differ by up to 4.7e-4; constants in half precision move a value by up to 2e-5.
        let agrees = |function: &Activation| {
            (-40..=40).map(|step| f64::from(step) * 0.15).all(|x| (self.formula.at(x) - function.at(x)).abs() < 5e-5)
        };
        known.into_iter().find(agrees)
    }
}
