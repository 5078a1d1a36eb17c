//! Pages that one can touch, as files; what they show is tested in a browser, by page/test.sh.

use crate::harness::{Workplace, names};

#[test]
fn a_page_holds_as_many_inputs_as_fit() {
    let place = Workplace::new();
    let size = |out: &str, options: &[&str]| {
        place.succeed(&[&["explain", "-q", "--semiring", "real", "--out", out], options].concat());
        std::fs::metadata(place.path(out).join("explanation.html")).unwrap().len()
    };
    let all = size("all", &["--paths", "0"]);
    let one = size("one", &["--paths", "0", "--page", "1kB"]);
    let with_paths = size("paths", &["--pictures", "10"]);
    assert!(one < all && all < with_paths, "{one}, {all}, {with_paths}");
    let page = std::fs::read_to_string(place.path("one/explanation.html")).unwrap();
    assert_eq!(page.matches("\"heading\":").count(), 1);
    assert!(page.contains("\"explained\":10"));
    // It is the tool's own, and may take its place again; a stranger's stays.
    size("all", &[]);
    std::fs::create_dir_all(place.path("taken")).unwrap();
    std::fs::write(place.path("taken/explanation.html"), "mine").unwrap();
    place.refuses(&["--out", "taken"], &["explanation.html"]);
    assert_eq!(names(&place.path("taken")), ["explanation.html"]);
}

#[test]
fn elements_that_are_not_there_have_no_paths() {
    let place = Workplace::new();
    place.succeed(&["explain", "-q", "--paths", "0", "--paths-of", "9,14", "--paths-of", "input[300]", "--out", "out"]);
    let page = std::fs::read_to_string(place.path("out/explanation.html")).unwrap();
    assert_eq!(page.matches("\"element\":266").count(), 10);
    assert_eq!(page.matches("\"element\":300").count(), 10);
    for (wrong, words) in [("28,0", "no element"), ("x[3]", "no input `x`"), ("a", "write its indices")] {
        place.refuses(&["--out", "other", "--paths-of", wrong], &["--paths-of", words]);
    }
    place.misuses(&["explain", "--out", "other", "--page", "0"], &["none"]);
    assert!(!place.path("other").exists());
}

#[test]
fn circuits_are_drawn_as_pages() {
    let place = Workplace::new();
    let made = ["draw", "--input", "7", "--output", "x[9,14]"];
    place.succeed(&[&made[..], &["--out", "seven.html"]].concat());
    let page = std::fs::read_to_string(place.path("seven.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("\"kind\":\"circuit\""));
    // `epsilon` gives contributions outside [0, 1], which `viterbi` does not take.
    assert!(page.contains("\"name\":\"bottleneck\"") && !page.contains("\"name\":\"viterbi\""));
    place.refuses_whole(&[&made[..], &["--semiring", "real,viterbi", "--out", "two.html"]].concat(), &["viterbi"]);
    place.refuses_whole(
        &[&made[..], &["--max-written", "100", "--out", "two.html"]].concat(),
        &["more than the 100", "--depth"],
    );
    place.refuses_whole(&[&made[..], &["--out", "two.htm"]].concat(), &[".html"]);
}
