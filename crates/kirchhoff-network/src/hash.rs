//! What tells a network from others.

use crate::Network;

/// A hash of everything that a network computes with: layers, their order and all parameters.
pub fn network_hash(network: &Network) -> String {
    let mut hasher = blake3::Hasher::new();
    for (id, node) in network.nodes() {
        // The parameters' `Debug` is their number alone; their values follow.
        let text = format!("{} {:?} {:?} {:?};", node.name, node.operator, node.shape, network.arguments(id));
        hasher.update(text.as_bytes());
        for (_, values) in node.operator.parameters() {
            hasher.update(bytemuck::cast_slice::<f32, u8>(values));
        }
    }
    hasher.finalize().to_hex().to_string()
}
