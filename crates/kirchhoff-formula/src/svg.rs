//! Drawings as SVG.

use std::fmt::Write;

use kirchhoff_circuit::{GateCircuit, GateId, GateKind};
use kirchhoff_file::SVG_MARK;

use crate::dot::label;
use crate::layout::Layout;
use crate::{FormulaError, FormulaOptions, output_names, printable};

/// More gates than this are no picture.
const MOST_GATES: usize = 2000;

/// More pieces of edges than this, one a row that an edge passes, are no picture either.
const MOST_PIECES: usize = 40_000;

const ROW: f64 = 64.0;
const MARGIN: f64 = 14.0;
const RADIUS: f64 = 13.0;
const BOX: f64 = 24.0;

/// A circuit as a picture, from the leaves at the bottom to the outputs at the top.
///
/// Boxes are contributions and constants, boxes with round corners variables. Gates that no output depends on are left
/// out, and leaves stand right below their lowest users.
///
/// # Errors
/// More than 2,000 gates, or than 40,000 pieces of edges, one for each row that an edge passes.
pub fn svg(circuit: &GateCircuit, options: &FormulaOptions) -> Result<String, FormulaError> {
    let drawing = Drawing::new(circuit, options)?;
    Ok(drawing.svg())
}

/// A shape with its text.
struct Shape {
    kind: Option<GateKind>,
    text: String,
}

struct Drawing {
    layout: Layout,
    /// What the first nodes of the layout are; the others hold places for edges.
    shapes: Vec<Shape>,
    rows: usize,
}

impl Drawing {
    fn new(circuit: &GateCircuit, options: &FormulaOptions) -> Result<Self, FormulaError> {
        let users = circuit.users();
        let live: Vec<GateId> = circuit.iter().map(|(id, _)| id).filter(|id| users[id.index()] > 0).collect();
        if live.len() > MOST_GATES {
            return Err(FormulaError::TooLarge { what: "gates", got: live.len(), limit: MOST_GATES });
        }
        let top = circuit.depth() + 1;
        let mut rows = vec![top; circuit.gates()];
        for (level, gates) in circuit.levels().enumerate() {
            rows[gates].fill(level);
        }
        // Leaves go up to right below their lowest user.
        let mut lowest = vec![top; circuit.gates()];
        for &id in &live {
            for child in circuit.children(id) {
                lowest[child.index()] = lowest[child.index()].min(rows[id.index()]);
            }
        }
        for id in &live {
            if rows[id.index()] == 0 {
                rows[id.index()] = lowest[id.index()] - 1;
            }
        }
        let wires = live.iter().flat_map(|&id| circuit.children(id).iter().map(move |&child| (child, id)));
        let pieces: usize = wires.clone().map(|(child, id)| rows[id.index()] - rows[child.index()]).sum();
        let pieces = pieces + circuit.outputs().iter().map(|gate| top - rows[gate.index()]).sum::<usize>();
        if pieces > MOST_PIECES {
            return Err(FormulaError::TooLarge { what: "pieces of edges", got: pieces, limit: MOST_PIECES });
        }

        let mut layout = Layout::default();
        let mut shapes = Vec::new();
        let mut nodes = vec![0; circuit.gates()];
        for &id in &live {
            let text = label(circuit, id, options.digits);
            let kind = circuit.kind(id);
            let width = if kind.is_inner() { 2.0 * RADIUS } else { text_width(&text) + 14.0 };
            nodes[id.index()] = layout.node(rows[id.index()], width);
            shapes.push(Shape { kind: Some(kind), text });
        }
        let names = output_names(circuit).into_iter().map(|name| format!("R({})", printable(&name)));
        let outputs: Vec<(usize, GateId)> = names
            .zip(circuit.outputs())
            .map(|(text, &gate)| {
                let node = layout.node(top, text_width(&text) + 8.0);
                shapes.push(Shape { kind: None, text });
                (node, gate)
            })
            .collect();
        for (child, id) in wires {
            layout.edge(nodes[child.index()], nodes[id.index()]);
        }
        for (node, gate) in outputs {
            layout.edge(nodes[gate.index()], node);
        }
        layout.place();
        Ok(Drawing { layout, shapes, rows: top + 1 })
    }

    fn place(&self, node: usize) -> (f64, f64) {
        let node = &self.layout.nodes[node];
        (node.x + MARGIN, MARGIN + BOX / 2.0 + (self.rows - 1 - node.row) as f64 * ROW)
    }

    fn svg(&self) -> String {
        let right = self.layout.nodes.iter().map(|node| node.x + node.width / 2.0).fold(0.0, f64::max);
        let (width, height) = (right + 2.0 * MARGIN, (self.rows - 1) as f64 * ROW + BOX + 2.0 * MARGIN);
        let mut text = format!(
            "{SVG_MARK}xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"12\" text-anchor=\"middle\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
             <g fill=\"none\" stroke=\"#8a8f98\" stroke-width=\"1.2\">\n"
        );
        for way in &self.layout.edges {
            let (x, y) = self.place(way[0]);
            let _ = write!(text, "<path d=\"M{x:.1} {y:.1}");
            for pair in way.windows(2) {
                let ((x, y), (next_x, next_y)) = (self.place(pair[0]), self.place(pair[1]));
                let middle = (y + next_y) / 2.0;
                let _ = write!(text, "C{x:.1} {middle:.1} {next_x:.1} {middle:.1} {next_x:.1} {next_y:.1}");
            }
            text.push_str("\"/>\n");
        }
        text.push_str("</g>\n");
        for (node, shape) in self.shapes.iter().enumerate() {
            let (x, y) = self.place(node);
            let (left, wide) = (x - self.layout.nodes[node].width / 2.0, self.layout.nodes[node].width);
            let _ = match shape.kind {
                None => write!(
                    text,
                    "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"18\" fill=\"#ffffff\"/>",
                    y - 9.0
                ),
                Some(kind) if kind.is_inner() => {
                    let fill = if kind == GateKind::Plus { "#dbe9f6" } else { "#fde6cf" };
                    write!(
                        text,
                        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{RADIUS}\" fill=\"{fill}\" stroke=\"#4a5568\"/>"
                    )
                }
                Some(kind) => {
                    let (fill, round) = if kind == GateKind::Variable { ("#e3f1e1", 9.0) } else { ("#f4f4f5", 2.0) };
                    let top = y - BOX / 2.0;
                    write!(
                        text,
                        "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{BOX}\" rx=\"{round}\" \
                         fill=\"{fill}\" stroke=\"#4a5568\"/>"
                    )
                }
            };
            let _ = writeln!(text, "<text x=\"{x:.1}\" y=\"{:.1}\">{}</text>", y + 4.3, escaped(&shape.text));
        }
        text + "</svg>\n"
    }
}

/// About how wide a text is drawn, at 12 pixels.
pub fn text_width(text: &str) -> f64 {
    text.chars().map(|c| if matches!(c, '.' | ',' | 'i' | 'l' | '[' | ']' | '(' | ')') { 4.5 } else { 7.4 }).sum()
}

/// Text as XML has it between its tags.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
