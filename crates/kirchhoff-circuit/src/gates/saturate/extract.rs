//! Chooses a gate from each class, so that few gates and wires are needed in all, each counted once.
//!
//! This is NP-hard (Stepp, "Equality saturation: engineering challenges and applications", 2011): small graphs are
//! searched exactly by branch and bound, and on all of them single choices are changed as long as that helps.

use std::collections::HashMap;

use egg::{Id, Language};

use super::graph::{Graph, Node};

/// The gate that each class is, where one is needed.
pub(super) type Choice = HashMap<Id, Node>;

/// A gate that a class can be.
struct Alternative {
    node: Node,
    /// Its children, as positions.
    children: Vec<usize>,
    /// The gate itself and its wires.
    cost: usize,
}

/// Classes by position, with the gates that each can be.
pub(super) struct Extraction {
    ids: Vec<Id>,
    positions: HashMap<Id, usize>,
    options: Vec<Vec<Alternative>>,
    /// The classes that are needed, each once.
    roots: Vec<usize>,
}

/// Which option each class takes.
type Chosen = Vec<usize>;

const UNCHOSEN: usize = usize::MAX;

/// Branch and bound would not come to its end with more classes, and goes down a level for each.
const EXACT_CLASSES: usize = 1000;

impl Extraction {
    /// The classes that the outputs may need.
    pub fn new(graph: &Graph, outputs: &[Id]) -> Self {
        let mut extraction =
            Extraction { ids: Vec::new(), positions: HashMap::new(), options: Vec::new(), roots: Vec::new() };
        let mut roots: Vec<usize> = outputs.iter().map(|&output| extraction.position(graph, output)).collect();
        roots.sort_unstable();
        roots.dedup();
        extraction.roots = roots;
        let mut class = 0;
        while class < extraction.ids.len() {
            let id = extraction.ids[class];
            let nodes = graph.egraph[id].nodes.clone();
            let mut options: Vec<Alternative> = nodes.into_iter().map(|node| extraction.option(graph, node)).collect();
            // A gate that is its own child is no way to compute it.
            options.retain(|option| !option.children.contains(&class));
            options.sort_by_key(|option| option.cost);
            extraction.options.push(options);
            class += 1;
        }
        extraction
    }

    fn position(&mut self, graph: &Graph, id: Id) -> usize {
        let id = graph.egraph.find(id);
        *self.positions.entry(id).or_insert_with(|| {
            self.ids.push(id);
            self.ids.len() - 1
        })
    }

    fn option(&mut self, graph: &Graph, node: Node) -> Alternative {
        let children: Vec<usize> = node.children().iter().map(|&child| self.position(graph, child)).collect();
        Alternative { cost: 1 + children.len(), children, node }
    }

    /// The option of each class that costs least if nothing is shared: its own cost `and` that of its children, which
    /// is their sum or, where sums are too large for any number, the largest.
    fn smallest(&self, and: impl Fn(usize, usize) -> usize) -> Chosen {
        let mut costs = vec![usize::MAX; self.ids.len()];
        let mut chosen = vec![UNCHOSEN; self.ids.len()];
        loop {
            let mut changed = false;
            // Children mostly have higher positions.
            for class in (0..self.ids.len()).rev() {
                for (index, option) in self.options[class].iter().enumerate() {
                    let children = option.children.iter().fold(0, |sum, &child| and(sum, costs[child]));
                    let cost = option.cost.saturating_add(children);
                    // Children cost less than their users, so that no class comes to need itself.
                    if cost < costs[class] {
                        (costs[class], chosen[class], changed) = (cost, index, true);
                    }
                }
            }
            if !changed {
                return chosen;
            }
        }
    }

    /// The options that make the gates given, each a class and what it is, children before users; every class that
    /// they do not name takes what `others` say.
    fn with_gates(&self, graph: &Graph, gates: &[(Id, Node)], others: &Chosen) -> Chosen {
        let mut chosen = others.clone();
        let mut named = vec![false; self.ids.len()];
        for (id, node) in gates {
            let Some(&class) = self.positions.get(&graph.egraph.find(*id)) else { continue };
            let node = node.clone().map_children(|child| graph.egraph.find(child));
            let known = self.options[class].iter().position(|option| option.node == node);
            if let Some(option) = known.filter(|_| !named[class]) {
                (chosen[class], named[class]) = (option, true);
            }
        }
        chosen
    }

