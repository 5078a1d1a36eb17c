//! Random networks: graphs of small layers of every kind, with branches that part and meet again.

use std::sync::Arc;

use kirchhoff_kernel::{Weights, Window};
use kirchhoff_network::*;

use crate::edges::{edges, shape};
use crate::random::Random;

/// A network as the oracle knows it: layers in order, the input first and the output last.
#[derive(Clone, Debug)]
pub struct Description {
    /// The layers.
    pub layers: Vec<Layer>,
}

/// A layer of a [`Description`].
#[derive(Clone, Debug)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// What it computes.
    pub operator: Operator,
    /// The layers whose results it takes, by their position.
    pub arguments: Vec<usize>,
    /// The shape of its result.
    pub shape: Vec<usize>,
}

/// What sort of networks to draw.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sort {
    /// Whether layers have no biases, shifts and padding values.
    pub unbiased: bool,
}

impl Description {
    /// The shapes of a layer's arguments.
    pub fn shapes(&self, layer: &Layer) -> Vec<&[usize]> {
        layer.arguments.iter().map(|&argument| &self.layers[argument].shape[..]).collect()
    }

    /// The network, which must have the shapes that the oracle expects.
    pub fn network(&self) -> Arc<Network> {
        let mut builder = NetworkBuilder::new();
        let mut nodes = Vec::new();
        for layer in &self.layers {
            let arguments: Vec<NodeId> = layer.arguments.iter().map(|&argument| nodes[argument]).collect();
            nodes.push(match layer.operator {
                Operator::Input(input) => builder.input_of(input, &layer.name, &layer.shape).unwrap(),
                _ => builder.add(&layer.name, layer.operator.clone(), &arguments).unwrap(),
            });
            assert_eq!(builder.shape(nodes[nodes.len() - 1]), layer.shape, "shape of {}", layer.name);
        }
        Arc::new(builder.finish(nodes[nodes.len() - 1]).unwrap())
    }

    /// Random inputs, one after the other: signed, some values exactly 0, some inputs 0 altogether.
    pub fn inputs(&self, random: &mut Random, batch: usize) -> Vec<f32> {
        let size: usize = self.layers[0].shape.iter().product();
        let mut inputs = Vec::new();
        for _ in 0..batch {
            let (dark, exact) = (random.chance(0.03), random.chance(0.3));
            inputs.extend((0..size).map(|_| if dark { 0.0 } else { number(random, exact, 1.0) }));
        }
        inputs
    }

    /// Without the layers that the output does not depend on.
    fn pruned(self) -> Self {
        let mut needed = vec![false; self.layers.len()];
        needed[self.layers.len() - 1] = true;
        for index in (0..self.layers.len()).rev() {
            if needed[index] {
                self.layers[index].arguments.iter().for_each(|&argument| needed[argument] = true);
            }
        }
        let mut moved = vec![0; self.layers.len()];
        let mut layers = Vec::new();
        for (index, mut layer) in self.layers.into_iter().enumerate().filter(|(index, _)| needed[*index]) {
            moved[index] = layers.len();
            layer.arguments.iter_mut().for_each(|argument| *argument = moved[*argument]);
            layers.push(layer);
        }
        Description { layers }
    }
}

/// A number between −`scale` and `scale`, sometimes 0; a multiple of a quarter of it where sums should be exact.
fn number(random: &mut Random, exact: bool, scale: f64) -> f32 {
    if random.chance(0.15) {
        0.0
    } else if exact {
        ((random.below(9) as f64 - 4.0) / 4.0 * scale) as f32
    } else {
        ((2.0 * random.unit() - 1.0) * scale) as f32
    }
}

/// A random network of about `size` layers and a dense layer at its end.
pub fn network(random: &mut Random, size: usize, sort: Sort) -> Description {
    let input = match random.below(5) {
        0 => vec![random.between(2, 9)],
        1 => vec![random.between(1, 4), random.between(4, 9)],
        _ => vec![random.between(1, 4), random.between(3, 5), random.between(3, 5)],
    };
    let mut draft = Draft::new(random, input, sort);
    while draft.layers.len() <= size {
        draft.step();
    }
    draft.finish().pruned()
}

