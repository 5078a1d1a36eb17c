//! Paths through the layers of a network as a picture.

use std::fmt::Write;

use kirchhoff_file::SVG_MARK;
use kirchhoff_formula::{FormulaError, escaped};

use super::too_large;
use crate::ask::{OutputPaths, PathNeuron, RelevancePath};

/// More paths than this are no picture.
const MOST_PATHS: usize = 200;

/// Layers side by side before a new row begins.
const IN_A_ROW: usize = 14;
/// The longer side of a layer's map, and the room between maps.
const MAP: f64 = 64.0;
const GAP: f64 = 30.0;
const MARGIN: f64 = 16.0;
/// Room for the two lines below a map, and between rows.
const CAPTION: f64 = 34.0;
const LINE: f64 = 16.0;
/// Longer names of layers are cut in the middle.
const LONGEST_NAME: usize = 14;

/// Colours that stay apart, also to the colour-blind (Okabe and Ito, 2008).
const COLOURS: [&str; 7] = ["#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

/// A layer that some path goes through.
struct Map<'a> {
    of: &'a PathNeuron,
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// Paths that were found in layers as an SVG picture: a small map for each layer whose edges take an annotation, from the input to
/// the target, with the neuron that each path has there, and a line for each path. The map of an image is its plane, that of a
/// vector a bar; what stands at a neuron are its name and the path's weight, for the pointer.
///
/// # Errors
/// More than 200 paths.
pub fn paths_svg(outputs: &[OutputPaths]) -> Result<String, FormulaError> {
    let paths: Vec<&RelevancePath> = outputs.iter().flat_map(|output| &output.paths).collect();
    too_large("paths", paths.len(), MOST_PATHS)?;
    let maps = maps(&paths);
    let rows = maps.len().div_ceil(IN_A_ROW).max(1);
    let wide = 2.0 * MARGIN + maps.len().clamp(4, IN_A_ROW) as f64 * (MAP + GAP);
    let below = MARGIN + rows as f64 * (MAP + CAPTION);
    let high = below + paths.len().max(1) as f64 * LINE + MARGIN;
    let mut text = format!(
        "{SVG_MARK}xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide:.0}\" height=\"{high:.0}\" viewBox=\"0 0 {wide:.0} \
         {high:.0}\" font-family=\"sans-serif\" font-size=\"10\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for Map { of, left, top, width, height } in &maps {
        let (x, y) = (left + MAP / 2.0, top + MAP);
        let sizes: Vec<String> = of.shape.iter().map(usize::to_string).collect();
        let _ = writeln!(
            text,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"#eef1f5\" stroke=\"#8a94a6\"/>\
             <g text-anchor=\"middle\"><text x=\"{x:.1}\" y=\"{:.1}\"><title>{}</title>{}</text>\
             <text x=\"{x:.1}\" y=\"{:.1}\" fill=\"#667\">{}</text></g>",
            x - width / 2.0,
            top + (MAP - height) / 2.0,
            y + 11.0,
            escaped(&of.layer),
            escaped(&shortened(&of.layer)),
            y + 22.0,
            sizes.join(" × "),
        );
    }
    for (number, path) in paths.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let weight = weight(path.weight);
        let name = path.neurons.first().map_or("", |neuron| &*neuron.name);
        let y = below + (number as f64 + 0.8) * LINE;
        let _ = writeln!(text, "<g stroke=\"{colour}\" fill=\"{colour}\">");
        let mut last: Option<(usize, f64, f64)> = None;
        for neuron in
            path.neurons.iter().enumerate().filter(|(at, neuron)| is_shown(*at, neuron)).map(|(_, neuron)| neuron)
        {
            let Some(at) = maps.iter().position(|map| map.of.layer == neuron.layer) else { continue };
            let (x, y) = maps[at].place(neuron.neuron);
            if let Some((_, from_x, from_y)) = last.filter(|(before, ..)| before / IN_A_ROW == at / IN_A_ROW) {
                let _ = write!(text, "<path d=\"M{from_x:.1} {from_y:.1}L{x:.1} {y:.1}\" stroke-opacity=\"0.7\"/>");
            }
            let name = escaped(&neuron.name);
            let _ = writeln!(
                text,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.4\"><title>{name}: {weight}</title></circle>"
            );
            last = Some((at, x, y));
        }
        let _ = writeln!(
            text,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\"/><text stroke=\"none\" fill=\"#223\" font-size=\"12\" x=\"{:.1}\" \
             y=\"{y:.1}\">{weight} from {}</text></g>",
            MARGIN + 4.0,
            y - 4.0,
            MARGIN + 14.0,
            escaped(name),
        );
    }
    if paths.is_empty() {
        let _ = writeln!(text, "<text font-size=\"12\" x=\"{MARGIN}\" y=\"{:.1}\">no path</text>", below + LINE);
    }
    text.push_str("</svg>\n");
    Ok(text)
}

