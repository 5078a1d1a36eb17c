//! The elementary functions of calculus.

use Elementary::{
    Absolute, ArcCosine, ArcSine, ArcTangent, AreaCosine, AreaSine, AreaTangent, Ceiling, Cosine, ErrorFunction,
    Exponential, Floor, HyperbolicCosine, HyperbolicSine, Logarithm, Reciprocal, Round, Sign, Sine, SquareRoot,
    Tangent, Truncate,
};

/// A function of one value that has no parameters, as textbooks name it.
///
/// Where a function has no real value, an execution says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elementary {
    /// The absolute value.
    Absolute,
    /// e to the power of the value.
    Exponential,
    /// The natural logarithm.
    Logarithm,
    /// The square root.
    SquareRoot,
    /// 1 divided by the value.
    Reciprocal,
    /// `2/√π · ∫₀ˣ e^−t² dt`.
    ErrorFunction,
    /// −1, 0 or 1.
    Sign,
    /// The largest integer that is not larger.
    Floor,
    /// The smallest integer that is not smaller.
    Ceiling,
    /// The nearest integer, the even one of two.
    Round,
    /// The value without its fractional part.
    Truncate,
    /// The sine.
    Sine,
    /// The cosine.
    Cosine,
    /// The tangent.
    Tangent,
    /// The inverse of the sine.
    ArcSine,
    /// The inverse of the cosine.
    ArcCosine,
    /// The inverse of the tangent.
    ArcTangent,
    /// The hyperbolic sine.
    HyperbolicSine,
    /// The hyperbolic cosine.
    HyperbolicCosine,
    /// The inverse of the hyperbolic sine.
    AreaSine,
    /// The inverse of the hyperbolic cosine.
    AreaCosine,
    /// The inverse of the hyperbolic tangent.
    AreaTangent,
}

/// A function, its name in messages, the operator of ONNX that it is, and what it computes.
type Entry = (Elementary, &'static str, &'static str, fn(f64) -> f64);

/// Every function, in the order of their declaration. Values come from `libm`, which gives the same ones on every machine.
static TABLE: [Entry; AreaTangent as usize + 1] = [
    (Absolute, "absolute value", "Abs", libm::fabs),
    (Exponential, "exponential", "Exp", libm::exp),
    (Logarithm, "logarithm", "Log", libm::log),
    (SquareRoot, "square root", "Sqrt", libm::sqrt),
    (Reciprocal, "reciprocal", "Reciprocal", |x| 1.0 / x),
    (ErrorFunction, "error function", "Erf", libm::erf),
    (Sign, "sign", "Sign", |x| if x == 0.0 { 0.0 } else { libm::copysign(1.0, x) }),
    (Floor, "floor", "Floor", libm::floor),
    (Ceiling, "ceiling", "Ceil", libm::ceil),
    (Round, "rounding", "Round", libm::rint),
    // ONNX has it as a cast, or in parts.
    (Truncate, "truncation", "", libm::trunc),
    (Sine, "sine", "Sin", libm::sin),
    (Cosine, "cosine", "Cos", libm::cos),
    (Tangent, "tangent", "Tan", libm::tan),
    (ArcSine, "inverse sine", "Asin", libm::asin),
    (ArcCosine, "inverse cosine", "Acos", libm::acos),
    (ArcTangent, "inverse tangent", "Atan", libm::atan),
    (HyperbolicSine, "hyperbolic sine", "Sinh", libm::sinh),
    (HyperbolicCosine, "hyperbolic cosine", "Cosh", libm::cosh),
    (AreaSine, "inverse hyperbolic sine", "Asinh", libm::asinh),
    (AreaCosine, "inverse hyperbolic cosine", "Acosh", libm::acosh),
    (AreaTangent, "inverse hyperbolic tangent", "Atanh", libm::atanh),
];

impl Elementary {
    /// Every function.
    pub fn all() -> impl Iterator<Item = Elementary> {
        TABLE.iter().map(|&(function, ..)| function)
    }

    fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }

    /// Its name in messages and docs.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// The operator of ONNX that computes it, if one does.
    pub(crate) fn onnx(self) -> Option<&'static str> {
        Some(self.entry().2).filter(|operator| !operator.is_empty())
    }

    /// The function that an operator of ONNX computes.
    pub(crate) fn from_onnx(operator: &str) -> Option<Self> {
        TABLE.iter().find(|(_, _, onnx, _)| *onnx == operator && !onnx.is_empty()).map(|&(function, ..)| function)
    }

    /// Its value at `x`; NaN where it has none.
    pub fn at(self, x: f64) -> f64 {
        (self.entry().3)(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_functions() {
        for (position, function) in Elementary::all().enumerate() {
            assert_eq!(function as usize, position, "{}", function.name());
            assert_eq!(function.onnx().map(Elementary::from_onnx), function.onnx().map(|_| Some(function)));
        }
        assert_eq!(Elementary::from_onnx("Relu"), None);
        assert_eq!(Elementary::from_onnx(""), None);
    }
}
