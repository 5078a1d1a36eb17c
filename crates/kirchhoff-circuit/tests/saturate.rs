//! Equality saturation finds what textbooks factor by hand, keeps to its limits, and gives the same result every time.

mod formula;

use std::time::Duration;

use formula::{circuit, text};
use kirchhoff_circuit::{GateCircuit, SaturateError, SaturateOptions, SaturateReport, StopReason, saturate};
use kirchhoff_kernel::{Cancelled, Monitor};
use kirchhoff_semiring::{Law, Laws};

use Law::{Absorptive, CommutativeTimes, IdempotentPlus, IdempotentTimes};

const ANY: &[Law] = &[];
const COMMUTATIVE: &[Law] = &[CommutativeTimes];
const IDEMPOTENT: &[Law] = &[CommutativeTimes, IdempotentPlus];
const ABSORPTIVE: &[Law] = &[CommutativeTimes, Absorptive];
const BOOLEAN: &[Law] = &[CommutativeTimes, IdempotentTimes, Absorptive];

type Textbook = (&'static str, &'static [Law], &'static [&'static str], &'static [&'static str]);

/// Provenance polynomials: where they come from, the laws of their class, one formula an output, and the best form that
/// a hand has given them.
const TEXTBOOK: [Textbook; 24] = [
    (
        "Green, Karvounarakis & Tannen 2007, figure 5: a union of joins of R(p, r, s) with itself",
        COMMUTATIVE,
        &["2p²", "pr", "2r²+rs", "2s²+rs"],
        &["2p²", "pr", "r(2r+s)", "s(2s+r)"],
    ),
    (
        "the same in Why(X), where neither sums nor products count",
        BOOLEAN,
        &["2p²", "2r²+rs", "2s²+rs"],
        &["p", "r", "s"],
    ),
    ("distributivity from the left", ANY, &["ab+ac"], &["a(b+c)"]),
    ("distributivity from the right", ANY, &["ba+ca+a"], &["(b+c+1)a"]),
    ("a product of sums, as language over an alphabet", ANY, &["ac+ad+bc+bd"], &["(a+b)(c+d)"]),
    ("words with a common beginning and end", ANY, &["abxcd+abycd+abzcd"], &["ab(x+y+z)cd"]),
    ("Sen, Deshpande & Getoor 2010: read-once, out of order", COMMUTATIVE, &["ab+ac+db+dc"], &["(a+d)(b+c)"]),
    ("a hierarchical query R(x), S(x, y): read-once", COMMUTATIVE, &["ac+ad+be+bf"], &["a(c+d)+b(e+f)"]),
    ("R(x), S(x, y), T(y): not hierarchical", COMMUTATIVE, &["ace+adf+bge+bhf"], &["a(ce+df)+b(ge+hf)"]),
    ("P₄, the smallest formula that is not read-once", COMMUTATIVE, &["ab+bc+cd"], &["b(a+c)+cd"]),
    ("the majority of three, not read-once", COMMUTATIVE, &["ab+bc+ca"], &["a(b+c)+bc"]),
    ("the same as a Boolean function", BOOLEAN, &["ab+bc+ca"], &["a(b+c)+bc"]),
    ("Senellart 2017: cities where two persons work", COMMUTATIVE, &["ab+cd+ce+de+fg"], &["ab+c(d+e)+de+fg"]),
    (
        "Brayton & McMullen 1982: the kernels of a sum",
        COMMUTATIVE,
        &["adf+aef+bdf+bef+cdf+cef+g"],
        &["(a+b+c)(d+e)f+g"],
    ),
    ("nested factors", COMMUTATIVE, &["abc+abd+ae"], &["a(b(c+d)+e)"]),
    ("a square", COMMUTATIVE, &["a²+2ab+b²"], &["(a+b)²"]),
    ("a cube", COMMUTATIVE, &["a³+3a²b+3ab²+b³"], &["(a+b)³"]),
    ("a square without coefficients, B[X]", IDEMPOTENT, &["a²+ab+b²"], &["(a+b)²"]),
    ("two rectangles that share a product", IDEMPOTENT, &["ac+ad+bc+bd+be+fd+fe"], &["(a+b)(c+d)+(b+f)(d+e)"]),
    ("what was factored badly", COMMUTATIVE, &["a(b+c)+bd+be"], &["ac+b(a+d+e)"]),
    ("paths through two layers of two neurons", COMMUTATIVE, &["acg+adh+beg+bfh"], &["a(cg+dh)+b(eg+fh)"]),
    ("absorption of longer paths, Sorp(X)", ABSORPTIVE, &["ab+abc+a²b+bd"], &["b(a+d)"]),
    ("a monotone function in conjunctive form", BOOLEAN, &["(a+b)(a+c)(a+d)"], &["a+bcd"]),
    (
        "a product of three sums, multiplied out",
        COMMUTATIVE,
        &["ade+adf+aeg+afg+bde+bdf+beg+bfg"],
        &["(a+b)(d+g)(e+f)"],
    ),
];

