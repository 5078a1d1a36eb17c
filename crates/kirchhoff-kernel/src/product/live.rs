//! Where relevance is 0: channels that a strip can pass over.

use std::ops::Range;

use super::plan::Plan;
use crate::parallel;

/// Columns whose values are found to be all 0 together.
const SEGMENT: usize = 32;

/// Where planes are not all 0: a strip passes over channels that are 0 wherever it looks.
pub(super) struct Live {
    /// One flag a segment, channel after channel.
    segments: Vec<bool>,
    /// Segments of one channel.
    channel: usize,
    channels: usize,
}

impl Live {
    /// Looks for them, in the planes of some channels.
    pub fn new<T: Sync>(planes: &[T], plan: &Plan, channels: usize, dead: &(dyn Fn(&[T]) -> bool + Sync)) -> Self {
        let channel = plan.channel().div_ceil(SEGMENT);
        let mut segments = vec![false; channels * channel];
        parallel::chunks(&mut segments, channel, &|number, segments| {
            let plane = &planes[number * plan.channel()..][..plan.channel()];
            segments.iter_mut().zip(plane.chunks(SEGMENT)).for_each(|(live, values)| *live = !dead(values));
        });
        Live { segments, channel, channels }
    }

    /// The channels that have a value other than 0 in the columns that the taps of a strip see.
    pub fn channels(&self, strip: &Range<usize>, shifts: &[usize]) -> Vec<usize> {
        let (Some(low), Some(high)) = (shifts.iter().min(), shifts.iter().max()) else { return Vec::new() };
        let segments = (strip.start + low) / SEGMENT..((strip.end + high).div_ceil(SEGMENT)).min(self.channel);
        let live = |&channel: &usize| self.segments[channel * self.channel..][segments.clone()].contains(&true);
        (0..self.channels).filter(live).collect()
    }
}