    /// The classes that are needed, children before users; `None` if one needs itself.
    fn order(&self, chosen: &Chosen) -> Option<Vec<usize>> {
        const OPEN: u8 = 1;
        const DONE: u8 = 2;
        let mut state = vec![0u8; self.ids.len()];
        let mut order = Vec::new();
        let mut open: Vec<usize> = self.roots.clone();
        while let Some(&class) = open.last() {
            if state[class] == 0 {
                state[class] = OPEN;
                if chosen[class] == UNCHOSEN {
                    return None;
                }
                for &child in &self.options[class][chosen[class]].children {
                    match state[child] {
                        0 => open.push(child),
                        OPEN => return None,
                        _ => {}
                    }
                }
            } else {
                open.pop();
                if state[class] == OPEN {
                    state[class] = DONE;
                    order.push(class);
                }
            }
        }
        Some(order)
    }

    /// The longest way from each class to a leaf; `usize::MAX` where there is none, or it does not end.
    fn heights(&self, chosen: &Chosen) -> Vec<usize> {
        let mut heights = vec![usize::MAX; self.ids.len()];
        let mut waiting = vec![0usize; self.ids.len()];
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); self.ids.len()];
        let mut ready: Vec<usize> = Vec::new();
        for class in (0..self.ids.len()).filter(|&class| chosen[class] != UNCHOSEN) {
            let children = &self.options[class][chosen[class]].children;
            children.iter().for_each(|&child| users[child].push(class));
            waiting[class] = children.len();
            if children.is_empty() {
                heights[class] = 0;
                ready.push(class);
            }
        }
        // From the leaves up: a class is ready when its last child is, which is the highest.
        let mut next = 0;
        while next < ready.len() {
            let child = ready[next];
            next += 1;
            for &class in &users[child] {
                waiting[class] -= 1;
                if waiting[class] == 0 {
                    heights[class] = heights[child] + 1;
                    ready.push(class);
                }
            }
        }
        heights
    }

    /// Gates and wires that are needed; `usize::MAX` where there is a cycle.
    fn cost(&self, chosen: &Chosen) -> usize {
        let Some(order) = self.order(chosen) else { return usize::MAX };
        order.into_iter().map(|class| self.options[class][chosen[class]].cost).sum()
    }

    /// The best choice found with `max_steps` steps of search, and whether it is known that none is better. Among the
    /// choices that it starts from is the circuit of the gates given.
    pub fn run(&self, graph: &Graph, gates: &[(Id, Node)], max_steps: usize) -> (Choice, bool) {
        let mut trees = self.smallest(usize::saturating_add);
        if self.order(&trees).is_none() {
            trees = self.smallest(usize::max);
        }
        let given = self.with_gates(graph, gates, &trees);
        let mut best = trees.clone();
        for start in [given, trees] {
            if self.cost(&start) == usize::MAX {
                continue;
            }
            let mut local = Local::new(self, start);
            local.improve(max_steps);
            if self.cost(&local.chosen) < self.cost(&best) {
                best = local.chosen;
            }
        }
        let mut search = Search::new(self, best, max_steps);
        let exact = self.ids.len() <= EXACT_CLASSES && search.run();
        let best = search.best;
        let order = self.order(&best).unwrap_or_default();
        let choice = |class: usize| (self.ids[class], self.options[class][best[class]].node.clone());
        (order.into_iter().map(choice).collect(), exact)
    }
}

/// Changes single choices as long as that saves something, with the number of users of each class at hand: what an
/// option costs is its own cost and that of the classes that nobody used before, less what nobody uses any more.
struct Local<'a> {
    extraction: &'a Extraction,
    chosen: Chosen,
    users: Vec<usize>,
    /// Each class that is chosen has a greater height than the children of its option, so that none needs a class above
    /// it; `usize::MAX` where nothing is known.
    heights: Vec<usize>,
    cost: usize,
    marks: Vec<usize>,
    mark: usize,
    steps: usize,
}

impl<'a> Local<'a> {
    fn new(extraction: &'a Extraction, chosen: Chosen) -> Self {
        let classes = extraction.ids.len();
        let mut local = Local {
            extraction,
            chosen,
            users: vec![0; classes],
            heights: Vec::new(),
            cost: 0,
            marks: vec![0; classes],
            mark: 0,
            steps: 0,
        };
        local.acquire(extraction.roots.clone());
        local.heights = extraction.heights(&local.chosen);
        local
    }