/// Saturates a circuit and holds the result to the size of one made by hand.
fn no_larger(what: &str, circuit: &GateCircuit, laws: Laws, hand: &GateCircuit) -> (GateCircuit, SaturateReport) {
    let (smallest, report) = saturate(circuit, laws, &SaturateOptions::default(), &()).unwrap();
    let texts: Vec<String> = smallest.outputs().iter().map(|&output| text(&smallest, output)).collect();
    let [found, by_hand] = [&smallest, hand].map(|circuit| circuit.size().total());
    assert!(found <= by_hand, "{what}: {found} gates and wires, {by_hand} by hand: {texts:?}");
    assert!(laws.include(smallest.laws()));
    assert_eq!((report.after, report.before, report.required), (smallest.size(), circuit.size(), smallest.laws()));
    println!(
        "{what}: {} gates and wires shared, {found} saturated, {by_hand} by hand: {}",
        report.shared.total(),
        texts.join(", ")
    );
    (smallest, report)
}

#[test]
fn textbook_polynomials_become_no_larger_than_by_hand() {
    let mut smaller = 0;
    for (what, laws, formulas, hand) in TEXTBOOK {
        let (_, report) = no_larger(what, &circuit(formulas), Laws::of(laws), &circuit(hand));
        assert_eq!(report.stop, StopReason::Saturated, "{what}");
        assert!(report.exact, "{what}");
        smaller += usize::from(report.after.total() < report.shared.total());
    }
    assert!(smaller >= TEXTBOOK.len() - 2, "{smaller} are smaller than with sharing alone");
}

#[test]
fn the_laws_of_the_rewrites_that_fired_are_required() {
    let required = |formula: &str| {
        let (smallest, _) =
            saturate(&circuit(&[formula]), Laws::of(BOOLEAN), &SaturateOptions::default(), &()).unwrap();
        smallest.laws()
    };
    assert_eq!(required("a+b"), Laws::NONE);
    assert_eq!(required("ab+ac"), Laws::of(COMMUTATIVE));
    assert_eq!(required("a+ab+ac"), Laws::of(&[Absorptive]));
    assert_eq!(required("(a+b)(a+c)"), Laws::of(BOOLEAN));
}

/// Sums of products over 40 variables that have factored forms, with those.
fn sums(outputs: usize) -> [Vec<String>; 2] {
    let mut seed = 7u64;
    let mut letter = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN";
        letters[(seed >> 33) as usize % letters.len()] as char
    };
    let (mut multiplied, mut factored) = (Vec::new(), Vec::new());
    for _ in 0..outputs {
        let (mut products, mut groups) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let [x, a, b, c, d, e] = [(); 6].map(|()| letter());
            products.extend([a, b].iter().flat_map(|y| [c, d, e].map(|z| format!("{x}{y}{z}"))));
            groups.push(format!("{x}({a}+{b})({c}+{d}+{e})"));
        }
        multiplied.push(products.join("+"));
        factored.push(groups.join("+"));
    }
    [multiplied, factored]
}

