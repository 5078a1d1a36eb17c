//! Every rewrite is proved: both sides of its equation have the same normal form in the free semiring of its laws.
//!
//! The equations are read from the tables that the passes run, so that none escapes. That the code does what its
//! equation says is tested, too: in the e-graphs of random circuits, all gates of a class have one normal form.

use std::collections::BTreeMap;

use egg::{Id, Language};
use kirchhoff_semiring::{Law, Laws};

use super::saturate::graph::{Graph, Node};
use super::saturate::rules::{CLASS_REWRITES, ClassRewrite, rewrites};
use super::saturate::{SaturateOptions, Saturation, saturate_by};
use super::simplify::rewrites::REWRITES;
use super::simplify::simplify;
use super::{Gate, GateBuilder, GateCircuit, GateId, GateKind};

/// A polynomial: words of variables with their coefficients.
type Form = BTreeMap<Vec<u8>, u32>;

/// The free semiring over variables with these laws: `N⟨X⟩` and, where ⊗ commutes, `N[X]`; without coefficients where ⊕
/// is idempotent; without words that have another as a subsequence where it is absorptive (Dannert, Grädel, Naaf &
/// Tannen, "Semiring provenance for fixed-point logic", 2021).
///
/// With an idempotent ⊗, only *variables* are their own squares here. It proves less than the free semiring would, and
/// all that it proves holds; with absorption and commutativity beside it, it is the free distributive lattice.
struct Free(Laws);

impl Free {
    fn constant(&self, number: u32) -> Form {
        if number == 0 { Form::new() } else { [(Vec::new(), number)].into() }
    }

    fn variable(&self, name: u8) -> Form {
        [(vec![name], 1)].into()
    }

    fn plus(&self, a: &Form, b: &Form) -> Form {
        let mut sum = a.clone();
        for (word, coefficient) in b {
            *sum.entry(word.clone()).or_default() += coefficient;
        }
        self.normal(sum)
    }

    fn times(&self, a: &Form, b: &Form) -> Form {
        let mut product = Form::new();
        for (left, n) in a {
            for (right, m) in b {
                let mut word = [&left[..], right].concat();
                if self.0.has(Law::CommutativeTimes) {
                    word.sort_unstable();
                }
                if self.0.has(Law::IdempotentTimes) {
                    word.dedup();
                }
                *product.entry(word).or_default() += n * m;
            }
        }
        self.normal(product)
    }

    fn normal(&self, mut form: Form) -> Form {
        if self.0.has(Law::IdempotentPlus) {
            form.values_mut().for_each(|coefficient| *coefficient = 1);
        }
        if self.0.has(Law::Absorptive) {
            let words: Vec<Vec<u8>> = form.keys().cloned().collect();
            form.retain(|word, _| !words.iter().any(|other| other != word && is_subsequence(other, word)));
        }
        form
    }
}

fn is_subsequence(word: &[u8], of: &[u8]) -> bool {
    let mut rest = of.iter();
    word.iter().all(|letter| rest.any(|other| other == letter))
}

/// Reads a formula over `⊕`, `⊗`, brackets, 0, 1 and letters; `⊕(…)` and `⊗(…)` are gates of any number of children.
struct Reader<'a> {
    free: &'a Free,
    text: Vec<char>,
    at: usize,
}

impl Reader<'_> {
    fn read(free: &Free, text: &str) -> Form {
        let mut reader = Reader { free, text: text.chars().filter(|c| !c.is_whitespace()).collect(), at: 0 };
        let form = reader.sum();
        assert_eq!(reader.at, reader.text.len(), "`{text}` is a formula");
        form
    }

    fn next_is(&mut self, expected: char) -> bool {
        let found = self.text.get(self.at) == Some(&expected);
        self.at += usize::from(found);
        found
    }

    fn sum(&mut self) -> Form {
        let mut sum = self.product();
        while self.next_is('⊕') {
            let next = self.product();
            sum = self.free.plus(&sum, &next);
        }
        sum
    }

    fn product(&mut self) -> Form {
        let mut product = self.atom();
        while self.next_is('⊗') {
            let next = self.atom();
            product = self.free.times(&product, &next);
        }
        product
    }

    fn atom(&mut self) -> Form {
        let letter = self.text[self.at];
        self.at += 1;
        match letter {
            '0' | '1' => self.free.constant(letter.to_digit(10).unwrap()),
            'a'..='z' => self.free.variable(letter as u8),
            '(' => {
                let sum = self.sum();
                assert!(self.next_is(')'));
                sum
            }
            '⊕' | '⊗' => {
                assert!(self.next_is('('));
                if self.next_is(')') {
                    return self.free.constant(u32::from(letter == '⊗'));
                }
                let child = self.sum();
                assert!(self.next_is(')'));
                child
            }
            other => panic!("`{other}` stands in no formula"),
        }
    }
}

