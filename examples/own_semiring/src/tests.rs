//! The example itself, held to what the built-in semirings say.

use super::*;

#[test]
fn it_is_a_semiring() {
    let report = LawChecker::new().check(&CheapestPaths);
    assert!(report.passed(), "{report}");
}

#[test]
fn digits_have_files_a_circuit_and_masks() {
    let out = std::env::temp_dir().join(format!("own-semiring-{}", std::process::id()));
    let (explanation, costs, masks) = digits(&out).unwrap();
    let written = [
        "relevance.safetensors",
        "explanation.json",
        "sheet.png",
        "cheapest-paths-digit_7.png",
        "circuit.safetensors",
        "masks/report.html",
    ];
    let missing: Vec<_> = written.iter().filter(|name| !out.join(name).is_file()).collect();
    std::fs::remove_dir_all(&out).unwrap();
    assert!(missing.is_empty(), "{missing:?}");

    // The circuit of the seven says what the stream through its layers says.
    let streamed = explanation.relevance("cheapest-paths", "input").unwrap().to_f64();
    let seven: Vec<f64> = streamed.outer_iter().nth(7).unwrap().iter().copied().collect();
    assert_eq!(costs, seven);

    // The cheapest path has a pixel wherever the strongest one of the viterbi semiring has, and costs at least as much as its
    // weight says and at most one halving more a layer.
    let viterbi = explanation.relevance("viterbi", "input").unwrap().to_f64();
    let paths = explanation.column("cheapest-paths", "input", "paths").unwrap().to_f64();
    let mut relevant = 0;
    for ((&cost, &weight), &number) in streamed.iter().zip(&viterbi).zip(&paths) {
        assert_eq!(cost.is_finite(), number > 0.0);
        assert_eq!(cost.is_finite(), weight > 0.0);
        if cost.is_finite() {
            let halvings = -weight.log2();
            assert!((halvings - 1e-3..=halvings + 3.001).contains(&cost), "{cost} for {halvings}");
            relevant += 1;
        }
    }
    assert!(relevant > 1000);

    // In all digits together a pixel is as cheap as in the digit where it is cheapest.
    let any = masks.mask("cheapest-paths", "input", Group::All, MaskJoin::Any).unwrap();
    assert!(any.iter().any(|cost| cost.is_finite()));
    let three = masks.mask("cheapest-paths", "input", Group::Class(3), MaskJoin::Any).unwrap();
    assert!(any.iter().zip(three).all(|(any, three)| any <= three));
}
