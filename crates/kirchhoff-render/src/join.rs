//! How several values are joined into one cell.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// How several values become one: the channels of a pixel, or the cells of a block that is drawn as one.
///
/// The natural join of a semiring is its ⊕; see [`Kind::join`](crate::Kind::join).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Join {
    /// 1 if any value is true, else 0. As everywhere in this crate, a value is true if it is above zero.
    Or,
    /// 1 if every value is true, else 0.
    And,
    /// The sum.
    Sum,
    /// The arithmetic mean.
    Mean,
    /// The largest value.
    Max,
    /// The smallest value.
    Min,
}

impl Join {
    /// Every join, in the order in which help texts list them.
    pub const ALL: [Self; 6] = [Self::Or, Self::And, Self::Sum, Self::Mean, Self::Max, Self::Min];

    /// The word that the command line uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Max => "max",
            Self::Min => "min",
        }
    }

    /// Joins the values, of which there must be at least one. The answer is NaN where a sum meets both infinities.
    pub fn over(self, values: impl IntoIterator<Item = f64>) -> f64 {
        let mut values = values.into_iter();
        let first = values.next().expect("a join of no values");
        let truth = |value: f64| f64::from(u8::from(value > 0.0));
        match self {
            Self::Or => values.fold(truth(first), |joined, value| joined.max(truth(value))),
            Self::And => values.fold(truth(first), |joined, value| joined.min(truth(value))),
            Self::Sum => values.fold(first, |joined, value| joined + value),
            Self::Mean => {
                let (sum, count) = values.fold((first, 1.0), |(sum, count), value| (sum + value, count + 1.0));
                sum / count
            }
            Self::Max => values.fold(first, f64::max),
            Self::Min => values.fold(first, f64::min),
        }
    }
}

impl fmt::Display for Join {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Join {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|join| join.name() == word)
            .ok_or_else(|| Error::UnknownJoin { word: word.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_follow_their_names() {
        let values = [0.0, 2.0, -3.0];
        let joined = Join::ALL.map(|join| join.over(values));
        assert_eq!(joined, [1.0, 0.0, -1.0, -1.0 / 3.0, 2.0, -3.0]);
        assert_eq!(Join::And.over([1.0, 5.0]), 1.0);
        assert_eq!(Join::Or.over([0.0, f64::NEG_INFINITY]), 0.0);
    }

    #[test]
    fn infinities_are_the_ends_of_max_and_min() {
        let values = [f64::NEG_INFINITY, 1.0, f64::INFINITY];
        assert_eq!(Join::Max.over(values), f64::INFINITY);
        assert_eq!(Join::Min.over(values), f64::NEG_INFINITY);
        assert!(Join::Sum.over(values).is_nan());
    }

    #[test]
    fn words_are_read_back() {
        for join in Join::ALL {
            assert_eq!(join.to_string().parse::<Join>().unwrap(), join);
        }
        let message = "xor".parse::<Join>().unwrap_err().to_string();
        assert_eq!(message, "unknown join \"xor\": one of or, and, sum, mean, max, min");
    }
}
