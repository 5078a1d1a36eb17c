//! Networks, and paths through them, as pictures.

mod paths;

use std::fmt::Write;

use kirchhoff_file::SVG_MARK;
use kirchhoff_formula::layout::Layout;
use kirchhoff_formula::{FormulaError, escaped, text_width};
use kirchhoff_network::{Network, NodeId};

pub use paths::paths_svg;

/// More layers than this are no picture.
const MOST_LAYERS: usize = 4000;
/// More pieces of edges than this, one a row that an edge passes, are no picture either.
const MOST_PIECES: usize = 100_000;

const MARGIN: f64 = 14.0;
const LINE: f64 = 15.0;
/// Above and below the lines of a box, and between two rows of boxes.
const PADDING: f64 = 6.0;
const GAP: f64 = 22.0;
/// Longer lines are cut.
const LONGEST_LINE: usize = 60;

/// A network as an SVG picture, from the inputs at the top to the outputs at the bottom: a box a layer, with the lines of text
/// that are given for it, of which the first is its name.
///
/// ```
/// let (network, _) = kirchhoff::embedded::digits()?;
/// let svg = kirchhoff::drawing::network_svg(&network, |layer| vec![network.node(layer).name.clone()])?;
/// assert_eq!(svg.matches("<rect").count(), 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// More than 4,000 layers, or than 100,000 pieces of edges, one for each row that an edge passes.
pub fn network_svg(network: &Network, lines: impl Fn(NodeId) -> Vec<String>) -> Result<String, FormulaError> {
    let ids: Vec<NodeId> = network.nodes().map(|(id, _)| id).collect();
    too_large("layers", ids.len(), MOST_LAYERS)?;
    let cut = |line: String| match line.chars().count() > LONGEST_LINE {
        true => line.chars().take(LONGEST_LINE - 1).chain(['…']).collect(),
        false => line,
    };
    let boxes: Vec<Vec<String>> = ids.iter().map(|&id| lines(id).into_iter().map(cut).collect()).collect();
    // Rows are counted from the bottom: the longest way to an output.
    let mut rows = vec![0_usize; ids.len()];
    let place = |id: NodeId| ids.binary_search(&id).expect("a node of the network");
    for (at, &id) in ids.iter().enumerate().rev() {
        for argument in network.arguments(id) {
            let argument = place(argument);
            rows[argument] = rows[argument].max(rows[at] + 1);
        }
    }
    let edges: Vec<(usize, usize)> = ids
        .iter()
        .enumerate()
        .flat_map(|(at, &id)| network.arguments(id).into_iter().map(move |argument| (at, argument)))
        .map(|(at, argument)| (at, place(argument)))
        .collect();
    too_large("pieces of edges", edges.iter().map(|&(below, above)| rows[above] - rows[below]).sum(), MOST_PIECES)?;

    let mut layout = Layout::default();
    for (lines, &row) in boxes.iter().zip(&rows) {
        layout.node(row, lines.iter().map(|line| text_width(line)).fold(30.0, f64::max) + 16.0);
    }
    edges.iter().for_each(|&(below, above)| layout.edge(below, above));
    layout.place();
    Ok(drawn(&layout, &boxes, network.outputs().iter().map(|&output| place(output)).collect()))
}

fn too_large(what: &'static str, got: usize, limit: usize) -> Result<(), FormulaError> {
    if got > limit { Err(FormulaError::TooLarge { what, got, limit }) } else { Ok(()) }
}

fn drawn(layout: &Layout, boxes: &[Vec<String>], outputs: Vec<usize>) -> String {
    let count = layout.nodes.iter().map(|node| node.row + 1).max().unwrap_or(0);
    let height = |lines: &[String]| lines.len() as f64 * LINE + 2.0 * PADDING;
    let mut heights = vec![0.0_f64; count];
    for (lines, node) in boxes.iter().zip(&layout.nodes) {
        heights[node.row] = heights[node.row].max(height(lines));
    }
    // The middle of each row, from the top.
    let mut middles = vec![0.0; count];
    let mut y = MARGIN;
    for row in (0..count).rev() {
        middles[row] = y + heights[row] / 2.0;
        y += heights[row] + GAP;
    }
    let right = layout.nodes.iter().map(|node| node.x + node.width / 2.0).fold(0.0, f64::max);
    let (wide, high) = (right + 2.0 * MARGIN, y - GAP + MARGIN);
    let mut text = format!(
        "{SVG_MARK}xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide:.0}\" height=\"{high:.0}\" \
         viewBox=\"0 0 {wide:.0} {high:.0}\" font-family=\"sans-serif\" font-size=\"12\" text-anchor=\"middle\">\n\
         <g fill=\"none\" stroke=\"#8a94a6\">\n"
    );
    for way in &layout.edges {
        text.push_str("<path d=\"");
        // From the layer above, at the end of the way, down through the places to the one below.
        for (step, &node) in way.iter().rev().enumerate() {
            let half = boxes.get(node).map_or(0.0, |lines| height(lines) / 2.0);
            let down = if step == 0 { half } else { -half };
            let sign = if step == 0 { 'M' } else { 'L' };
            let _ = write!(
                text,
                "{sign}{:.1} {:.1}",
                layout.nodes[node].x + MARGIN,
                middles[layout.nodes[node].row] + down
            );
        }
        text.push_str("\"/>\n");
    }
    text.push_str("</g>\n");
    for (node, lines) in boxes.iter().enumerate() {
        let placed = &layout.nodes[node];
        let (x, top) = (placed.x + MARGIN, middles[placed.row] - height(lines) / 2.0);
        let fill = if outputs.contains(&node) { "#e3f1e1" } else { "#f4f4f5" };
        let _ = writeln!(
            text,
            "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"4\" fill=\"{fill}\" stroke=\"#4a5568\"/>",
            x - placed.width / 2.0,
            placed.width,
            height(lines)
        );
        for (number, line) in lines.iter().enumerate() {
            let y = top + PADDING + LINE * number as f64 + 11.5;
            let weight = if number == 0 { " font-weight=\"bold\"" } else { " fill=\"#4a5568\"" };
            let _ = writeln!(text, "<text x=\"{x:.1}\" y=\"{y:.1}\"{weight}>{}</text>", escaped(line));
        }
    }
    text + "</svg>\n"
}
