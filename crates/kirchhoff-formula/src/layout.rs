//! Where the nodes of a drawing stand: layer by layer, as Sugiyama, Tagawa & Toda (1981) have it.

/// A node to be placed.
#[derive(Clone, Debug)]
pub struct Node {
    /// The row, from the bottom.
    pub row: usize,
    /// How wide it is drawn.
    pub width: f64,
    /// The middle.
    pub x: f64,
}

/// Nodes, and edges from lower to higher rows.
///
/// ```
/// use kirchhoff_formula::layout::Layout;
///
/// let mut layout = Layout::default();
/// let (below, above) = (layout.node(0, 20.0), layout.node(2, 40.0));
/// layout.edge(below, above);
/// layout.place();
/// assert_eq!(layout.nodes[below].x, layout.nodes[above].x);
/// assert_eq!(layout.edges[0].len(), 3, "through a place on the row between");
/// ```
#[derive(Debug, Default)]
pub struct Layout {
    /// The nodes that were added, and those that hold places for edges.
    pub nodes: Vec<Node>,
    /// From a node to one of a higher row, through the nodes between them that only hold a place for the edge.
    pub edges: Vec<Vec<usize>>,
}

/// Space between two nodes of a row.
const GAP: f64 = 18.0;

/// How often rows are ordered, and nodes moved, upwards and downwards.
const SWEEPS: usize = 12;

impl Layout {
    /// Adds a node on a row, from the bottom, of a width; gives its index.
    pub fn node(&mut self, row: usize, width: f64) -> usize {
        self.nodes.push(Node { row, width, x: 0.0 });
        self.nodes.len() - 1
    }

    /// Adds an edge to a higher row, with a place to go through on each row between.
    ///
    /// # Panics
    /// If a node is not there.
    pub fn edge(&mut self, from: usize, to: usize) {
        let between = self.nodes[from].row + 1..self.nodes[to].row;
        let mut way = vec![from];
        for row in between {
            way.push(self.node(row, 2.0));
        }
        way.push(to);
        self.edges.push(way);
    }

    /// Orders every row so that few edges cross, by the means of neighbours; then moves nodes towards the means of
    /// their neighbours as far as the others leave room. Takes O((nodes + edges) log nodes) time.
    pub fn place(&mut self) {
        let count = self.nodes.iter().map(|node| node.row + 1).max().unwrap_or(0);
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (index, node) in self.nodes.iter().enumerate() {
            rows[node.row].push(index);
        }
        let mut below = vec![Vec::new(); self.nodes.len()];
        let mut above = vec![Vec::new(); self.nodes.len()];
        for way in &self.edges {
            for pair in way.windows(2) {
                above[pair[0]].push(pair[1]);
                below[pair[1]].push(pair[0]);
            }
        }
        for row in &rows {
            self.spread(row, &vec![0.0; row.len()]);
        }
        for sweep in 0..2 * SWEEPS {
            // First the order is sought, then only places.
            let upwards = sweep % 2 == 0;
            for step in 0..count {
                let row = if upwards { step } else { count - 1 - step };
                let neighbours = if upwards { &below } else { &above };
                let wanted = |layout: &Layout, node: usize| {
                    let near = &neighbours[node];
                    let sum: f64 = near.iter().map(|&other| layout.nodes[other].x).sum();
                    if near.is_empty() { layout.nodes[node].x } else { sum / near.len() as f64 }
                };
                if sweep < SWEEPS {
                    let mut order: Vec<(f64, usize)> =
                        rows[row].iter().map(|&node| (wanted(self, node), node)).collect();
                    order.sort_by(|a, b| a.0.total_cmp(&b.0));
                    rows[row] = order.into_iter().map(|(_, node)| node).collect();
                }
                let places: Vec<f64> = rows[row].iter().map(|&node| wanted(self, node)).collect();
                self.spread(&rows[row], &places);
            }
        }
        let left = self.nodes.iter().map(|node| node.x - node.width / 2.0).fold(f64::INFINITY, f64::min);
        self.nodes.iter_mut().for_each(|node| node.x -= left);
    }

    /// Puts the nodes of a row, in their order and without overlap, where the squares of the distances to the places
    /// they want have the least sum: an isotonic regression, by pooling neighbours that are in each other's way.
    fn spread(&mut self, row: &[usize], wanted: &[f64]) {
        let mut offsets = Vec::with_capacity(row.len());
        let mut offset = 0.0;
        for (place, &node) in row.iter().enumerate() {
            if place > 0 {
                offset += (self.nodes[row[place - 1]].width + self.nodes[node].width) / 2.0 + GAP;
            }
            offsets.push(offset);
        }
        // Blocks of nodes that stand as close as they may: their sum of places, and how many they are.
        let mut blocks: Vec<(f64, usize)> = Vec::new();
        for (wanted, offset) in wanted.iter().zip(&offsets) {
            let mut block = (wanted - offset, 1);
            while let Some(&(sum, count)) = blocks.last()
                && sum / count as f64 >= block.0 / block.1 as f64
            {
                blocks.pop();
                block = (sum + block.0, count + block.1);
            }
            blocks.push(block);
        }
        let places = blocks.into_iter().flat_map(|(sum, count)| std::iter::repeat_n(sum / count as f64, count));
        for ((&node, place), offset) in row.iter().zip(places).zip(offsets) {
            self.nodes[node].x = place + offset;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nodes_of_a_row_do_not_overlap(
            rows in prop::collection::vec(0usize..5, 1..30),
            edges in prop::collection::vec((0usize..30, 0usize..30), 0..60),
        ) {
            let mut layout = Layout::default();
            for &row in &rows {
                layout.node(row, 20.0 + row as f64);
            }
            for (from, to) in edges {
                if from < rows.len() && to < rows.len() && rows[from] < rows[to] {
                    layout.edge(from, to);
                }
            }
            layout.place();
            for (index, a) in layout.nodes.iter().enumerate() {
                prop_assert!(a.x.is_finite() && a.x - a.width / 2.0 > -1e-6);
                for b in &layout.nodes[..index] {
                    let apart = (a.x - b.x).abs() + 1e-6 >= (a.width + b.width) / 2.0 + GAP;
                    prop_assert!(a.row != b.row || apart, "{a:?} {b:?}");
                }
            }
        }
    }
}
