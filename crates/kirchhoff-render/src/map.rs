//! A heat map before it is drawn: a rectangle of cells.

use crate::{Error, Join};

/// A rectangle of cells, each with a value or *empty*: what one heat map shows.
///
/// Empty cells belong to the layout, not to the tensor: the rest of the last row of a grid, and the lines between the
/// tiles of a mosaic. They are drawn in a neutral grey that no palette has.
#[derive(Clone, Debug)]
pub struct HeatMap {
    height: usize,
    width: usize,
    /// Row-major. NaN stands for an empty cell, which is why NaN is refused in the values that come in.
    cells: Vec<f64>,
}

impl HeatMap {
    /// One plane of `height × width` values.
    pub fn plane(values: &[f64], [height, width]: [usize; 2]) -> Result<Self, Error> {
        check(values, &[height, width])?;
        Ok(Self { height, width, cells: values.to_vec() })
    }

    /// One plane from several channels of the same size, joined cell by cell.
    pub fn joined(values: &[f64], [channels, height, width]: [usize; 3], join: Join) -> Result<Self, Error> {
        check(values, &[channels, height, width])?;
        let area = height * width;
        let mut cells = Vec::with_capacity(area);
        for cell in 0..area {
            let joined = join.over((0..channels).map(|channel| values[channel * area + cell]));
            if joined.is_nan() {
                return Err(Error::Undefined { join, row: cell / width, column: cell % width });
            }
            cells.push(joined);
        }
        Ok(Self { height, width, cells })
    }

    /// A vector, such as a dense layer, as a near-square grid filled row by row.
    pub fn grid(values: &[f64]) -> Result<Self, Error> {
        check(values, &[values.len()])?;
        let [height, width] = grid_shape(values.len());
        let mut cells = values.to_vec();
        cells.resize(height * width, f64::NAN);
        Ok(Self { height, width, cells })
    }

    /// The channels of a convolution side by side, a line of one empty cell between them.
    pub fn mosaic(values: &[f64], [channels, height, width]: [usize; 3]) -> Result<Self, Error> {
        check(values, &[channels, height, width])?;
        let [rows, columns] = mosaic_shape(channels, height, width);
        let mosaic_height = rows * (height + 1) - 1;
        let mosaic_width = columns * (width + 1) - 1;
        let mut cells = vec![f64::NAN; mosaic_height * mosaic_width];
        for (channel, tile) in values.chunks_exact(height * width).enumerate() {
            let top = channel / columns * (height + 1);
            let left = channel % columns * (width + 1);
            for (row, line) in tile.chunks_exact(width).enumerate() {
                let start = (top + row) * mosaic_width + left;
                cells[start..start + width].copy_from_slice(line);
            }
        }
        Ok(Self { height: mosaic_height, width: mosaic_width, cells })
    }

    /// The usual layout of a hidden tensor by its rank: a vector as a grid, a matrix as it is, channels as a mosaic.
    /// Leading axes of length one, such as a batch of one, are passed over.
    pub fn hidden(values: &[f64], shape: &[usize]) -> Result<Self, Error> {
        let leading = shape.len().saturating_sub(3);
        if shape[..leading].iter().any(|&side| side != 1) {
            return Err(Error::Rank { shape: shape.to_vec() });
        }
        match shape[leading..] {
            [width] | [1, width] | [width, 1, 1] | [1, 1, width] => {
                check(values, &[width])?;
                Self::grid(values)
            }
            [height, width] | [1, height, width] => Self::plane(values, [height, width]),
            [channels, height, width] => Self::mosaic(values, [channels, height, width]),
            _ => Err(Error::Rank { shape: shape.to_vec() }),
        }
    }

    /// Rows of cells.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Cells in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The value at a place, `None` where the cell is empty.
    ///
    /// # Panics
    /// Outside the map.
    pub fn cell(&self, row: usize, column: usize) -> Option<f64> {
        assert!(row < self.height && column < self.width, "cell ({row}, {column}) of {}×{}", self.height, self.width);
        let value = self.cells[row * self.width + column];
        (!value.is_nan()).then_some(value)
    }

