//! d-DNNFs of decision diagrams are their functions, in both formats, and texts that are none are refused.

use kirchhoff_circuit::{GateBuilder, GateCircuit, GateId};
use kirchhoff_evaluate::{DecisionDiagram, PerLeaf, decision_diagrams, fold};
use kirchhoff_formula::{Ddnnf, DdnnfError, DdnnfNode, DdnnfOptions, parse};
use kirchhoff_semiring::{Counting, Embed, Real};
use proptest::prelude::*;

const VARIABLES: usize = 6;

/// A gate: whether it is a sum, and its children among what is there, counted from the last.
type Draft = (bool, Vec<usize>);

/// A formula over variables, with constants, from gates that use any before them.
fn circuit(drafts: &[Draft]) -> GateCircuit {
    let mut builder = GateBuilder::new(Vec::new(), 1000);
    let mut gates: Vec<GateId> = vec![builder.zero().unwrap(), builder.one().unwrap()];
    for number in 0..VARIABLES {
        let variable = builder.declare(&format!("x[{number}] of a test"));
        gates.push(builder.variable(variable).unwrap());
    }
    for (sum, children) in drafts {
        let children: Vec<GateId> =
            children.iter().map(|&child| gates[gates.len() - 1 - child % gates.len()]).collect();
        let made = if *sum { builder.plus(&children) } else { builder.times(&children) };
        gates.push(made.unwrap());
    }
    builder.output("value", &[], &[gates[gates.len() - 1]]).unwrap();
    builder.finish().unwrap()
}

fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    prop::collection::vec((any::<bool>(), prop::collection::vec(0usize..10, 1..4)), 1..20)
}

fn diagram(circuit: &GateCircuit) -> DecisionDiagram {
    let none = PerLeaf(|_: usize, _: f32| unreachable!("variables alone"));
    decision_diagrams(circuit, &none, &[&[0]], &|_| None, 100_000, &()).unwrap().swap_remove(0)
}

fn worlds() -> impl Iterator<Item = Vec<bool>> {
    (0..1u32 << VARIABLES).map(|bits| (0..VARIABLES).map(|variable| bits >> variable & 1 == 1).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn formulas_are_the_functions_of_their_diagrams(drafts in drafts(), p in prop::collection::vec(0.0f64..1.0, VARIABLES)) {
        let circuit = circuit(&drafts);
        let diagram = diagram(&circuit);
        let formula = Ddnnf::from_diagram(circuit.variables(), &diagram);
        let models = worlds().filter(|world| diagram.evaluate(world)).count();
        for world in worlds() {
            prop_assert_eq!(formula.evaluate(&world), diagram.evaluate(&world));
        }
        prop_assert_eq!(formula.models(), models.into());
        prop_assert_eq!(diagram.models(), models.into());
        prop_assert!((formula.probability(&p) - diagram.probability(&p)).abs() < 1e-12);
        // Folded with the labels p and 1 − p, it is the probability.
        let labels: Vec<f32> = p.iter().flat_map(|&p| [p as f32, 1.0 - p as f32]).collect();
        let gates = formula.to_circuit("value", 10_000).unwrap();
        let none = PerLeaf(|_: usize, _: f32| unreachable!("variables alone"));
        let folded = fold(&gates, &Real, &none, &labels, &()).unwrap()[0];
        prop_assert!((f64::from(folded) - diagram.probability(&p)).abs() < 1e-5);

        let options = DdnnfOptions { variables: VARIABLES, ..DdnnfOptions::default() };
        prop_assert_eq!(&Ddnnf::parse(&formula.c2d(true), &options).unwrap(), &formula);
        for (text, named) in [(formula.c2d(false), false), (formula.d4(true), true), (formula.d4(false), false)] {
            let read = Ddnnf::parse(&text, &options).unwrap();
            prop_assert_eq!(read.variables().len(), VARIABLES);
            if named {
                prop_assert_eq!(read.variables(), formula.variables());
            }
            prop_assert_eq!(read.models(), formula.models(), "{}", text);
            for world in worlds() {
                prop_assert_eq!(read.evaluate(&world), formula.evaluate(&world), "{}", text);
            }
        }
    }

    /// Bytes that were changed make an error or a formula that can be counted with, and never a panic.
    #[test]
    fn damaged_texts_are_errors_or_formulas(
        drafts in drafts(),
        d4 in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&b"0123456789-oatfLAOnc \n"[..])), 1..4),
    ) {
        let circuit = circuit(&drafts);
        let formula = Ddnnf::from_diagram(circuit.variables(), &diagram(&circuit));
        let mut text = if d4 { formula.d4(false) } else { formula.c2d(false) }.into_bytes();
        for (at, byte) in changes {
            let at = at.index(text.len());
            text[at] = byte;
        }
        let options = DdnnfOptions { variables: VARIABLES, max_nodes: 1000, max_work: 1 << 20, ..DdnnfOptions::default() };
        if let Ok(read) = Ddnnf::parse(std::str::from_utf8(&text).unwrap(), &options)
            && read.variables().len() == VARIABLES
        {
            // What was checked counts right.
            let models = worlds().filter(|world| read.evaluate(world)).count();
            prop_assert_eq!(read.models(), models.into());
        }
    }

    #[test]
    fn any_text_is_an_error_or_a_formula(text in "(nnf [0-9] [0-9] [0-9]\n)?([oatfLAOc ]|-?[0-9]|\n){0,60}") {
        let options = DdnnfOptions { max_work: 1 << 20, ..DdnnfOptions::default() };
        if let Ok(formula) = Ddnnf::parse(&text, &options) {
            prop_assert!(!formula.nodes().is_empty());
        }
    }
}

