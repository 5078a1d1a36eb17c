//! What tells a network from others.

use crate::Network;
use crate::encoding::Encoder;

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
        node.operator.operation().encode(&mut encoder);
        encoder.counts(&node.shape);
        encoder.sequence(&network.arguments(id), |encoder, argument| encoder.count(argument.index()));
    }
    // What most networks have one of keeps the bytes that it always had.
    for output in network.outputs() {
        encoder.count(output.index());
    }
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
