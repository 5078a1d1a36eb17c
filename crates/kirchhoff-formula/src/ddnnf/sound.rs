//! Whether a formula is what it has to be, for counts to be right.

use super::{Ddnnf, DdnnfError, DdnnfNode, DdnnfOptions};

impl Ddnnf {
    /// Whether conjuncts share no variables, and whether disjuncts are seen to exclude each other.
    pub(super) fn check(&self, options: &DdnnfOptions) -> Result<(), DdnnfError> {
        self.check_decomposable(options.max_work)?;
        if options.trusted { Ok(()) } else { self.check_deterministic(options.max_work) }
    }

    /// By the sets of variables below each node.
    fn check_decomposable(&self, limit: usize) -> Result<(), DdnnfError> {
        let words = self.variables.len().div_ceil(64);
        if self.nodes.len().saturating_mul(8 * words) > limit {
            return Err(DdnnfError::Work { limit });
        }
        let mut sets = vec![0u64; self.nodes.len() * words];
        for (number, node) in self.nodes.iter().enumerate() {
            let (below, own) = sets.split_at_mut(number * words);
            let own = &mut own[..words];
            let conjoins = match node {
                DdnnfNode::Literal { variable, .. } => {
                    own[*variable as usize / 64] |= 1 << (variable % 64);
                    continue;
                }
                DdnnfNode::And(_) => true,
                DdnnfNode::Or(_) => false,
            };
            for &child in node.children() {
                let of = &below[child as usize * words..][..words];
                for (word, (own, of)) in own.iter_mut().zip(of).enumerate() {
                    let shared = *own & of;
                    if conjoins && shared != 0 {
                        let variable = 64 * word + shared.trailing_zeros() as usize + 1;
                        return Err(DdnnfError::Decomposable { node: number, variable });
                    }
                    *own |= of;
                }
            }
        }
        Ok(())
    }

    /// By the literals that hold wherever a disjunct does: any two disjuncts have opposite ones.
    fn check_deterministic(&self, limit: usize) -> Result<(), DdnnfError> {
        let mut left = limit;
        for (number, node) in self.nodes.iter().enumerate() {
            let DdnnfNode::Or(children) = node else { continue };
            let mut sides: Vec<Vec<(u32, bool)>> = Vec::with_capacity(children.len());
            for &child in children {
                if self.nodes[child as usize] != DdnnfNode::Or(Vec::new()) {
                    sides.push(self.implied(child, &mut left).ok_or(DdnnfError::Work { limit })?);
                }
            }
            for (position, one) in sides.iter().enumerate() {
                for other in &sides[..position] {
                    let steps = one.len().min(other.len());
                    left = left.checked_sub(steps).ok_or(DdnnfError::Work { limit })?;
                    let (few, many) = if one.len() < other.len() { (one, other) } else { (other, one) };
                    let opposed =
                        few.iter().any(|&(variable, positive)| many.binary_search(&(variable, !positive)).is_ok());
                    if !opposed {
                        return Err(DdnnfError::Deterministic { node: number });
                    }
                }
            }
        }
        Ok(())
    }

    /// The literals that a node is a conjunction of, sorted; `None` if that takes too many steps.
    fn implied(&self, node: u32, left: &mut usize) -> Option<Vec<(u32, bool)>> {
        let (mut literals, mut open) = (Vec::new(), vec![node]);
        while let Some(node) = open.pop() {
            *left = left.checked_sub(1)?;
            match &self.nodes[node as usize] {
                DdnnfNode::Literal { variable, positive } => literals.push((*variable, *positive)),
                DdnnfNode::And(children) => open.extend(children),
                // Of one disjunct, it is that.
                DdnnfNode::Or(children) if children.len() == 1 => open.extend(children),
                DdnnfNode::Or(_) => {}
            }
        }
        literals.sort_unstable();
        Some(literals)
    }
}
