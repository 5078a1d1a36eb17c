//! What the passes of a study of perturbation have in common.

use std::sync::Arc;

use kirchhoff_data::DataSet;
use kirchhoff_network::Network;

use super::{Baseline, Layout, Perturbation, Regions, Settings};
use crate::{StudyError, batch_size, edges};

/// Inputs of a batch: their copies are many more.
const BATCH: usize = 64;
/// Streams of random numbers that an input has: for baselines, and for the order of equals.
pub(super) const STREAMS: u64 = 2;

/// A study under way.
pub(super) struct Study<'a> {
    pub(super) settings: &'a Settings,
    pub(super) network: &'a Arc<Network>,
    pub(super) layout: Layout,
    pub(super) regions: Regions,
    /// Edges of one input.
    pub(super) edges: u64,
}

impl<'a> Study<'a> {
    /// A study of inputs like those of a data set.
    ///
    /// # Errors
    /// Settings that do not fit the network or the inputs.
    pub(super) fn new(settings: &'a Settings, network: &'a Arc<Network>, data: &DataSet) -> Result<Self, StudyError> {
        let refuse = |reason: String| Err(StudyError::Settings(reason));
        let size = data.shape().iter().product();
        let layout = Layout { size, image: data.picture(), range: settings.range.clone() };
        for question in &settings.questions {
            question.check(network)?;
        }
        if let Some(baseline) =
            settings.baselines.iter().find(|baseline| baseline.needs_image() && layout.image.is_none())
        {
            return refuse(format!(
                "baseline `{baseline}` is for images, but inputs have the shape {:?}",
                data.shape()
            ));
        }
        let image = |what: &str| match layout.image {
            Some(image) => Ok(image),
            None => {
                let shape = data.shape();
                Err(StudyError::Settings(format!("{what} are parts of images, but inputs have the shape {shape:?}")))
            }
        };
        let regions = match settings.square {
            None => Regions::values(size),
            Some(0) => return refuse("squares have a side of one pixel at least".to_string()),
            Some(side) => Regions::squares(image("squares")?, side),
        };
        if let Some([side, stride]) = settings.windows {
            let [_, height, width] = image("windows")?;
            if side == 0 || stride == 0 || side > height.min(width) {
                return refuse(format!("windows of {side} pixels, {stride} apart, do not fit into {height} × {width}"));
            }
        }
        if settings.orders.is_empty() || settings.baselines.is_empty() || settings.regions_a_step == 0 {
            return refuse("there have to be an order, a baseline, and one region a step at least".to_string());
        }
        Ok(Study { settings, network, layout, regions, edges: edges(network) })
    }

    /// A way to perturb inputs, in batches that depend on the network alone: results are the same bits everywhere.
    pub(super) fn perturbation<'b>(&'b self, regions: &'b Regions, baseline: Baseline) -> Perturbation<'b> {
        Perturbation {
            network: self.network,
            layout: &self.layout,
            regions,
            baseline,
            regions_a_step: self.settings.regions_a_step,
            steps: self.settings.steps,
            batch: batch_size(self.network),
            seed: self.settings.seed,
        }
    }

    pub(super) fn batch(&self) -> usize {
        batch_size(self.network).min(BATCH)
    }
}