/// The example of c2d's manual, (a ∧ b) ∨ …, and that of d4's.
#[test]
fn files_of_compilers_are_read() {
    let c2d = "nnf 15 17 4\nL -3\nL -2\nL 1\nA 3 2 1 0\nL 3\nO 3 2 4 3\nL -4\nA 2 6 5\nL 4\nA 2 2 8\nL 2\nA 2 1 4\nA 2 10 0\nO 2 2 12 11\nA 2 13 9\n";
    let read = Ddnnf::parse(c2d, &DdnnfOptions::default()).unwrap();
    assert_eq!(read.variables(), ["1", "2", "3", "4"]);
    let world = |bits: u32| (0..4).map(|variable| bits >> variable & 1 == 1).collect::<Vec<bool>>();
    assert_eq!(read.models(), (0..16).filter(|&bits| read.evaluate(&world(bits))).count().into());
    // The README of d4: x1 ∨ … of three variables.
    let d4 = "o 1 0\no 2 0\no 3 0\nt 4 0\n3 4 -2 3 0\n3 4 2 0\n2 3 -1 0\n2 4 1 0\n1 2 0\n";
    let read = Ddnnf::parse(d4, &DdnnfOptions::default()).unwrap();
    assert_eq!((read.variables().len(), read.models()), (3, 7u32.into()));
    let count = DdnnfOptions { variables: 5, ..DdnnfOptions::default() };
    assert_eq!(Ddnnf::parse(d4, &count).unwrap().models(), 28u32.into());
    // Nodes that stand in d4's file after those that they lead to.
    let back = "o 1 0\nt 2 0\no 3 0\n3 2 1 0\n3 2 -1 2 0\n1 3 3 0\n";
    assert_eq!(Ddnnf::parse(back, &DdnnfOptions::default()).unwrap().models(), 3u32.into());
}