/// Whether all sides of all the equations, which commas separate, are equal where the laws hold.
fn holds(equations: &str, laws: Laws) -> bool {
    let free = Free(laws);
    equations.split(", ").all(|equation| {
        let sides: Vec<Form> = equation.split('=').map(|side| Reader::read(&free, side)).collect();
        assert!(sides.len() > 1, "`{equation}` is an equation");
        sides.windows(2).all(|sides| sides[0] == sides[1])
    })
}

/// The name, the equation and the laws of every rewrite.
fn equations() -> Vec<(&'static str, &'static str, Laws)> {
    let all = rewrites();
    assert!(all.len() > REWRITES.len() + CLASS_REWRITES.len());
    // These two say nothing of values: a gate that is gone was no part of one, and equal gates are the same formula.
    let equations = all.iter().filter(|rewrite| !["dead", "share"].contains(&rewrite.name));
    equations.map(|rewrite| (rewrite.name, rewrite.equation, rewrite.needs)).collect()
}

#[test]
fn every_rewrite_holds_where_its_laws_do() {
    for (name, equation, needs) in equations() {
        assert!(holds(equation, needs), "{name}: {equation} does not follow from the axioms and {needs}");
    }
}

#[test]
fn no_rewrite_asks_for_a_law_that_it_does_not_need() {
    for (name, equation, needs) in equations() {
        for law in needs.iter().filter(|&law| needs.without(law) != needs) {
            let fewer = needs.without(law);
            assert!(!holds(equation, fewer), "{name}: {equation} follows from {fewer} already");
        }
    }
}

#[test]
fn wrongly_classed_equations_are_caught() {
    for (equation, claimed, needs) in [
        ("a ⊕ a = a", Laws::NONE, Laws::of(&[Law::IdempotentPlus])),
        ("a ⊗ b = b ⊗ a", Laws::of(&[Law::Absorptive]), Laws::of(&[Law::CommutativeTimes])),
        ("1 ⊕ a = 1", Laws::of(&[Law::IdempotentPlus, Law::IdempotentTimes]), Laws::of(&[Law::Absorptive])),
        ("b ⊗ a ⊕ c ⊗ a = a ⊗ (b ⊕ c)", Laws::NONE, Laws::of(&[Law::CommutativeTimes])),
        (
            "a ⊗ b ⊗ a = a ⊗ b",
            Laws::of(&[Law::IdempotentTimes]),
            Laws::of(&[Law::IdempotentTimes, Law::CommutativeTimes]),
        ),
    ] {
        assert!(!holds(equation, claimed), "{equation} with {claimed}");
        assert!(holds(equation, needs), "{equation} with {needs}");
    }
    assert!(!holds("a ⊕ b = a", Laws::of(&Law::ALL)));
}

/// Numbers that look random (Knuth's linear congruential generator).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// A small circuit over four variables and the constants.
fn circuit(random: &mut Random) -> GateCircuit {
    let mut builder = GateBuilder::new(Vec::new(), 100);
    let mut gates: Vec<GateId> = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let variable = builder.declare(name);
        gates.push(builder.variable(variable).unwrap());
    }
    gates.push(builder.one().unwrap());
    for _ in 0..2 + random.below(7) {
        let children: Vec<GateId> = (0..1 + random.below(4)).map(|_| gates[random.below(gates.len())]).collect();
        let gate = if random.below(2) == 0 { builder.plus(&children) } else { builder.times(&children) };
        gates.push(gate.unwrap());
    }
    builder.output("value", &[1], &gates[gates.len() - 1..]).unwrap();
    builder.finish().unwrap()
}

