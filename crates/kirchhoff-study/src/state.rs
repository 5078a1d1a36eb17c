//! What passes store, and how it is told that a stored state is one of theirs.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a pass makes of a data set: it is stored between batches, and read by a later run.
///
/// The hash of a state's file tells damage, and nothing of who wrote it. So a state is compared with the one that its pass starts
/// with before any of it is used.
pub trait State: Serialize + DeserializeOwned {
    /// Whether the pass could have come from `start` to this state: its tables are as long, and its counts leave room for what is
    /// still to be added.
    fn follows(&self, start: &Self) -> bool;
}

/// No count of inputs, neurons or answers comes near it.
const MOST: u64 = 1 << 52;

impl State for u64 {
    fn follows(&self, _: &Self) -> bool {
        *self < MOST
    }
}

impl State for u32 {
    fn follows(&self, _: &Self) -> bool {
        *self < u32::MAX / 2
    }
}

impl State for f64 {
    fn follows(&self, _: &Self) -> bool {
        true
    }
}

impl<S: State> State for Vec<S> {
    fn follows(&self, start: &Self) -> bool {
        self.len() == start.len() && self.iter().zip(start).all(|(own, start)| own.follows(start))
    }
}
