//! Brings gates into the order of their levels.

use super::{FlatArray, GateArrays, GateError, GateKind, LeafEdges};

/// The same gates in the order of their levels; gates of one level stay as they are. With `live`, only the gates for
/// which it is true, which must include their children and the outputs.
///
/// Gates must come after their children and be right otherwise; what [`GateArrays::check`] would not find before it
/// looks at levels is found here where it would make a panic.
pub(super) fn arranged(arrays: &GateArrays, live: Option<&[bool]>) -> Result<GateArrays, GateError> {
    let (kinds, offsets, operands) = (&*arrays.kinds, &*arrays.offsets, &*arrays.operands);
    let gates = kinds.len();
    let range = |gate: usize| offsets[gate] as usize..offsets[gate + 1] as usize;
    let operands_of = |gate: usize| operands.get(range(gate)).ok_or(GateError::Offset { gate });
    let is_live = |gate: usize| live.is_none_or(|live| live[gate]);
    let inner = |gate: usize| kinds[gate] == GateKind::Plus as u8 || kinds[gate] == GateKind::Times as u8;

    // How many gates each level has, then where the next of them goes.
    let mut levels = vec![0u32; gates];
    let mut next: Vec<u32> = Vec::new();
    for gate in (0..gates).filter(|&gate| is_live(gate)) {
        if inner(gate) {
            for &child in operands_of(gate)? {
                if child as usize >= gate {
                    return Err(GateError::Reference { gate, what: "gate", got: child, limit: gate });
                }
                levels[gate] = levels[gate].max(levels[child as usize] + 1);
            }
        }
        let level = levels[gate] as usize;
        next.resize(next.len().max(level + 1), 0);
        next[level] += 1;
    }
    let mut kept = 0;
    for count in &mut next {
        (kept, *count) = (kept + *count, kept);
    }
    let mut position = levels;
    let mut order = vec![0u32; kept as usize];
    for gate in (0..gates).filter(|&gate| is_live(gate)) {
        let level = position[gate] as usize;
        position[gate] = next[level];
        order[next[level] as usize] = gate as u32;
        next[level] += 1;
    }

    let mut moved = Moved::default();
    moved.offsets.push(0);
    for &gate in &order {
        let gate = gate as usize;
        let content = operands_of(gate)?;
        if inner(gate) {
            moved.operands.extend(content.iter().map(|&child| position[child as usize]));
        } else if kinds[gate] == GateKind::Contribution as u8 {
            let leaf = *content.first().ok_or(GateError::Arity { gate, got: 0, expected: 1 })?;
            let limit = arrays.contributions.len().min(arrays.contribution_layers.len());
            if leaf as usize >= limit {
                return Err(GateError::Reference { gate, what: "contribution", got: leaf, limit });
            }
            moved.operands.push(moved.contributions.len() as u32);
            moved.contributions.push(arrays.contributions[leaf as usize]);
            moved.contribution_layers.push(arrays.contribution_layers[leaf as usize]);
            moved.leaves.push(leaf);
        } else {
            moved.operands.extend(content);
        }
        moved.kinds.push(kinds[gate]);
        moved.offsets.push(moved.operands.len() as u32);
    }
    let output = |&output: &u32| {
        let error = GateError::Reference { gate: gates, what: "output gate", got: output, limit: gates };
        position.get(output as usize).copied().ok_or(error)
    };
    let edge = |of: &FlatArray<u32>| -> Result<FlatArray<u32>, GateError> {
        let neuron = |&leaf: &u32| {
            let error =
                GateError::Length { what: "number of edges", got: of.len(), expected: arrays.contributions.len() };
            of.get(leaf as usize).copied().ok_or(error)
        };
        moved.leaves.iter().map(neuron).collect()
    };
    let edges = match &arrays.edges {
        Some(edges) => Some(LeafEdges { sources: edge(&edges.sources)?, destinations: edge(&edges.destinations)? }),
        None => None,
    };
    Ok(GateArrays {
        edges,
        kinds: moved.kinds.into(),
        offsets: moved.offsets.into(),
        operands: moved.operands.into(),
        contributions: moved.contributions.into(),
        contribution_layers: moved.contribution_layers.into(),
        outputs: arrays.outputs.iter().map(output).collect::<Result<FlatArray<u32>, _>>()?,
        output_tensors: arrays.output_tensors.clone(),
        variables: arrays.variables.clone(),
        layers: arrays.layers.clone(),
        laws: arrays.laws,
    })
}

#[derive(Default)]
struct Moved {
    kinds: Vec<u8>,
    offsets: Vec<u32>,
    operands: Vec<u32>,
    contributions: Vec<f32>,
    contribution_layers: Vec<u32>,
    /// Which contribution each was.
    leaves: Vec<u32>,
}
