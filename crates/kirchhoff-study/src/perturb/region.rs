//! The parts of an input that are perturbed together.

/// Disjoint or overlapping parts of an input, each a list of positions.
#[derive(Clone, Debug, PartialEq)]
pub struct Regions {
    members: Vec<Vec<u32>>,
}

impl Regions {
    /// Every value by itself.
    pub fn values(size: usize) -> Self {
        Regions { members: (0..size as u32).map(|position| vec![position]).collect() }
    }

    /// A grid of squares of `side` pixels, through all channels of an image of the given channels, height and width.
    ///
    /// Where the sides do not divide the image, the grid reaches beyond it by the same number of pixels at both ends, or
    /// by one more at the lower right, as in Quantus: squares at the border are cut.
    ///
    /// # Panics
    /// If `side` is 0.
    pub fn squares(image: [usize; 3], side: usize) -> Self {
        let [_, height, width] = image;
        let starts = |length: usize| {
            let before = (length.next_multiple_of(side) - length) / 2;
            let start = move |number: usize| (number * side) as isize - before as isize;
            (0..length.div_ceil(side)).map(start).collect::<Vec<_>>()
        };
        let (rows, columns) = (starts(height), starts(width));
        let corners = rows.iter().flat_map(|&y| columns.iter().map(move |&x| (y, x)));
        Regions { members: corners.map(|(y, x)| square(image, y, x, side)).collect() }
    }

    /// Every square of `side` pixels that lies in an image, `stride` pixels apart, through all channels, row by row; with
    /// the number of rows and columns.
    ///
    /// # Panics
    /// If `side` or `stride` is 0.
    pub fn windows(image: [usize; 3], side: usize, stride: usize) -> (Self, [usize; 2]) {
        let [_, height, width] = image;
        let count = |length: usize| length.checked_sub(side).map_or(0, |rest| rest / stride + 1);
        let (rows, columns) = (count(height), count(width));
        let corners = (0..rows * columns).map(|number| (number / columns * stride, number % columns * stride));
        let members = corners.map(|(y, x)| square(image, y as isize, x as isize, side)).collect();
        (Regions { members }, [rows, columns])
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// The positions of one.
    pub fn members(&self, region: u32) -> impl Iterator<Item = usize> + '_ {
        self.members[region as usize].iter().map(|&position| position as usize)
    }

    /// The relevance of each: the sum over its positions.
    pub fn relevance(&self, values: &[f64]) -> Vec<f64> {
        self.members.iter().map(|members| members.iter().map(|&position| values[position as usize]).sum()).collect()
    }
}

/// The positions of a square, as far as it lies in the image.
fn square([channels, height, width]: [usize; 3], y: isize, x: isize, side: usize) -> Vec<u32> {
    let inside = |start: isize, length: usize| {
        let end = (start + side as isize).clamp(0, length as isize) as usize;
        start.clamp(0, length as isize) as usize..end
    };
    let mut positions = Vec::with_capacity(channels * side * side);
    for channel in 0..channels {
        for y in inside(y, height) {
            positions.extend(inside(x, width).map(|x| ((channel * height + y) * width + x) as u32));
        }
    }
    positions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_covers_every_value_once() {
        for (image, side) in [([1, 28, 28], 4), ([3, 7, 5], 3), ([2, 5, 9], 4), ([1, 3, 3], 8)] {
            let regions = Regions::squares(image, side);
            let mut all: Vec<u32> = regions.members.concat();
            all.sort_unstable();
            assert!(
                all.iter().copied().eq(0..image.iter().product::<usize>() as u32),
                "{image:?} in squares of {side}"
            );
            assert_eq!(regions.count(), image[1].div_ceil(side) * image[2].div_ceil(side));
        }
        // 5 in squares of 4: one pixel before, two behind.
        assert_eq!(Regions::squares([1, 1, 5], 4).members, [vec![0, 1, 2], vec![3, 4]]);
    }

    #[test]
    fn windows_lie_in_the_image() {
        let (windows, grid) = Regions::windows([2, 3, 4], 2, 1);
        assert_eq!(grid, [2, 3]);
        assert_eq!(windows.members[4], [5, 6, 9, 10, 17, 18, 21, 22]);
        assert_eq!(Regions::windows([1, 3, 3], 4, 1).1, [0, 0]);
        assert_eq!(Regions::windows([1, 28, 28], 4, 4).1, [7, 7]);
    }

    #[test]
    fn relevance_is_added_up() {
        let (windows, _) = Regions::windows([1, 2, 3], 2, 1);
        assert_eq!(windows.relevance(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), [12.0, 16.0]);
        assert_eq!(Regions::values(2).relevance(&[0.5, -1.0]), [0.5, -1.0]);
    }
}
