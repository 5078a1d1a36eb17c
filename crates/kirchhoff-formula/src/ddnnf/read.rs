//! From the formats of c2d and d4.

use std::collections::HashMap;

use super::{Ddnnf, DdnnfError, DdnnfNode, DdnnfOptions};

impl Ddnnf {
    /// The formula of a text in the format of c2d, which begins with a line `nnf`, or of d4. Lines that begin with `c` are
    /// comments, of which `c variable 1 x[3,4]` names a variable; others are called by their numbers.
    ///
    /// It is checked to be decomposable, and to be seen to be deterministic unless it is
    /// [trusted](DdnnfOptions::trusted): any two disjuncts have literals of opposite signs. Takes O(length of the text +
    /// nodes · variables / 64) time and memory, within the limits; does not panic, whatever the text.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(text: &str, options: &DdnnfOptions) -> Result<Self, DdnnfError> {
        let lines = text
            .lines()
            .enumerate()
            .map(|(number, line)| Line { number: number + 1, words: line.split_whitespace().collect() });
        let mut names: HashMap<usize, String> = HashMap::new();
        let mut rest = Vec::new();
        for (line, text) in lines.zip(text.lines()) {
            match line.words.first() {
                None => {}
                Some(&"c") => {
                    if let ["c", "variable", number, ..] = line.words[..]
                        && let Ok(number @ 1..) = number.parse::<usize>()
                    {
                        let name = text.trim_start().splitn(4, char::is_whitespace).nth(3).unwrap_or_default();
                        names.insert(number, name.to_string());
                    }
                }
                Some(_) => rest.push(line),
            }
        }
        let (nodes, count) = match rest.first().map(|line| &line.words[..]) {
            None => return Err(DdnnfError::Nodes("the text has no lines".to_string())),
            Some(["nnf", ..]) => c2d(&rest, options)?,
            Some(_) => d4(&rest, options)?,
        };
        let count = count.max(options.variables);
        let name = |number: usize| names.remove(&number).unwrap_or_else(|| number.to_string());
        let variables: Vec<String> = (1..=count).map(name).collect();
        if let Some(name) = twice(&variables) {
            return Err(DdnnfError::Nodes(format!("two variables are called `{name}`")));
        }
        let mut formula = Ddnnf { variables, nodes };
        formula.keep_live();
        formula.check(options)?;
        Ok(formula)
    }
}

fn twice(names: &[String]) -> Option<&str> {
    let mut seen = std::collections::HashSet::new();
    names.iter().map(String::as_str).find(|name| !seen.insert(*name))
}

/// A line that is no comment, in words.
struct Line<'a> {
    number: usize,
    words: Vec<&'a str>,
}

impl Line<'_> {
    fn wrong<T>(&self, problem: impl Into<String>) -> Result<T, DdnnfError> {
        Err(DdnnfError::Line { line: self.number, problem: problem.into() })
    }

    /// The words from a position on, as numbers.
    fn numbers(&self, from: usize) -> Result<Vec<i64>, DdnnfError> {
        let number = |word: &&str| word.parse::<i64>().or_else(|_| self.wrong(format!("`{word}` is no number")));
        self.words.iter().skip(from).map(number).collect()
    }

    /// A literal of one of so many variables.
    fn literal(&self, number: i64, count: usize) -> Result<DdnnfNode, DdnnfError> {
        let variable = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
        match variable {
            1.. if variable <= count.min(MOST_VARIABLES) => {
                Ok(DdnnfNode::Literal { variable: variable as u32 - 1, positive: number > 0 })
            }
            _ => self.wrong(format!("{number} is no literal of the variables 1 to {}", count.min(MOST_VARIABLES))),
        }
    }
}

/// Variables that a text may speak of: their names take memory.
const MOST_VARIABLES: usize = 100_000_000;

/// The nodes of c2d's format, and the number of variables.
fn c2d(lines: &[Line<'_>], options: &DdnnfOptions) -> Result<(Vec<DdnnfNode>, usize), DdnnfError> {
    let (first, rest) = lines.split_first().expect("there is a first line");
    let &[nodes, edges, count] = &first.numbers(1)?[..] else {
        return first.wrong("`nnf` is followed by the numbers of nodes, of edges and of variables");
    };
    let count = usize::try_from(count).ok().filter(|&count| count <= MOST_VARIABLES);
    let Some(count) = count else {
        return first.wrong(format!("there are 0 to {MOST_VARIABLES} variables"));
    };
    if rest.len() > options.max_nodes {
        return Err(DdnnfError::TooLarge { limit: options.max_nodes });
    }
    if usize::try_from(nodes) != Ok(rest.len()) {
        return first.wrong(format!("{nodes} nodes are announced, and {} follow", rest.len()));
    }
    let mut made: Vec<DdnnfNode> = Vec::with_capacity(rest.len());
    let mut references = 0;
    for line in rest {
        let numbers = line.numbers(1)?;
        let before = made.len();
        let children = |numbers: &[i64]| -> Result<Vec<u32>, DdnnfError> {
            let Some((&size, children)) = numbers.split_first() else {
                return line.wrong("the number of children is missing");
            };
            if usize::try_from(size) != Ok(children.len()) {
                return line.wrong(format!("{size} children are announced, and {} follow", children.len()));
            }
            let child = |&child: &i64| match usize::try_from(child) {
                Ok(known) if known < before => Ok(known as u32),
                _ => line.wrong(format!("node {child} does not come before node {before}")),
            };
            children.iter().map(child).collect()
        };
        let node = match (line.words[0], &numbers[..]) {
            ("L", &[number]) => line.literal(number, count)?,
            ("A", numbers) => DdnnfNode::And(children(numbers)?),
            ("O", [_, numbers @ ..]) => DdnnfNode::Or(children(numbers)?),
            (word, _) => {
                return line.wrong(format!(
                    "a node is `L LITERAL`, `A COUNT NODES` or `O VARIABLE COUNT NODES`, not `{word} …`"
                ));
            }
        };
        references += node.children().len();
        made.push(node);
    }
    if usize::try_from(edges) != Ok(references) {
        return first.wrong(format!("{edges} edges are announced, and {references} follow"));
    }
    if made.is_empty() {
        return first.wrong("a formula has at least one node");
    }
    Ok((made, count))
}

/// A node of d4's format.
struct D4Node<'a> {
    kind: &'a str,
    /// The lines of its edges.
    edges: Vec<usize>,
}

