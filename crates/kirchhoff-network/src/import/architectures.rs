//! Architectures that are recognised from the names and shapes of their tensors.

use std::collections::BTreeSet;

use kirchhoff_file::natural_order;
use kirchhoff_kernel::Window;

use super::layers::{Architecture, Kind, Sliding};
use crate::operators::{Activation, PoolKind, elements};
use crate::tensor_file::Tensors;

/// The depths of torchvision's VGG networks.
pub(crate) const VGG_DEPTHS: [usize; 4] = [11, 13, 16, 19];

/// A module of torchvision's `features`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    /// A 3×3 convolution with this many channels out (as torchvision has it), and what follows it.
    Convolution(usize),
    /// The batch normalisation after a convolution.
    Normalization(usize),
    /// A ReLU.
    Rectifier,
    /// The 2×2 pool at the end of a block.
    Pool,
}

/// The modules of `features` of VGG-`depth`, in torchvision's order; their positions are their names.
pub(crate) fn vgg_features(depth: usize, batch_norm: bool) -> Vec<Feature> {
    let convolutions = match depth {
        11 => [1, 1, 2, 2, 2],
        13 => [2, 2, 2, 2, 2],
        16 => [2, 2, 3, 3, 3],
        _ => [2, 2, 4, 4, 4],
    };
    let mut features = Vec::new();
    for (count, width) in convolutions.into_iter().zip([64, 128, 256, 512, 512]) {
        for _ in 0..count {
            features.push(Feature::Convolution(width));
            if batch_norm {
                features.push(Feature::Normalization(width));
            }
            features.push(Feature::Rectifier);
        }
        features.push(Feature::Pool);
    }
    features
}

/// Recognises an architecture: `None` if the file is of none, an error if it is clear what the file is but it cannot be
/// taken. `input_shape` overrides the shape of the input that the architecture is known for.
pub(crate) fn recognise(file: &dyn Tensors, input_shape: Option<&[usize]>) -> Option<Result<Architecture, String>> {
    vgg(file, input_shape).or_else(|| alexnet(file, input_shape)).or_else(|| perceptron(file, input_shape))
}

/// The numbers `n` of tensors `PREFIX.n.weight` with so many axes.
fn numbers(file: &dyn Tensors, prefix: &str, axes: usize) -> BTreeSet<usize> {
    let number = |name: &str| name.strip_prefix(prefix)?.strip_prefix('.')?.strip_suffix(".weight")?.parse().ok();
    file.names()
        .into_iter()
        .filter(|name| file.shape(name).is_some_and(|shape| shape.len() == axes))
        .filter_map(number)
        .collect()
}

fn positions<T>(items: &[T], wanted: impl Fn(&T) -> bool) -> BTreeSet<usize> {
    items.iter().enumerate().filter(|(_, item)| wanted(item)).map(|(position, _)| position).collect()
}

fn relu() -> Kind {
    Kind::Activation(Activation::Relu)
}

fn max_pool(kernel: usize, stride: usize) -> Kind {
    Kind::Pool { kind: PoolKind::Maximum, window: Window::new([kernel; 2]).with_stride([stride; 2]) }
}