#[test]
fn what_cannot_be_counted_with_is_refused() {
    let of = |text: &str| Ddnnf::parse(text, &DdnnfOptions::default());
    // The NNF of a circuit is none: a ∨ b with both true together, a ∧ a.
    let or = "nnf 3 2 2\nL 1\nL 2\nO 0 2 0 1\n";
    assert_eq!(of(or), Err(DdnnfError::Deterministic { node: 2 }));
    assert_eq!(of("nnf 2 2 1\nL 1\nA 2 0 0\n"), Err(DdnnfError::Decomposable { node: 1, variable: 1 }));
    let circuit = parse(r#"(circuit (output "x" () (+ (* "a" "b") (* "b" "c"))))"#, 100).unwrap();
    let nnf = kirchhoff_formula::nnf(&circuit).unwrap();
    assert!(matches!(of(&nnf), Err(DdnnfError::Deterministic { .. })), "{nnf}");
    // Whoever made it may answer for it.
    let trusted = DdnnfOptions { trusted: true, ..DdnnfOptions::default() };
    assert_eq!(Ddnnf::parse(or, &trusted).unwrap().models(), 4u32.into());
    let small = |max_nodes, max_work| DdnnfOptions { max_nodes, max_work, ..DdnnfOptions::default() };
    let decided = "nnf 4 4 2\nL 1\nL -1\nO 1 2 0 1\nA 2 2 2\n";
    assert!(matches!(of(decided), Err(DdnnfError::Decomposable { .. })));
    assert_eq!(Ddnnf::parse(or, &small(2, 1000)), Err(DdnnfError::TooLarge { limit: 2 }));
    assert_eq!(Ddnnf::parse(or, &small(10, 8)), Err(DdnnfError::Work { limit: 8 }));
    for (text, words) in [
        ("", "no lines"),
        ("c nothing\n", "no lines"),
        ("nnf 1 0\nL 1\n", "line 1: `nnf` is followed by"),
        ("nnf 2 0 1\nL 1\n", "line 1: 2 nodes are announced, and 1 follow"),
        ("nnf 1 0 1\nL 2\n", "line 2: 2 is no literal of the variables 1 to 1"),
        ("nnf 1 0 1\nL 0\n", "line 2: 0 is no literal"),
        ("nnf 2 1 1\nA 1 1\nL 1\n", "line 2: node 1 does not come before node 0"),
        ("nnf 2 1 1\nL 1\nA 2 0\n", "line 3: 2 children are announced, and 1 follow"),
        ("nnf 2 5 1\nL 1\nA 1 0\n", "line 1: 5 edges are announced, and 1 follow"),
        ("nnf 1 0 1\nX 1\n", "line 2: a node is"),
        ("nnf 0 0 0\n", "line 1: a formula has at least one node"),
        ("nnf 1 0 -1\nL 1\n", "line 1: there are 0 to"),
        ("o 1\n", "line 1: a line ends with 0"),
        ("o 1 0\n1 2 0\n", "line 2: there is no node"),
        ("o 1 0\no 1 0\n", "line 2: there are two nodes 1"),
        ("o 1 0\no 2 0\n1 2 0\n2 1 1 0\n", "leads back"),
        ("t 1 0\nt 2 0\n1 2 0\n", "a constant has edges"),
        ("1 2 0\n", "there is no node"),
        ("c variable 1 a\nc variable 2 a\nnnf 1 0 2\nL 1\n", "two variables are called `a`"),
    ] {
        let message = of(text).unwrap_err().to_string();
        assert!(message.contains(words), "no '{words}' in: {message}");
    }
}

#[test]
fn constants_are_written_and_read() {
    for (expression, models) in [("0", 0u32), ("1", 2)] {
        let circuit = parse(&format!(r#"(circuit (variables "a") (output "x" () {expression}))"#), 10).unwrap();
        let formula = Ddnnf::from_diagram(circuit.variables(), &diagram(&circuit));
        assert_eq!(formula.models(), models.into());
        let options = DdnnfOptions { variables: 1, ..DdnnfOptions::default() };
        for text in [formula.c2d(true), formula.d4(true)] {
            assert_eq!(Ddnnf::parse(&text, &options).unwrap().models(), models.into(), "{text}");
        }
    }
    let literal = parse(r#"(circuit (output "x" () "a"))"#, 10).unwrap();
    let formula = Ddnnf::from_diagram(literal.variables(), &diagram(&literal));
    assert_eq!(formula.nodes(), [DdnnfNode::Literal { variable: 0, positive: true }]);
    assert_eq!(formula.d4(false), "o 1 0\nt 2 0\n1 2 1 0\n");
}

/// With 1 for every literal, each model is counted once in the variables that its way decides on.
#[test]
fn a_formula_is_a_circuit_for_any_commutative_semiring() {
    let circuit = parse(r#"(circuit (variables "a" "b") (output "x" () (* "a" "b")))"#, 10).unwrap();
    let formula = Ddnnf::from_diagram(circuit.variables(), &diagram(&circuit));
    let gates = formula.to_circuit("x", 100).unwrap();
    assert_eq!(gates.variables(), ["a", "¬a", "b", "¬b"]);
    let none = PerLeaf(|_: usize, _: f32| unreachable!("variables alone"));
    let ones = vec![Counting.embed(1.0); 4];
    assert_eq!(fold(&gates, &Counting, &none, &ones, &()).unwrap(), [Counting.embed(1.0)]);
    assert!(formula.to_circuit("x", 1).is_err());
}
