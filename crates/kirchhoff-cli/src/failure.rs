//! Failures of the tool, and the exit codes that they end with.

use std::fmt;
use std::io;
use std::path::Path;

use kirchhoff::ask::AskError;
use kirchhoff::circuit::{StoreError, UnrollError};
use kirchhoff::evaluate::{EvaluationError, FoldError, ProbabilityError};
use kirchhoff::formula::FormulaError;
use kirchhoff::network::ExecutionError;
use kirchhoff_kernel::Cancelled;

use kirchhoff::explain::ExplainError;
use kirchhoff::explanation::ExplanationError;
use kirchhoff_file::{FolderError, WriteError};

/// Why the tool stops.
#[derive(Debug)]
pub enum Failure {
    /// The arguments or files that the user gave cannot be used: exit code 2.
    Input(anyhow::Error),
    /// The work failed although its input was sound: exit code 1.
    Work(anyhow::Error),
    /// The user pressed Ctrl-C: exit code 130, as shells have it.
    Cancelled,
    /// The user pressed Ctrl-C, and what was done is kept: exit code 130.
    Interrupted(String),
}

impl Failure {
    /// Unusable input.
    pub fn input(error: impl Into<anyhow::Error>) -> Self {
        Failure::Input(error.into())
    }

    /// Unusable input, in words.
    pub fn usage(message: impl fmt::Display) -> Self {
        Failure::Input(anyhow::anyhow!("{message}"))
    }

    /// Failed work.
    pub fn work(error: impl Into<anyhow::Error>) -> Self {
        Failure::Work(error.into())
    }

    /// An output that cannot be written.
    pub fn unwritten(path: &Path, error: io::Error) -> Self {
        FolderError::Write { path: path.to_path_buf(), error }.into()
    }

    /// An error about an output, by what the system said: a place that nothing can be written to, or that holds what may not be
    /// replaced, was the user's to choose; anything else, as a full disk, befell the work.
    pub fn of_write(kind: io::ErrorKind, error: impl Into<anyhow::Error>) -> Self {
        use io::ErrorKind as Kind;
        match kind {
            Kind::AlreadyExists
            | Kind::PermissionDenied
            | Kind::NotFound
            | Kind::NotADirectory
            | Kind::IsADirectory
            | Kind::ReadOnlyFilesystem
            | Kind::InvalidFilename
            | Kind::InvalidInput => Failure::input(error),
            _ => Failure::work(error),
        }
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Input(_) => 2,
            Failure::Work(_) => 1,
            Failure::Cancelled | Failure::Interrupted(_) => 130,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Input(error) | Failure::Work(error) => write!(f, "{error:#}"),
            Failure::Cancelled => f.write_str("cancelled; nothing was written"),
            Failure::Interrupted(message) => f.write_str(message),
        }
    }
}

impl From<Cancelled> for Failure {
    fn from(_: Cancelled) -> Self {
        Failure::Cancelled
    }
}

impl From<ExecutionError> for Failure {
    fn from(error: ExecutionError) -> Self {
        match error {
            ExecutionError::Cancelled(_) => Failure::Cancelled,
            ExecutionError::Overflow { .. } => Failure::work(error),
            ExecutionError::Size { .. }
            | ExecutionError::NotFinite { .. }
            | ExecutionError::Row { .. }
            | ExecutionError::EmptyWindow { .. } => Failure::input(error),
        }
    }
}

impl From<ExplainError> for Failure {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::Evaluation(EvaluationError::Cancelled(_))
            | ExplainError::Unroll(UnrollError::Cancelled(_))
            | ExplainError::Fold(FoldError::Cancelled(_))
            | ExplainError::Cancelled(_) => Failure::Cancelled,
            ExplainError::Unroll(UnrollError::TooLarge { .. }) => Failure::usage(format!(
                "{error}: raise --max-gates, leave out edges that are 0 (`compile --prune` with a --theta), or store the \
                 layers instead (`compile --layered`)"
            )),
            ExplainError::Evaluation(EvaluationError::NoElement { .. })
            | ExplainError::Fold(FoldError::NoElement { .. }) => Failure::work(error),
            ExplainError::Fold(FoldError::Law { .. }) => Failure::usage(format!(
                "{error}: take the circuit as it was before, or simplify that with --for and this semiring's name"
            )),
            error => Failure::input(error),
        }
    }
}

impl From<ExplanationError> for Failure {
    fn from(error: ExplanationError) -> Self {
        match error {
            ExplanationError::Explain(error) => error.into(),
            ExplanationError::Execution(error) => error.into(),
            ExplanationError::Folder(error) => error.into(),
            ExplanationError::Cancelled(cancelled) => cancelled.into(),
            ExplanationError::Memory { bytes, limit } => Failure::usage(format!(
                "one input of this model takes about {0} MiB, more than the {1} MiB that it may: allow it by --memory {0}MiB",
                bytes.div_ceil(1 << 20),
                limit >> 20
            )),
            ExplanationError::Input { error: ExecutionError::Overflow { .. }, .. }
            | ExplanationError::Render(_)
            | ExplanationError::Tensors(_)
            | ExplanationError::Json(_) => Failure::work(error),
            ExplanationError::Input { .. }
            | ExplanationError::NoQuestion
            | ExplanationError::TwoOfAName { .. }
            | ExplanationError::Unknown { .. } => Failure::input(error),
        }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Io { error: ref cause, .. } => Failure::of_write(cause.kind(), error),
            WriteError::Tensors { .. } => Failure::work(error),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Write(error) => error.into(),
            error => Failure::input(error),
        }
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Open { error: ref cause, .. } | FolderError::Write { error: ref cause, .. } => {
                Failure::of_write(cause.kind(), error)
            }
        }
    }
}

impl From<FormulaError> for Failure {
    fn from(error: FormulaError) -> Self {
        match error {
            FormulaError::Outputs { .. } => Failure::usage(format!("{error} with --output")),
            error => Failure::input(error),
        }
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Explain(error) => error.into(),
            AskError::Probability(ProbabilityError::Fold(FoldError::Cancelled(cancelled))) => cancelled.into(),
            error => Failure::input(error),
        }
    }
}

impl From<ProbabilityError> for Failure {
    fn from(error: ProbabilityError) -> Self {
        match error {
            ProbabilityError::Fold(error) => ExplainError::from(error).into(),
            error => Failure::input(error),
        }
    }
}
