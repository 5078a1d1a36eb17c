//! The guide keeps up with the code: it names all that the registry holds, shows the files that tests read, and links to
//! pages that are there.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kirchhoff::circuit::rewrites;
use kirchhoff::compile::{composites, rules};
use kirchhoff::semiring::{Annotation, Laws, SemiringClass, semirings, symbolic_semirings};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn the_semantics_name_the_whole_registry() {
    let semantics = text("docs/semantics.md");
    let names = semirings().iter().map(|info| &*info.name).chain(symbolic_semirings().iter().map(|info| &*info.name));
    let names = names.chain(rules().iter().map(|info| info.name));
    for name in names.chain(Annotation::ALL.iter().map(|annotation| annotation.name())) {
        let row = [format!("| `{name}` |"), format!("| `{name}("), format!("| `{name}` (")];
        assert!(row.iter().any(|row| semantics.contains(row)), "docs/semantics.md has no row for `{name}`");
    }
    for composite in composites() {
        assert!(composite.description.len() > 10, "`{}` says nothing of itself", composite.name);
    }
    for info in semirings() {
        let row = semantics.lines().find(|line| line.starts_with(&format!("| `{}` |", info.name))).unwrap();
        assert!(row.contains(&format!("`{}`", info.rule)) || row.contains("as `counting`"), "{row}");
    }
}

#[test]
fn every_rewrite_and_class_is_described() {
    let page = text("docs/simplification.md");
    let row = |cells: &[&str]| format!("| {} |", cells.join(" | "));
    for class in SemiringClass::all() {
        let row = row(&[&format!("`{}`", class.name), &class.laws.to_string(), class.free, class.description]);
        assert!(page.contains(&row), "docs/simplification.md lacks: {row}");
    }
    let mut rows: Vec<String> = Vec::new();
    for rewrite in rewrites() {
        if rewrite.saturates && !rows.iter().any(|row| row.starts_with("| **")) {
            rows.push(row(&["**saturation alone**", "", ""]));
        }
        let laws = if rewrite.needs == Laws::NONE { String::new() } else { rewrite.needs.to_string() };
        rows.push(row(&[&format!("`{}`", rewrite.name), rewrite.equation, &laws]));
    }
    let table = rows.join("\n");
    assert!(page.contains(&table), "docs/simplification.md should list the rewrites:\n{table}");
}

#[test]
fn described_architectures_are_those_of_the_tests() {
    let page = text("docs/architecture-description.md");
    for file in ["tests/golden/mnist-cnn/architecture.toml", "tests/golden/residual.toml"] {
        assert!(page.contains(text(file).trim_end()), "docs/architecture-description.md does not show {file} as it is");
    }
}

#[test]
fn links_lead_somewhere() {
    let pages = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|e| e == "md"));
    let outside = ["README.md", "CHANGELOG.md", "SECURITY.md"].map(|name| root().join(name));
    let pages: Vec<PathBuf> = pages.chain(outside).collect();
    let mut links = 0;
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.contains(' ') {
                continue;
            }
            links += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            assert!(target.exists(), "{} links to {link}, which is not there", page.display());
            // The guide is a book, which holds nothing from outside of it.
            let is_guide = page.parent().unwrap().ends_with("docs");
            assert!(!is_guide || !link.starts_with(".."), "{} links out of the guide: {link}", page.display());
            let headings = || anchors(&fs::read_to_string(&target).unwrap());
            let found =
                anchor.is_empty() || target.extension().is_none_or(|e| e != "md") || headings().contains(anchor);
            assert!(found, "{} links to {link}, where there is no such heading", page.display());
        }
    }
    assert!(links > 10, "the guide has links");
    let summary = text("docs/SUMMARY.md");
    for page in pages.iter().filter(|page| page.parent().unwrap().ends_with("docs")) {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "the book leaves out {name}");
    }
}

/// The anchors of a page's headings, as mdBook makes them.
fn anchors(page: &str) -> HashSet<String> {
    let mut code = false;
    let mut found = HashSet::new();
    for line in page.lines() {
        code ^= line.starts_with("```");
        let Some((_, heading)) = line
            .split_once(' ')
            .filter(|(marks, _)| !code && !marks.is_empty() && marks.chars().all(|mark| mark == '#'))
        else {
            continue;
        };
        let kept = |letter: char| match letter {
            ' ' => Some('-'),
            letter if letter.is_alphanumeric() || "-_".contains(letter) => Some(letter.to_ascii_lowercase()),
            _ => None,
        };
        let anchor: String = heading.trim().chars().filter_map(kept).collect();
        let mut free = anchor.clone();
        let mut number = 0;
        while !found.insert(free.clone()) {
            number += 1;
            free = format!("{anchor}-{number}");
        }
    }
    found
}

#[test]
fn the_example_of_an_own_semiring_is_a_crate_of_its_own() {
    let folder = root().join("examples/own_semiring").canonicalize().unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    assert_eq!(Path::new(metadata["workspace_root"].as_str().unwrap()), folder, "it is in no other workspace");
    let dependencies = metadata["packages"][0]["dependencies"].as_array().unwrap();
    let [dependency] = &dependencies[..] else { panic!("it depends on `kirchhoff` alone") };
    assert_eq!(dependency["name"], "kirchhoff");
    let facade = root().join("crates/kirchhoff").canonicalize().unwrap();
    assert_eq!(Path::new(dependency["path"].as_str().unwrap()), facade);
    // It is compiled and run as an example of the facade, which has more dependencies: none of them may be used.
    for file in ["main.rs", "tests.rs"] {
        let source = fs::read_to_string(folder.join("src").join(file)).unwrap();
        for line in source.lines().filter_map(|line| line.strip_prefix("use ")) {
            let named = line.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            assert!(["std", "kirchhoff", "super"].contains(&named), "{file} uses {named}");
        }
    }
}

/// The words of a command line, with quotation marks taken off.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '\'' | '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

#[test]
fn formulas_and_answers_are_what_the_tool_prints() {
    let mut commands = 0;
    for page in ["docs/tutorial.md", "README.md"] {
        let page = text(page);
        for block in page.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            for example in block.split("$ kirchhoff ").skip(1) {
                let (command, shown) = example.split_once('\n').unwrap();
                if !["formula ", "ask "].iter().any(|verb| command.starts_with(verb)) {
                    continue;
                }
                let shown = shown.split("$ ").next().unwrap();
                if command.contains('|') {
                    continue;
                }
                let mut tool = assert_cmd::cargo::cargo_bin_cmd!("kirchhoff");
                let output = tool.current_dir(root()).args(words(command)).output().unwrap();
                assert_eq!(String::from_utf8(output.stdout).unwrap(), shown, "{command}");
                commands += 1;
            }
        }
    }
    assert!(commands >= 13, "the guide has formulas and answers");
}
