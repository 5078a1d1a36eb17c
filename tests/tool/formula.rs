//! `kirchhoff formula` and `kirchhoff draw`.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Workplace, repository};

fn xor(name: &str) -> String {
    repository("examples/xor").join(name).display().to_string()
}

/// The value of every `R(…)` of formulas in the real numbers, by a calculator that knows `+`, `-`, `·` and brackets.
fn calculate(text: &str) -> Vec<f64> {
    let mut known: HashMap<String, f64> = HashMap::new();
    let mut outputs = Vec::new();
    for line in text.replace("\n    ", " ").lines() {
        let (name, formula) = line.split_once(" = ").unwrap();
        // Brackets of names enclose no blanks or signs, those of formulas begin behind one.
        let spaced = formula.replace('·', " · ").replace('(', " ( ").replace(')', " ) ");
        let mut tokens = spaced.split_whitespace().peekable();
        let value = sum(&mut tokens, &known);
        assert_eq!(tokens.next(), None, "{line}");
        match name.strip_prefix("let ") {
            Some(name) => assert_eq!(known.insert(name.to_string(), value), None),
            None => outputs.push(value),
        }
    }
    outputs
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn sum(tokens: &mut Tokens<'_>, known: &HashMap<String, f64>) -> f64 {
    let mut sum = product(tokens, known);
    while let Some(sign) = tokens.next_if(|token| matches!(*token, "+" | "-")) {
        let next = product(tokens, known);
        sum += if sign == "+" { next } else { -next };
    }
    sum
}

fn product(tokens: &mut Tokens<'_>, known: &HashMap<String, f64>) -> f64 {
    let mut product = 1.0;
    loop {
        product *= match tokens.next().expect("a factor") {
            "(" => {
                let value = sum(tokens, known);
                assert_eq!(tokens.next(), Some(")"));
                value
            }
            token => known.get(token).copied().unwrap_or_else(|| token.parse().unwrap()),
        };
        if tokens.next_if_eq(&"·").is_none() {
            return product;
        }
    }
}

/// Python, where there is one.
fn python(arguments: &[&Path]) -> Option<Command> {
    let there = Command::new("python3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let mut command = Command::new("python3");
    command.args(arguments).env("PYTHONIOENCODING", "utf-8");
    there.is_ok_and(|status| status.success()).then_some(command)
}

#[test]
fn real_formulas_give_the_relevance() {
    let place = Workplace::new();
    let evaluate = repository("examples/evaluate_formula.py");
    for (model, inputs, size) in [("xor", 4, 2), ("useless", 8, 3)] {
        let (network, array) = (xor(&format!("{model}.safetensors")), xor(&format!("{model}.npy")));
        for rule in ["zero", "epsilon(0.25)", "gamma(0.5)"] {
            let relevance = place.relevance(&[&network, &array, "--semiring", "real", "--rule", rule]);
            let relevance = relevance.tensor("real/input").values;
            assert!(relevance.iter().any(|value| value.abs() > 0.1));
            for input in 0..inputs {
                let number = input.to_string();
                let formula = place.succeed(&["formula", &network, &array, "--input", &number, "--rule", rule]);
                let expected = &relevance[input * size..(input + 1) * size];
                let close = |got: &[f64]| {
                    assert_eq!(got.len(), size, "{formula}");
                    for (got, expected) in got.iter().zip(expected) {
                        assert!((got - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{formula}: {expected}");
                    }
                };
                close(&calculate(&formula));
                // What is useless has no part in the formula.
                assert_eq!(model == "useless", formula.ends_with("\nR(x[2]) = 0\n"), "{formula}");
                place.write("formula.txt", &formula);
                if let Some(mut python) = python(&[&evaluate, &place.path("formula.txt")]) {
                    let output = python.output().unwrap();
                    let text = String::from_utf8(output.stdout).unwrap();
                    let values = text.lines().map(|line| line.split_once(" = ").unwrap().1.parse().unwrap());
                    close(&values.collect::<Vec<f64>>());
                }
            }
        }
    }
}

#[test]
fn the_script_trains_the_networks_that_are_shipped() {
    let place = Workplace::new();
    let Some(mut python) = python(&[&repository("examples/xor.py"), &place.path("trained")]) else { return };
    assert!(python.status().unwrap().success());
    for file in ["xor.safetensors", "xor.npy", "useless.safetensors", "useless.npy"] {
        let read = |path: std::path::PathBuf| std::fs::read(path).unwrap();
        assert!(read(place.path("trained").join(file)) == read(xor(file).into()), "{file}");
    }
}

#[test]
fn a_formula_is_read_back() {
    let place = Workplace::new();
    let model = [&xor("xor.safetensors"), &xor("xor.npy")[..], "--input", "1"];
    let run = place.run(&[&["formula", "--format", "sexpr", "--out", "xor.sexpr"][..], &model].concat());
    assert_eq!((run.code, &run.stdout[..], &run.stderr[..]), (Some(0), "", "wrote xor.sexpr\n"));
    let text = std::fs::read_to_string(place.path("xor.sexpr")).unwrap();
    assert_eq!(place.succeed(&["formula", "xor.sexpr", "--format", "sexpr"]), text);
    // The same formula but for the value that the start has.
    let whole = place.succeed(&[&["formula"][..], &model].concat());
    let (start, rest) = whole.split_once('\n').unwrap();
    assert_eq!(start, "let start[1] = 3.4375");
    assert_eq!(place.succeed(&["formula", "xor.sexpr", "--semiring", "real"]), rest);
    assert!(place.succeed(&["formula", "xor.sexpr"]).starts_with("R(x[0]) = start[1] ⊗ "));
    let view = place.json(&["formula", "xor.sexpr", "--json"]);
    assert_eq!(view["outputs"][0]["names"], serde_json::json!(["x[0]", "x[1]"]));
    assert_eq!(view["variables"], serde_json::json!(["start[1]"]));
    let latex = place.succeed(&["formula", "xor.sexpr", "--format", "latex", "--output", "x[1]", "--digits", "2"]);
    assert!(latex.starts_with("\\begin{align*}\nR_{x_{1}} &= ") && !latex.contains("x_{0}"), "{latex}");
}

#[test]
fn boolean_formulas_go_to_solvers() {
    let place = Workplace::new();
    let question = ["formula", "--input", "7", "--semiring", "boolean", "--theta", "0.08", "--output", "x[9,14]"];
    let ask = |more: &[&str]| place.succeed(&[&question[..], more].concat());
    assert_eq!(ask(&["--symbolic", "edges"]), "R(x[9,14]) = w4[70→7] ∧ w2[102→70] ∧ w0[9,14→102]\n");
    assert_eq!(ask(&["--symbolic", "neurons=1,3"]), "R(x[9,14]) = h3[70] ∧ h1[102]\n");
    assert_eq!(ask(&[]), "R(x[9,14]) = ⊤\n");
    let cnf = ask(&["--symbolic", "neurons=3", "--format", "cnf"]);
    assert_eq!(cnf, "c variable 1 h3[70]\nc output 1 R(x[9,14])\np cnf 1 1\n1 0\n");
    let nnf = ask(&["--symbolic", "neurons=1,3", "--format", "nnf"]);
    let comments =
        "c negation normal form, neither deterministic nor decomposable\nc variable 1 h3[70]\nc variable 2 h1[102]\n";
    assert_eq!(nnf, format!("{comments}nnf 3 2 2\nL 1\nL 2\nA 2 0 1\n"));
}

#[test]
fn symbolic_semirings_name_edges_and_neurons() {
    let place = Workplace::new();
    let ask = |more: &[&str]| place.succeed(&[&["formula", "--input", "7", "--output", "x[9,14]"][..], more].concat());
    let why = ask(&["--semiring", "why", "--theta", "0.08"]);
    assert_eq!(why, "R(x[9,14]) = {{w4[70→7], w2[102→70], w0[9,14→102]}}\n");
    let lineage = ask(&["--semiring", "which", "--theta", "0.08", "--symbolic", "neurons"]);
    assert_eq!(lineage, "R(x[9,14]) = {h4[7], h3[70], h2[70], h1[102], h0[102], x[9,14]}\n");
    let best = ask(&["--top", "2"]);
    assert!(best.starts_with("R(x[9,14]) = {") && best.matches("·w0[9,14→").count() == 2, "{best}");
    assert_eq!(ask(&["--semiring", "top-k(2)"]), best);
    let view = place.json(&["formula", "--json", "--output", "x[9,14]", "--input", "7", "--top", "2"]);
    assert_eq!((&view["semiring"], &view["outputs"][0]["terms"]), (&"top-k(2)".into(), &2.into()));
    // All of them are too many, and the error says how many are not.
    let run = place.run(&["formula", "--semiring", "polynomial(50)"]);
    assert_eq!((run.code, &run.stdout[..]), (Some(1), ""));
    assert!(run.stderr.starts_with("error: R(x["), "{}", run.stderr);
    for part in ["more than the limit of 50 terms: ask for `top-k`", "of 784 outputs are within the limit"] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
}

#[test]
fn formulas_are_cut() {
    let place = Workplace::new();
    let model = [&xor("xor.safetensors"), &xor("xor.npy")[..], "--input", "1"];
    let ask = |more: &[&str]| place.succeed(&[&["formula"][..], &model, more].concat());
    let layer = ask(&["--layer", "1"]);
    assert_eq!(
        layer,
        "R(x[0]) = 0.49999988·R(h1[0]) - 3.4999857·R(h1[3])\nR(x[1]) = 0.49999988·R(h1[0]) + 3.9999838·R(h1[3])\n"
    );
    let hidden = ask(&["--output", "h1[0]", "--output", "1[3]"]);
    let expected = "let start[1] = 3.4375\nR(h1[0]) = start[1]·1.5272723\nR(h1[3]) = start[1]·(-0.05454544)\n";
    assert_eq!(hidden, expected);
    let shallow = ask(&["--depth", "1", "--output", "0"]);
    assert!(shallow.starts_with("R(x[0]) = gate[") && shallow.contains("] + gate["), "{shallow}");
    assert_eq!(ask(&["--output", "h1[*]"]).matches("R(h1[").count(), 4);
}

#[test]
fn circuits_are_drawn() {
    let place = Workplace::new();
    place.write("sum.sexpr", "(circuit (output \"y\" () (+ \"a\" (* \"b\" \"c\"))))");
    let run = place.run(&["draw", "sum.sexpr", "--out", "sum.svg"]);
    assert_eq!((run.code, &run.stderr[..]), (Some(0), "wrote sum.svg\n"));
    let picture = std::fs::read_to_string(place.path("sum.svg")).unwrap();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n") && picture.contains(">R(y)<"));
    place.succeed(&["draw", "sum.sexpr", "--out", "sum.dot", "--quiet"]);
    let graph = std::fs::read_to_string(place.path("sum.dot")).unwrap();
    assert!(graph.starts_with("digraph circuit {") && graph.matches(" -> ").count() == 5);
    // Of many outputs, those that are 0 are left out.
    let digit = ["draw", "--input", "7", "--semiring", "boolean", "--symbolic", "edges", "--quiet", "--out", "7.svg"];
    place.succeed(&[&digit[..], &["--theta", "0.08"]].concat());
    assert_eq!(std::fs::read_to_string(place.path("7.svg")).unwrap().matches("R(").count(), 1);
    place.refuses_whole(&[&digit[..], &["--theta", "0.5"]].concat(), &["all 784 outputs are 0"]);
}

#[test]
fn what_has_no_formula_is_refused() {
    let place = Workplace::new();
    place.write("sum.sexpr", "(circuit (output \"y\" () (+ \"a\" \"b\")))");
    place.write("wrong.sexpr", "(circuit\n (output \"y\" () (+ a)))");
    place.refuses_whole(&["formula", "wrong.sexpr"], &["wrong.sexpr is no circuit: line 2, column 20", "`a`"]);
    place.refuses_whole(&["formula", "missing.sexpr"], &["cannot read missing.sexpr"]);
    place.refuses_whole(&["formula", "sum.sexpr", "input.npy"], &["sum.sexpr is a circuit", "no inputs"]);
    place.refuses_whole(&["formula", "sum.sexpr", "--symbolic", "edges"], &["--symbolic", "made of a model"]);
    place.refuses_whole(&["formula", "sum.sexpr", "--target", "3"], &["--target", "targets that it was compiled for"]);
    place.refuses_whole(&["draw", "sum.sexpr", "--out", "a.svg", "--rule", "zero"], &["--rule", "made of a model"]);
    place.refuses_whole(&["formula", "sum.sexpr", "--output", "z"], &["`z`", "1 outputs: `y` (1)"]);
    place.refuses_whole(&["formula", "sum.sexpr", "--layer", "z"], &["`z`"]);
    place.refuses_whole(&["formula", "sum.sexpr", "--max-gates", "2"], &["more than 2 gates"]);
    place.refuses_whole(&["formula", "sum.sexpr", "--semiring", "wy"], &["`wy`", "why"]);
    place.refuses_whole(&["formula", "--input", "10", "--quiet"], &["--input 10", "10, from 0"]);
    place.refuses_whole(&["formula", "--semiring", "boolean,real"], &["one semiring"]);
    place.refuses_whole(&["formula", "--theta", "rank"], &["`rank`", "--theta"]);
    place.refuses_whole(&["formula", "--max-gates", "1000"], &["gates", "1000"]);
    place.refuses_whole(
        &["formula", "--max-written", "10"],
        &["gates written out", "no more than 10", "raise the limit"],
    );
    place.refuses_whole(
        &["formula", "--format", "cnf", "--semiring", "boolean"],
        &["DIMACS CNF", "784", "choose one with --output"],
    );
    place.refuses_whole(&["formula", "--format", "nnf", "--output", "x[9,14]"], &["contribution", "threshold"]);
    place.refuses_whole(&["formula", "--format", "latex", "--semiring", "why"], &["`why`", "text or json"]);
    place.refuses_whole(&["formula", "--symbolic", "neurons=9"], &["`9`"]);
    place.refuses_whole(&["draw", "sum.sexpr", "--out", "sum.png"], &["sum.png", ".svg", ".dot"]);
    place.refuses_whole(&["draw", "sum.sexpr", "--out", "no/sum.svg", "--semiring", "why"], &["`why`", "formula"]);
    place.refuses_whole(&["draw", "--out", "7.svg", "--input", "7"], &["gates", "2000"]);
    place.misuses(&["formula", "--symbolic", "weights"], &["--symbolic", "neurons=LAYER"]);
    place.misuses(&["formula", "--top", "2", "--semiring", "real"], &["--top", "--semiring"]);
    place.misuses(&["formula", "--expand", "some"], &["--expand"]);
}

#[test]
fn decision_diagrams_are_written_as_d_dnnfs() {
    let place = Workplace::new();
    place.write("c.sexpr", r#"(circuit (variables "a" "b" "c") (output "x" () (* "a" (+ "b" "c"))))"#);
    let written = place.succeed(&["formula", "c.sexpr", "--format", "ddnnf"]);
    assert!(written.contains("c variable 1 ") && written.contains("\nnnf "), "{written}");
    // The decision on the second of b and c: exclusive disjuncts, and three models of eight.
    let formula = kirchhoff::formula::Ddnnf::parse(&written, &kirchhoff::formula::DdnnfOptions::default()).unwrap();
    assert_eq!(formula.models(), 3u32.into());
    place.write("two.sexpr", r#"(circuit (output "x" (2) "a" "b"))"#);
    place.refuses_whole(&["formula", "two.sexpr", "--format", "ddnnf"], &["d-DNNF", "--output"]);
}

#[test]
fn long_formulas_fold_and_contrasts_have_no_boolean_one() {
    let place = Workplace::new();
    let formula =
        ["formula", "--input", "7", "--semiring", "real", "--output", "x[9,14]", "--format", "html", "--out", "f.html"];
    place.succeed(&formula);
    let page = std::fs::read_to_string(place.path("f.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("more</summary>") && !page.contains("<script"));
    assert!(page.contains("start[7] = 14.94"), "{}", &page[..2000]);
    // The page is the tool's own: it may take its place again.
    place.succeed(&formula);
    for verb in [&["formula"][..], &["draw", "--out", "f.svg"]] {
        let options =
            ["--input", "7", "--theta", "0.06", "--semiring", "boolean", "--target", "7-3", "--output", "x[9,14]"];
        place.refuses_whole(&[verb, &options].concat(), &["`start[3]`", "`boolean`", "from 1"]);
    }
}
