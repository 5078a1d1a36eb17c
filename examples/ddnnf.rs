//! Compiles a formula of one output, an S-expression, to a d-DNNF in the format of c2d or of d4.
//!
//! ```console
//! cargo run --example ddnnf -p kirchhoff-formula -- formula.sexpr c2d > formula.c2d
//! cargo run --example ddnnf -p kirchhoff-formula -- formula.sexpr d4 > formula.d4
//! python3 examples/ddnnf.py formula.c2d formula.d4
//! ```

use std::error::Error;

use kirchhoff_evaluate::{DEFAULT_MAX_NODES, PerLeaf, decision_diagrams};
use kirchhoff_formula::{Ddnnf, parse};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, format] = &arguments[..] else {
        return Err("give an S-expression's file, and `c2d` or `d4`".into());
    };
    let circuit = parse(&std::fs::read_to_string(file)?, 1_000_000)?;
    // Contributions are relevant where they are positive.
    let theta = PerLeaf(|_, d| d > 0.0);
    let diagrams = decision_diagrams(&circuit, &theta, &[&[0]], &|_| None, DEFAULT_MAX_NODES, &())?;
    let formula = Ddnnf::from_diagram(circuit.variables(), &diagrams[0]);
    match &format[..] {
        "c2d" => print!("{}", formula.c2d(true)),
        // KLay takes no comments.
        "d4" => print!("{}", formula.d4(false)),
        other => return Err(format!("`{other}` is no format: there are `c2d` and `d4`").into()),
    }
    eprintln!("{} models, {} nodes", formula.models(), formula.nodes().len());
    Ok(())
}