/// A random network with layers as wide as real ones, in some respect: two convolutions or a convolution and a pool,
/// with many channels or long rows, enough to fill vector registers and to leave some of them half full; or a dense
/// layer of many inputs.
pub fn wide_network(random: &mut Random) -> Description {
    const LARGEST: usize = 700;
    if random.chance(0.15) {
        let shape = vec![random.between(1000, 1400)];
        let mut draft = Draft::new(random, shape, Sort::default());
        let operator = draft.dense(0, 20);
        draft.add(operator, &[0]);
        return draft.finish().pruned();
    }
    let channels = if random.chance(0.2) { random.between(33, 40) } else { random.between(3, 14) };
    let height = random.between(1, 6.min(LARGEST / channels / 4));
    let width = random.between(4, LARGEST / channels / height);
    let mut draft = Draft::new(random, vec![channels, height, width.min(40)], Sort::default());
    (draft.largest, draft.channels) = (LARGEST, channels);
    for _ in 0..2 {
        let source = draft.layers.len() - 1;
        let operator = if draft.random.chance(0.8) { draft.convolution(source) } else { draft.pool(source) };
        if let Some(layer) = draft.add(operator, &[source]) {
            let activation = draft.activation();
            draft.add(activation, &[layer]);
        }
    }
    draft.finish().pruned()
}

/// A network under construction.
struct Draft<'a> {
    random: &'a mut Random,
    layers: Vec<Layer>,
    /// Whether weights are multiples of a power of two, so that sums are exact.
    exact: bool,
    /// Whether some layers have biases.
    biased: bool,
    /// The size of the largest tensor: larger ones would only make the tests slower.
    largest: usize,
    /// How many channels a group of a convolution makes at most.
    channels: usize,
}

impl<'a> Draft<'a> {
    fn new(random: &'a mut Random, shape: Vec<usize>, sort: Sort) -> Self {
        let (biased, exact) = (!sort.unbiased && random.chance(0.7), random.chance(0.3));
        let layer = Layer {
            name: "input".to_string(),
            operator: Operator::Input(Input::default()),
            arguments: Vec::new(),
            shape,
        };
        Draft { random, layers: vec![layer], exact, biased, largest: 120, channels: 3 }
    }

    /// Adds a layer and returns its position, or nothing if its result would be too large.
    fn add(&mut self, operator: Operator, arguments: &[usize]) -> Option<usize> {
        let shapes: Vec<&[usize]> = arguments.iter().map(|&argument| &self.layers[argument].shape[..]).collect();
        let shape = shape(&operator, &shapes);
        if shape.iter().product::<usize>() > self.largest {
            return None;
        }
        let name = format!("{}.{}", operator.name().replace(' ', "-"), self.layers.len());
        self.layers.push(Layer { name, operator, arguments: arguments.to_vec(), shape });
        Some(self.layers.len() - 1)
    }

    fn weights(&mut self, count: usize, fan_in: usize) -> Weights {
        let scale = if self.exact { 1.0 } else { 2.0 / (fan_in as f64).sqrt() };
        let nothing = self.random.chance(0.04);
        let exact = self.exact;
        (0..count).map(|_| if nothing { 0.0 } else { number(self.random, exact, scale) }).collect()
    }

    fn bias(&mut self, count: usize) -> Option<Weights> {
        (self.biased && self.random.chance(0.8)).then(|| self.weights(count, 4))
    }

    fn shape(&self, layer: usize) -> Vec<usize> {
        self.layers[layer].shape.clone()
    }

    /// Adds one layer, or the few of a residual block, behind a random layer, mostly a late one.
    fn step(&mut self) {
        let last = self.layers.len() - 1;
        let image = (0..=last).rev().find(|&layer| self.shape(layer).len() > 1);
        let source = match (self.random.below(10), image) {
            // Vectors only lead to vectors: go back to what windows can slide over.
            (0..4, Some(image)) => image,
            (0..8, _) => last,
            _ => self.random.between(0, last),
        };
        let rank = self.layers[source].shape.len();
        let operator = match self.random.below(18) {
            0..=2 if rank > 1 => self.convolution(source),
            3..=5 if rank > 1 => self.pool(source),
            0..=5 => {
                let outputs = self.random.between(1, 8);
                self.dense(source, outputs)
            }
            6..=7 => self.affine(source),
            8..=9 => self.activation(),
            10 => self.reshape(source),
            11 if rank > 1 => {
                let mut axes: Vec<usize> = (0..rank).collect();
                (1..rank).rev().for_each(|i| axes.swap(i, self.random.below(i + 1)));
                Operator::Transpose(Transpose { axes })
            }
            12 => self.slice(source),
            13 => self.pad(source),
            14 => return self.concatenate(source),
            15 => return self.sum(source),
            16 => return self.residual(source),
            _ => Operator::Dropout,
        };
        self.add(operator, &[source]);
    }

