//! Sets of variables that can be asked for subsets.

use super::{Variable, VariableSet};

/// Sets of variables as a tree of their ascending lists, which finds a subset of a given set without trying each: it
/// visits only nodes whose whole path belongs to the given set (Hoffmann & Koehler, "A new method to index and query
/// sets", 1999; Savnik, "Index data structure for fast subset and superset queries", 2013).
pub(super) struct SubsetIndex {
    /// The root comes first.
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    /// The nodes that the sets lead to from here, by their next variable, ascending.
    children: Vec<(Variable, usize)>,
    /// Whether a set ends here.
    end: bool,
}

impl SubsetIndex {
    pub(super) fn new() -> Self {
        SubsetIndex { nodes: vec![Node::default()] }
    }

    pub(super) fn insert(&mut self, set: &VariableSet) {
        let mut node = 0;
        for variable in set.iter() {
            let new = self.nodes.len();
            let children = &mut self.nodes[node].children;
            node = match children.binary_search_by_key(&variable, |child| child.0) {
                Ok(place) => children[place].1,
                Err(place) => {
                    children.insert(place, (variable, new));
                    self.nodes.push(Node::default());
                    new
                }
            };
        }
        self.nodes[node].end = true;
    }

    /// Whether some set of the index is a subset of `set`, or equal to it.
    pub(super) fn has_subset_of(&self, set: &VariableSet) -> bool {
        // A stack of its own: the tree is as deep as the largest set is long.
        let mut open = vec![(&self.nodes[0], set.as_slice())];
        while let Some((node, rest)) = open.pop() {
            if node.end {
                return true;
            }
            let mut visit = |child: usize, place: usize| open.push((&self.nodes[child], &rest[place + 1..]));
            // Looks up the fewer in the more.
            if node.children.len() < rest.len() {
                for &(variable, child) in &node.children {
                    if let Ok(place) = rest.binary_search(&variable) {
                        visit(child, place);
                    }
                }
            } else {
                for (place, variable) in rest.iter().enumerate() {
                    if let Ok(found) = node.children.binary_search_by_key(variable, |child| child.0) {
                        visit(node.children[found].1, place);
                    }
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set() -> impl Strategy<Value = VariableSet> {
        prop::collection::vec(0..8u32, 0..6).prop_map(|numbers| numbers.into_iter().map(Variable).collect())
    }

    proptest! {
        #[test]
        fn finds_what_trying_each_finds(sets in prop::collection::vec(set(), 0..8), asked in set()) {
            let mut index = SubsetIndex::new();
            sets.iter().for_each(|set| index.insert(set));
            prop_assert_eq!(index.has_subset_of(&asked), sets.iter().any(|set| set.is_subset(&asked)));
        }
    }

    #[test]
    fn long_sets_need_no_deep_stack() {
        let mut index = SubsetIndex::new();
        let long: VariableSet = (0..200_000).map(Variable).collect();
        index.insert(&long);
        assert!(index.has_subset_of(&long));
    }
}
