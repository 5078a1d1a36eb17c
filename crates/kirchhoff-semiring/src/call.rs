//! `name(argument, ...)`: how users write rules, annotations and semirings that have parameters.

use std::fmt;
use std::str::FromStr;

/// A name with finite numbers as arguments: `gamma(0.25)`, `top-k(3)`, `zero`.
///
/// ```
/// use kirchhoff_semiring::Call;
///
/// let call: Call = "alpha-beta(2, 1)".parse()?;
/// assert_eq!((call.name.as_str(), &call.arguments[..]), ("alpha-beta", &[2.0, 1.0][..]));
/// assert_eq!(call.to_string(), "alpha-beta(2, 1)");
///
/// let [gamma] = "gamma".parse::<Call>()?.arguments_or([("γ", 0.25)])?;
/// assert_eq!(gamma, 0.25);
/// # Ok::<(), kirchhoff_semiring::CallError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The arguments, every one finite; none where the text has no brackets.
    pub arguments: Vec<f64>,
}

/// Why a text is not a [`Call`], or why its arguments do not fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallError {
    /// The text is not of the form `name` or `name(number, ...)`.
    #[error("cannot read `{text}`: {problem}; expected `name` or `name(number, ...)`")]
    Malformed {
        /// The text.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An argument is not a number.
    #[error("in `{text}`, argument {position} is `{argument}`, not a finite number")]
    Argument {
        /// The text.
        text: String,
        /// Which argument, from 1.
        position: usize,
        /// What stands there.
        argument: String,
    },
    /// The name takes another number of arguments.
    #[error("`{name}` takes {}, not {given}", expected(parameters))]
    Count {
        /// The name.
        name: String,
        /// The names of its parameters.
        parameters: Vec<String>,
        /// The number of arguments given.
        given: usize,
    },
    /// An argument is a number that the name cannot take.
    #[error("`{name}` takes {requirement}, not {given}")]
    Value {
        /// The name.
        name: String,
        /// What it takes, for example `a whole k ≥ 1`.
        requirement: String,
        /// The argument, or the arguments.
        given: String,
    },
}

fn expected(parameters: &[String]) -> String {
    match parameters {
        [] => "no argument".to_string(),
        [one] => format!("one argument ({one})"),
        several => format!("{} arguments ({})", several.len(), several.join(", ")),
    }
}

impl Call {
    /// A call without arguments.
    pub fn named(name: &str) -> Call {
        Call { name: name.to_string(), arguments: Vec::new() }
    }

    /// The arguments, where there must be one for each of the named `parameters`.
    ///
    /// # Errors
    /// [`CallError::Count`] if there are fewer or more.
    pub fn arguments<const N: usize>(&self, parameters: [&str; N]) -> Result<[f64; N], CallError> {
        self.arguments.as_slice().try_into().map_err(|_| self.count_error(&parameters))
    }

    /// The arguments, where those left out at the end take the default beside their parameter's name.
    ///
    /// # Errors
    /// [`CallError::Count`] if there are more arguments than parameters.
    pub fn arguments_or<const N: usize>(&self, parameters: [(&str, f64); N]) -> Result<[f64; N], CallError> {
        if self.arguments.len() > N {
            return Err(self.count_error(&parameters.map(|(name, _)| name)));
        }
        Ok(std::array::from_fn(|i| self.arguments.get(i).copied().unwrap_or(parameters[i].1)))
    }

    fn count_error(&self, parameters: &[&str]) -> CallError {
        CallError::Count {
            name: self.name.clone(),
            parameters: parameters.iter().map(|name| (*name).to_string()).collect(),
            given: self.arguments.len(),
        }
    }

    /// The error that this call's argument `given` is not what the name takes: `requirement`, for example
    /// `a whole k ≥ 1`.
    pub fn value_error(&self, requirement: &str, given: f64) -> CallError {
        CallError::Value { name: self.name.clone(), requirement: requirement.to_string(), given: given.to_string() }
    }

    /// The error that this call's arguments are not what the name takes together.
    pub fn values_error(&self, requirement: &str) -> CallError {
        let given = self.arguments.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
        CallError::Value { name: self.name.clone(), requirement: requirement.to_string(), given }
    }
}

impl FromStr for Call {
    type Err = CallError;

