//! The formula by which Groudiev & Maniu relate thresholds to the sizes of layers.

use kirchhoff_network::{LayerKind, Network, NodeId, Operator};

/// A weighted layer, and the threshold that the formula gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerTheta {
    /// Name of the layer.
    pub layer: String,
    /// The side of the window that a neuron of the next weighted layer sees; 1 for dense layers on vectors and where
    /// there is no next one.
    pub next_kernel: usize,
    /// The width of the layer's input map; 1 of vectors.
    pub width: usize,
    /// θ.
    pub theta: f64,
}

/// The paper's fit to the thresholds that its authors chose by hand for VGG-16 (2024, section 3.3), for the `i`-th
/// weighted layer counted from 0: `θ_i = 0.005 · (k²_{i+1} + 3 ln width_i) + 0.0066 + 0.0002 i`, with `k_{i+1}` the
/// kernel size of the next weighted layer and `width_i` that of the input map.
///
/// A dense layer that starts from a flattened map is a convolution by a kernel of the map's size. Layers come in the
/// order of the network.
pub fn layer_thetas(network: &Network) -> Vec<LayerTheta> {
    let weighted: Vec<(&str, usize, usize)> = network
        .nodes()
        .filter_map(|(id, node)| {
            let (height, width) = map(network, network.arguments(id).first().copied()?);
            let kernel = match &node.operator {
                Operator::Convolution(convolution) => convolution.window.kernel[0],
                operator if operator.kind() == LayerKind::Dense => height,
                // The formula speaks of no other layers.
                _ => return None,
            };
            Some((&node.name[..], kernel, width))
        })
        .collect();
    let theta = |(index, &(layer, _, width)): (usize, &(&str, usize, usize))| {
        let next_kernel = weighted.get(index + 1).map_or(1, |&(_, kernel, _)| kernel);
        let kernel = (next_kernel * next_kernel) as f64;
        let theta = 0.005 * (kernel + 3.0 * libm::log(width as f64)) + 0.0066 + 0.0002 * index as f64;
        LayerTheta { layer: layer.to_string(), next_kernel, width, theta }
    };
    weighted.iter().enumerate().map(theta).collect()
}

/// Height and width of the map that a tensor is or was before it was flattened; 1 and 1 of vectors.
fn map(network: &Network, mut node: NodeId) -> (usize, usize) {
    loop {
        match network.node(node).shape[..] {
            [_, height, width] => return (height, width),
            _ => match network.arguments(node).first() {
                Some(&before) if network.node(node).operator.keeps_places() => node = before,
                _ => return (1, 1),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use kirchhoff_kernel::Window;
    use kirchhoff_network::{Convolution, Dense, NetworkBuilder, Reshape};

    use super::*;

    #[test]
    fn kernels_of_the_next_layer_and_widths_make_the_thresholds() {
        let window =
            Window { kernel: [3, 3], stride: [1, 1], padding: [[1, 1], [1, 1]], dilation: [1, 1], ceil: false };
        let convolution =
            || Convolution { inputs: 1, outputs: 1, groups: 1, window, weights: vec![0.0; 9].into(), bias: None };
        let dense = |inputs| Dense { inputs, outputs: 2, weights: vec![0.0; 2 * inputs].into(), bias: None };
        let mut builder = NetworkBuilder::new();
        let mut node = builder.input("input", &[1, 7, 7]).unwrap();
        node = builder.add("a", Operator::Convolution(convolution()), &[node]).unwrap();
        node = builder.add("b", Operator::Convolution(convolution()), &[node]).unwrap();
        node = builder.add("flat", Operator::Reshape(Reshape { shape: vec![49] }), &[node]).unwrap();
        node = builder.add("c", Operator::Dense(dense(49)), &[node]).unwrap();
        node = builder.add("d", Operator::Dense(dense(2)), &[node]).unwrap();
        let thetas = layer_thetas(&builder.finish(node).unwrap());
        // The dense layer on the map is a convolution of 7 × 7; the last layer has no next one.
        let sizes: Vec<_> = thetas.iter().map(|row| (&row.layer[..], row.next_kernel, row.width)).collect();
        assert_eq!(sizes, [("a", 3, 7), ("b", 7, 7), ("c", 1, 7), ("d", 1, 1)]);
        let expected = 0.005 * (49.0 + 3.0 * 7.0f64.ln()) + 0.0066 + 0.0002;
        assert!((thetas[1].theta - expected).abs() < 1e-12);
        assert!((thetas[3].theta - 0.0122).abs() < 1e-12);
    }
}