/// A sum of products of two and of products of two sums, with much to factor.
fn dense(random: &mut Random) -> GateCircuit {
    let mut builder = GateBuilder::new(Vec::new(), 100);
    let variables = ["a", "b", "c", "d"].map(|name| builder.declare(name));
    let leaves = variables.map(|variable| builder.variable(variable).unwrap());
    let mut pair = |builder: &mut GateBuilder, kind: usize| {
        let pair = [leaves[random.below(4)], leaves[random.below(4)]];
        if kind == 0 { builder.plus(&pair).unwrap() } else { builder.times(&pair).unwrap() }
    };
    let mut products: Vec<GateId> = (0..7).map(|_| pair(&mut builder, 1)).collect();
    let sums = [pair(&mut builder, 0), pair(&mut builder, 0)];
    products.push(builder.times(&sums).unwrap());
    let sum = builder.plus(&products).unwrap();
    builder.output("value", &[1], &[sum]).unwrap();
    builder.finish().unwrap()
}

/// Forms with more words than this are not worth their time.
const WORDS: usize = 200;

/// The form of every gate; `None` if one is too long.
fn forms(circuit: &GateCircuit, free: &Free) -> Option<Vec<Form>> {
    let mut forms: Vec<Form> = Vec::new();
    for (_, gate) in circuit.iter() {
        let form = match gate {
            Gate::Zero => free.constant(0),
            Gate::One => free.constant(1),
            Gate::Variable(number) => free.variable(b'a' + number as u8),
            Gate::Contribution { .. } => unreachable!("the circuits have variables only"),
            Gate::Plus(children) | Gate::Times(children) => {
                let plus = matches!(gate, Gate::Plus(_));
                let form = |child: &GateId| &forms[child.index()];
                children.iter().map(form).fold(free.constant(u32::from(!plus)), |form, child| {
                    if form.len() * child.len() > 20 * WORDS {
                        return (0..=WORDS as u32).map(|i| (i.to_le_bytes().to_vec(), 1)).collect();
                    }
                    if plus { free.plus(&form, child) } else { free.times(&form, child) }
                })
            }
        };
        if form.len() > WORDS || form.keys().any(|word| word.len() > 16) {
            return None;
        }
        forms.push(form);
    }
    Some(forms)
}

fn form(graph: &Graph, free: &Free, node: &Node, known: &BTreeMap<Id, Form>) -> Option<Form> {
    let plus = node.kind() == GateKind::Plus;
    let children = node.children().iter().map(|&child| known.get(&graph.egraph.find(child)));
    children.collect::<Option<Vec<_>>>().map(|children| {
        children.into_iter().fold(free.constant(u32::from(!plus)), |form, child| {
            if plus { free.plus(&form, child) } else { free.times(&form, child) }
        })
    })
}

const SMALL: SaturateOptions = SaturateOptions {
    max_nodes: 500,
    max_alternatives: 16,
    max_iterations: 6,
    max_terms: 16,
    max_steps: 500,
    max_time: None,
};

/// Whether all gates of each class have one form, after saturation of a circuit by these rewrites.
fn is_sound(circuit: &GateCircuit, laws: Laws, rewrites: &[&ClassRewrite]) -> Option<bool> {
    let free = Free(laws);
    let (input, _) = simplify(circuit, laws).unwrap();
    let (before, after) = (forms(circuit, &free)?, forms(&input, &free)?);
    if before[circuit.outputs()[0].index()] != after[input.outputs()[0].index()] {
        return Some(false);
    }
    let mut saturation = Saturation::new(&input, laws, rewrites, &SMALL);
    saturation.run(&()).unwrap();
    let graph = &saturation.bench.gates;
    let constants = graph.constants.into_iter().zip([free.constant(0), free.constant(1)]);
    let gates = saturation.classes.iter().copied().zip(after);
    let mut known: BTreeMap<Id, Form> = BTreeMap::new();
    for (class, form) in constants.chain(gates) {
        if known.insert(graph.egraph.find(class), form.clone()).is_some_and(|other| other != form) {
            return Some(false);
        }
    }
    // What a class is follows from any of its gates; what the others are, must be the same.
    loop {
        let before = known.len();
        for class in graph.classes() {
            for node in graph.egraph[class].nodes.iter().filter(|node| !node.children().is_empty()) {
                let Some(form) = form(graph, &free, node, &known) else { continue };
                if known.insert(class, form.clone()).is_some_and(|other| other != form) {
                    return Some(false);
                }
            }
        }
        if known.len() == before {
            assert_eq!(known.len(), graph.classes().len(), "every class has a form");
            return Some(true);
        }
    }
}

