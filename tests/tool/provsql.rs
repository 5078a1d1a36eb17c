//! The tutorial's table for people who come from ProvSQL, row by row: each statement is one that the tool takes, and says what
//! the table says.

use serde_json::Value;

use crate::harness::{Relevance, Workplace, repository};

const ABOUT: [&str; 6] = ["--input", "7", "--theta", "0.06", "--output", "x[9,14]"];

/// The rows of the table, as their two cells.
fn table() -> Vec<[String; 2]> {
    let tutorial = std::fs::read_to_string(repository("docs/tutorial.md")).unwrap();
    let section = tutorial.split("## Coming from ProvSQL").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let cells = rows.map(|row| row.trim_matches(['|', ' ']).split(" | ").map(str::to_string).collect::<Vec<_>>());
    cells.map(|cells| cells.try_into().unwrap()).collect()
}

/// What `ask` or `formula` says of the pixel.
fn number(place: &Workplace, verb: &[&str], key: &str) -> f64 {
    let report = place.json(&[verb, &ABOUT, &["--json", "--quiet"]].concat());
    report["outputs"][0][key].as_f64().unwrap_or_else(|| panic!("{report}"))
}

#[test]
fn each_row_of_the_table_holds() {
    let place = Workplace::new();
    let rows = table();
    let mut seen = 0;
    let mut row = |theirs: &str, ours: &[&str]| {
        let found = rows.iter().find(|[cell, _]| cell.contains(theirs)).unwrap_or_else(|| panic!("no row of {theirs}"));
        ours.iter().for_each(|part| assert!(found[1].contains(part), "{theirs}: no {part} in {}", found[1]));
        seen += 1;
    };

    row("add_provenance", &["compile --symbolic hidden", "edges", "neurons=LAYERS"]);
    for (symbolic, variable) in [("hidden", "h3[12]"), ("neurons=1", "h1[102]"), ("edges", "w4[12→7]")] {
        let own = ["compile", "--input", "7", "--symbolic", symbolic, "--out", "c.safetensors", "--force", "--quiet"];
        place.succeed(&own);
        let report = place.json(&["inspect", "c.safetensors", "--json"]);
        assert!(report.to_string().contains(variable.split('[').next().unwrap()), "{symbolic}: {report}");
    }
    place.succeed(&["compile", "--input", "7", "--symbolic", "hidden", "--out", "seven.safetensors", "--quiet"]);
    place.succeed(&[
        "compile",
        "--input",
        "7",
        "--symbolic",
        "hidden",
        "--semiring",
        "viterbi",
        "--out",
        "best.safetensors",
        "--quiet",
    ]);

    row("the token of a result", &["--output 'x[9,14]'", "`h1[102]`", "`h1`"]);
    for (output, lines) in [("h1[102]", 1), ("h1", 300)] {
        let formula = ["formula", "--input", "7", "--theta", "0.06", "--symbolic", "hidden", "--semiring", "posbool"];
        assert_eq!(place.succeed(&[&formula[..], &["--output", output]].concat()).lines().count(), lines);
    }

    row("create_provenance_mapping", &["--variables FILE"]);
    row(
        "sr_boolean(token, 'm')",
        &["evaluate CIRCUIT --semiring boolean --variables FILE", "compile --semiring viterbi"],
    );
    place.write("zero.csv", "h1[102],0\n");
    place.write("half.csv", "h1[102],0.5\n");
    let relevance = |circuit: &str, semiring: &str, options: &[&str]| -> Vec<f64> {
        let own = ["evaluate", circuit, "--semiring", semiring, "--out", "out", "--force", "--quiet"];
        place.succeed(&[&own[..], options].concat());
        Relevance::read(place.path("out/relevance.safetensors")).tensor(&format!("{semiring}/input")).values
    };
    for (circuit, semiring, file, options) in [
        // At this threshold, one neuron of the first layer carries the pixel.
        ("seven.safetensors", "boolean", "zero.csv", &["--theta", "0.08"][..]),
        ("seven.safetensors", "counting", "zero.csv", &["--theta", "0.06"]),
        ("best.safetensors", "viterbi", "half.csv", &[]),
        ("best.safetensors", "tropical", "half.csv", &["--theta", "neg-log"]),
        ("best.safetensors", "lukasiewicz", "half.csv", &[]),
    ] {
        let whole = relevance(circuit, semiring, options);
        let mapped = relevance(circuit, semiring, &[options, &["--variables", file]].concat());
        assert!(whole != mapped && whole.len() == 784, "{semiring}");
    }
    place.refuses_whole(
        &["evaluate", "seven.safetensors", "--semiring", "boolean", "--variables", "half.csv"],
        &["h1[102]", "no element of semiring `boolean`"],
    );

    row("sr_formula", &["`formula`", "formula --semiring why", "`polynomial`", "`which`"]);
    let formula = |semiring: &str, options: &[&str]| {
        let own = ["formula", "--symbolic", "hidden", "--semiring", semiring];
        place.succeed(&[&own[..], options, &ABOUT].concat())
    };
    assert!(formula("boolean", &[]).starts_with("R(x[9,14]) = h1[102] ∧ ("));
    assert!(formula("why", &[]).starts_with("R(x[9,14]) = {{h3[12], h1[102]}, "));
    assert!(formula("polynomial", &[]).starts_with("R(x[9,14]) = h3[12]·h1[102] + "));
    assert!(formula("which", &[]).starts_with("R(x[9,14]) = {h3[12], h3[29], "));

    row("provenance_evaluate", &["--semiring definition.toml", "define(...)"]);
    place.write("definition.toml", std::fs::read(repository("examples/semirings/security.toml")).unwrap());
    place.succeed(&["evaluate", "seven.safetensors", "--semiring", "definition.toml", "--quiet"]);
    let best = r#"define(name="best", plus="max(a, b)", times="a * b", zero=0, one=1, theta="min(abs(d), 1)")"#;
    assert_eq!(relevance("best.safetensors", "viterbi", &[]).len(), 784);
    place.succeed(&["evaluate", "best.safetensors", "--semiring", best, "--quiet"]);

    row("EXCEPT", &["--target 7-3", "formula --semiring why", "`polynomial`", "`posbool`", "`which`"]);
    for semiring in ["why", "polynomial", "posbool", "which"] {
        let [contrast, own] = ["7-3", "7"].map(|target| formula(semiring, &["--target", target]));
        assert!(contrast.len() <= own.len(), "{semiring}: {contrast} {own}");
    }

    row("probability_evaluate(token)", &["ask probability --drop P"]);
    let probability = |options: &[&str], key: &str| {
        number(&place, &[&["ask", "probability", "--drop", "0.3"][..], options].concat(), key)
    };
    let exact = probability(&[], "probability");
    assert!((exact - 0.889399).abs() < 1e-6, "{exact}");
    row("'monte-carlo'", &["ask probability --method sample --max-worlds 10000"]);
    let sampled = probability(&["--method", "sample", "--max-worlds", "10000"], "probability");
    assert!((sampled - exact).abs() < 0.02, "{sampled}");
    row("'compilation'", &["ask probability --method exact"]);
    assert_eq!(probability(&["--method", "exact"], "probability"), exact);
    row("expected(count(*))", &["ask probability --expected"]);
    assert_eq!(probability(&["--expected"], "expected"), exact);
    row("a conditional probability", &["ask probability --given OUTPUT"]);
    assert!((probability(&["--given", "x[8,17]"], "probability") - 0.91).abs() < 1e-9);

    row("shapley(token, variable)", &["`ask importance`", "--measure banzhaf"]);
    let importance = |options: &[&str]| -> Value {
        place.json(&[&["ask", "importance"][..], options, &ABOUT, &["--json"]].concat())["outputs"][0].clone()
    };
    assert_eq!(importance(&[])["variables"][0]["name"], "h1[102]");
    assert_eq!(importance(&["--measure", "banzhaf"])["variables"][0]["importance"], 0.59375);

    row("view_circuit", &["`draw`", "formula --depth 3"]);
    let draw = ["draw", "--symbolic", "hidden", "--semiring", "boolean", "--out", "d.svg", "--quiet"];
    place.succeed(&[&draw[..], &ABOUT].concat());
    assert!(formula("boolean", &["--depth", "3"]).starts_with("R(x[9,14]) = "));

    row("DIMACS", &["formula --format cnf", "`nnf`", "`ddnnf`", "ask models FILE.nnf"]);
    assert!(formula("boolean", &["--format", "cnf"]).contains("\np cnf "));
    assert!(formula("boolean", &["--format", "nnf"]).contains("\nnnf "));
    place.write("FILE.nnf", formula("boolean", &["--format", "ddnnf"]));
    assert!(place.succeed(&["ask", "models", "FILE.nnf"]).contains("FILE.nnf  86      2^7"));

    // The calls and the tables are made by a script, which compares what comes of them.
    row("create_gate(token", &["examples/circuit_sql.py", "provsql.sql", "CSV with a schema", "DuckDB"]);
    assert!(repository("examples/circuit_sql.py").exists());
    assert_eq!(seen, rows.len(), "a row of the table is not tried");

    // What differs: simplified for a class, refused elsewhere.
    // Paths that differ in the second layer alone are equal where variables stand on the first: one is enough.
    let options = ["--semiring", "posbool", "--theta", "0.06", "--prune", "--out", "pruned.safetensors", "--quiet"];
    place.succeed(&[&["compile", "--input", "7", "--symbolic", "neurons=1"][..], &options].concat());
    place.succeed(&["simplify", "pruned.safetensors", "--for", "boolean", "--out", "small.safetensors", "--quiet"]);
    place.succeed(&["evaluate", "small.safetensors", "--semiring", "boolean", "--theta", "0.06", "--quiet"]);
    let counting = ["evaluate", "small.safetensors", "--semiring", "counting", "--theta", "0.06"];
    place.refuses_whole(&counting, &["simplified for semirings with"]);
}
