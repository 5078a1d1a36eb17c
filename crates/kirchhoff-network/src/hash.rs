//! What tells a network from others.

use kirchhoff_kernel::Window;

use crate::Network;
use crate::activation::Activation;
use crate::encoding::Encoder;
use crate::operator::{Operator, PoolKind};

/// The version of the encoding that [`network_hash`] hashes.
///
/// The first version was the text that Rust's `Debug` gave of operators in Kirchhoff 0.1, which changed with the names
/// of fields; its hashes have no version in front.
pub const HASH_VERSION: u32 = 2;

/// A hash of everything that a network computes with: layers, their names and order, and all parameters.
///
/// It is `2:` and 64 hexadecimal digits, with the [version](HASH_VERSION) of the encoding in front, and does not depend
/// on the machine. Takes one pass over the parameters.
pub fn network_hash(network: &Network) -> String {
    let mut encoder = Encoder::new("kirchhoff network");
    encoder.count(network.nodes().len());
    for (id, node) in network.nodes() {
        encoder.text(&node.name);
        encode(&node.operator, &mut encoder);
        encoder.counts(&node.shape);
        encoder.sequence(&network.arguments(id), |encoder, argument| encoder.count(argument.index()));
    }
    encoder.count(network.output().index());
    format!("{HASH_VERSION}:{}", encoder.finish())
}

/// The version of the encoding that a hash was made with, which [`network_hash`] gave in this or an earlier version of
/// Kirchhoff; `None` of a text that is no such hash.
pub fn hash_version(hash: &str) -> Option<u32> {
    let (version, digits) = match hash.split_once(':') {
        Some((version, digits)) => (version.parse().ok()?, digits),
        None => (1, hash),
    };
    let is_hash = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hash.then_some(version)
}

fn encode(operator: &Operator, encoder: &mut Encoder) {
    match operator {
        Operator::Input => encoder.text("input"),
        Operator::Dense(dense) => {
            encoder.text("dense");
            encoder.counts(&[dense.inputs, dense.outputs]);
            encoder.values(&dense.weights);
            encoder.optional_values(dense.bias.as_ref());
        }
        Operator::Convolution(convolution) => {
            encoder.text("convolution");
            encoder.counts(&[convolution.inputs, convolution.outputs, convolution.groups]);
            window(&convolution.window, encoder);
            encoder.values(&convolution.weights);
            encoder.optional_values(convolution.bias.as_ref());
        }
        Operator::Pool(pool) => {
            encoder.text("pool");
            match pool.kind {
                PoolKind::Maximum => encoder.text("maximum"),
                PoolKind::Average { count_padding } => {
                    encoder.text("average");
                    encoder.flag(count_padding);
                }
            }
            encoder.flag(pool.window.is_some());
            if let Some(of_pool) = &pool.window {
                window(of_pool, encoder);
            }
        }
        Operator::Affine(affine) => {
            encoder.text("affine");
            encoder.values(&affine.scale);
            encoder.values(&affine.shift);
        }
        Operator::Activation(activation) => {
            encoder.text("activation");
            match *activation {
                Activation::Relu => encoder.text("relu"),
                Activation::LeakyRelu { slope } => {
                    encoder.text("leaky-relu");
                    encoder.float(slope);
                }
                Activation::Clip { low, high } => {
                    encoder.text("clip");
                    encoder.float(low);
                    encoder.float(high);
                }
                Activation::Sigmoid => encoder.text("sigmoid"),
                Activation::Tanh => encoder.text("tanh"),
                Activation::Elu { alpha } => {
                    encoder.text("elu");
                    encoder.float(alpha);
                }
                Activation::Silu => encoder.text("silu"),
                Activation::Gelu { tanh } => {
                    encoder.text("gelu");
                    encoder.flag(tanh);
                }
            }
        }
        Operator::Add => encoder.text("add"),
        Operator::Concatenate { axis } => {
            encoder.text("concatenate");
            encoder.count(*axis);
        }
        Operator::Slice(slice) => {
            encoder.text("slice");
            encoder.sequence(&slice.axes, |encoder, axis| {
                encoder.count(axis.start);
                encoder.signed(axis.step as i64);
                encoder.count(axis.length);
            });
        }
        Operator::Transpose { axes } => {
            encoder.text("transpose");
            encoder.counts(axes);
        }
        Operator::Reshape { shape } => {
            encoder.text("reshape");
            encoder.counts(shape);
        }
        Operator::Pad { border, value } => {
            encoder.text("pad");
            encoder.sequence(border, |encoder, sides| encoder.counts(sides));
            encoder.float(*value);
        }
        Operator::Dropout => encoder.text("dropout"),
        Operator::Softmax { logarithm } => {
            encoder.text("softmax");
            encoder.flag(*logarithm);
        }
    }
}

fn window(window: &Window, encoder: &mut Encoder) {
    encoder.counts(&window.kernel);
    encoder.counts(&window.stride);
    encoder.sequence(&window.padding, |encoder, sides| encoder.counts(sides));
    encoder.counts(&window.dilation);
    encoder.flag(window.ceil);
}