    fn dense(&mut self, source: usize, outputs: usize) -> Operator {
        let inputs = self.shape(source).iter().product();
        let weights = self.weights(inputs * outputs, inputs);
        Operator::Dense(Dense { inputs, outputs, weights, bias: self.bias(outputs) })
    }

    /// A window that fits the source; it sees padding, and a pool's may see nothing else.
    fn window(&mut self, source: usize, pool: bool) -> Window {
        let shape = self.shape(source);
        let mut window = Window::new([1, 1]);
        window.ceil = pool && self.random.chance(0.4);
        for axis in if shape.len() == 2 { 1..2 } else { 0..2 } {
            let length = shape[shape.len() - 2 + axis];
            window.kernel[axis] = self.random.between(1, 3);
            window.stride[axis] = self.random.between(1, 3);
            window.dilation[axis] = if self.random.chance(0.25) { 2 } else { 1 };
            let extent = (window.kernel[axis] - 1) * window.dilation[axis] + 1;
            if self.random.chance(0.5) {
                window.padding[axis] = [self.random.below(extent + 1), self.random.below(extent + 1)];
            }
            let [before, after] = window.padding[axis];
            window.padding[axis][1] = after.max(extent.saturating_sub(length + before));
        }
        window
    }

    fn convolution(&mut self, source: usize) -> Operator {
        let inputs = self.shape(source)[0];
        let divisors: Vec<usize> = (1..=inputs).filter(|groups| inputs.is_multiple_of(*groups)).collect();
        let groups = *self.random.pick(&divisors);
        let outputs = groups * self.random.between(1, self.channels.div_ceil(groups).max(2));
        let window = self.window(source, false);
        let fan_in = inputs / groups * window.taps();
        let weights = self.weights(outputs * fan_in, fan_in);
        Operator::Convolution(Convolution { inputs, outputs, groups, window, weights, bias: self.bias(outputs) })
    }

    fn pool(&mut self, source: usize) -> Operator {
        let window = if self.random.chance(0.12) { None } else { Some(self.window(source, true)) };
        let maximum = Operator::Pool(Pool { kind: PoolKind::Maximum, window });
        let (source, choice) = (self.shape(source), self.random.below(4));
        let edges = edges(&maximum, &[&source]);
        // Nothing has no maximum.
        let joined = |neuron: usize| edges.iter().any(|edge| edge.destination == neuron);
        if choice > 1 && (0..shape(&maximum, &[&source]).iter().product()).all(joined) {
            return maximum;
        }
        Operator::Pool(Pool { kind: PoolKind::Average { count_padding: choice % 2 == 0 }, window })
    }

    fn affine(&mut self, source: usize) -> Operator {
        let channels = self.shape(source)[0];
        let scale = self.weights(channels, 2);
        let shift = self.bias(channels).unwrap_or_else(|| vec![0.0; channels].into());
        Operator::Affine(Affine { scale, shift })
    }

    fn activation(&mut self) -> Operator {
        Operator::Activation(match self.random.below(if self.exact { 6 } else { 12 }) {
            0..=3 => Activation::Relu,
            4 => Activation::LeakyRelu { slope: 0.25 },
            5 => Activation::Clip { low: -0.5, high: 1.5 },
            6 => Activation::Sigmoid,
            7 => Activation::Tanh,
            8 => Activation::Elu { alpha: 0.8 },
            9 => Activation::Silu,
            10 => Activation::Gelu { tanh: true },
            _ => Activation::Gelu { tanh: false },
        })
    }

    fn reshape(&mut self, source: usize) -> Operator {
        let size: usize = self.shape(source).iter().product();
        let mut shape = Vec::new();
        let mut left = size;
        for _ in 0..self.random.below(3) {
            let divisors: Vec<usize> = (1..=left).filter(|divisor| left.is_multiple_of(*divisor)).collect();
            shape.push(*self.random.pick(&divisors));
            left /= shape[shape.len() - 1];
        }
        shape.push(left);
        Operator::Reshape(Reshape { shape })
    }

