//! Names of neurons and edges as people read them: `x[3,4]`, `h1[17]`, `w2[17→4]`.

use std::fmt::Write;

/// The name of a neuron: that of its tensor, with its position in brackets.
///
/// Leading axes of length 1 are left out, so that a grey picture has `x[3,4]`; a tensor without axes has its name alone.
/// The tensor `input` is called `x`, and one with a number for a name, as layers of an `nn.Sequential` have, `h1`.
///
/// ```
/// use kirchhoff_circuit::neuron_name;
///
/// assert_eq!(neuron_name("input", &[1, 28, 28], 88), "x[3,4]");
/// assert_eq!(neuron_name("1", &[300], 17), "h1[17]");
/// assert_eq!(neuron_name("target", &[], 0), "target");
/// ```
pub fn neuron_name(tensor: &str, shape: &[usize], neuron: usize) -> String {
    let mut name = tensor_label(tensor);
    if !shape.is_empty() {
        let _ = write!(name, "[{}]", neuron_position(shape, neuron));
    }
    name
}

/// What the neurons of a tensor are called in front of their brackets: `x`, `h1`, or the name of the tensor.
pub fn tensor_label(tensor: &str) -> String {
    if tensor == "input" { "x".to_string() } else { lettered('h', tensor) }
}

/// The name of an edge of a layer, `w2[17→4]`, from its source to its destination; with the tensor it comes from in
/// front where the layer joins several.
pub(super) fn edge_name(layer: &str, tensor: Option<&str>, source: &str, destination: &str) -> String {
    let layer = lettered('w', layer);
    match tensor {
        None => format!("{layer}[{source}→{destination}]"),
        Some(tensor) => format!("{layer}[{tensor}:{source}→{destination}]"),
    }
}

/// The name, with a letter in front of a number.
fn lettered(letter: char, name: &str) -> String {
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("{letter}{name}") } else { name.to_string() }
}

/// Where a neuron stands in a tensor, `3,4`, without leading axes of length 1: what stands in the brackets of its name.
pub fn neuron_position(shape: &[usize], neuron: usize) -> String {
    let leading = shape.iter().take_while(|&&length| length == 1).count().min(shape.len().saturating_sub(1));
    let mut rest = neuron;
    let mut indices: Vec<String> = Vec::new();
    for &length in shape[leading..].iter().rev() {
        indices.push((rest % length.max(1)).to_string());
        rest /= length.max(1);
    }
    indices.reverse();
    indices.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neurons_and_edges_are_named() {
        assert_eq!(neuron_name("conv", &[6, 12, 12], 6 * 144 - 1), "conv[5,11,11]");
        assert_eq!(neuron_name("x", &[1], 0), "x[0]");
        assert_eq!(neuron_name("x", &[1, 1, 4], 3), "x[3]");
        assert_eq!(edge_name("2", None, "17", "4"), "w2[17→4]");
        assert_eq!(edge_name("features.0", None, "2,0,1", "63,9,9"), "features.0[2,0,1→63,9,9]");
        assert_eq!(edge_name("add", Some("left"), "1", "1"), "add[left:1→1]");
    }
}
