//! Finds the commit that the tool is built from: that of its repository, or the one that a package of it names.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Where the package lies in its repository.
const PLACE: &str = "crates/kirchhoff-cli/";
/// The file in which cargo notes the commit that a package was made from.
const NOTE: &str = ".cargo_vcs_info.json";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.toml");
    let commit = packaged().or_else(checked_out).unwrap_or_default();
    println!("cargo::rustc-env=KIRCHHOFF_COMMIT={commit}");
    println!("cargo::rustc-env=KIRCHHOFF_TARGET={}", std::env::var("TARGET").unwrap_or_default());
}

/// The commit of a package from a registry.
fn packaged() -> Option<String> {
    let note = fs::read_to_string(NOTE).ok()?;
    let (_, rest) = note.split_once("\"sha1\"")?;
    rest.split('"').nth(1).and_then(shortened)
}

/// The commit of the repository, if the package lies in its place there and not in somebody else's repository.
fn checked_out() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
    };
    let is_here = git(&["rev-parse", "--show-prefix"])? == PLACE && git(&["ls-files", "Cargo.toml"])? == "Cargo.toml";
    if !is_here {
        return None;
    }
    // The log of the head changes with each commit and each checkout.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo::rerun-if-changed={log}");
    }
    shortened(&git(&["rev-parse", "HEAD"])?)
}

fn shortened(commit: &str) -> Option<String> {
    let is_commit = commit.len() >= 12 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| commit[..12].to_string())
}
