//! Functions of one tensor that the file spells out in parts.
//!
//! Exporters write SiLU as `x · sigmoid(x)` and GELU as half a dozen operators in varying order. The importer follows
//! how each value depends on an earlier one, and compares the function as a whole with the ones it knows, at enough
//! points to tell them apart; so every order and every algebraic form is recognised.

use std::rc::Rc;

use super::constant::Arithmetic;
use crate::Activation;
use crate::network::NodeId;

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
    Apply(Elementary, Rc<Formula>),
    Combine(Arithmetic, Rc<Formula>, Rc<Formula>),
    Power(Rc<Formula>, f64),
}

/// The functions of one value that formulas are made of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Elementary {
    ErrorFunction,
    Sigmoid,
    Tanh,
}

impl Formula {
    fn at(&self, x: f64) -> f64 {
        match self {
            Formula::Variable => x,
            Formula::Number(number) => *number,
            Formula::Apply(Elementary::ErrorFunction, inner) => libm::erf(inner.at(x)),
            Formula::Apply(Elementary::Sigmoid, inner) => sigmoid(inner.at(x)),
            Formula::Apply(Elementary::Tanh, inner) => inner.at(x).tanh(),
            Formula::Combine(operation, left, right) => operation.apply(left.at(x), right.at(x)),
            Formula::Power(base, exponent) => base.at(x).powf(*exponent),
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

    /// An elementary function of it.
    pub fn apply(&self, function: Elementary) -> Option<Self> {
        Function::new(self.source, Formula::Apply(function, self.formula.clone()), self.parts + 1)
    }

    /// It to a power.
    pub fn power(&self, exponent: f32) -> Option<Self> {
        Function::new(self.source, Formula::Power(self.formula.clone(), exponent.into()), self.parts + 1)
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
        let known: [(Activation, Real); 3] = [
            (Activation::Silu, |x| x * sigmoid(x)),
            (Activation::Gelu { tanh: false }, |x| 0.5 * x * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2))),
            (Activation::Gelu { tanh: true }, |x| {
                0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
            }),
        ];
        // The two forms of GELU differ by up to 4.7e-4; constants in half precision move a value by up to 2e-5.
        let agrees = |function: Real| {
            (-40..=40).map(|step| f64::from(step) * 0.15).all(|x| (self.formula.at(x) - function(x)).abs() < 5e-5)
        };
        known.into_iter().find(|&(_, function)| agrees(function)).map(|(activation, _)| activation)
    }
}

/// A function of one real number.
type Real = fn(f64) -> f64;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
