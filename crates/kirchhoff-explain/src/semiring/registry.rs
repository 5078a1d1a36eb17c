//! Semirings by name: the built-in ones, and those that somebody adds.

use std::sync::LazyLock;

use kirchhoff_file::read_text;
use kirchhoff_semiring::{
    Call, Definition, DefinitionError, Embed, LookupError, SemiringInfo, SemiringVisitor, UnknownName, find_symbolic,
    semirings, visit,
};
use thiserror::Error;

use super::{AnySemiring, Described};

/// The semirings that can be asked for by name.
///
/// ```
/// use kirchhoff::explain::{Described, Registry};
/// use kirchhoff::semiring::Viterbi;
///
/// let registry = Registry::built_in().with(Described::embedding("best-path", Viterbi))?;
/// assert_eq!(registry.find("best-path")?.name, "best-path");
/// assert!(Registry::built_in().with(Described::embedding("viterbi", Viterbi)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Registry {
    semirings: Vec<AnySemiring>,
}

/// A name that a semiring cannot have.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NameError {
    /// Another semiring has it.
    #[error("there is a semiring `{name}` already: give this one another name")]
    Taken {
        /// The name.
        name: String,
    },
    /// It is no word of lower-case letters, digits and `-`.
    #[error("`{name}` is no name for a semiring: a letter from a to z comes first, then letters, digits and `-`")]
    Malformed {
        /// The name.
        name: String,
    },
}

/// Why a text means no semiring.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ReadError {
    /// No semiring has the name.
    #[error("{0}; a definition is a file whose name ends in .toml, or `define(...)`")]
    Lookup(LookupError),
    /// A symbolic semiring, where one of numbers is asked for.
    #[error(transparent)]
    Symbolic(LookupError),
    /// The definition cannot be read, or its laws do not hold.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// Its name is taken, or none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is no such file.
    #[error("cannot read the definition {path}: {reason}")]
    File {
        /// The path.
        path: String,
        /// What the system says.
        reason: String,
    },
}

impl From<LookupError> for ReadError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Symbolic { .. } => ReadError::Symbolic(error),
            LookupError::Unknown(_) | LookupError::Call(_) => ReadError::Lookup(error),
        }
    }
}

impl Registry {
    /// The built-in semirings, in the order of the documentation.
    pub fn built_in() -> Self {
        static BUILT_IN: LazyLock<Registry> = LazyLock::new(|| {
            let named = |info: &SemiringInfo| visit(&info.name, BuiltIn).expect("a semiring of the table has its name");
            Registry { semirings: semirings().iter().map(named).collect() }
        });
        BUILT_IN.clone()
    }

    /// The registry with one semiring more.
    ///
    /// # Errors
    /// A name that another semiring has, or that is none.
    pub fn with(mut self, semiring: impl Into<AnySemiring>) -> Result<Self, NameError> {
        let semiring = semiring.into();
        check_name(&semiring.name)?;
        let name = || semiring.name.to_string();
        if self.semirings.iter().any(|other| other.name == semiring.name) || find_symbolic(&semiring.name).is_ok() {
            return Err(NameError::Taken { name: name() });
        }
        self.semirings.push(semiring);
        Ok(self)
    }

    /// The semiring that a text names, with arguments where it has parameters.
    ///
    /// # Errors
    /// No such semiring, with the nearest names.
    pub fn find(&self, text: &str) -> Result<AnySemiring, LookupError> {
        let name = text.parse::<Call>()?.name;
        match self.semirings.iter().find(|semiring| semiring.name == name) {
            Some(semiring) if semiring.is_built_in() => built_in(text),
            Some(semiring) => Ok(text.parse::<Call>()?.arguments([]).map(|[]| semiring.clone())?),
            None if find_symbolic(&name).is_ok() => Err(LookupError::Symbolic { name }),
            None => {
                let known: Vec<&str> = self.semirings.iter().map(|semiring| &*semiring.name).collect();
                Err(UnknownName::new("semiring", &name, &known).into())
            }
        }
    }

    /// The semiring that a text means: a name, as for [`find`](Registry::find); `define(...)`; or the path of a file with a
    /// definition, which ends in `.toml`. The laws of a definition are checked unless `unchecked` says otherwise.
    ///
    /// ```
    /// use kirchhoff::explain::Registry;
    ///
    /// let registry = Registry::built_in();
    /// let best = registry.read(r#"define(plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(abs(d), 1)")"#, false)?;
    /// assert_eq!((&*best.name, &*best.plus), ("defined", "max(a, b)"));
    /// let wrong = registry.read(r#"define(plus="a - b", times="a * b", zero=0, one=1, theta="d")"#, false).unwrap_err();
    /// assert!(wrong.to_string().contains("a ⊕ b = b ⊕ a"), "{wrong}");
    /// # Ok::<(), kirchhoff::explain::ReadError>(())
    /// ```
    ///
    /// # Errors
    /// No such semiring or file, a definition that cannot be read, laws that do not hold, or a name that is taken.
    pub fn read(&self, text: &str, unchecked: bool) -> Result<AnySemiring, ReadError> {
        let definition = if Definition::is_call(text) {
            Definition::from_call(text)?
        } else if text.trim().ends_with(".toml") {
            let path = text.trim();
            let read = read_text(path.as_ref());
            let content =
                read.map_err(|error| ReadError::File { path: path.to_string(), reason: error.to_string() })?;
            Definition::from_toml(&content, path)?
        } else {
            return Ok(self.find(text)?);
        };
        if !unchecked {
            definition.check()?;
        }
        let semiring = AnySemiring::from(&definition);
        self.clone().with(semiring.clone())?;
        Ok(semiring)
    }

    /// Every semiring, the built-in ones first.
    pub fn semirings(&self) -> &[AnySemiring] {
        &self.semirings
    }
}

/// Whether a semiring may have a name.
pub(super) fn check_name(name: &str) -> Result<(), NameError> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(letters) {
        true => Ok(()),
        false => Err(NameError::Malformed { name: name.to_string() }),
    }
}

/// The built-in numeric semiring that a text names.
pub(super) fn built_in(text: &str) -> Result<AnySemiring, LookupError> {
    visit(text, BuiltIn)
}

struct BuiltIn;

impl SemiringVisitor for BuiltIn {
    type Output = AnySemiring;

    fn visit<S: Embed + Clone + 'static>(self, info: &'static SemiringInfo, semiring: S) -> AnySemiring {
        Described::built_in(info.clone(), semiring).into()
    }
}