    fn option(&self, class: usize) -> &'a Alternative {
        &self.extraction.options[class][self.chosen[class]]
    }

    fn acquire(&mut self, mut open: Vec<usize>) {
        while let Some(class) = open.pop() {
            self.users[class] += 1;
            self.steps += 1;
            if self.users[class] == 1 {
                self.cost += self.option(class).cost;
                open.extend(&self.option(class).children);
            }
        }
    }

    fn release(&mut self, mut open: Vec<usize>) {
        while let Some(class) = open.pop() {
            self.users[class] -= 1;
            self.steps += 1;
            if self.users[class] == 0 {
                self.cost -= self.option(class).cost;
                open.extend(&self.option(class).children);
            }
        }
    }

    /// Whether a class is needed for some of these.
    fn needs(&mut self, mut open: Vec<usize>, class: usize) -> bool {
        self.mark += 1;
        while let Some(other) = open.pop() {
            if other == class || self.chosen[other] == UNCHOSEN {
                return true;
            }
            // What is no higher does not need it.
            let above = self.heights[other] > self.heights[class] || self.heights[other] == usize::MAX;
            if above && self.marks[other] != self.mark {
                self.marks[other] = self.mark;
                self.steps += 1;
                open.extend(&self.option(other).children);
            }
        }
        false
    }

    /// Takes another option if it saves something; without `strict`, also if it costs the same.
    fn try_option(&mut self, class: usize, option: usize, strict: bool) -> bool {
        let (old, new) = (self.chosen[class], option);
        let children = |option: usize| self.extraction.options[class][option].children.clone();
        let (before, after) = (children(old), children(new));
        if self.needs(after.clone(), class) {
            return false;
        }
        let cost = self.cost;
        let costs = [old, new].map(|option| self.extraction.options[class][option].cost);
        self.acquire(after.clone());
        self.release(before.clone());
        self.cost = self.cost + costs[1] - costs[0];
        if self.cost < cost || !strict && self.cost == cost {
            self.chosen[class] = new;
            let height = after.iter().map(|&child| self.heights[child].saturating_add(1)).max().unwrap_or(0);
            if height > self.heights[class] {
                self.heights = self.extraction.heights(&self.chosen);
            }
            return true;
        }
        self.acquire(before);
        self.release(after);
        self.cost = cost;
        false
    }

    fn improve(&mut self, max_steps: usize) {
        // Sideways steps lead out of some dead ends; the rounds that follow may save something.
        let mut sideways = 2;
        loop {
            let before = self.cost;
            for strict in [true, sideways == 0] {
                for class in 0..self.extraction.ids.len() {
                    for option in 0..self.extraction.options[class].len() {
                        if self.steps > max_steps {
                            return;
                        }
                        if self.users[class] > 0 && self.chosen[class] != option {
                            self.try_option(class, option, strict);
                        }
                    }
                }
            }
            if self.cost == before {
                if sideways == 0 {
                    return;
                }
                sideways -= 1;
            }
        }
    }
}

/// Branch and bound over the options of one class after another, those that are needed.
struct Search<'a> {
    extraction: &'a Extraction,
    best: Chosen,
    best_cost: usize,
    chosen: Chosen,
    /// The least that a class costs by itself.
    least: Vec<usize>,
    steps: usize,
    max_steps: usize,
}

impl<'a> Search<'a> {
    fn new(extraction: &'a Extraction, best: Chosen, max_steps: usize) -> Self {
        let least = extraction.options.iter().map(|options| options.iter().map(|option| option.cost).min());
        Search {
            extraction,
            best_cost: extraction.cost(&best),
            best,
            chosen: vec![UNCHOSEN; extraction.ids.len()],
            least: least.map(|cost| cost.unwrap_or(0)).collect(),
            steps: 0,
            max_steps,
        }
    }

    /// Whether the search came to its end.
    fn run(&mut self) -> bool {
        let mut pending = self.extraction.roots.clone();
        let bound = pending.iter().map(|&class| self.least[class]).sum();
        self.branch(&mut pending, bound)
    }

    /// Chooses for the last of the pending classes. `bound` is the cost of all that is chosen, and the least that what is
    /// pending costs. Recurses once a class, no deeper than there are steps.
    fn branch(&mut self, pending: &mut Vec<usize>, bound: usize) -> bool {
        self.steps += 1;
        if bound >= self.best_cost {
            return true;
        }
        let Some(class) = pending.pop() else {
            // Cycles are rare: it is enough to find them here.
            if self.extraction.order(&self.chosen).is_some() {
                (self.best, self.best_cost) = (self.chosen.clone(), bound);
            }
            return true;
        };
        let mut complete = true;
        for (index, option) in self.extraction.options[class].iter().enumerate() {
            if self.steps >= self.max_steps {
                complete = false;
                break;
            }
            self.chosen[class] = index;
            let height = pending.len();
            let mut bound = bound - self.least[class] + option.cost;
            for &child in &option.children {
                if self.chosen[child] == UNCHOSEN && !pending.contains(&child) {
                    pending.push(child);
                    bound += self.least[child];
                }
            }
            complete &= self.branch(pending, bound);
            pending.truncate(height);
        }
        self.chosen[class] = UNCHOSEN;
        pending.push(class);
        complete
    }
}