    fn slice(&mut self, source: usize) -> Operator {
        let axes = self.shape(source).into_iter().map(|length| {
            let start = self.random.below(length);
            let step = *self.random.pick(&[1, 1, 2, -1, -2]);
            let room = (if step > 0 { length - 1 - start } else { start }) / isize::unsigned_abs(step);
            SliceAxis { start, step, length: 1 + self.random.between(room / 2, room) }
        });
        Operator::Slice(Slice { axes: axes.collect() })
    }

    fn pad(&mut self, source: usize) -> Operator {
        let border = self.shape(source).iter().map(|_| [self.random.below(2), self.random.below(2)]).collect();
        let value = if self.biased { number(self.random, self.exact, 1.0) } else { 0.0 };
        Operator::Pad(Pad { border, value })
    }

    /// Joins a tensor with up to two others that differ on one axis only, or with itself.
    fn concatenate(&mut self, source: usize) {
        let shape = self.shape(source);
        let axis = self.random.below(shape.len());
        let fits = |other: &Layer| {
            let same = |i: usize| i == axis || other.shape[i] == shape[i];
            other.shape.len() == shape.len() && (0..shape.len()).all(same)
        };
        let others: Vec<usize> = (0..self.layers.len()).filter(|&other| fits(&self.layers[other])).collect();
        let mut arguments: Vec<usize> = (0..self.random.between(1, 2)).map(|_| *self.random.pick(&others)).collect();
        arguments.insert(self.random.below(arguments.len() + 1), source);
        self.add(Operator::Concatenate(Concatenate { axis }), &arguments);
    }

    /// Adds a tensor to one or two others of its shape, or to itself.
    fn sum(&mut self, source: usize) {
        let shape = self.shape(source);
        let others: Vec<usize> = (0..self.layers.len()).filter(|&other| self.layers[other].shape == shape).collect();
        let mut arguments = vec![source];
        (0..self.random.between(1, 2)).for_each(|_| arguments.push(*self.random.pick(&others)));
        self.add(Operator::Add, &arguments);
    }

    /// Adds a tensor to what one or two layers make of it.
    fn residual(&mut self, source: usize) {
        let mut arguments = vec![source];
        for _ in 0..self.random.between(1, 2) {
            let shape = self.shape(source);
            let operator = if shape.len() == 1 {
                self.dense(source, shape[0])
            } else if self.random.chance(0.5) {
                let window = Window::new(if shape.len() == 2 { [1, 3] } else { [3, 1] });
                let window = window.with_padding(if shape.len() == 2 { [0, 1] } else { [1, 0] });
                let weights = self.weights(shape[0] * shape[0] * 3, shape[0] * 3);
                let (inputs, outputs, bias) = (shape[0], shape[0], self.bias(shape[0]));
                Operator::Convolution(Convolution { inputs, outputs, groups: 1, window, weights, bias })
            } else {
                self.affine(source)
            };
            let Some(branch) = self.add(operator, &[source]) else { return };
            let activation = self.activation();
            arguments.extend(self.add(activation, &[branch]));
        }
        let place = self.random.below(arguments.len());
        arguments.swap(0, place);
        self.add(Operator::Add, &arguments);
    }

    /// Ends in a dense layer behind the last tensor and some that nobody has used.
    fn finish(mut self) -> Description {
        let used = |layer: usize| self.layers.iter().any(|other| other.arguments.contains(&layer));
        let unused: Vec<usize> = (0..self.layers.len()).filter(|&layer| !used(layer)).rev().take(4).collect();
        let flat: Vec<usize> = unused
            .into_iter()
            .filter_map(|layer| {
                let size = self.shape(layer).iter().product();
                self.add(Operator::Reshape(Reshape { shape: vec![size] }), &[layer])
            })
            .collect();
        let mut last = flat[0];
        if flat.len() > 1 {
            last = self.add(Operator::Concatenate(Concatenate { axis: 0 }), &flat).unwrap_or(last);
        }
        if self.random.chance(0.4) {
            let operator = self.dense(last, 6);
            last = self.add(operator, &[last]).expect("small");
            let activation = self.activation();
            last = self.add(activation, &[last]).expect("small");
        }
        let outputs = self.random.between(1, 4);
        let operator = self.dense(last, outputs);
        self.add(operator, &[last]).expect("small");
        Description { layers: self.layers }
    }
}
