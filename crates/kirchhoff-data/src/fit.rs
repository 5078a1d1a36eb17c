//! Arrays of any shape as inputs of a network's shape.

use kirchhoff_file::elements;
use kirchhoff_network::Layout;

/// How the values of an array make up inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fit {
    /// The number of inputs.
    pub(crate) count: usize,
    /// The shape of one, in the array.
    pub(crate) item: Vec<usize>,
    /// Whether the channels of each come last and have to be moved to the front.
    pub(crate) channels_last: bool,
}

/// How an array of shape `source` makes up inputs of shape `network`: as one input, or several stacked on its first axis.
///
/// An item fits if its shape is the network's, axes of length 1 aside. A flat item fits a network of as many values,
/// and any item fits a network that takes a flat vector of as many values. With [`Layout::Hwc`], items for a network that
/// takes images have their channels last.
pub(crate) fn fit(source: &[usize], network: &[usize], layout: Layout) -> Option<Fit> {
    let channels_last = layout == Layout::Hwc && network.len() == 3;
    let expected = match *network {
        [channels, height, width] if channels_last => vec![height, width, channels],
        _ => network.to_vec(),
    };
    let long = |shape: &[usize]| shape.iter().copied().filter(|&length| length != 1).collect::<Vec<_>>();
    let fits = |item: &[usize]| {
        long(item) == long(&expected)
            || (elements(item) == elements(&expected) && (long(item).len() <= 1 || network.len() == 1))
    };
    if fits(source) {
        return Some(Fit { count: 1, item: source.to_vec(), channels_last });
    }
    let (&count, item) = source.split_first()?;
    fits(item).then(|| Fit { count, item: item.to_vec(), channels_last })
}

/// The shape `[channels, height, width]` in which an input of the network can be drawn, if there is one: the network's
/// own, that of `item` where the network takes a vector, or a square.
pub(crate) fn picture(item: &[usize], network: &[usize]) -> Option<[usize; 3]> {
    let drawable = |shape: &[usize]| match *shape {
        [height, width] => Some([1, height, width]),
        [channels, height, width] => Some([channels, height, width]),
        _ => None,
    };
    if let [length] = *network {
        let side = length.isqrt();
        let square = (side * side == length && side > 1).then_some([1, side, side]);
        return drawable(item).filter(|picture| elements(picture) == Some(length)).or(square);
    }
    drawable(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(source: &[usize], network: &[usize]) -> Option<usize> {
        fit(source, network, Layout::Chw).map(|fit| fit.count)
    }

    #[test]
    fn items_and_stacks_of_them_fit() {
        assert_eq!(count(&[3, 8, 6], &[3, 8, 6]), Some(1));
        assert_eq!(count(&[5, 3, 8, 6], &[3, 8, 6]), Some(5));
        assert_eq!(count(&[1, 3, 8, 6], &[3, 8, 6]), Some(1));
        for network in [&[784][..], &[1, 28, 28], &[28, 28]] {
            assert_eq!(count(&[10, 28, 28], network), Some(10), "{network:?}");
            assert_eq!(count(&[10, 1, 28, 28], network), Some(10));
            assert_eq!(count(&[28, 28], network), Some(1));
            assert_eq!(count(&[784], network), Some(1));
            assert_eq!(count(&[10, 784], network), Some(10));
            assert_eq!(count(&[0, 784], network), Some(0));
            assert_eq!(count(&[10, 27, 28], network), None);
            assert_eq!(count(&[2, 10, 28, 28], network), None);
        }
        assert_eq!(count(&[8, 6, 3], &[3, 8, 6]), None);
        assert_eq!(fit(&[4, 8, 6, 3], &[3, 8, 6], Layout::Hwc).unwrap().count, 4);
        assert_eq!(count(&[], &[1]), Some(1));
        assert_eq!(count(&[], &[2]), None);
    }

    #[test]
    fn vectors_are_drawn_as_they_came_or_square() {
        assert_eq!(picture(&[784], &[784]), Some([1, 28, 28]));
        assert_eq!(picture(&[14, 56], &[784]), Some([1, 14, 56]));
        assert_eq!(picture(&[1, 28, 28], &[784]), Some([1, 28, 28]));
        assert_eq!(picture(&[785], &[785]), None);
        assert_eq!(picture(&[784], &[1, 28, 28]), Some([1, 28, 28]));
        assert_eq!(picture(&[28, 28], &[28, 28]), Some([1, 28, 28]));
        assert_eq!(picture(&[], &[1]), None);
    }
}
