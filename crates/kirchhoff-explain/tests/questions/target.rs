//! Targets as text, and among outputs.

use kirchhoff_explain::{Target, TargetError};

#[test]
fn targets_are_read_and_written() {
    for text in ["top", "3", "3,8", "3-8", "1,3-8"] {
        assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
    }
    for text in ["", "x", "-3", "3-", "3,,4", "3,3", "3-3"] {
        assert_eq!(text.parse::<Target>(), Err(TargetError::Syntax(text.to_string())));
    }
}

#[test]
fn targets_are_found_among_outputs() {
    let outputs = [0.5, 2.0, -1.0, 2.0];
    assert_eq!(Target::Top.resolve(&outputs), Ok(vec![(1, 1.0)]));
    assert_eq!("0,3-2".parse::<Target>().unwrap().resolve(&outputs), Ok(vec![(0, 1.0), (3, 1.0), (2, -1.0)]));
    assert_eq!(Target::output(4).resolve(&outputs), Err(TargetError::Range { index: 4, outputs: 4 }));
}
