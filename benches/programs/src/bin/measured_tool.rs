//! The tool with the operations of three built-in semirings as anybody would write them: four methods, no word of kernels.
//! `just bench-semirings` measures what that costs.

use std::process::ExitCode;

use kirchhoff::explain::{Described, NameError, Registry};
use kirchhoff::semiring::{Law, Laws, Project, Semiring};

fn main() -> Result<ExitCode, NameError> {
    let viterbi =
        Described::new("rust-viterbi", Best).with_rule("max-abs").with_theta(|_: &str, d: f32| d.abs().min(1.0));
    let boolean = Described::new("rust-boolean", Any).with_theta(|_: &str, d: f32| d >= 1e-9);
    let counting = Described::new("rust-counting", Sum).with_theta(|_: &str, d: f32| f64::from(u8::from(d >= 1e-9)));
    let record = Described::new("rust-record", Expected)
        .with_rule("max-abs")
        .with_theta(|_: &str, d: f32| [d.abs().min(1.0), d.abs().min(1.0)]);
    let registry = Registry::built_in().with(viterbi)?.with(boolean)?.with(counting)?.with(record)?;
    Ok(kirchhoff_cli::main(registry))
}

/// The semiring of a type whose operations are four expressions.
macro_rules! semiring {
    ($name:ident: $value:ty, $zero:expr, $one:expr, $plus:expr, $times:expr, $laws:expr, $number:expr) => {
        #[derive(Clone)]
        struct $name;

        impl Semiring for $name {
            type Value = $value;

            #[inline(always)]
            fn zero(&self) -> $value {
                $zero
            }

            #[inline(always)]
            fn one(&self) -> $value {
                $one
            }

            #[inline(always)]
            fn plus(&self, a: &$value, b: &$value) -> $value {
                $plus(*a, *b)
            }

            #[inline(always)]
            fn times(&self, a: &$value, b: &$value) -> $value {
                $times(*a, *b)
            }

            fn laws(&self) -> Laws {
                Laws::of($laws)
            }
        }

        impl Project for $name {
            fn project(&self, a: &$value) -> f64 {
                $number(*a)
            }
        }
    };
}

const BEST: &[Law] = &[Law::CommutativeTimes, Law::Absorptive, Law::Selective];
const SUMS: &[Law] = &[Law::CommutativeTimes];

semiring!(Best: f32, 0.0, 1.0, |a: f32, b: f32| if a > b { a } else { b }, |a: f32, b: f32| a * b, BEST, f64::from);
semiring!(Any: bool, false, true, |a, b| a | b, |a, b| a & b, BEST, |a| f64::from(u8::from(a)));
semiring!(Sum: f64, 0.0, 1.0, |a: f64, b: f64| a + b, |a: f64, b: f64| a * b, SUMS, |a| a);
semiring!(
    Expected: [f32; 2],
    [0.0, 0.0],
    [1.0, 0.0],
    |a: [f32; 2], b: [f32; 2]| [a[0] + b[0], a[1] + b[1]],
    |a: [f32; 2], b: [f32; 2]| [a[0] * b[0], a[0] * b[1] + a[1] * b[0]],
    SUMS,
    |a: [f32; 2]| f64::from(a[0])
);