    /// The values of the cells that are not empty, row by row.
    pub fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.cells.iter().copied().filter(|value| !value.is_nan())
    }

    /// A smaller map, each of whose cells joins a block of `rows × columns` cells; blocks at the far edges may be cut.
    ///
    /// A block is empty if all its cells are, or if they have no join (both infinities under a sum).
    ///
    /// # Panics
    /// If a side of the block is zero.
    pub fn pooled(&self, [rows, columns]: [usize; 2], join: Join) -> Self {
        assert!(rows > 0 && columns > 0, "a block without cells");
        let height = self.height.div_ceil(rows);
        let width = self.width.div_ceil(columns);
        let mut cells = Vec::with_capacity(height * width);
        let mut block = Vec::with_capacity(rows * columns);
        for block_row in 0..height {
            for block_column in 0..width {
                let columns_here = block_column * columns..self.width.min((block_column + 1) * columns);
                block.clear();
                for row in block_row * rows..self.height.min((block_row + 1) * rows) {
                    let line = &self.cells[row * self.width..][columns_here.clone()];
                    block.extend(line.iter().copied().filter(|value| !value.is_nan()));
                }
                cells.push(if block.is_empty() { f64::NAN } else { join.over(block.iter().copied()) });
            }
        }
        Self { height, width, cells }
    }
}

/// Rows and columns of the near-square grid that holds a vector: at least as wide as high, with less than a row spare.
pub fn grid_shape(length: usize) -> [usize; 2] {
    let side = length.isqrt();
    let columns = if side * side < length { side + 1 } else { side.max(1) };
    [length.div_ceil(columns), columns]
}

/// Rows and columns of the tiles of a mosaic, chosen so that the mosaic itself comes out near-square.
pub fn mosaic_shape(channels: usize, height: usize, width: usize) -> [usize; 2] {
    let longer_side =
        |columns: usize| (channels.div_ceil(columns) * (height + 1)).max(columns.saturating_mul(width + 1));
    // The first of the best: fewer columns never leave more tiles unfilled in the last row.
    let columns = (1..=channels.max(1)).min_by_key(|&columns| longer_side(columns)).unwrap_or(1);
    [channels.div_ceil(columns), columns]
}

