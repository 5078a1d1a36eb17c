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
pub fn edge_name(layer: &str, tensor: Option<&str>, source: &str, destination: &str) -> String {
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

/// The neurons of a tensor at a place: what stands in the brackets behind its name, in row-major order.
///
/// A place has an entry for each axis: an index, a range `10:20` (up to 20), or `:` for the whole axis. With fewer entries it is
/// all behind the first axes, so that `3` is a channel of an image; leading axes of length 1 may be left out instead, as
/// [`neuron_position`] does, so that a grey picture has `3,4`. `*` is every neuron.
///
/// ```
/// use kirchhoff_circuit::neurons_at;
///
/// assert_eq!(neurons_at(&[512, 2, 2], "3"), Some(vec![12, 13, 14, 15]));
/// assert_eq!(neurons_at(&[512, 2, 2], "3,1,0"), Some(vec![14]));
/// assert_eq!(neurons_at(&[512, 2, 2], "3,:,0"), Some(vec![12, 14]));
/// assert_eq!(neurons_at(&[1, 28, 28], "3,4"), Some(vec![88]));
/// assert_eq!(neurons_at(&[300], "300"), None);
/// ```
///
/// `None` says that the tensor has no such place.
pub fn neurons_at(shape: &[usize], place: &str) -> Option<Vec<usize>> {
    let size: usize = shape.iter().product();
    if place.trim() == "*" {
        return Some((0..size).collect());
    }
    let entries: Vec<&str> = place.split(',').map(str::trim).collect();
    let leading = shape.iter().take_while(|&&length| length == 1).count();
    // Behind leading axes of length 1 a place is whole: one of fewer entries begins at the first axis.
    let axes = match shape.len().checked_sub(entries.len())? {
        left_out if left_out <= leading => &shape[left_out..],
        _ if leading > 0 => return None,
        _ => shape,
    };
    let (named, whole) = axes.split_at(entries.len());
    let mut neurons = vec![0];
    for (entry, &length) in entries.iter().zip(named) {
        let range = entry_range(entry, length)?;
        neurons = neurons.iter().flat_map(|neuron| range.clone().map(move |index| neuron * length + index)).collect();
    }
    let behind: usize = whole.iter().product();
    Some(neurons.iter().flat_map(|neuron| neuron * behind..(neuron + 1) * behind).collect())
}

/// The indices of an axis that an entry means; none are an error.
fn entry_range(entry: &str, length: usize) -> Option<std::ops::Range<usize>> {
    let number = |text: &str, default: usize| match text.trim() {
        "" => Some(default),
        text if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    let range = match entry.split_once(':') {
        Some((from, to)) => number(from, 0)?..number(to, length)?,
        None => {
            let index = number(entry, usize::MAX)?;
            index..index.checked_add(1)?
        }
    };
    (range.start < range.end && range.end <= length).then_some(range)
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