    /// Reads a call. Blanks around the parts do not matter, and `−` is read as `-`, so that what documents show can
    /// be pasted.
    fn from_str(text: &str) -> Result<Self, CallError> {
        let malformed = |problem| CallError::Malformed { text: text.to_string(), problem };
        let plain = text.replace('−', "-");
        let (name, arguments) = match plain.trim().split_once('(') {
            None => (plain.trim(), None),
            Some((name, rest)) => {
                let inner = rest.strip_suffix(')').ok_or_else(|| malformed("the bracket does not close at the end"))?;
                (name.trim_end(), Some(inner))
            }
        };
        if name.is_empty() {
            return Err(malformed("the name is missing"));
        }
        if !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')) {
            return Err(malformed("a name has only letters, digits, `-`, `_` and `.`"));
        }
        if arguments.is_some_and(|inner| inner.trim().is_empty()) {
            return Err(malformed("the brackets are empty"));
        }
        let mut call = Call::named(name);
        for (i, argument) in arguments.into_iter().flat_map(|inner| inner.split(',')).enumerate() {
            let number = argument.trim().parse().ok().filter(|number: &f64| number.is_finite());
            call.arguments.push(number.ok_or_else(|| CallError::Argument {
                text: text.to_string(),
                position: i + 1,
                argument: argument.trim().to_string(),
            })?);
        }
        Ok(call)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.arguments.is_empty() {
            return Ok(());
        }
        let arguments: Vec<_> = self.arguments.iter().map(|argument| shortest(format!("{argument:?}"))).collect();
        write!(f, "({})", arguments.join(", "))
    }
}

/// The `Debug` form of a number, which is the shortest that reads back as the same, without a superfluous `.0`.
pub(crate) fn shortest(number: String) -> String {
    number.strip_suffix(".0").map(str::to_string).unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(text: &str) -> String {
        text.parse::<Call>().unwrap_err().to_string()
    }

    #[test]
    fn calls_are_read_with_and_without_arguments() {
        assert_eq!("zero".parse(), Ok(Call::named("zero")));
        assert_eq!(" -neg-log ".parse(), Ok(Call::named("-neg-log")));
        assert_eq!("−neg-log".parse(), Ok(Call::named("-neg-log")));
        let call: Call = "z-box( −2.1 ,2.6e0 )".parse().unwrap();
        assert_eq!((call.name.as_str(), call.arguments), ("z-box", vec![-2.1, 2.6]));
    }

    #[test]
    fn what_is_no_call_is_named() {
        assert_eq!(
            message("gamma(0.25").split(';').next().unwrap(),
            "cannot read `gamma(0.25`: the bracket does not close at the end"
        );
        assert!(message("").contains("the name is missing"));
        assert!(message("(3)").contains("the name is missing"));
        assert!(message("top k").contains("a name has only letters"));
        assert!(message("gamma()").contains("the brackets are empty"));
        assert!(message("gamma(1)(2)").contains("is `1)(2`"));
        assert_eq!(message("gamma(x)"), "in `gamma(x)`, argument 1 is `x`, not a finite number");
        assert_eq!(message("z-box(0, inf)"), "in `z-box(0, inf)`, argument 2 is `inf`, not a finite number");
        assert!(message("z-box(0,)").contains("argument 2 is ``"));
    }

    #[test]
    fn arguments_are_counted() {
        let call: Call = "gamma(1, 2)".parse().unwrap();
        assert_eq!(call.arguments(["γ"]).unwrap_err().to_string(), "`gamma` takes one argument (γ), not 2");
        assert_eq!(call.arguments([]).unwrap_err().to_string(), "`gamma` takes no argument, not 2");
        let error = call.arguments(["a", "b", "c"]).unwrap_err();
        assert_eq!(error.to_string(), "`gamma` takes 3 arguments (a, b, c), not 2");
        assert_eq!(call.arguments(["α", "β"]), Ok([1.0, 2.0]));
        assert_eq!(call.arguments_or([("a", 7.0), ("b", 8.0), ("c", 9.0)]), Ok([1.0, 2.0, 9.0]));
        assert!(call.arguments_or([("γ", 0.25)]).is_err());
    }

    proptest! {
        #[test]
        fn display_reads_back(
            name in "[a-z][a-z0-9-]{0,8}",
            arguments in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 0..4),
        ) {
            let call = Call { name, arguments };
            prop_assert_eq!(call.to_string().parse::<Call>().unwrap(), call);
        }
    }
}