fn check(values: &[f64], shape: &[usize]) -> Result<(), Error> {
    if shape.contains(&0) {
        return Err(Error::Empty { shape: shape.to_vec() });
    }
    let wanted = shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
    if wanted != Some(values.len()) {
        return Err(Error::Shape { shape: shape.to_vec(), found: values.len() });
    }
    match values.iter().position(|value| value.is_nan()) {
        Some(index) => Err(Error::NotANumber { index }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(map: &HeatMap) -> Vec<Vec<Option<f64>>> {
        (0..map.height()).map(|row| (0..map.width()).map(|column| map.cell(row, column)).collect()).collect()
    }

    #[test]
    fn channels_are_joined_cell_by_cell() {
        let values = [1.0, 0.0, 0.0, 2.0, 0.0, 4.0];
        let map = HeatMap::joined(&values, [3, 1, 2], Join::Sum).unwrap();
        assert_eq!(rows(&map), [[Some(1.0), Some(6.0)]]);
        let map = HeatMap::joined(&values, [3, 1, 2], Join::Or).unwrap();
        assert_eq!(rows(&map), [[Some(1.0), Some(1.0)]]);
        let map = HeatMap::joined(&values, [3, 1, 2], Join::And).unwrap();
        assert_eq!(rows(&map), [[Some(0.0), Some(0.0)]]);
    }

    #[test]
    fn a_vector_fills_a_grid_and_leaves_the_rest_empty() {
        let map = HeatMap::grid(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!(rows(&map), [[Some(1.0), Some(2.0), Some(3.0)], [Some(4.0), Some(5.0), None]]);
        assert_eq!(grid_shape(300), [17, 18]);
        assert_eq!(grid_shape(784), [28, 28]);
        assert_eq!(grid_shape(4096), [64, 64]);
        assert_eq!(grid_shape(1), [1, 1]);
    }

    #[test]
    fn a_mosaic_has_lines_between_its_tiles() {
        let values: Vec<f64> = (1..=6).map(f64::from).collect();
        let map = HeatMap::mosaic(&values, [3, 1, 2]).unwrap();
        let line = |first: f64| [Some(first), Some(first + 1.0)];
        assert_eq!(rows(&map), [line(1.0), [None; 2], line(3.0), [None; 2], line(5.0)]);
        let map = HeatMap::mosaic(&values, [3, 2, 1]).unwrap();
        let (first, second) = ([Some(1.0), None, Some(3.0)], [Some(2.0), None, Some(4.0)]);
        let (third, fourth) = ([Some(5.0), None, None], [Some(6.0), None, None]);
        assert_eq!(rows(&map), [first, second, [None; 3], third, fourth]);
        assert_eq!(mosaic_shape(64, 56, 56), [8, 8]);
        assert_eq!(mosaic_shape(512, 14, 14), [23, 23]);
        assert_eq!(mosaic_shape(4, 1, 100), [4, 1]);
    }

    #[test]
    fn hidden_tensors_are_laid_out_by_rank() {
        let values = vec![0.0; 12];
        let size = |shape: &[usize]| HeatMap::hidden(&values, shape).map(|map| [map.height(), map.width()]);
        assert_eq!(size(&[12]).unwrap(), [3, 4]);
        assert_eq!(size(&[1, 12]).unwrap(), [3, 4]);
        assert_eq!(size(&[3, 4]).unwrap(), [3, 4]);
        assert_eq!(size(&[1, 1, 3, 4]).unwrap(), [3, 4]);
        assert_eq!(size(&[1, 3, 2, 2]).unwrap(), [5, 5]);
        assert!(matches!(size(&[2, 1, 3, 2]), Err(Error::Rank { .. })));
        assert!(matches!(size(&[]), Err(Error::Rank { .. })));
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let nan = HeatMap::plane(&[0.0, f64::NAN], [1, 2]).unwrap_err();
        assert_eq!(nan.to_string(), "value 1 is not a number");
        let shape = HeatMap::plane(&[0.0; 5], [2, 3]).unwrap_err();
        assert_eq!(shape.to_string(), "5 values do not fill the shape [2, 3]");
        assert!(matches!(HeatMap::grid(&[]), Err(Error::Empty { .. })));
        assert!(matches!(HeatMap::plane(&[], [usize::MAX, 2]), Err(Error::Shape { .. })));
        let both = HeatMap::joined(&[f64::INFINITY, f64::NEG_INFINITY], [2, 1, 1], Join::Sum).unwrap_err();
        assert!(both.to_string().contains("both infinities"), "{both}");
    }

    #[test]
    fn pooling_joins_blocks_and_passes_over_empty_cells() {
        let map = HeatMap::grid(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let pooled = map.pooled([2, 2], Join::Sum);
        assert_eq!(rows(&pooled), [[Some(12.0), Some(3.0)]]);
    }

    proptest! {
        #[test]
        fn a_grid_holds_its_vector_with_less_than_a_row_spare(length in 1_usize..5000) {
            let [height, width] = grid_shape(length);
            prop_assert!(height * width >= length && height * width - length < width);
            prop_assert!(height <= width && width - height <= 1);
        }

        #[test]
        fn a_mosaic_keeps_every_value(channels in 1_usize..20, height in 1_usize..6, width in 1_usize..6) {
            let values: Vec<f64> = (0..channels * height * width).map(|index| index as f64).collect();
            let map = HeatMap::mosaic(&values, [channels, height, width]).unwrap();
            let mut kept: Vec<f64> = map.values().collect();
            kept.sort_by(f64::total_cmp);
            prop_assert_eq!(kept, values);
        }

        #[test]
        fn pooling_by_sum_conserves(values in prop::collection::vec(-9_i32..9, 12), rows in 1_usize..5, columns in 1_usize..5) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let map = HeatMap::plane(&values, [3, 4]).unwrap();
            prop_assert_eq!(map.pooled([rows, columns], Join::Sum).values().sum::<f64>(), values.iter().sum::<f64>());
        }
    }
}
