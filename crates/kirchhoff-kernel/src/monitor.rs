//! Progress of long work, and its cancellation.

use thiserror::Error;

/// Watches long work: told how much is done, asked whether to go on.
///
/// Work is counted in edges. Methods are called from several threads, some hundred times a second.
pub trait Monitor: Sync {
    /// So many more edges are done.
    fn advance(&self, edges: u64) {
        let _ = edges;
    }

    /// Whether the work should stop. It then ends with [`Cancelled`] at the next occasion, without a result.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Watches nothing and never cancels.
impl Monitor for () {}

/// The work was stopped by its [`Monitor`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("cancelled")]
pub struct Cancelled;