/// Where a path begins, and where an edge leads that is weighed.
fn is_shown(at: usize, neuron: &PathNeuron) -> bool {
    at == 0 || neuron.annotated
}

/// The maps of all layers that some path shows, from input to target.
fn maps<'a>(paths: &[&'a RelevancePath]) -> Vec<Map<'a>> {
    let shown = |path: &&'a RelevancePath| {
        let neurons = path.neurons.iter().enumerate();
        neurons.filter(|(at, neuron)| is_shown(*at, neuron)).map(|(_, neuron)| neuron).collect::<Vec<&'a PathNeuron>>()
    };
    let mut order: Vec<&PathNeuron> = paths.iter().flat_map(shown).collect();
    order.sort_by_key(|neuron| neuron.place);
    order.dedup_by_key(|neuron| neuron.place);
    let map = |(at, of): (usize, &'a PathNeuron)| {
        let (rows, columns) = plane(&of.shape);
        let longer = rows.max(columns).max(1) as f64;
        let side = |length: usize| (MAP * length as f64 / longer).max(5.0);
        Map {
            of,
            left: MARGIN + (at % IN_A_ROW) as f64 * (MAP + GAP),
            top: MARGIN + (at / IN_A_ROW) as f64 * (MAP + CAPTION),
            width: side(columns),
            height: side(rows),
        }
    };
    order.into_iter().enumerate().map(map).collect()
}

/// Rows and columns of the map of a tensor: the plane of an image, a matrix, or a vector from top to bottom.
fn plane(shape: &[usize]) -> (usize, usize) {
    match *shape {
        [.., 1, 1] => (shape.iter().product(), 1),
        [.., rows, columns] => (rows, columns),
        _ => (shape.iter().product(), 1),
    }
}

impl Map<'_> {
    /// The place of a neuron in the picture.
    fn place(&self, neuron: usize) -> (f64, f64) {
        let (rows, columns) = plane(&self.of.shape);
        let at = neuron % (rows * columns).max(1);
        let part = |at: usize, of: usize, length: f64| (at as f64 + 0.5) / of.max(1) as f64 * length;
        let (x, y) = (part(at % columns.max(1), columns, self.width), part(at / columns.max(1), rows, self.height));
        (self.left + (MAP - self.width) / 2.0 + x, self.top + (MAP - self.height) / 2.0 + y)
    }
}

fn shortened(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= LONGEST_NAME {
        return name.to_string();
    }
    let half = LONGEST_NAME / 2;
    letters[..half - 1].iter().chain(&['…']).chain(&letters[letters.len() - half..]).collect()
}

/// A weight to a few digits.
fn weight(weight: f64) -> String {
    if weight == 0.0 || (1e-3..1e4).contains(&weight.abs()) { format!("{weight:.4}") } else { format!("{weight:.3e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neuron(layer: &str, shape: &[usize], neuron: usize) -> PathNeuron {
        PathNeuron {
            name: format!("{layer}[{neuron}]"),
            layer: layer.to_string(),
            shape: shape.to_vec(),
            neuron,
            annotated: true,
            place: layer.bytes().map(usize::from).sum(),
        }
    }

    #[test]
    fn layers_of_all_paths_stand_in_their_order() {
        let path = |layers: &[&str]| RelevancePath {
            weight: 0.5,
            edges: Vec::new(),
            neurons: layers.iter().map(|layer| neuron(layer, &[2, 4, 4], 17)).collect(),
        };
        let outputs =
            [OutputPaths { name: "x".to_string(), paths: vec![path(&["I", "a", "c"]), path(&["I", "R<", "c", "d"])] }];
        let paths: Vec<&RelevancePath> = outputs[0].paths.iter().collect();
        let maps = maps(&paths);
        let order: Vec<&str> = maps.iter().map(|map| &*map.of.layer).collect();
        assert_eq!(order, ["I", "a", "c", "d", "R<"]);
        // Neuron 17 of 2 × 4 × 4 is the second of the first row of its plane.
        let (x, y) = maps[0].place(17);
        assert_eq!((x - maps[0].left, y - maps[0].top), (24.0, 8.0));
        let svg = paths_svg(&outputs).unwrap();
        assert_eq!(svg.matches("<title>I[17]").count(), 2);
        assert!(svg.contains("R&lt;") && !svg.contains("R<["));
        assert!(paths_svg(&[]).unwrap().contains("no path"));
    }
}
