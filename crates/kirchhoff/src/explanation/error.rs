//! Why there is no explanation, or why it cannot be written.

use kirchhoff_explain::ExplainError;
use kirchhoff_file::FolderError;
use kirchhoff_kernel::Cancelled;
use kirchhoff_network::ExecutionError;
use thiserror::Error;

/// Why there is no explanation, or why it cannot be written.
#[derive(Debug, Error)]
pub enum ExplanationError {
    /// No question at all.
    #[error("nothing is asked: give at least one question")]
    NoQuestion,
    /// Two questions in semirings of one name, which files and pictures could not tell apart.
    #[error(
        "two questions are in semiring `{semiring}`, whose files would have the same names: explain them one after the other, \
         or give a semiring of your own another name"
    )]
    TwoOfAName {
        /// The semiring.
        semiring: String,
    },
    /// A question without an answer.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// The network cannot run on an input.
    #[error("{name}: {error}")]
    Input {
        /// The name of the input.
        name: String,
        /// What is wrong with it.
        error: ExecutionError,
    },
    /// The network cannot run.
    #[error(transparent)]
    Execution(ExecutionError),
    /// Not even one input fits into the memory that is allowed.
    #[error(
        "one input of this network takes about {} MiB, more than the {} MiB that are allowed: allow at least that much memory",
        bytes.div_ceil(1 << 20),
        limit >> 20
    )]
    Memory {
        /// What one input takes.
        bytes: u64,
        /// What it may take.
        limit: u64,
    },
    /// A semiring, tensor or column that the explanation does not have.
    #[error("there is no {what} `{name}`; there are: {}", known.join(", "))]
    Unknown {
        /// What is looked for.
        what: &'static str,
        /// Its name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A picture cannot be drawn.
    #[error(transparent)]
    Render(#[from] kirchhoff_render::Error),
    /// Tensors that do not make up a file.
    #[error("cannot write relevance.safetensors: {0}")]
    Tensors(String),
    /// What cannot be written as JSON.
    #[error("cannot write explanation.json: {0}")]
    Json(#[from] serde_json::Error),
    /// Files cannot be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Stopped by the monitor.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
