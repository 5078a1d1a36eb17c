//! Studies: what relevance says about a network over a whole data set.
//!
//! A study is one or several passes over data sets. A [`Run`] does a pass as a fold over batches in data order: `compute`
//! makes something of a batch, `add` takes it into a state, and the state is stored now and then, so that a run that was
//! stopped, in order or not, goes on from there. Batches have a fixed size and are added in order, so that results depend
//! neither on threads nor on interruptions. What a study finds is made into [`Outputs`]: tables, plots, maps, and one
//! page with all of them. Nothing in them tells when or how fast they were made.
//!
//! To add a study: say what makes its results in an [`Identity`], open a [`Run`], and take each data set through
//! [`Run::pass`].
//!
//! ```
//! use kirchhoff_data::DataSet;
//! use kirchhoff_study::{Identity, Pass, Run};
//!
//! let folder = tempfile::tempdir()?;
//! let mut data = DataSet::in_memory("four numbers", vec![0.5, 1.0, 2.5, 4.0], &[1], &[0, 1, 0, 1], 2)?;
//!
//! let mut identity = Identity::new("sum");
//! identity.set("data", kirchhoff_study::data_hash(&data)?);
//! let mut run = Run::open(folder.path(), identity, false, &())?;
//! // The sum of the inputs, in batches of 3.
//! let pass = Pass { name: "add", batch: 3, edges: 1 };
//! let folded = run.pass(pass, &mut data, 0.0f64, |batch| Ok(batch.values.iter().sum::<f32>()), |sum, part| *sum += f64::from(part))?;
//! assert_eq!(folded.state, 8.0);
//! run.finish()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod draw;
mod error;
mod identity;
pub mod mask;
mod meaning;
mod moments;
mod output;
mod outside;
pub mod perturb;
pub mod prune;
mod relevance;
mod run;
pub mod score;
mod state;
pub mod thresholds;

pub use error::StudyError;
pub use identity::{Identity, data_hash};
pub use meaning::kind;
pub use moments::Mean;
pub use output::{Outputs, Table};
pub use outside::Outside;
use relevance::relevance_with;
pub use relevance::{batch_size, edges, relevance};
pub use run::{Folded, Pass, Run, Watch};
pub use state::State;