fn enabled(laws: Laws) -> Vec<&'static ClassRewrite> {
    CLASS_REWRITES.iter().filter(|rewrite| laws.include(rewrite.needs)).collect()
}

#[test]
fn all_gates_of_a_class_have_one_normal_form() {
    use Law::{Absorptive, CommutativeTimes, IdempotentPlus, IdempotentTimes};
    let classes: [&[Law]; 7] = [
        &[],
        &[CommutativeTimes],
        &[IdempotentPlus],
        &[CommutativeTimes, IdempotentPlus],
        &[Absorptive],
        &[CommutativeTimes, Absorptive],
        &[CommutativeTimes, IdempotentTimes, Absorptive],
    ];
    let mut random = Random(1);
    let mut fired = vec![0u64; CLASS_REWRITES.len()];
    let mut tested = 0;
    for round in 0..7 * 400 {
        let laws = Laws::of(classes[round % 7]);
        let circuit = circuit(&mut random);
        let Some(sound) = is_sound(&circuit, laws, &enabled(laws)) else { continue };
        assert!(sound, "with {laws}: {:?}", circuit.iter().map(|(_, gate)| format!("{gate:?}")).collect::<Vec<_>>());
        tested += 1;
        let (_, report) = super::saturate(&circuit, laws, &SMALL, &()).unwrap();
        for (rewrite, fired) in CLASS_REWRITES.iter().zip(&mut fired) {
            *fired += report.count(rewrite.name);
        }
    }
    assert!(tested > 1000, "{tested}");
    for (rewrite, fired) in CLASS_REWRITES.iter().zip(fired) {
        assert!(fired > 0, "no circuit was one for {}", rewrite.name);
    }
}

/// The output in the integers modulo 2⁶⁴.
fn value(circuit: &GateCircuit) -> u64 {
    let mut values: Vec<u64> = Vec::new();
    for (_, gate) in circuit.iter() {
        let child = |child: &GateId| values[child.index()];
        values.push(match gate {
            Gate::Zero => 0,
            Gate::One => 1,
            Gate::Variable(number) => [3, 5, 7, 11][number as usize],
            Gate::Contribution { .. } => unreachable!("the circuits have variables only"),
            Gate::Plus(children) => children.iter().map(child).fold(0, u64::wrapping_add),
            Gate::Times(children) => children.iter().map(child).fold(1, u64::wrapping_mul),
        });
    }
    values[circuit.outputs()[0].index()]
}

#[test]
fn wrongly_classed_rewrites_of_classes_are_caught() {
    // What needs an idempotent ⊕ where there is none, and what needs a lattice in any commutative semiring.
    let commutative = Laws::of(&[Law::CommutativeTimes]);
    for (name, laws) in
        [("factor-overlaps", Laws::NONE), ("factor-commuting-overlaps", commutative), ("factor-sums", commutative)]
    {
        let original = CLASS_REWRITES.iter().find(|rewrite| rewrite.name == name).unwrap();
        let planted = ClassRewrite { needs: laws, ..*original };
        assert!(!holds(planted.equation, planted.needs), "{name}");
        let mut random = Random(2);
        let caught = (0..5000).find(|_| is_sound(&circuit(&mut random), laws, &[&planted]) == Some(false));
        assert!(caught.is_some(), "{name} passes with {laws}");
        // Values tell, too: numbers have no law but commutativity.
        let caught = (0..5000).find(|_| {
            let circuit = dense(&mut random);
            let (wrong, _) = saturate_by(&circuit, laws, &[&planted], &SMALL, &()).unwrap();
            assert!(laws.include(wrong.laws()));
            value(&circuit) != value(&wrong)
        });
        assert!(caught.is_some(), "{name} keeps every value with {laws}");
    }
}