/// A convolutional network of torchvision: `features`, `avgpool`, and a `classifier` with the given modules.
fn classifier_network(
    file: &dyn Tensors,
    input_shape: Option<&[usize]>,
    features: Vec<Kind>,
    classifier: Vec<Kind>,
) -> Option<Result<Architecture, String>> {
    let position = |kinds: &[Kind], wanted: fn(&Kind) -> bool, last: bool| {
        let mut found = kinds.iter().enumerate().filter(|(_, kind)| wanted(kind)).map(|(position, _)| position);
        if last { found.next_back() } else { found.next() }
    };
    let convolution = |kind: &Kind| matches!(kind, Kind::Convolution(_));
    let weights = |module: &str, position: Option<usize>| {
        let name = format!("{module}.{}.weight", position?);
        file.shape(&name).map(|shape| (name, shape.to_vec()))
    };
    let first = weights("features", position(&features, convolution, false));
    let last = weights("features", position(&features, convolution, true));
    let dense = weights("classifier", position(&classifier, |kind| matches!(kind, Kind::Dense), false));
    let ((_, first), (_, last), (dense_name, dense)) = (first?, last?, dense?);
    // The side of the square map that the classifier flattens.
    let (channels, taken) = (last[0].max(1), dense[1]);
    let side = (taken / channels).isqrt();
    if side == 0 || side.checked_mul(side).and_then(|area| area.checked_mul(channels)) != Some(taken) {
        return Some(Err(format!(
            "tensor '{dense_name}' has shape {dense:?}, but takes a flattened square map of {channels} channels"
        )));
    }
    let named = |module: &'static str, kinds: Vec<Kind>| {
        kinds.into_iter().enumerate().map(move |(position, kind)| (format!("{module}.{position}"), kind))
    };
    let average = PoolKind::Average { count_padding: false };
    let layers = named("features", features)
        .chain([
            ("avgpool".to_string(), Kind::AdaptivePool { kind: average, size: [side; 2] }),
            ("flatten".to_string(), Kind::Flatten),
        ])
        .chain(named("classifier", classifier));
    let shape = input_shape.map_or_else(|| vec![first[1], 224, 224], <[usize]>::to_vec);
    Some(Ok(Architecture::recognised(shape, layers.collect())))
}

fn vgg(file: &dyn Tensors, input_shape: Option<&[usize]>) -> Option<Result<Architecture, String>> {
    let (convolutions, normalizations) = (numbers(file, "features", 4), numbers(file, "features", 1));
    if numbers(file, "classifier", 2) != BTreeSet::from([0, 3, 6]) {
        return None;
    }
    let candidates = VGG_DEPTHS.into_iter().flat_map(|depth| [false, true].map(|norm| vgg_features(depth, norm)));
    let features = candidates.into_iter().find(|features| {
        positions(features, |feature| matches!(feature, Feature::Convolution(_))) == convolutions
            && positions(features, |feature| matches!(feature, Feature::Normalization(_))) == normalizations
    })?;
    let kind = |feature| match feature {
        Feature::Convolution(_) => Kind::Convolution(Sliding::square(3, 1, 1)),
        Feature::Normalization(_) => Kind::BatchNormalization { epsilon: 1e-5 },
        Feature::Rectifier => relu(),
        Feature::Pool => max_pool(2, 2),
    };
    let classifier = vec![Kind::Dense, relu(), Kind::Dropout, Kind::Dense, relu(), Kind::Dropout, Kind::Dense];
    classifier_network(file, input_shape, features.into_iter().map(kind).collect(), classifier)
}

fn alexnet(file: &dyn Tensors, input_shape: Option<&[usize]>) -> Option<Result<Architecture, String>> {
    let recognised = numbers(file, "features", 4) == BTreeSet::from([0, 3, 6, 8, 10])
        && numbers(file, "classifier", 2) == BTreeSet::from([1, 4, 6]);
    if !recognised {
        return None;
    }
    let convolution = |kernel, stride, padding| Kind::Convolution(Sliding::square(kernel, stride, padding));
    let features = vec![
        convolution(11, 4, 2),
        relu(),
        max_pool(3, 2),
        convolution(5, 1, 2),
        relu(),
        max_pool(3, 2),
        convolution(3, 1, 1),
        relu(),
        convolution(3, 1, 1),
        relu(),
        convolution(3, 1, 1),
        relu(),
        max_pool(3, 2),
    ];
    let classifier = vec![Kind::Dropout, Kind::Dense, relu(), Kind::Dropout, Kind::Dense, relu(), Kind::Dense];
    classifier_network(file, input_shape, features, classifier)
}

