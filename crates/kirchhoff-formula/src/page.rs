//! Formulas as a page that folds.

use std::fmt::Write;

use kirchhoff_circuit::GateCircuit;
use kirchhoff_file::HTML_MARK;

use crate::equations::{Left, Operands, Script, Writer, definition_prefix};
use crate::svg::escaped;
use crate::{FormulaError, FormulaOptions, printable};

/// Operands of a line that are shown without being asked for.
const SHOWN: usize = 12;

/// A circuit as one page of HTML, without scripts and without anything from elsewhere: an equation for each output and each
/// subformula with a name, which are folded until they are opened. Names lead to their equations, and lines of more than a
/// dozen operands show the first of them. Equations are those of [`text`](super::text).
///
/// # Errors
/// More gates to write than the options allow.
pub fn page(circuit: &GateCircuit, options: &FormulaOptions) -> Result<String, FormulaError> {
    let prefix = definition_prefix(circuit);
    let link = prefix.clone();
    let script = Script {
        name: Box::new(|name| escaped(&printable(name))),
        definition: Box::new(move |number| format!("<a href=\"#{link}{number}\">{link}{number}</a>")),
        ..Script::plain(circuit, options)
    };
    let writer = Writer::new(circuit, options, script)?;
    let mut outputs = String::new();
    let mut definitions = String::new();
    for (name, value) in writer.given(options) {
        let _ = writeln!(outputs, "<p>{name} = {value}</p>");
    }
    let (mut count, mut named) = (0usize, 0usize);
    for (name, operands) in writer.equations() {
        let (text, id, name, open) = match name {
            Left::Definition(number) => {
                named += 1;
                (&mut definitions, format!(" id=\"{prefix}{number}\""), format!("{prefix}{number}"), "")
            }
            Left::Output(name) => {
                count += 1;
                let open = if operands.len() <= SHOWN { " open" } else { "" };
                (&mut outputs, String::new(), format!("R({})", escaped(&printable(&name))), open)
            }
        };
        let terms = match operands.len() {
            1 => String::new(),
            length => format!(" <small>{length} operands</small>"),
        };
        let _ = writeln!(text, "<details{open}><summary>{name}{terms}</summary><div{id}>{name} = ");
        folded(text, &operands);
        text.push_str("</div></details>\n");
    }
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n{HTML_MARK}\n<title>Formula</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>{count} outputs, {named} subformulas</h1>\n{outputs}\n\
         <h2>Subformulas</h2>\n{definitions}</body>\n</html>\n"
    ))
}

const STYLE: &str = "body{font:15px/1.5 ui-monospace,monospace;margin:2em;max-width:70em}\
summary{cursor:pointer}div{margin:0 0 .5em 1.5em;overflow-wrap:anywhere}div:target{background:#ffe9a8}small{color:#666}";

/// The first operands, and the others behind a fold.
fn folded(text: &mut String, operands: &Operands) {
    let write = |text: &mut String, operands: &[(&'static str, String)]| {
        operands.iter().for_each(|(sign, operand)| {
            text.push_str(sign);
            text.push_str(operand);
        });
    };
    let (shown, others) = operands.split_at(operands.len().min(SHOWN));
    write(text, shown);
    if !others.is_empty() {
        let _ = write!(text, "<details><summary>and {} more</summary><div>", others.len());
        write(text, others);
        text.push_str("</div></details>");
    }
}
