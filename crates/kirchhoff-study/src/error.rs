//! Why a study cannot be made.

use std::path::PathBuf;

use kirchhoff_data::InputError;
use kirchhoff_explain::ExplainError;
use kirchhoff_network::{ExecutionError, NetworkError};
use thiserror::Error;

/// Why a study stops.
#[derive(Debug, Error)]
pub enum StudyError {
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] InputError),
    /// Relevance cannot be computed.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// The network cannot run on an input.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// A network cannot be built.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Settings that ask for something that cannot be done.
    #[error("{0}")]
    Settings(String),
    /// A picture cannot be drawn.
    #[error(transparent)]
    Render(#[from] kirchhoff_render::Error),
    /// A file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The folder holds what a run with other settings has begun.
    #[error(
        "{} was begun by another run: {differences}; repeat that one's command to go on with it, choose another folder, \
         or discard it by --restart",
        path.display()
    )]
    Other {
        /// The stored state.
        path: PathBuf,
        /// Which settings differ.
        differences: String,
    },
    /// A stored state that cannot be gone on from.
    #[error("{} is damaged, or of another version: discard it by --restart", path.display())]
    State {
        /// The stored state.
        path: PathBuf,
    },
    /// A file of somebody's has the name of one that the study needs.
    #[error("{} is no file of a study, but has the name of one: move it away, or choose another folder", path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// Another process is at work in the folder.
    #[error("another study is running in {}", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// Stopped by the monitor. What was done up to `done` of `count` inputs is stored.
    #[error("stopped after {done} of {count} inputs of pass `{pass}`; the same command goes on from there")]
    Interrupted {
        /// The pass that was under way.
        pass: String,
        /// Inputs that are done.
        done: usize,
        /// Inputs of the pass.
        count: usize,
    },
}

impl StudyError {
    /// Whether the work was cancelled by its monitor.
    pub(crate) fn is_cancelled(&self) -> bool {
        use kirchhoff_evaluate::EvaluationError;
        matches!(
            self,
            StudyError::Execution(ExecutionError::Cancelled(_))
                | StudyError::Explain(
                    ExplainError::Execution(ExecutionError::Cancelled(_))
                        | ExplainError::Evaluation(EvaluationError::Cancelled(_))
                )
        )
    }
}