/// A multilayer perceptron: linear layers whose names differ in one number, with a ReLU between each two.
fn perceptron(file: &dyn Tensors, input_shape: Option<&[usize]>) -> Option<Result<Architecture, String>> {
    let mut names = Vec::new();
    for name in file.names() {
        let shape = file.shape(name)?;
        match (name.strip_suffix(".weight"), name.strip_suffix(".bias"), shape.len()) {
            (Some(layer), _, 2) => names.push(layer),
            (_, Some(layer), 1) if file.shape(&format!("{layer}.weight")).is_some() => {}
            _ => return None,
        }
    }
    names.sort_by_cached_key(|name| natural_order(name));
    let first = file.shape(&format!("{}.weight", names.first()?))?;
    let shape = input_shape.map_or_else(|| vec![first[1]], <[usize]>::to_vec);
    let mut layers = Vec::new();
    if shape.len() > 1 {
        if elements(&shape) != Some(first[1]) {
            let reason = format!("tensor '{}.weight' has shape {first:?}, which does not take {shape:?}", names[0]);
            return Some(Err(reason));
        }
        layers.push(("flatten".to_string(), Kind::Flatten));
    }
    for pair in names.windows(2) {
        let (prefix, number, next, suffix) = numbered(pair[0], pair[1])?;
        layers.push((pair[0].to_string(), Kind::Dense));
        if next > number + 1 {
            layers.push((format!("{prefix}{}{suffix}", number + 1), relu()));
        } else if prefix.is_empty() || prefix.ends_with('.') {
            // Modules of an nn.Sequential have consecutive numbers: these two have nothing between them.
            return Some(Err(format!(
                "the numbers of '{}' and '{}' leave no room for an activation between them: describe the layers with \
                 --architecture FILE.toml",
                pair[0], pair[1]
            )));
        } else {
            layers.push((format!("relu{number}"), relu()));
        }
    }
    layers.push((names.last()?.to_string(), Kind::Dense));
    Some(Ok(Architecture::recognised(shape, layers)))
}

/// Two names that differ in one number, as what they share and the two numbers.
fn numbered<'a>(first: &'a str, second: &str) -> Option<(&'a str, usize, usize, &'a str)> {
    let digits = |name: &str, from: usize| name[from..].bytes().take_while(u8::is_ascii_digit).count();
    // The shared start must not end inside a number: "fc10" and "fc11" share "fc".
    let same: usize =
        first.chars().zip(second.chars()).take_while(|(a, b)| a == b).map(|(character, _)| character.len_utf8()).sum();
    let start = first[..same].trim_end_matches(|character: char| character.is_ascii_digit()).len();
    let (a, b) = (digits(first, start), digits(second, start));
    let (suffix, other) = (&first[start + a..], &second[start + b..]);
    let number = first[start..start + a].parse().ok()?;
    let next = second[start..start + b].parse().ok()?;
    (suffix == other && next > number).then_some((&first[..start], number, next, suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_have_torchvisions_numbers() {
        let convolutions = |depth, norm| {
            let features = vgg_features(depth, norm);
            let found = positions(&features, |feature| matches!(feature, Feature::Convolution(_)));
            found.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(convolutions(11, false), [0, 3, 6, 8, 11, 13, 16, 18]);
        assert_eq!(convolutions(16, false), [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]);
        assert_eq!(convolutions(16, true), [0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40]);
        assert_eq!(convolutions(19, false), [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]);
        assert_eq!(vgg_features(16, false).len(), 31);
    }

    #[test]
    fn names_of_a_chain_differ_in_one_number() {
        assert_eq!(numbered("0", "2"), Some(("", 0, 2, "")));
        assert_eq!(numbered("net.8", "net.10"), Some(("net.", 8, 10, "")));
        assert_eq!(numbered("fc10", "fc11"), Some(("fc", 10, 11, "")));
        assert_eq!(numbered("l.1.linear", "l.3.linear"), Some(("l.", 1, 3, ".linear")));
        assert_eq!(numbered("fc1", "out"), None);
        assert_eq!(numbered("é1", "è2"), None);
    }
}