fn sums_circuit(formulas: &[String]) -> GateCircuit {
    circuit(&formulas.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn thousands_of_gates_are_factored_within_the_limits() {
    let [multiplied, factored] = sums(600).map(|formulas| sums_circuit(&formulas));
    assert!(multiplied.gates() > 5_000);
    for laws in [ANY, COMMUTATIVE, BOOLEAN] {
        let (_, report) = no_larger("600 sums", &multiplied, Laws::of(laws), &factored);
        assert!(report.nodes < 110_000, "{}", report.nodes);
    }
}

#[test]
fn limits_stop_it_and_the_report_says_so() {
    let [multiplied, _] = sums(20).map(|formulas| sums_circuit(&formulas));
    let laws = Laws::of(COMMUTATIVE);
    let run = |options: SaturateOptions| saturate(&multiplied, laws, &options, &()).unwrap();
    let default = SaturateOptions::default;
    let (free, saturated) = run(default());
    let (few, nodes) = run(SaturateOptions { max_nodes: 1_000, ..default() });
    let (early, iterations) = run(SaturateOptions { max_iterations: 1, ..default() });
    let (late, time) = run(SaturateOptions { max_time: Some(Duration::ZERO), ..default() });
    assert_eq!(
        [&saturated, &nodes, &iterations, &time].map(|report| report.stop),
        [StopReason::Saturated, StopReason::Nodes, StopReason::Iterations, StopReason::Time]
    );
    assert_eq!((iterations.iterations, time.iterations), (1, 0));
    for circuit in [&few, &early, &late] {
        assert!(circuit.size().total() <= saturated.linear.after.total());
        assert!(free.size().total() <= circuit.size().total());
    }
    // No room for a single gate: the linear-time pass alone.
    let (linear, none) = run(SaturateOptions { max_nodes: 0, max_steps: 0, ..default() });
    assert_eq!((none.stop, none.iterations, linear.size()), (StopReason::Nodes, 0, none.linear.after));
}

#[test]
fn the_result_is_the_same_every_time() {
    let [multiplied, _] = sums(30).map(|formulas| sums_circuit(&formulas));
    let run = || saturate(&multiplied, Laws::of(IDEMPOTENT), &SaturateOptions::default(), &()).unwrap();
    assert_eq!(run(), run());
}

#[test]
fn it_can_be_cancelled() {
    struct Stop;
    impl Monitor for Stop {
        fn cancelled(&self) -> bool {
            true
        }
    }
    let sum = circuit(&["ab+ac"]);
    let cancelled = saturate(&sum, Laws::NONE, &SaturateOptions::default(), &Stop).unwrap_err();
    assert_eq!(cancelled, SaturateError::Cancelled(Cancelled));
}

#[test]
fn long_chains_take_no_stack() {
    let chain = (0..10_000).fold("a".to_string(), |chain, step| match step % 2 {
        0 => format!("b+({chain})"),
        _ => format!("c({chain})"),
    });
    // The test's own reader recurses.
    let run = move || {
        let chain = circuit(&[&chain]);
        let options = SaturateOptions { max_nodes: 50_000, ..SaturateOptions::default() };
        let (smaller, _) = saturate(&chain, Laws::of(COMMUTATIVE), &options, &()).unwrap();
        assert!(smaller.size().total() <= chain.size().total());
        chain
    };
    let chain = std::thread::Builder::new().stack_size(1 << 28).spawn(run).unwrap().join().unwrap();
    let options = SaturateOptions { max_nodes: 30_000, ..SaturateOptions::default() };
    saturate(&chain, Laws::NONE, &options, &()).unwrap();
}