/// The nodes of d4's format, and the largest number of a variable.
fn d4(lines: &[Line<'_>], options: &DdnnfOptions) -> Result<(Vec<DdnnfNode>, usize), DdnnfError> {
    let mut known: HashMap<i64, usize> = HashMap::new();
    let mut found: Vec<D4Node<'_>> = Vec::new();
    let mut edges: Vec<Vec<i64>> = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let kind = line.words[0];
        let is_node = matches!(kind, "o" | "a" | "t" | "f");
        let mut numbers = line.numbers(usize::from(is_node))?;
        if numbers.pop() != Some(0) {
            return line.wrong("a line ends with 0");
        }
        match (is_node, &numbers[..]) {
            (true, &[number]) => {
                if known.insert(number, found.len()).is_some() {
                    return line.wrong(format!("there are two nodes {number}"));
                }
                found.push(D4Node { kind, edges: Vec::new() });
                edges.push(Vec::new());
            }
            (false, &[from, to, ..]) => {
                let (Some(&from), Some(&to)) = (known.get(&from), known.get(&to)) else {
                    return line.wrong(format!("there is no node {from} or {to} in the lines before"));
                };
                found[from].edges.push(index);
                numbers[1] = to as i64;
                edges.push(numbers);
            }
            _ => return line.wrong("a line is `o NODE 0`, `a NODE 0`, `t NODE 0`, `f NODE 0` or `FROM TO LITERALS 0`"),
        }
    }
    if found.is_empty() {
        return Err(DdnnfError::Nodes("the text has no nodes".to_string()));
    }
    let mut reading = Reading { lines, found, edges, options, nodes: Vec::new(), literals: HashMap::new(), count: 0 };
    reading.run()?;
    Ok((reading.nodes, reading.count))
}

/// Brings d4's nodes into an order in which children come first.
struct Reading<'a> {
    lines: &'a [Line<'a>],
    found: Vec<D4Node<'a>>,
    /// For each line of an edge: a number, the node that it leads to, and literals.
    edges: Vec<Vec<i64>>,
    options: &'a DdnnfOptions,
    nodes: Vec<DdnnfNode>,
    literals: HashMap<i64, u32>,
    count: usize,
}

impl Reading<'_> {
    fn run(&mut self) -> Result<(), DdnnfError> {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            New,
            Open,
            Done(u32),
        }
        let mut states = vec![State::New; self.found.len()];
        // The first node is the function.
        let mut open = vec![0];
        while let Some(&node) = open.last() {
            match states[node] {
                State::Done(_) => {
                    open.pop();
                }
                State::New => {
                    states[node] = State::Open;
                    for at in 0..self.found[node].edges.len() {
                        let line = self.found[node].edges[at];
                        let child = self.edges[line][1] as usize;
                        match states[child] {
                            State::New => open.push(child),
                            State::Open => {
                                return self.lines[line].wrong("the edge leads back to a node that it comes from");
                            }
                            State::Done(_) => {}
                        }
                    }
                }
                State::Open => {
                    open.pop();
                    let mut children = Vec::new();
                    for at in 0..self.found[node].edges.len() {
                        let line = self.found[node].edges[at];
                        let State::Done(below) = states[self.edges[line][1] as usize] else {
                            return self.lines[line].wrong("the edge leads back to a node that it comes from");
                        };
                        let child = self.edge(line, below)?;
                        children.push(child);
                    }
                    let made = match (self.found[node].kind, children.is_empty()) {
                        ("t", true) => DdnnfNode::And(children),
                        ("f", true) => DdnnfNode::Or(children),
                        ("t" | "f", false) => return Err(DdnnfError::Nodes("a constant has edges".to_string())),
                        ("a", _) => DdnnfNode::And(children),
                        _ => DdnnfNode::Or(children),
                    };
                    states[node] = State::Done(self.push(made)?);
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, node: DdnnfNode) -> Result<u32, DdnnfError> {
        if self.nodes.len() >= self.options.max_nodes {
            return Err(DdnnfError::TooLarge { limit: self.options.max_nodes });
        }
        self.nodes.push(node);
        Ok(self.nodes.len() as u32 - 1)
    }

    /// What an edge leads to, together with its literals.
    fn edge(&mut self, line: usize, below: u32) -> Result<u32, DdnnfError> {
        let literals = self.edges[line][2..].to_vec();
        let mut children = Vec::with_capacity(literals.len() + 1);
        for number in literals {
            let literal = match self.literals.get(&number) {
                Some(&known) => known,
                None => {
                    let node = self.lines[line].literal(number, MOST_VARIABLES)?;
                    self.count = self.count.max(number.unsigned_abs() as usize);
                    let made = self.push(node)?;
                    self.literals.insert(number, made);
                    made
                }
            };
            children.push(literal);
        }
        let is_true = self.nodes[below as usize] == DdnnfNode::And(Vec::new());
        if !is_true || children.is_empty() {
            children.push(below);
        }
        match children[..] {
            [only] => Ok(only),
            _ => self.push(DdnnfNode::And(children)),
        }
    }
}
